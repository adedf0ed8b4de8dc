//! Tours of several streams in one session (XEP-0124 §16).

use base64::Engine as _;

use super::super::rig::{Rig, attribute};
use crate::cm::session::Token;
use crate::defects::rig::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("one stream", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", &ping("a"));
        rig.send(5, "stream='x'", "");
        rig.seconds(5.0);
        rig.send(6, "to='elsewhere.example' xml:lang='en'", "");
        rig.seconds(5.0);
        rig.send(7, "", &ping("b"));
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "stream='nope'", &ping("c"));
        rig.send(5, "", "");
    }),
    ("payloads on both", |rig| {
        let (bob, first, second) = two(rig);
        rig.send(8, &of(&first), &ping("a"));
        rig.send(9, &of(&second), &ping("b"));
        let held = rig.send(10, &of(&first), "<presence xmlns='jabber:client'/>");
        rig.seconds(1.0);
        rig.send_in(&bob, 5, "", &message("alice", "for the second"));
        rig.send_in(&bob, 6, "", &message("alice", "again"));
        rig.send(11, &of(&first), &message("bob", "for whom"));
        rig.send_in(&bob, 7, "", &message("alice", "other"));
        assert!(rig.answer(held).is_some());
        rig.seconds(5.0);
    }),
    ("to all", |rig| {
        let (bob, ..) = two(rig);
        rig.send(8, "", "<presence xmlns='jabber:client' to='bob@localhost/r'/>");
        rig.send_in(&bob, 5, "", "");
        rig.seconds(5.0);
        rig.send(9, "", &message("bob", "twice"));
        rig.send_in(&bob, 6, "", "");
        rig.seconds(5.0);
        rig.send(10, "type='terminate'", &message("bob", "bye"));
        for n in 7..10 {
            rig.send_in(&bob, n, "", "");
            rig.seconds(5.0);
        }
        rig.send(11, "", "");
        rig.seconds(5.0);
    }),
    ("a stream that was never there", |rig| {
        let (bob, ..) = two(rig);
        rig.send(8, &of("nope"), &message("bob", "nowhere"));
        rig.seconds(5.0);
        rig.send_in(&bob, 5, "", "");
        rig.send(9, "", "");
        rig.seconds(5.0);
    }),
    ("one is closed", |rig| {
        let (bob, first, second) = two(rig);
        rig.send(8, &format!("type='terminate' {}", of(&second)), "");
        rig.send(9, &of(&second), &message("bob", "too late"));
        rig.send_in(&bob, 5, "", "");
        rig.seconds(5.0);
        rig.send(10, &of(&first), &ping("a"));
        rig.send(11, &format!("type='terminate' {}", of(&first)), "");
        rig.send(12, "", "");
        rig.seconds(5.0);
    }),
    ("an error of one", |rig| {
        let (_, first, second) = two(rig);
        rig.send(8, &of(&second), "<nonsense xmlns='urn:example:nonsense'/>");
        rig.send(9, &of(&second), &ping("a"));
        rig.seconds(5.0);
        rig.send(10, &of(&first), &ping("b"));
        rig.seconds(5.0);
        rig.send(11, "", &ping("c"));
    }),
    ("an error of the last", |rig| {
        let (_, first, second) = two(rig);
        rig.send(8, &format!("type='terminate' {}", of(&first)), "");
        rig.send(9, &of(&second), "<nonsense xmlns='urn:example:nonsense'/>");
    }),
    ("streams without features", |rig| {
        let created = rig.post(
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='1000' to='localhost' ver='1.11' wait='5' hold='1'/>",
        );
        rig.took(created);
        let sid = rig.sid(0);
        rig.post(&format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='1001' sid='{sid}' to='localhost'/>"
        ));
        rig.seconds(6.0);
    }),
    ("an error of all", |rig| {
        for wrong in ["type='foo'", "pause='500'", "pause='0'"] {
            let (bob, ..) = two(rig);
            rig.send(8, "", "<presence xmlns='jabber:client'/>");
            rig.send(9, "", "");
            rig.send_in(&bob, 5, "", "");
            rig.send(10, wrong, "");
            for n in 6..9 {
                rig.send_in(&bob, n, "", "");
                rig.seconds(5.0);
            }
            rig.send(11, "", &ping("a"));
            rig.seconds(5.0);
        }
    }),
    ("an error of all, by its rid", |rig| {
        two(rig);
        rig.send(8, "", "");
        rig.send(20, "", "");
        rig.send(9, "", &ping("a"));
        rig.seconds(5.0);
    }),
    ("many sessions", |rig| {
        for _ in 0..6 {
            rig.create("wait='5' hold='1'");
            rig.login();
        }
        for n in 0..6 {
            rig.send_in(&rig.sid(n), 4, "", &ping(&format!("ping-{n}")));
        }
    }),
    ("another stream is added twice", |rig| {
        rig.create("wait='5' hold='1'");
        let adds = "to='localhost' xml:lang='en' xmpp:version='1.0'";
        rig.send(1, adds, "");
        rig.send(1, adds, "");
        rig.send(2, "", "");
        rig.seconds(6.0);
    }),
    ("messages that wait for two streams", |rig| {
        let (bob, first, second) = two(rig);
        rig.send_in(&bob, 5, "", &message("alice", "for the second"));
        rig.send(8, &of(&first), "");
        rig.seconds(6.0);
        rig.send_in(&bob, 6, "", &message("alice", "again"));
        rig.send(9, &format!("type='terminate' {}", of(&first)), "");
        rig.send(10, &of(&second), &ping("a"));
        rig.send(11, "", "");
        rig.seconds(6.0);
    }),
    ("a farewell on one stream", |rig| {
        let (bob, _, second) = two(rig);
        rig.send(8, &of(&second), "<presence xmlns='jabber:client' to='bob@localhost/r'/>");
        rig.send(9, &format!("type='terminate' {}", of(&second)), &message("bob", "bye"));
        for n in 5..9 {
            rig.send_in(&bob, n, "", "");
            rig.seconds(6.0);
        }
    }),
    ("a stream of another session", |rig| {
        let (bob, first, _) = two(rig);
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, &of(&first), &message("bob", "whose"));
        rig.send_in(&bob, 5, "", "");
        rig.seconds(6.0);
    }),
    ("two sessions of one user", |rig| {
        for resource in ["one", "two"] {
            rig.create("wait='5' hold='1'");
            let plain = base64::engine::general_purpose::STANDARD.encode("\0alice\0alice-secret");
            let auth = format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"
            );
            rig.send(1, "", &auth);
            rig.send(2, "xmpp:restart='true' to='localhost'", "");
            let bind = format!(
                "<iq xmlns='jabber:client' type='set' id='bind'>\
                 <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
            );
            rig.send(3, "", &bind);
            rig.send(4, "", "");
        }
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(
            4,
            "",
            "<message xmlns='jabber:client' to='alice@localhost/one'><body>for one</body></message>",
        );
        rig.seconds(2.0);
    }),
];

/// Two sessions: bob's, whose requests go on with 5, and one with the streams of somebody anonymous and of alice, whose
/// requests go on with 8. Gives bob's sid, and the names of the two streams.
fn two(rig: &mut Rig) -> (String, String, String) {
    let bob = rig.create("wait='5' hold='1'");
    let bob = said(rig, bob, "sid");
    rig.login_as("bob");
    rig.send(4, "", "<presence xmlns='jabber:client'/>");
    let first = rig.create("wait='5' hold='1'");
    let first = said(rig, first, "stream");
    rig.login();
    let second = rig.send(4, "to='localhost' xml:lang='en' xmpp:version='1.0'", "");
    let second = said(rig, second, "stream");
    let plain = base64::engine::general_purpose::STANDARD.encode("\0alice\0alice-secret");
    let auth =
        format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>");
    let bind = "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
                <resource>r</resource></bind></iq>";
    rig.send(5, &of(&second), &auth);
    rig.send(6, &format!("{} xmpp:restart='true' to='localhost'", of(&second)), "");
    rig.send(7, &of(&second), bind);
    (bob, first, second)
}

fn said(rig: &Rig, token: Token, name: &str) -> String {
    rig.answer(token).and_then(|answer| attribute(answer, name)).unwrap_or_default()
}

fn of(stream: &str) -> String {
    format!("stream='{stream}'")
}

fn ping(id: &str) -> String {
    format!("<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")
}

fn message(user: &str, text: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='{user}@localhost/r' type='chat'><body>{text}</body></message>"
    )
}
