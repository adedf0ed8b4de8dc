//! Real clients at `xmppscope cm`, over each carrier they have: they live the stories that they live before other servers,
//! and nothing is wrong but what each of them is known for.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use tempfile::TempDir;

use crate::peers_bed::{Client, alone};
use crate::peers_carriers::{CASES, Case};
use crate::peers_carriers_bed::{Carrier, LANES, Session};
use crate::peers_live::{Peer, bare, presence};
use crate::peers_stories::room_of;
use crate::prosody::Password;
use crate::rig::{self, Proxy};
use crate::upstream::certificate;

/// The server, for users who share one password.
struct Cm {
    server: Proxy,
    identity: TempDir,
    password: Password,
}

impl Cm {
    fn start(users: &[&str]) -> Self {
        let (identity, password) = (certificate("localhost"), Password::random());
        let accounts: Vec<String> =
            users.iter().map(|user| format!("--account={user}:{}", password.reveal())).collect();
        let dir = format!("--tls-dir={}", identity.path().display());
        let mut options = vec!["--color=never", "--format=compact", &dir];
        options.extend(["--tcp=127.0.0.1:0", "--direct-tls=127.0.0.1:0"]);
        options.extend(accounts.iter().map(String::as_str));
        Self { server: Proxy::start_cm(&options), identity, password }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn url(&self, carrier: Carrier) -> String {
        let tcp = |ends: &str| {
            let mut lines = self.server.banner.lines();
            let line = lines.find(|line| line.contains(ends)).unwrap();
            line.trim_start_matches("XMPP over TCP at ").split(',').next().unwrap().to_owned()
        };
        match carrier {
            Carrier::WebSocket => format!("ws://{}/xmpp-websocket", self.server.address),
            Carrier::StartTls => format!("xmpp://{}", tcp("STARTTLS required")),
            Carrier::DirectTls => format!("xmpps://{}", tcp("TLS from the first byte")),
        }
    }

    fn client(&self, driver: &str, carrier: Carrier, jid: &str) -> Client {
        let certificate = self.identity.path().join("cert.pem");
        Client::at(driver, &self.url(carrier), &certificate, &self.password).named(jid)
    }

    /// bob, who sends back every message.
    fn echo(&self) -> Peer {
        let bob = self.client("xmpp-client.mjs", Carrier::WebSocket, "bob@localhost/desk");
        let mut bob = Peer::start(bob);
        bob.does("echo");
        bob
    }

    fn stop(self, lines: Vec<String>, name: &str) -> Session {
        Session::end(self.server, lines, name)
    }
}

/// Lives a story, and gives what alice's client knew of its session.
fn lives(case: &Case, options: &[(&str, &str)], name: &str) -> serde_json::Value {
    let cm = Cm::start(&["alice", "bob"]);
    let bob = cm.echo();
    let discovery = cm.identity.path().to_str().unwrap();
    let mut alice = cm.client(case.driver, case.carrier, "alice@localhost/web");
    let is_page = case.driver.starts_with("converse");
    alice = alice.option("--to", if is_page { bare(bob.jid()) } else { bob.jid() });
    for (option, value) in options {
        alice = alice.option(option, if *value == "DIR" { discovery } else { value });
    }
    let seen = alice.live(case.story);
    bob.leaves();
    let password = cm.password.clone();
    let session = cm.stop(seen.lines, name);
    session.assert_right(case, &password, &case.known(), case.possible("cm"));
    let (out, events) = (&session.out, &session.events);
    assert_eq!(events.last().unwrap()["sessions"], 2, "{case}\n{out}");
    let hers = |event: &&serde_json::Value| {
        let jid = event["session"]["jid"].as_str();
        jid.is_some_and(|jid| jid.starts_with("alice@localhost/web"))
    };
    let event = events.iter().find(hers);
    let event = event.unwrap_or_else(|| panic!("no JID was bound: {case}\n{out}"));
    assert_eq!(event["session"]["transport"], case.carrier.transport(), "{case}\n{out}");
    seen.about
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs Node, Chromium, g++, gloox and slixmpp: run ./test"
)]
fn clients_live_their_stories_at_cm() {
    let _turn = alone();
    rig::in_lanes(LANES, &CASES, |_, case| lives(case, &[], &case.name("cm")));
}

/// converse.js takes only addresses with TLS, so a web server with TLS stands before `cm`.
#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node and Chromium: run ./test")]
fn converse_discovers_cm_by_host_meta() {
    let _turn = alone();
    let about = lives(&CASES[0], &[("--discover", "DIR")], "cm-converse-discovered");
    assert_eq!(about["url"], "wss://localhost/xmpp-websocket");
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node and Chromium: run ./test")]
fn converse_over_websocket_and_a_client_over_tcp_talk_in_a_room() {
    let _turn = alone();
    let cm = Cm::start(&["alice", "bob"]);
    let bob = cm.client("xmpp-client.mjs", Carrier::StartTls, "bob@localhost/desk");
    let mut bob = Peer::start(bob);
    bob.does("presence");
    let alice = cm.client("converse.mjs", Carrier::WebSocket, "alice@localhost/web");
    room_of("cm-websocket", Peer::start(alice), bob);
    let session = cm.stop(Vec::new(), "cm-room");
    crate::rig::assert_broken(&session.out, &[]);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Node: run ./test")]
fn clients_on_three_carriers_talk_with_each_other() {
    let _turn = alone();
    let cm = Cm::start(&["alice", "bob", "carol"]);
    let mut alice = Peer::start(Client::strophe(&cm.origin(), &cm.password));
    let bob = cm.client("xmpp-client.mjs", Carrier::WebSocket, "bob@localhost/desk");
    let mut bob = Peer::start(bob);
    let carol = cm.client("xmpp-client.mjs", Carrier::StartTls, "carol@localhost/pda");
    let mut carol = Peer::start(carol);
    let all = [&alice, &bob, &carol].map(|peer| peer.jid().to_owned());
    for peer in [&mut alice, &mut bob, &mut carol] {
        peer.does("presence");
    }
    for peer in [&mut alice, &mut bob, &mut carol] {
        for other in all.iter().filter(|jid| **jid != *peer.jid()).cloned().collect::<Vec<_>>() {
            peer.hears(&presence(&other, "online"));
        }
    }
    alice.tells(&mut bob, "BOSH to WebSocket, é <&> 🎉");
    bob.tells(&mut carol, "WebSocket to TCP, é <&> 🎉");
    carol.tells(&mut alice, "TCP to BOSH, é <&> 🎉");
    alice.tells(&mut carol, "BOSH to TCP, ü \"&\" 🦀");
    carol.tells(&mut bob, "TCP to WebSocket, ü \"&\" 🦀");
    bob.tells(&mut alice, "WebSocket to BOSH, ü \"&\" 🦀");
    carol.leaves();
    for peer in [&mut alice, &mut bob] {
        peer.hears(&presence(&all[2], "gone"));
    }
    bob.leaves();
    alice.hears(&presence(&all[1], "gone"));
    alice.leaves();
    let session = cm.stop(Vec::new(), "cm-three-carriers");
    crate::rig::assert_broken(&session.out, &[]);
    assert_eq!(session.events.last().unwrap()["sessions"], 3, "{}", session.out);
}
