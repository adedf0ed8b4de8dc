//! Tours of XMPP inside (XEP-0206 §3 to §7).

use crate::bosh::NS;
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";
const BIND: &str = "<iq xmlns='jabber:client' type='set' id='bind'>\
                    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("what comes for a client", super::kinds::of_delivery),
    ("restarts", super::kinds::of_restarts),
    ("ends", super::kinds::of_ends),
    ("creations that are nearly right", super::kinds::of_creations),
    ("answers of all kinds", super::answers::of_all_kinds),
    ("versions", |rig| {
        for version in ["xmpp:version='1.0'", "xmpp:version='9.9'", ""] {
            rig.post(&format!(
                "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='1' to='localhost' ver='1.11' \
                 wait='5' hold='1' {version}/>"
            ));
            rig.seconds(6.0);
        }
    }),
    ("a stream tag", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "", "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>");
    }),
    ("a login with polls", |rig| {
        rig.create("wait='20' hold='1'");
        rig.seconds(5.0);
        rig.send(1, "", AUTH);
        rig.send(2, "xmpp:restart='true'", "");
        rig.seconds(5.0);
        rig.send(3, "", BIND);
        rig.seconds(5.0);
        rig.send(4, "type='terminate'", "");
    }),
    ("a login to an account", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login_as("alice");
        rig.seconds(6.0);
    }),
    ("restarts, however they are written", |rig| {
        for restart in ["xmpp:restart='1'", "xmlns:x='urn:xmpp:xbosh' x:restart='true'"] {
            rig.create("wait='5' hold='1'");
            rig.send(1, "", AUTH);
            let text = rig.text(2, restart, "");
            rig.post(&text.replacen(
                "xmlns:xmpp='urn:xmpp:xbosh'",
                "",
                usize::from(restart.contains("x:")),
            ));
            rig.seconds(6.0);
        }
        rig.create("wait='5' hold='1'");
        rig.send(1, "", AUTH);
        rig.send(2, "xmpp:restart='false'", "");
        rig.seconds(6.0);
    }),
    ("a restart with a stanza", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "", AUTH);
        rig.send(2, "xmpp:restart='true'", BIND);
        rig.send(3, "", "");
        rig.seconds(6.0);
    }),
    ("too early", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "xmpp:restart='true'", "");
        rig.seconds(6.0);
        rig.send(2, "", "");
        rig.create("wait='5' hold='1'");
        rig.send(1, "", BIND);
        rig.seconds(6.0);
    }),
    ("a compressed request", |rig| {
        rig.create("wait='5' hold='1'");
        let mut coder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut coder, rig.text(1, "", AUTH).as_bytes()).unwrap();
        let request = http::Request::builder().method("POST").uri("/http-bind");
        let request = request.header("Content-Encoding", "deflate");
        rig.http(&request.body(coder.finish().unwrap().into()).unwrap());
        rig.seconds(6.0);
    }),
    ("questions of two sessions", |rig| {
        let (alice, bob) = pair(rig);
        for sid in [alice, bob] {
            let ask = "<iq xmlns='jabber:client' to='localhost' type='get' id='own'>";
            rig.send_in(&sid, 5, "", &format!("{ask}{PING}</iq>"));
        }
        rig.seconds(5.0);
    }),
    ("stanzas for one who is away", |rig| {
        let (alice, bob) = pair(rig);
        for id in ["1", "2"] {
            let message = format!(
                "<message xmlns='jabber:client' to='{ALICE}' type='chat' id='{id}'><body>{id}</body></message>"
            );
            rig.send_in(&bob, 4 + id.parse::<u64>().unwrap(), "", &message);
        }
        rig.send_in(&bob, 7, "", &iq("waiting"));
        rig.send_in(&bob, 8, "", PRESENCE);
        rig.seconds(40.0);
        rig.send_in(&bob, 9, "", "");
        rig.seconds(40.0);
        rig.send_in(&bob, 10, "", "");
        rig.send_in(&alice, 5, "", "");
        rig.send_in(&bob, 11, "", &iq("late"));
        rig.send_in(&bob, 12, "", PRESENCE);
        rig.seconds(5.0);
        rig.create("wait='60' hold='1'");
        rig.login_as("alice");
        rig.send(4, "", "<presence xmlns='jabber:client'/>");
        rig.send(5, "", "");
        rig.seconds(5.0);
        rig.send(6, "type='terminate'", "");
        rig.send_in(&bob, 13, "type='terminate'", "");
    }),
];

const ALICE: &str = "alice@localhost/r";
const PRESENCE: &str = "<presence xmlns='jabber:client' to='alice@localhost/r'/>";

fn iq(id: &str) -> String {
    format!("<iq xmlns='jabber:client' to='{ALICE}' type='get' id='{id}'>{PING}</iq>")
}

/// Sessions of alice, who then keeps silent, and of bob.
fn pair(rig: &mut Rig) -> (String, String) {
    rig.create("wait='60' hold='1'");
    rig.login_as("alice");
    rig.send(4, "", "<presence xmlns='jabber:client'/>");
    rig.create("wait='60' hold='1'");
    rig.login_as("bob");
    rig.send(4, "", "");
    (rig.sid(0), rig.sid(1))
}
