//! What clients say and hear, in XML.

mod bounds;
mod login;
mod management;
mod messages;
mod presence;
mod property;
mod questions;
mod rooms;
mod sasl2;

use std::time::Duration;

use super::{Account, Password, Server, Setup};
use crate::cm::backend::{Backend, Command, Event, Link, Opening};
use crate::random::Seeded;
use crate::xml::{Limits, Scope, parse, write};
use crate::xmpp::ns;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const NOW: Duration = Duration::from_secs(3600);
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>R</resource></bind></iq>";

struct Bed {
    server: Server,
    /// What was said and nobody has asked for.
    said: Vec<(Link, Event)>,
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
        Self { server: Server::new(setup, Box::new(Seeded::new(7))), said: Vec::new() }
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
        while let Some(said) = self.server.next() {
            self.said.push(said);
        }
        for (_, event) in self.said.extract_if(.., |(to, _)| *to == link) {
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
