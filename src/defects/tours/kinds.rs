//! Tours from the login on: what waits, what comes while a request is held, restarts, errors of the stream.

use crate::bosh::NS;
use crate::defects::rig::Rig;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
const QUIET: &str = "<message xmlns='jabber:client' type='error' to='nobody@localhost'/>";

/// What comes for a client, while its request is held and while none is, and in a pause; and how long it is held.
pub(in super::super) fn of_delivery(rig: &mut Rig) {
    rig.create("wait='5' hold='2' content='text/html; charset=utf-8'");
    rig.login();
    let (one, jid) = (rig.sid(0), rig.jid());
    rig.create("wait='0' hold='1'");
    rig.login();
    let other = rig.sid(1);
    let message = format!("<message xmlns='jabber:client' to='{jid}'><body>hello</body></message>");
    for round in 0..3 {
        rig.send_in(&one, 4 + round, "", "");
        rig.seconds(1.0);
        rig.send_in(&other, 4 + round, "", &message);
        rig.seconds(6.0);
    }
    rig.send_in(&one, 7, "", QUIET);
    rig.seconds(2.0);
    rig.send_in(&one, 8, "", QUIET);
    rig.seconds(11.0);
    rig.send_in(&one, 8, "", QUIET);
    rig.send_in(&one, 9, "", "");
    rig.seconds(16.0);
    rig.send_in(&one, 10, "pause='10'", "");
    rig.send_in(&other, 7, "", &message);
    rig.seconds(1.0);
    rig.send_in(&one, 11, "", "");
    rig.seconds(16.0);
    rig.send_in(&one, 12, "", "");
    rig.seconds(16.0);
    rig.send_in(&one, 13, "type='Terminate'", &message);
    rig.seconds(1.0);
    let complaint = PING.replace("urn:xmpp:ping", "urn:x");
    rig.send_in(&other, 8, "", &complaint);
    rig.seconds(6.0);
    rig.send_in(&other, 9, "", "");
    rig.send_in(&other, 10, "", "");
    rig.send_in(&other, 11, "", "");
}

/// Restarts: once more, while a request is held, by another name; and what holds afterwards.
pub(in super::super) fn of_restarts(rig: &mut Rig) {
    for restart in ["xmpp:restart='true'", "restart='true'", "xmpp:restart='0'"] {
        rig.create("wait='5' hold='1'");
        rig.send(1, "", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'/>");
        rig.send(2, "", AUTH);
        rig.send(3, &format!("{restart} to='localhost'"), "");
        rig.send(3, &format!("{restart} to='localhost'"), "");
        rig.send(4, "", "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        rig.seconds(35.0);
        rig.send(5, "", PING);
        rig.send(7, "", PING);
        rig.send(6, "", "");
        rig.seconds(11.0);
    }
    rig.create("wait='5' hold='1'");
    rig.send(1, "", AUTH);
    rig.send(2, "", "");
    rig.seconds(1.0);
    rig.send(3, "xmpp:restart='true' to='localhost'", "");
    rig.seconds(11.0);
    rig.create("wait='5' hold='1'");
    rig.login();
    rig.send(4, "", "");
    rig.seconds(11.0);
    rig.create("wait='5' hold='1'");
    rig.send(1, "", AUTH);
    rig.send(2, "xmpp:restart='true' to='localhost'", "");
    rig.send(3, "type='terminate'", "");
    rig.seconds(6.0);
}

/// Sessions that end: of an error of the stream with stanzas that wait, before the login, and by the client.
pub(in super::super) fn of_ends(rig: &mut Rig) {
    rig.create("wait='5' hold='1'");
    rig.login();
    let (one, jid) = (rig.sid(0), rig.jid());
    rig.create("wait='5' hold='1'");
    rig.login();
    let (other, own) = (rig.sid(1), rig.jid());
    let message = format!("<message xmlns='jabber:client' to='{jid}'><body>hello</body></message>");
    rig.send_in(&other, 4, "", &message);
    rig.send_in(&other, 5, "", PING);
    rig.create("wait='5' hold='1'");
    rig.send(1, "", &message);
    rig.send(2, "", PING);
    rig.send_in(&one, 4, "", "<stranger xmlns='urn:x'/>");
    rig.seconds(1.0);
    rig.send_in(&one, 5, "", "");
    rig.create("wait='5' hold='1'");
    rig.login();
    let last = rig.sid(3);
    rig.send_in(&other, 6, "type='terminate'", "");
    let iq = format!(
        "<iq xmlns='jabber:client' type='get' id='q' to='{own}'><query xmlns='urn:x'/></iq>"
    );
    rig.send_in(&last, 4, "", &iq);
    rig.seconds(6.0);
    rig.send_in(&last, 5, "", "");
    rig.shut_down();
}

/// Creation requests with domains, numbers and options that are nearly right.
pub(in super::super) fn of_creations(rig: &mut Rig) {
    for terms in ["to='LOCALHOST' wait='5'", "to='xlocalhost' wait='5'", "to='localhost' wait='5s'"]
    {
        rig.post(&format!(
            "<body xmlns='{NS}' rid='1' hold='1' ver='1.11' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0' {terms}/>"
        ));
    }
    let body = format!("<body xmlns='{NS}' rid='1' to='localhost' from='");
    let broken: Vec<u8> = [body.as_bytes(), b"\xff'/>"].concat();
    let request = http::Request::builder().method("POST").uri("/http-bind");
    rig.http(&request.body(broken.into()).unwrap());
    rig.ask("POST", &[("Connection", "TE, close")], &format!("{body}x'/>"));
}
