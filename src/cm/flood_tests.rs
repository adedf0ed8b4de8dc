//! The connection manager and its server before clients that flood each other: what is held stays within bounds, who does
//! not fetch loses its session, and whoever wrote is told.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::machine::Machine;
use super::policy::Policy;
use super::server::{Account, Password, Server, Setup};
use super::session::Token;
use crate::bosh::NS;
use crate::random::Seeded;

/// What all sessions together may hold.
const QUEUED: usize = 16 << 20;
const NOW: Duration = Duration::from_secs(10);

struct Bed {
    machine: Machine,
    next: Token,
    /// What was answered and nobody has read.
    answers: Vec<(Token, String)>,
    /// The largest amount that was held.
    most: usize,
}

/// A client that answers to nobody.
struct Client {
    sid: String,
    rid: u64,
    asked: Vec<Token>,
    /// What its login was answered.
    welcome: String,
}

impl Bed {
    fn new() -> Self {
        let account =
            |user: &str| Account { user: user.to_owned(), password: Password::new("secret") };
        let setup = Setup {
            accounts: vec![account("alice"), account("bob")],
            anonymous: true,
            ..Setup::new("localhost", "2026-01-01T00:00:00Z".parse().unwrap())
        };
        let mut policy = Policy::default();
        policy.bounds.queued_bytes = QUEUED;
        let server = Server::new(setup, Box::new(Seeded::new(1)));
        let machine = Machine::new(policy, Box::new(server), Box::new(Seeded::new(2)));
        Self { machine, next: 1, answers: Vec::new(), most: 0 }
    }

    fn post(&mut self, content: &str) -> Token {
        let token = self.next;
        self.next += 1;
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.machine.request(token, peer, content.as_bytes(), NOW).unwrap();
        self.most = self.most.max(self.machine.queued());
        let answers = self.machine.answers();
        self.answers.extend(answers.map(|answer| (answer.token, answer.reply.to_xml())));
        token
    }

    /// Sends a request: what is answered to this one and to those before.
    fn send(&mut self, client: &mut Client, content: &str) -> String {
        self.send_with(client, "", content)
    }

    fn send_with(&mut self, client: &mut Client, attributes: &str, content: &str) -> String {
        client.rid += 1;
        let Client { sid, rid, .. } = client;
        let token = self.post(&format!(
            "<body xmlns='{NS}' xmlns:x='urn:xmpp:xbosh' sid='{sid}' rid='{rid}' {attributes}>{content}</body>"
        ));
        client.asked.push(token);
        let (own, others) = std::mem::take(&mut self.answers)
            .into_iter()
            .partition::<Vec<_>, _>(|(token, _)| client.asked.contains(token));
        self.answers = others;
        client.asked.retain(|token| own.iter().all(|(answered, _)| answered != token));
        own.into_iter().map(|(_, text)| text).collect()
    }

    fn login(&mut self, user: Option<&str>, resource: &str) -> Client {
        let token = self.post(&format!(
            "<body xmlns='{NS}' xmlns:x='urn:xmpp:xbosh' rid='1' to='localhost' ver='1.11' x:version='1.0' wait='60' hold='1'/>"
        ));
        let created = self.answers.pop().filter(|(answered, _)| *answered == token).unwrap().1;
        let sid = created.split(" sid='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let mut client = Client { sid, rid: 1, asked: Vec::new(), welcome: String::new() };
        let sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
        let auth = match user {
            Some(user) => {
                let secret = STANDARD.encode(format!("\0{user}\0secret"));
                format!("<auth xmlns='{sasl}' mechanism='PLAIN'>{secret}</auth>")
            }
            None => format!("<auth xmlns='{sasl}' mechanism='ANONYMOUS'/>"),
        };
        self.send(&mut client, &auth);
        self.send_with(&mut client, "to='localhost' x:restart='true'", "");
        let bound = self.send(&mut client, &format!(
            "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>{resource}</resource></bind></iq><presence xmlns='jabber:client'/>"
        ));
        assert!(bound.contains("<jid>"), "{bound}");
        client.welcome = bound;
        client
    }

    fn is_gone(&mut self, client: &mut Client) -> bool {
        let told = self.send(client, "");
        told.contains("condition='policy-violation'") && !told.contains("<message")
    }
}

/// Why a session has ended.
fn condition(told: &str) -> &str {
    told.split("condition=").nth(1).and_then(|rest| rest.split('\'').nth(1)).unwrap_or("none")
}

fn messages(to: &str, number: usize, size: usize) -> String {
    let text = "x".repeat(size);
    format!("<message xmlns='jabber:client' type='chat' to='{to}'><body>{text}</body></message>")
        .repeat(number)
}

#[test]
fn who_does_not_fetch_is_cut_off_and_who_writes_is_told() {
    for (size, at_once, rounds) in [(9000, 100, 100), (1, 1000, 10)] {
        let mut bed = Bed::new();
        let mut alice = bed.login(Some("alice"), "a");
        let mut bob = bed.login(Some("bob"), "b");
        let mut errors = 0;
        for _ in 0..rounds {
            let told = bed.send(&mut bob, &messages("alice@localhost", at_once, size));
            assert!(!told.contains("terminate"), "{}", condition(&told));
            errors += told.matches("type='error'").count();
        }
        assert!(bed.most < 6 << 20, "{} bytes were held", bed.most);
        // What waits when the last request is answered comes with the next.
        let told = bed.send(
            &mut bob,
            "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>",
        );
        errors += told.matches("type='error'").count();
        assert!(bed.is_gone(&mut alice));
        // All but those that are kept for alice came back.
        let mut again = bed.login(Some("alice"), "a");
        let kept = again.welcome.clone() + &bed.send(&mut again, "");
        let kept = kept.matches("<delay ").count();
        assert!(kept > 50, "{kept}");
        assert_eq!(errors, at_once * rounds - kept, "of {size} bytes");
    }
}

#[test]
fn many_resources_are_bounded_together() {
    let mut bed = Bed::new();
    let mut alices: Vec<Client> =
        (0..50).map(|n| bed.login(Some("alice"), &n.to_string())).collect();
    let mut bob = bed.login(Some("bob"), "b");
    for _ in 0..10 {
        bed.send(&mut bob, &messages("alice@localhost", 10, 90_000));
    }
    assert!(bed.most < QUEUED + (1 << 20), "{} bytes were held", bed.most);
    assert!(alices.iter_mut().all(|alice| bed.is_gone(alice)));
}

#[test]
fn a_room_whose_occupants_do_not_fetch_is_bounded() {
    let mut bed = Bed::new();
    let enter = |nick: &str| {
        format!(
            "<presence xmlns='jabber:client' to='r@conference.localhost/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
    };
    let mut bob = bed.login(Some("bob"), "b");
    bed.send(&mut bob, &enter("bob"));
    bed.send(&mut bob, "<iq xmlns='jabber:client' type='set' id='c' to='r@conference.localhost'>\
         <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
    for n in 0..100 {
        let mut other = bed.login(None, "r");
        bed.send(&mut other, &enter(&n.to_string()));
    }
    let said = format!(
        "<message xmlns='jabber:client' type='groupchat' to='r@conference.localhost'><body>{}</body></message>",
        "x".repeat(9000)
    );
    for round in 0..6 {
        let told = bed.send(&mut bob, &said.repeat(20));
        assert!(!told.contains("terminate"), "round {round}: {}", condition(&told));
        bed.send(&mut bob, "");
    }
    assert!(bed.most < QUEUED + (1 << 20), "{} bytes were held", bed.most);
}

#[test]
fn questions_without_end_end_the_session_that_asks_or_that_does_not_answer() {
    let mut bed = Bed::new();
    let ping = |to: &str| {
        format!(
            "<iq xmlns='jabber:client' type='get' id='p'{to}><ping xmlns='urn:xmpp:ping'/></iq>"
        )
    };
    let mut alice = bed.login(Some("alice"), "a");
    let mut bob = bed.login(Some("bob"), "b");
    for _ in 0..3 {
        bed.send(&mut bob, &ping(" to='alice@localhost/a'").repeat(500));
        bed.send(&mut bob, "");
    }
    assert!(bed.is_gone(&mut alice));
    // More answers than may wait, in one go.
    bed.send(&mut bob, &ping("").repeat(5000));
    assert!(bed.is_gone(&mut bob));
    assert!(bed.machine.queued() < 1 << 20);
}
