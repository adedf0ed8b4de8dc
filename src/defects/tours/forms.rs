//! Tours of requests in all forms, and of sessions that must not be mixed up.

use crate::bosh::NS;
use crate::defects::rig::Rig;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
const REST: &str = "to='localhost' ver='1.11' wait='5' hold='1' \
                    xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'";

/// Header fields, methods and targets that are not as usual.
pub(in super::super) fn of_http(rig: &mut Rig) {
    let creation = format!("<body xmlns='{NS}' rid='1' {REST}/>");
    let absolute = http::Request::builder().method("POST").uri("http://localhost/http-bind");
    rig.http(&absolute.body(creation.clone().into()).unwrap());
    for (name, value) in [
        ("Expect", "100-continue"),
        ("If-Match", "\"x\""),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("X-Forwarded-Host", "elsewhere.example"),
        ("Transfer-Encoding", "Chunked"),
        ("Content-Encoding", "IDENTITY"),
    ] {
        rig.ask("POST", &[(name, value)], &creation);
    }
    rig.ask("HEAD", &[], "");
    rig.ask("POST", &[("Host", "localhost"), ("Host", "elsewhere.example")], &creation);
    rig.ask("POST", &[("Connection", "close")], &creation);
    let created = rig.ask("POST", &[("User-Agent", "one")], &creation);
    rig.took(created);
    for method in ["DELETE", "PATCH"] {
        rig.ask(method, &[], &rig.text(1, "", ""));
    }
    rig.ask("POST", &[("User-Agent", "other")], &rig.text(1, "", ""));
    rig.ask("POST", &[("X-Forwarded-For", "192.0.2.1")], &rig.text(2, "", ""));
    rig.seconds(11.0);
    rig.create("wait='3' hold='1'");
    rig.login();
    let long = format!(
        "<iq xmlns='jabber:client' type='get' id='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
        "x".repeat(600)
    );
    rig.ask("POST", &[("Accept-Encoding", "gzip")], &rig.text(4, "", &long));
    rig.ask("POST", &[], &rig.text(4, "", &long));
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    rig.ask("POST", &form, &rig.text(5, "", &PING.replace("'p'", "'a+b'")));
    let message = "<message xmlns='jabber:client' type='error' to='nobody@localhost'/>";
    rig.send(6, "", message);
    rig.seconds(1.0);
    rig.send(7, "", message);
    rig.seconds(9.0);
}

/// Two sessions that use the same rids, and the sids of which are nearly given.
pub(in super::super) fn of_two_sessions(rig: &mut Rig) {
    rig.create("wait='5' hold='1' content='text/html; charset=utf-8'");
    rig.login();
    rig.create("wait='5' hold='1'");
    rig.login();
    let jid = rig.jid();
    let (one, other) = (rig.sid(0), rig.sid(1));
    for sid in [&one, &other] {
        rig.send_in(sid, 4, "", &PING.replace("'p'", &format!("'{}'", &sid[..4])));
    }
    rig.send_in(&one, 4, "", "");
    rig.send_in(&other, 4, "", "");
    for sid in [format!("{one}x"), one.to_ascii_uppercase(), "none".to_owned()] {
        rig.send_in(&sid, 5, "hold='1' to='localhost'", "");
    }
    rig.send_in(&one, 5, "", "");
    rig.create("wait='5' hold='1'");
    rig.send(1000, "", "");
    rig.send_in(&other, 5, "", &format!("<message xmlns='jabber:client' to='{jid}'/>"));
    rig.seconds(6.0);
    rig.send_in(&one, 6, "type='terminate'", "");
    rig.send_in(&other, 6, "", "");
    rig.seconds(6.0);
}

/// Documents that are written otherwise, and that are nearly right.
pub(in super::super) fn of_documents(rig: &mut Rig) {
    let body = |rid: &str| format!("<body xmlns='{NS}' rid='{rid}' {REST}/>");
    rig.post(&format!("<?xml version='1.0'?>{}", body("1")));
    rig.post(&body("1").replace("xmlns=", "xmlns ="));
    rig.post(&body("1").replace("localhost", "x&apos;.invalid"));
    rig.post(&body("1").replace("rid=", "xmlns:z='urn:z' z:wait='x' rid="));
    rig.post(&format!("{}trailing", body("1")));
    rig.post(&body("1").replace(" wait=", " hold='1' wait="));
    for rid in ["1e3", "0x10", "18446744073709551617"] {
        rig.post(&body(rid));
    }
    rig.create("wait='5' hold='1'");
    rig.login();
    rig.send(4, "", &format!(" {PING} "));
    rig.create("wait='5' hold='1'");
    rig.login();
    let prefixed = PING.replace("<iq xmlns=", "<c:iq xmlns:c=").replace("</iq>", "</c:iq>");
    rig.send(4, "", &prefixed);
    for (place, inside) in ["<!-- a -->", "<?a b?>", "&#10;"].into_iter().enumerate() {
        rig.create("wait='5' hold='1'");
        rig.login();
        let jid = rig.jid();
        let id = if place == 2 { inside } else { "m" };
        let text = if place == 2 { "" } else { inside };
        let message = format!(
            "<message xmlns='jabber:client' to='{jid}' id='{id}'><body>one{text}</body></message>"
        );
        rig.send(4, "", &message);
    }
    rig.seconds(6.0);
}
