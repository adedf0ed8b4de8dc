//! Tours of opening a session (XEP-0124 §7).

use bytes::Bytes;
use http::Request;

use crate::bosh::NS;
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("HTTP that is not as usual", super::forms::of_http),
    ("two sessions", super::forms::of_two_sessions),
    ("what a client leaves out", |rig| {
        for attributes in [
            "",
            "xmpp:version='1.0' ver='1.11' hold='1' xml:lang='en'",
            "xmpp:version='1.0' ver='1.11' wait='5' xml:lang='en'",
            "xmpp:version='1.0' wait='5' hold='1' xml:lang='en'",
            "xmpp:version='1.0' ver='1.11' wait='5' hold='1'",
        ] {
            ask(rig, &format!("to='localhost' {attributes}"), "");
        }
    }),
    ("versions", |rig| {
        for ver in ["1.0", "1.2", "1.6", "1.10", "1.11", "1.100", "99.99"] {
            ask(rig, &format!("to='localhost' ver='{ver}' wait='5' hold='1'"), "");
        }
    }),
    ("wait and hold", |rig| {
        for wait in [0, 1, 5, 60, 3600, 65_535] {
            rig.create(&format!("wait='{wait}' hold='1'"));
        }
        rig.create("wait='5' hold='1' from='somebody@client.invalid'");
        for hold in [0, 1, 2, 5, 10] {
            rig.create(&format!("wait='5' hold='{hold}'"));
        }
    }),
    ("payload, route, and the same twice", |rig| {
        let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
        ask(rig, "to='localhost' ver='1.11' wait='5' hold='1'", auth);
        let usual = "to='localhost' ver='1.11' xmpp:version='1.0' wait='5' hold='1'";
        ask(rig, &format!("{usual} route='xmpp:localhost:5222'"), "");
        ask(rig, &format!("{usual} route='xmpp:127.0.0.1:1'"), "");
        ask(rig, usual, "");
        ask(rig, usual, "");
        rig.seconds(66.0);
        rig.send(1, "", "");
    }),
    ("another Host", |rig| {
        let body = format!(
            "<body xmlns='{NS}' rid='1' to='localhost' ver='1.11' wait='5' hold='1' xml:lang='en'/>"
        );
        for host in ["localhost:5280", "127.0.0.1:5280", "chat.example.net"] {
            let request = Request::post("/http-bind").header("Host", host);
            rig.http(&request.body(Bytes::from(body.clone())).unwrap());
        }
    }),
    ("content", |rig| {
        rig.create("wait='1' hold='1' content='text/html; charset=utf-8'");
        rig.send(1, "", "");
        rig.seconds(1.0);
        rig.send(2, "type='terminate'", "");
        rig.create("wait='1' hold='1' content='text/html&#13;&#10;X-Injected: yes'");
    }),
    ("sessions that are not there", |rig| {
        rig.create("wait='1' hold='1'");
        rig.send(1, "type='terminate'", "");
        rig.send(2, "", "");
        for sid in ["no-such-sid", "", &"a".repeat(10 << 10)] {
            rig.send_in(sid, 2, "", "");
        }
    }),
    ("many sessions", |rig| {
        for _ in 0..20 {
            rig.create("wait='1' hold='1'");
        }
    }),
    ("a session and its later responses", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", "");
        rig.seconds(5.0);
        rig.send(5, "pause='70'", "");
        rig.seconds(68.0);
        rig.send(6, "", &message("nobody@localhost", "Hello"));
        rig.send(7, "type='terminate'", "");
    }),
    ("languages", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login_as("bob");
        rig.send(4, "", "<presence xmlns='jabber:client'/>");
        rig.send(5, "", "");
        let token = rig.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='1000' to='localhost' ver='1.11' \
             xmpp:version='1.0' xml:lang='de' wait='5' hold='1'/>"
        ));
        rig.took(token);
        rig.login_as("alice");
        rig.send(4, "", &message("bob@localhost/r", "Guten Tag"));
        let bob = rig.sid(0);
        rig.send_in(&bob, 6, "", "");
    }),
    ("other characters", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login_as("alice");
        rig.send(4, "", &message("alice@localhost/r", "Café"));
        rig.send(5, "", &message("alice@localhost/r", "Café, 5 €, \u{1f600}"));
        rig.send(
            6,
            "",
            "<iq xmlns='jabber:client' type='get' id='\u{1f600}'><ping xmlns='urn:xmpp:ping'/></iq>",
        );
        let sid = rig.sid(0);
        let body = format!(
            "<body xmlns='{NS}' rid='1007' sid='{sid}'>{}</body>",
            message("alice@localhost/r", "Caf\u{e9}")
        );
        let latin: Vec<u8> = body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let request = Request::post("/http-bind")
            .header("Host", "localhost")
            .header("Content-Type", "text/xml; charset=ISO-8859-1");
        rig.http(&request.body(latin.into()).unwrap());
        rig.seconds(5.0);
    }),
    ("responses in another encoding", |rig| {
        rig.create("wait='5' hold='1' content='text/xml; charset=ISO-8859-1'");
        rig.login();
        rig.send(
            4,
            "",
            "<iq xmlns='jabber:client' type='get' id='Caf\u{e9}'><ping xmlns='urn:xmpp:ping'/></iq>",
        );
    }),
];

/// Opens a session with these attributes beside `rid`, and with this content.
fn ask(rig: &mut Rig, attributes: &str, content: &str) {
    let token = rig.post(&format!(
        "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='1000' {attributes}>{content}</body>"
    ));
    rig.took(token);
}

fn message(to: &str, text: &str) -> String {
    format!("<message xmlns='jabber:client' to='{to}'><body>{text}</body></message>")
}
