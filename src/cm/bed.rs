//! What the tests of the session machine are written with: a connection manager without HTTP before a server that
//! says what it is told to say.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::backend::{Backend, Command, Event, Link};
use super::machine::Machine;
use super::policy::Policy;
use super::reply::Reply;
use super::session::Token;
use crate::bosh::NS;
use crate::random::Seeded;
use crate::xml::{Element, Limits, Scope, parse, write};
use crate::xmpp::ns;

/// A server as a list of what it was told and of what it will say.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) heard: Vec<(Link, Command)>,
    pub(super) says: VecDeque<(Link, Event)>,
    /// Streams are answered with a header and features at once.
    pub(super) opens: bool,
}

struct Scripted(Arc<Mutex<Script>>);

impl Backend for Scripted {
    fn command(&mut self, link: Link, command: Command, _now: Duration) {
        let mut script = self.0.lock().unwrap();
        if script.opens && matches!(command, Command::Open(_) | Command::Restart) {
            let from = Some("example.org".to_owned());
            let opened = Event::Opened { from, version: Some("1.0".to_owned()) };
            script.says.push_back((link, opened));
            let features = Element::new(ns::STREAMS, "features");
            script.says.push_back((link, Event::Element(features)));
        }
        script.heard.push((link, command));
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        self.0.lock().unwrap().says.pop_front()
    }
}

pub(super) const RID: u64 = 1000;
pub(super) const USUAL: &str =
    "to='example.org' ver='1.11' wait='60' hold='1' xml:lang='en' xmpp:version='1.0'";

/// A connection manager with a client at hand. Requests are known by what [`Bed::send`] returns.
pub(super) struct Bed {
    pub(super) machine: Machine,
    pub(super) script: Arc<Mutex<Script>>,
    pub(super) now: Duration,
    pub(super) sid: String,
    pub(super) link: Link,
    next: Token,
    answers: Vec<(Token, Reply)>,
}

impl Bed {
    /// A connection manager without sessions.
    pub(super) fn new(policy: Policy) -> Self {
        let script = Arc::new(Mutex::new(Script { opens: true, ..Script::default() }));
        let backend = Box::new(Scripted(Arc::clone(&script)));
        let machine = Machine::new(policy, backend, Box::new(Seeded::new(1)));
        let now = Duration::from_secs(1);
        Self { machine, script, now, sid: String::new(), link: 0, next: 1, answers: Vec::new() }
    }

    /// With a session on these terms, its creation answered and no request open.
    pub(super) fn session(attributes: &str) -> Self {
        let mut bed = Self::new(Policy::default());
        let reply = bed.create(attributes);
        assert!(reply.get("sid").is_some(), "{}", reply.to_xml());
        bed
    }

    /// Opens a session.
    pub(super) fn create(&mut self, attributes: &str) -> Reply {
        let token = self.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{RID}' {attributes}/>"
        ));
        let reply = self.answer(token).expect("a creation response");
        self.sid = reply.get("sid").unwrap_or_default().to_owned();
        self.link = self.script.lock().unwrap().heard.last().map_or(0, |(link, _)| *link);
        self.script.lock().unwrap().heard.clear();
        reply
    }

    /// Sends any content.
    pub(super) fn post(&mut self, content: &str) -> Token {
        let token = self.next;
        self.next += 1;
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.machine.request(token, peer, content.as_bytes(), self.now).unwrap();
        self.collect();
        token
    }

    /// Sends a request that is this many after the creation request.
    pub(super) fn send(&mut self, n: u64, attributes: &str, content: &str) -> Token {
        let (rid, sid) = (RID + n, self.sid.clone());
        self.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{rid}' sid='{sid}' {attributes}>{content}</body>"
        ))
    }

    /// Sends an empty request.
    pub(super) fn poll(&mut self, n: u64) -> Token {
        self.send(n, "", "")
    }

    fn collect(&mut self) {
        let answers = self.machine.answers().map(|answer| (answer.token, answer.reply));
        self.answers.extend(answers);
    }

    /// The response to a request, if it has come and was not taken.
    pub(super) fn answer(&mut self, token: Token) -> Option<Reply> {
        let place = self.answers.iter().position(|(to, _)| *to == token)?;
        Some(self.answers.remove(place).1)
    }

    /// The tokens that were answered and not taken, in order.
    pub(super) fn answered(&self) -> Vec<Token> {
        self.answers.iter().map(|(token, _)| *token).collect()
    }

    /// Whether a request waits for its response.
    pub(super) fn holds(&self, token: Token) -> bool {
        !self.answers.iter().any(|(to, _)| *to == token)
    }

    /// Lets time pass; the machine is woken whenever it asked for it.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.machine.wake(self.now);
            self.collect();
        }
        self.now = end;
        self.machine.wake(self.now);
        self.collect();
    }

    pub(super) fn seconds(&mut self, seconds: f64) {
        self.pass(Duration::from_secs_f64(seconds));
    }

    /// The connection of a request is lost.
    pub(super) fn cut(&mut self, token: Token) {
        self.machine.gone(token, self.now);
        self.collect();
    }

    /// The server says something on the first stream.
    pub(super) fn server(&mut self, event: Event) {
        let link = self.link;
        self.server_on(link, event);
    }

    pub(super) fn server_on(&mut self, link: Link, event: Event) {
        self.script.lock().unwrap().says.push_back((link, event));
        self.machine.server(self.now);
        self.collect();
    }

    /// The server sends the client a message.
    pub(super) fn message(&mut self, text: &str) {
        self.server(Event::Element(message(text)));
    }

    /// What the server was told since it was last asked, in words.
    pub(super) fn heard(&mut self) -> Vec<String> {
        let heard = std::mem::take(&mut self.script.lock().unwrap().heard);
        heard.iter().map(|(_, command)| words(command)).collect()
    }
}

/// A message to the client.
pub(super) fn message(text: &str) -> Element {
    Element::new(ns::CLIENT, "message")
        .with_attr("from", "bob@example.org/b")
        .with_attr("to", "alice@example.org/a")
        .with_child(Element::new(ns::CLIENT, "body").with_text(text))
}

/// A command in words.
pub(super) fn words(command: &Command) -> String {
    match command {
        Command::Open(opening) => format!("open {}", opening.to),
        Command::Restart => "restart".to_owned(),
        Command::Close => "close".to_owned(),
        Command::Send(element) => {
            let mut out = String::new();
            write(element, &Scope { default: ns::CLIENT, prefixes: &[] }, &mut out);
            out
        }
        other => format!("{other:?}"),
    }
}

/// The texts of the messages in a response.
pub(super) fn texts(reply: &Reply) -> Vec<String> {
    let root = parse(reply.to_xml().as_bytes(), &Limits::default()).unwrap();
    let bodies = root.children().filter_map(|stanza| stanza.child(ns::CLIENT, "body"));
    bodies.map(|body| body.text().into_owned()).collect()
}
