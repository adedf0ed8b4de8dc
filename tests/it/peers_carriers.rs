//! Real clients before real servers, over WebSocket and TCP, directly and through `xmppscope proxy`: the clients must not
//! see a difference, and xmppscope must find nothing wrong with what is right.
//!
//! Each client lives one story with bob, who sends back what he is told, and prints every element that came. All clients of
//! a server are there at the same time, each with an account of its own.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::fmt;
use std::path::Path;

use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::peers_bed::{Client, alone};
use crate::peers_carriers_bed::{Between, Carrier, LANES, Server, Session, alice};
use crate::prosody::Password;
use crate::rig;

/// A client, and how it reaches the server.
pub struct Case {
    pub driver: &'static str,
    pub carrier: Carrier,
    pub story: &'static [&'static str],
}

impl Case {
    /// What its files are called: `prosody-converse-websocket-cut`.
    pub fn name(&self, server: &str) -> String {
        let driver = self.driver.split('.').next().unwrap();
        let cut = if self.story.contains(&"cut") { " cut" } else { "" };
        format!("{server} {driver} {:?}{cut}", self.carrier).to_lowercase().replace(' ', "-")
    }

    /// What is found, and right.
    pub fn known(&self) -> Vec<&'static str> {
        let is_cut = self.story.contains(&"cut");
        // xmpp.js and gloox do not say which domain they want when TLS begins (SNI), and none of them offers xmpp-client (ALPN).
        let lacks = match self.carrier {
            Carrier::DirectTls if self.driver.starts_with("slixmpp") => 1,
            Carrier::DirectTls => 2,
            Carrier::WebSocket | Carrier::StartTls => 0,
        };
        let hello = vec!["direct-tls-hello"; lacks];
        // The client's side reset the connection. Then it comes again.
        let cut = is_cut.then_some(match self.carrier {
            Carrier::WebSocket => "ws-cut",
            Carrier::StartTls | Carrier::DirectTls => "tcp-cut",
        });
        let again = if is_cut { hello.clone() } else { Vec::new() };
        hello.into_iter().chain(cut).chain(again).collect()
    }

    /// What a server may do wrong, now and then.
    pub fn possible(&self, server: &str) -> &'static [&'static str] {
        // strophe.js and converse.js send <close/> and Close in one go. ejabberd answers the Close, and 0.1 s later sometimes
        // sends <close/>, and a second Close. Prosody closes the connection for each of the two, and sometimes loses what it
        // had to say, its Close too.
        let is_abrupt = self.driver.starts_with("strophe") || self.driver.starts_with("converse");
        match server {
            "ejabberd" if is_abrupt => &["ws-after-close"],
            "Prosody" if is_abrupt => &["ws-close-frame-unanswered"],
            // slixmpp answers an <r/> that crosses its </stream:stream>.
            _ if self.driver.starts_with("slixmpp") => &["tcp-close"],
            _ => &[],
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.driver, self.carrier)
    }
}

/// What every client can do.
const STORY: &[&str] = &["roster", "presence", "chat:Hello Bob, é 🎉", "ping", "logout"];
/// What those can do that resume a session.
const RESUMED: &[&str] =
    &["roster", "presence", "chat:before", "cut", "chat:after", "ping", "logout"];

const fn case(driver: &'static str, carrier: Carrier, story: &'static [&'static str]) -> Case {
    Case { driver, carrier, story }
}

pub const CASES: [Case; 10] = [
    // converse.js resumes nothing behind a cut when the session was resumed once already: so the cut comes first.
    case(
        "converse.mjs",
        Carrier::WebSocket,
        &[
            "presence:xa",
            "chat:one",
            "heard:one",
            "cut",
            "chat:two",
            "heard:two",
            "reload",
            "chat:three",
            "heard:three",
            "logout",
        ],
    ),
    case("xmpp-client.mjs", Carrier::WebSocket, STORY),
    case("xmpp-client.mjs", Carrier::StartTls, STORY),
    case("strophe-websocket.mjs", Carrier::WebSocket, STORY),
    case("slixmpp-tcp.py", Carrier::StartTls, STORY),
    case("gloox-tcp.cpp", Carrier::StartTls, STORY),
    case("slixmpp-tcp.py", Carrier::DirectTls, STORY),
    case("gloox-tcp.cpp", Carrier::DirectTls, STORY),
    case("xmpp-client.mjs", Carrier::DirectTls, RESUMED),
    case(
        "strophe-websocket.mjs",
        Carrier::WebSocket,
        &["presence", "chat:before", "reload", "chat:between", "cut", "chat:after", "logout"],
    ),
];

impl Session {
    /// That nothing is wrong but findings of these names; others are possible. Each cut and each reload was resumed, and
    /// each connection protected.
    #[track_caller]
    pub fn assert_right(
        &self,
        case: &Case,
        secret: &Password,
        known: &[&str],
        possible: &[&str],
    ) -> Vec<&Value> {
        let Self { out, events, .. } = self;
        let found: Vec<&str> = events
            .iter()
            .filter_map(|event| event["findings"].as_array())
            .flatten()
            .filter(|finding| finding["level"] != "note")
            .map(|finding| finding["name"].as_str().unwrap())
            .filter(|name| !possible.contains(name))
            .collect();
        assert_eq!(found, known, "findings: {case}\n{out}");
        assert!(!out.contains(secret.reveal()), "the password was printed: {case}");

        let is_resumption = |line: &&str| {
            line.contains(" SM resumed ")
                || line.contains(" SASL success ") && line.ends_with(" handled")
        };
        let resumed = out.lines().filter(is_resumption).count();
        let asked = case.story.iter().filter(|action| ["cut", "reload"].contains(action)).count();
        assert_eq!(resumed, asked, "resumptions: {case}\n{out}");
        let secured: Vec<&Value> =
            events.iter().filter(|event| event["event"] == "secured").collect();
        let expected = if case.carrier == Carrier::WebSocket { 0 } else { asked + 1 };
        assert_eq!(secured.len(), expected, "TLS: {case}\n{out}");
        for event in &secured {
            let starttls = event["tls"]["starttls"] == true;
            assert_eq!(starttls, case.carrier == Carrier::StartTls, "{case}: {event}");
        }
        secured
    }

    /// The same, and that it was one session, of this account.
    #[track_caller]
    fn assert_told(
        &self,
        case: &Case,
        jid: &str,
        secret: &Password,
        known: &[&str],
        possible: &[&str],
    ) {
        for event in self.assert_right(case, secret, known, possible) {
            assert_eq!(event["tls"]["server"]["verified"], "localhost", "{case}: {event}");
        }
        let Self { out, events, .. } = self;
        let last = events.iter().rfind(|event| event["session"]["jid"].is_string());
        let session = &last.unwrap_or_else(|| panic!("no JID was bound: {case}\n{out}"))["session"];
        let told = (&session["number"], &session["transport"], &session["jid"]);
        let transport = case.carrier.transport();
        assert_eq!(told, (&1.into(), &transport.into(), &jid.into()), "{case}\n{out}");
        assert_eq!(events.last().unwrap()["sessions"], 1, "{case}\n{out}");
    }
}

/// What a client saw, without what servers write in an order of the day, and without what no proxy can pass on: a server does
/// not offer channel binding on a connection whose TLS has it not.
fn view(lines: &[String]) -> Vec<String> {
    let tag = Regex::new(r"<[\w:.-]+((?: [\w:.-]+='[^']*')+)").unwrap();
    let attribute = Regex::new(r"[\w:.-]+='[^']*'").unwrap();
    let mechanisms = Regex::new(r"(<[^<> ]*mechanism>[^<]*</[^<> ]*>)+").unwrap();
    let one = Regex::new(r"<[^<> ]*mechanism>([^<]*)</[^<> ]*>").unwrap();
    let sorted = |line: &String| {
        let line = tag.replace_all(line, |tag: &Captures<'_>| {
            let mut all: Vec<&str> = attribute.find_iter(&tag[1]).map(|one| one.as_str()).collect();
            all.sort_unstable();
            tag[0].replace(&tag[1], &format!(" {}", all.join(" ")))
        });
        let line = mechanisms.replace_all(&line, |list: &Captures<'_>| {
            let mut names: Vec<String> = one
                .captures_iter(&list[0])
                .map(|name| name[1].to_owned())
                .filter(|name| !name.ends_with("-PLUS"))
                .collect();
            names.sort_unstable();
            names.join(" ")
        });
        line.into_owned()
    };
    let mut lines: Vec<String> = lines.iter().map(sorted).collect();
    // Whether a client hears of its own leaving before its stream has ended is a race.
    let leaves = lines.iter().position(|line| line.contains("\"action\":\"logout\""));
    let tail = leaves.map(|at| lines.split_off(at)).unwrap_or_default();
    lines.extend(tail.into_iter().filter(|line| !line.contains("type='unavailable'")));
    // What comes because of an action comes in any order.
    let actions = (0..lines.len()).filter(|&at| lines[at].starts_with("{\"action\""));
    let mut starts: Vec<usize> = actions.collect();
    starts.push(lines.len());
    for pair in starts.windows(2) {
        lines[pair[0] + 1..pair[1]].sort_unstable();
    }
    lines
}

/// Lives a story directly and through the proxy.
fn compare(server: &Server, case: &Case, lane: usize) {
    let jid = alice(lane);
    let live = |url: &str, certificate: &Path| {
        Client::at(case.driver, url, certificate, &server.alice).named(&jid).live(case.story).lines
    };
    let direct = live(&server.url(case.carrier), &server.certificate());
    let between = Between::start(server, case.carrier, &[]);
    let proxied = live(&between.url, &between.certificate());
    let session = between.stop(proxied, &case.name(server.name));
    let (known, possible) = (case.known(), case.possible(server.name));
    session.assert_told(case, &jid, &server.alice, &known, possible);
    let name = server.name;
    let (there, here) = (view(&direct), view(&session.lines));
    let same = there.iter().zip(&here).take_while(|(there, here)| there == here).count();
    assert!(
        there == here,
        "{case}: both saw\n{}\nthen at {name}\n{}\nand through the proxy\n{}\n{}",
        there[..same].join("\n"),
        there[same..].join("\n"),
        here[same..].join("\n"),
        session.out
    );
    approve(server, case, &session.transcript);
}

/// Whether what was said is as approved, where that is the same at every run: over WebSocket it is a race who ends the connection,
/// gloox does not wait for the end of the server's stream, converse.js asks in an order of its own, and ejabberd sends presences in one.
fn approve(server: &Server, case: &Case, transcript: &str) {
    assert!(transcript.starts_with("== session 1 over "), "{case}\n{transcript}");
    let varies = case.driver.starts_with("converse");
    if server.name != "Prosody" || varies {
        return;
    }
    let raced = match case.carrier {
        Carrier::WebSocket => Some("\nclient:\n  <close "),
        _ => case.driver.starts_with("gloox").then_some("\nclient: ends the stream\n"),
    };
    let shown = raced.and_then(|end| transcript.split(end).next()).unwrap_or(transcript);
    insta::assert_snapshot!(case.name(server.name), shown);
}

/// Lives all stories at a server.
fn compare_all(server: &Server) {
    let bob = server.bob();
    // A story is always in the same lane: its transcript has the lane's account.
    rig::in_lanes(LANES, &std::array::from_fn::<_, LANES, _>(|lane| lane), |_, lane| {
        for case in CASES.iter().skip(*lane).step_by(LANES) {
            compare(server, case, lane + 1);
        }
    });
    bob.leaves();
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs Prosody, Node, Chromium, g++, gloox and slixmpp: run ./test"
)]
fn clients_see_through_the_proxy_what_they_see_at_prosody() {
    let _turn = alone();
    compare_all(&Server::prosody());
}

#[test]
#[cfg_attr(
    not(feature = "peers"),
    ignore = "needs ejabberd, Node, Chromium, g++, gloox and slixmpp: run ./test"
)]
fn clients_see_through_the_proxy_what_they_see_at_ejabberd() {
    let _turn = alone();
    compare_all(&Server::ejabberd());
}

/// Channel binding (RFC 5802 section 6) ties a login to one connection with TLS, and there are two when the proxy takes TLS over.
/// A server that offers it, here with TLS 1.2, refuses it then, and also what the client tries next: SCRAM without it, by a client
/// that could have used it. slixmpp goes on with PLAIN, other clients give up. It works when the proxy passes TLS on, of which
/// it sees nothing.
#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and slixmpp: run ./test")]
fn channel_binding_works_only_where_tls_is_passed_on() {
    let _turn = alone();
    let server = Server::prosody_with(", protocol = \"tlsv1_2\"");
    let _bob = server.bob();
    let live = |url: &str, certificate: &Path| {
        let client = Client::at("slixmpp-tcp.py", url, certificate, &server.alice);
        client.named("alice@localhost/web").live(STORY).lines
    };
    let refused = |lines: &[String]| lines.iter().filter(|line| line.contains("}failure")).count();
    let direct = live(&server.url(Carrier::StartTls), &server.certificate());
    assert!(direct.iter().any(|line| line.contains("SCRAM-SHA-1-PLUS")), "{direct:#?}");
    assert_eq!(refused(&direct), 0, "{direct:#?}");

    let between = Between::start(&server, Carrier::StartTls, &[]);
    let proxied = live(&between.url, &between.certificate());
    assert_eq!(refused(&proxied), 2, "{proxied:#?}");
    let session = between.stop(proxied, "channel-binding-taken-over");
    let case = case("slixmpp-tcp.py", Carrier::StartTls, STORY);
    session.assert_told(
        &case,
        "alice@localhost/web",
        &server.alice,
        &["channel-binding"],
        &["login-failed"],
    );

    let between = Between::start(&server, Carrier::StartTls, &["--starttls", "pass"]);
    let passed = live(&between.url, &server.certificate());
    assert_eq!(view(&direct), view(&passed));
    let session = between.stop(passed, "channel-binding-passed-on");
    assert!(session.out.contains("STARTTLS"), "{}", session.out);
    for unseen in ["SASL", "stream not closed"] {
        assert!(!session.out.contains(unseen), "{}", session.out);
    }
}
