//! What clients say and hear, in XML. `a` and `b` are streams of alice and bob.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::{Account, Password, Server, Setup};
use crate::cm::backend::{Backend, Command, Event, Link, Opening};
use crate::cm::random::Seeded;
use crate::xml::{Limits, Scope, parse, write};
use crate::xmpp::ns;

const NOW: Duration = Duration::from_secs(3600);
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>R</resource></bind></iq>";

struct Bed {
    server: Server,
}

fn started() -> chrono::DateTime<chrono::FixedOffset> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

impl Bed {
    fn new() -> Self {
        let account = |user: &str| Account {
            user: user.to_owned(),
            password: Password::new(format!("{user}-secret")),
        };
        let setup = Setup {
            accounts: vec![account("alice"), account("bob")],
            anonymous: true,
            ..Setup::new("example.org", started())
        };
        Self { server: Server::new(setup, Box::new(Seeded::new(7))) }
    }

    fn command(&mut self, link: Link, command: Command) {
        self.server.command(link, command, NOW);
    }

    fn open(&mut self, link: Link) {
        let to = "example.org".to_owned();
        let opening = Opening { to, version: Some("1.0".to_owned()), ..Opening::default() };
        self.command(link, Command::Open(opening));
    }

    fn send(&mut self, link: Link, xml: &str) {
        let wrapped = format!("<x xmlns='jabber:client'>{xml}</x>");
        let root = parse(wrapped.as_bytes(), &Limits::default()).unwrap();
        self.command(link, Command::Send(root.children().next().unwrap().clone()));
    }

    /// What was said to a stream, in order.
    fn hear(&mut self, link: Link) -> Vec<String> {
        let mut heard = Vec::new();
        let mut others = Vec::new();
        while let Some((to, event)) = self.server.next() {
            if to != link {
                others.push((to, event));
                continue;
            }
            let scope = Scope { default: ns::CLIENT, prefixes: &[(ns::STREAMS, "stream")] };
            let mut text = String::new();
            match event {
                Event::Opened { .. } => text.push_str("header"),
                Event::Element(element) | Event::Error(element) => {
                    write(&element, &scope, &mut text);
                }
                other => text = format!("{other:?}"),
            }
            heard.push(text);
        }
        self.server.events.extend(others);
        heard
    }

    fn login(&mut self, link: Link, user: &str, resource: &str) {
        self.open(link);
        let secret = STANDARD.encode(format!("\0{user}\0{user}-secret"));
        self.send(link, &format!("<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>", ns::SASL));
        self.command(link, Command::Restart);
        self.send(link, &BIND.replace(">R<", &format!(">{resource}<")));
        let heard = self.hear(link).join("");
        assert!(heard.contains(&format!("<jid>{user}@example.org/{resource}</jid>")), "{heard}");
    }

    fn present(&mut self, link: Link, user: &str, resource: &str) {
        self.login(link, user, resource);
        self.send(link, "<presence/>");
        self.hear(link);
    }
}

#[track_caller]
fn has(heard: &[String], facts: &[&str]) {
    let all = heard.join("\n");
    for fact in facts {
        assert!(all.contains(fact), "{fact:?} was not said:\n{all}");
    }
}

#[test]
fn features_follow_the_stream() {
    let mut bed = Bed::new();
    bed.open(1);
    let heard = bed.hear(1);
    has(
        &heard,
        &["header", "<mechanism>SCRAM-SHA-256</mechanism>", "<mechanism>ANONYMOUS</mechanism>"],
    );
    bed.command(1, Command::Restart);
    has(&bed.hear(1), &["header", "PLAIN"]);
    bed.send(1, &format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL));
    has(&bed.hear(1), &["<success"]);
    bed.command(1, Command::Restart);
    has(&bed.hear(1), &["<bind", "<session", "<optional/>"]);
}

#[test]
fn a_domain_that_is_not_served_is_unknown() {
    let mut bed = Bed::new();
    let opening = Opening { to: "elsewhere".to_owned(), ..Opening::default() };
    bed.command(1, Command::Open(opening));
    assert_eq!(bed.hear(1), ["Failed(HostUnknown)"]);
}

#[test]
fn failures_of_login_are_named_and_counted() {
    let mut bed = Bed::new();
    bed.open(1);
    bed.hear(1);
    let auth = |mechanism: &str, text: &str| {
        format!("<auth xmlns='{}' mechanism='{mechanism}'>{text}</auth>", ns::SASL)
    };
    for (xml, condition) in [
        (auth("NONE", ""), "invalid-mechanism"),
        (auth("PLAIN", "?"), "incorrect-encoding"),
        (auth("PLAIN", &STANDARD.encode("alice")), "malformed-request"),
        (auth("PLAIN", &STANDARD.encode("\0alice\0wrong")), "not-authorized"),
    ] {
        bed.send(1, &xml);
        has(&bed.hear(1), &[&format!("<failure xmlns='{}'><{condition}/>", ns::SASL)]);
    }
    bed.send(1, &auth("PLAIN", &STANDARD.encode("\0nobody\0wrong")));
    has(&bed.hear(1), &["policy-violation"]);
}

#[test]
fn a_stanza_before_login_ends_the_stream() {
    let mut bed = Bed::new();
    bed.open(1);
    bed.send(1, "<message/>");
    has(&bed.hear(1), &["<stream:error><not-authorized"]);
    bed.login(2, "alice", "a");
    bed.send(2, "<message from='bob@example.org'/>");
    has(&bed.hear(2), &["<invalid-from"]);
    bed.login(3, "alice", "a");
    bed.send(3, "<foo xmlns='urn:x'/>");
    has(&bed.hear(3), &["<unsupported-stanza-type"]);
}

#[test]
fn who_binds_a_resource_later_wins() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "web");
    bed.present(2, "alice", "web");
    has(&bed.hear(1), &["<conflict"]);
    bed.login(3, "bob", "b");
    bed.send(3, "<message to='alice@example.org/web' type='chat'><body>hi</body></message>");
    has(&bed.hear(2), &["<body>hi</body>"]);
}

#[test]
fn presence_reaches_contacts_and_says_goodbye_once() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.login(2, "bob", "b");
    bed.send(2, "<presence><show>dnd</show></presence>");
    has(&bed.hear(2), &["from='alice@example.org/a'"]);
    has(&bed.hear(1), &["from='bob@example.org/b'", "<show>dnd</show>"]);
    bed.send(2, "<presence type='unavailable'><status>bye</status></presence>");
    bed.command(2, Command::Close);
    let heard = bed.hear(1);
    assert_eq!(heard.len(), 1, "{heard:?}");
    has(&heard, &["unavailable", "bye"]);
}

#[test]
fn a_message_for_an_account_that_is_away_waits() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.send(1, "<message to='bob@example.org' type='chat'><body>later</body></message>");
    bed.login(2, "bob", "b");
    bed.send(2, "<presence/>");
    let heard = bed.hear(2);
    has(&heard, &["later", "<delay xmlns='urn:xmpp:delay'", "stamp='2026-01-01T01:00:00Z'"]);
    bed.send(1, "<message to='nobody@example.org' id='n'><body>?</body></message>");
    has(&bed.hear(1), &["type='error' id='n'", "service-unavailable"]);
}

#[test]
fn what_could_not_be_delivered_is_kept() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    bed.send(2, "<message type='error' from='bob@example.org/b' to='alice@example.org/a'><body>lost?</body>\
        <error type='wait'><recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
    bed.command(2, Command::Close);
    let told = bed.hear(1);
    assert!(!told.join("").contains("lost?"), "{told:?}");
    bed.login(3, "bob", "c");
    bed.send(3, "<presence/>");
    has(&bed.hear(3), &["lost?", "from='alice@example.org/a'", "<delay"]);
}

#[test]
fn questions_are_answered_or_refused() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    for (iq, fact) in [
        ("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "type='result' id='1'"),
        ("<iq type='get' id='2'><query xmlns='jabber:iq:roster'/></iq>", "jid='bob@example.org'"),
        (
            "<iq type='get' id='3' to='example.org'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
            "conference.example.org",
        ),
        ("<iq type='get' id='4'><x xmlns='urn:x'/></iq>", "service-unavailable"),
        ("<iq type='get' id='5'/>", "bad-request"),
        ("<iq type='what' id='6'/>", "bad-request"),
        (
            "<iq type='get' id='7' to='bob@example.org/none'><ping xmlns='urn:xmpp:ping'/></iq>",
            "service-unavailable",
        ),
        ("<iq type='get' id='8' to='@'><ping xmlns='urn:xmpp:ping'/></iq>", "jid-malformed"),
        (
            "<iq type='set' id='9'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
            "type='result' id='9'",
        ),
        (
            "<iq type='get' id='10' to='else.where'><ping xmlns='urn:xmpp:ping'/></iq>",
            "remote-server-not-found",
        ),
    ] {
        bed.send(1, iq);
        has(&bed.hear(1), &[fact]);
    }
}

#[test]
fn people_meet_in_a_room() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    let join = |nick: &str| {
        format!(
            "<presence to='room@conference.example.org/{nick}'><x xmlns='{}'/></presence>",
            ns::MUC
        )
    };
    bed.send(1, &join("al"));
    has(&bed.hear(1), &["code='110'", "code='201'", "affiliation='owner'", "<subject/>"]);
    bed.send(2, &join("al"));
    has(&bed.hear(2), &["<conflict"]);
    bed.send(
        1,
        "<message to='room@conference.example.org' type='groupchat'><body>first</body></message>",
    );
    bed.hear(1);
    bed.send(2, &join("bo"));
    has(&bed.hear(2), &["room@conference.example.org/al", "code='110'", "first", "<delay"]);
    has(&bed.hear(1), &["from='room@conference.example.org/bo'"]);
    bed.send(
        2,
        "<message to='room@conference.example.org' type='groupchat'><body>hello</body></message>",
    );
    has(&bed.hear(1), &["from='room@conference.example.org/bo'", "hello"]);
    has(&bed.hear(2), &["hello"]);
    bed.command(2, Command::Close);
    has(&bed.hear(1), &["room@conference.example.org/bo", "unavailable", "role='none'"]);
}

fn stanza() -> impl Strategy<Value = String> {
    let to = prop_oneof![
        Just(String::new()),
        Just("to='bob@example.org'".into()),
        Just("to='alice@example.org/a'".into()),
        Just("to='conference.example.org'".into()),
        Just("to='r@conference.example.org/n'".into()),
        Just("to='r@conference.example.org'".into()),
        Just("to='/'".into()),
        Just("to='x@else.where/y'".into()),
    ];
    let kind = prop_oneof![
        Just(""),
        Just("type='get'"),
        Just("type='set'"),
        Just("type='result'"),
        Just("type='error'"),
        Just("type='unavailable'"),
        Just("type='groupchat'"),
        Just("type='probe'"),
        Just("type='subscribe'"),
    ];
    let child = prop_oneof![
        Just("<body>x</body>"),
        Just(""),
        Just("<priority>-1</priority>"),
        Just("<priority>x</priority>"),
        Just("<ping xmlns='urn:xmpp:ping'/>"),
        Just("<query xmlns='jabber:iq:roster'/>"),
        Just("<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        Just("<subject>s</subject>"),
        Just("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"),
        Just("<query xmlns='http://jabber.org/protocol/muc#owner'/>"),
        Just("<error><recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
    ];
    let name =
        prop_oneof![Just("iq"), Just("message"), Just("presence"), Just("auth"), Just("foo")];
    (name, to, kind, child, prop::bool::ANY).prop_map(|(name, to, kind, child, id)| {
        let id = if id { "id='i'" } else { "" };
        format!("<{name} {to} {kind} {id}>{child}</{name}>")
    })
}

proptest! {
    #[test]
    fn nothing_that_clients_say_breaks_it(said in prop::collection::vec((1u64..5, stanza(), 0u8..10), 1..60)) {
        let mut bed = Bed::new();
        for (link, xml, what) in said {
            match what {
                0 => bed.open(link),
                1 => bed.command(link, Command::Restart),
                2 => bed.command(link, Command::Close),
                3 => {
                    bed.open(link);
                    bed.send(link, &format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL));
                    bed.command(link, Command::Restart);
                    bed.send(link, BIND);
                    bed.send(link, "<presence/>");
                }
                _ => bed.send(link, &xml),
            }
        }
        while bed.server.next().is_some() {}
        prop_assert!(bed.server.streams.len() <= 4);
        prop_assert!(bed.server.users.len() <= 4);
    }
}
