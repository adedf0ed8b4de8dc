//! What defects are tried with: a connection manager with its HTTP edge and its server, without I/O and in virtual
//! time, and a client that writes down whatever it sees. Two runs of one tour write the same, so that a difference
//! is a defect's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};

use super::defect::Defect;
use crate::bosh::NS;
use crate::cm::http::{Edge, Entry, Return};
use crate::cm::machine::Machine;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{Account, Password, Server, Setup};
use crate::cm::session::Token;
use crate::random::Seeded;

/// One tour: what a client does, start to end.
pub(super) type Tour = fn(&mut Rig);

/// The first rid of every session.
pub(super) const RID: u64 = 1000;

/// A connection manager and who asks it.
pub(super) struct Rig {
    machine: Machine,
    edge: Box<dyn Edge>,
    waiting: BTreeMap<Token, Return>,
    next: Token,
    now: Duration,
    /// All that was seen.
    pub(super) log: String,
    /// The latest content of each answered request.
    answers: BTreeMap<Token, String>,
    sids: Vec<String>,
}

impl Rig {
    /// With these defects on; `settings` changes what the operator decides.
    pub(super) fn new(defects: &[&Defect], settings: impl FnOnce(&mut Policy)) -> Self {
        let account = |user: &str| Account {
            user: user.to_owned(),
            password: Password::new(format!("{user}-secret")),
        };
        let setup = Setup {
            anonymous: true,
            accounts: vec![account("alice"), account("bob")],
            ..Setup::new("localhost", "2026-01-01T00:00:00Z".parse().unwrap())
        };
        let server = Server::new(setup, Box::new(Seeded::new(1)));
        let mut policy = Policy::default();
        settings(&mut policy);
        let mut parts = Parts::new(policy, Box::new(server), Box::new(Seeded::new(2)));
        for defect in defects {
            defect.apply(&mut parts);
        }
        let (machine, edge) = parts.assemble();
        Self {
            machine,
            edge,
            waiting: BTreeMap::new(),
            next: 1,
            now: Duration::from_secs(1),
            log: String::new(),
            answers: BTreeMap::new(),
            sids: Vec::new(),
        }
    }

    /// Sends any HTTP request; the token is its name.
    pub(super) fn http(&mut self, request: &Request<Bytes>) -> Token {
        if request.body().len() > self.machine.policy().bounds.xml.bytes {
            return self.unread(http::StatusCode::PAYLOAD_TOO_LARGE);
        }
        let token = self.next;
        self.next += 1;
        match self.edge.enter(request) {
            Entry::Response(response) => self.saw(token, &response),
            Entry::Bosh(content, back) => {
                self.waiting.insert(token, back);
                let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
                if self.machine.request(token, peer, &content, self.now).is_err() {
                    self.waiting.remove(&token);
                    let response = self.edge.refuse(http::StatusCode::SERVICE_UNAVAILABLE);
                    self.saw(token, &response);
                }
            }
        }
        self.collect();
        token
    }

    /// Sends a request whose content is not read to its end, for this reason.
    pub(super) fn unread(&mut self, status: http::StatusCode) -> Token {
        let token = self.next;
        self.next += 1;
        let response = self.edge.refuse(status);
        self.saw(token, &response);
        token
    }

    /// Sends any method with these headers and this content.
    pub(super) fn ask(&mut self, method: &str, headers: &[(&str, &str)], content: &str) -> Token {
        let mut request = Request::builder().method(method).uri("/http-bind");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.http(&request.body(Bytes::copy_from_slice(content.as_bytes())).unwrap())
    }

    /// The address that was bound last.
    pub(super) fn jid(&self) -> String {
        let bound = |token| self.answer(token)?.split("<jid>").nth(1)?.split('<').next();
        (1..self.next).rev().find_map(bound).unwrap_or_default().to_owned()
    }

    /// Sends this content with POST.
    pub(super) fn post(&mut self, content: &str) -> Token {
        self.post_as(Version::HTTP_11, &[], content)
    }

    /// Sends this content with POST, with these headers.
    pub(super) fn post_as(
        &mut self,
        version: Version,
        headers: &[(&str, &str)],
        content: &str,
    ) -> Token {
        let mut request = Request::builder()
            .method("POST")
            .uri("/http-bind")
            .version(version)
            .header("Host", "localhost")
            .header("Content-Type", "text/xml; charset=utf-8");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.http(&request.body(Bytes::copy_from_slice(content.as_bytes())).unwrap())
    }

    /// Opens a session; it is the current one from now on. Other attributes than `to`, `ver` and `xmpp:version` are given.
    pub(super) fn create(&mut self, attributes: &str) -> Token {
        let token = self.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{RID}' to='localhost' ver='1.11' \
             xmpp:version='1.0' xml:lang='en' {attributes}/>"
        ));
        self.took(token);
        token
    }

    /// Remembers the sid of a creation response.
    pub(super) fn took(&mut self, token: Token) {
        let sid = self.answers.get(&token).and_then(|answer| attribute(answer, "sid"));
        self.sids.push(sid.unwrap_or_default());
    }

    /// The text of a request of the latest session, for headers and methods of one's own.
    pub(super) fn text(&self, n: u64, attributes: &str, content: &str) -> String {
        let sid = self.sids.last().cloned().unwrap_or_default();
        format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{}' sid='{sid}' {attributes}>{content}</body>",
            RID + n
        )
    }

    /// The sid of the `n`th session, from 0.
    pub(super) fn sid(&self, n: usize) -> String {
        self.sids.get(n).cloned().unwrap_or_default()
    }

    /// How many sessions were opened.
    pub(super) fn sessions(&self) -> usize {
        self.sids.len()
    }

    /// Sends a request of the latest session, `n` after its creation request.
    pub(super) fn send(&mut self, n: u64, attributes: &str, content: &str) -> Token {
        let sid = self.sids.last().cloned().unwrap_or_default();
        self.send_in(&sid, n, attributes, content)
    }

    /// Sends a request of a session.
    pub(super) fn send_in(&mut self, sid: &str, n: u64, attributes: &str, content: &str) -> Token {
        self.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{}' sid='{sid}' {attributes}>{content}</body>",
            RID + n
        ))
    }

    /// Logs in the latest session anonymously and binds; uses the requests 1 to 3.
    pub(super) fn login(&mut self) {
        self.login_with("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
    }

    /// Logs in the latest session as `alice` or `bob` and binds the resource `r`; uses the requests 1 to 3.
    pub(super) fn login_as(&mut self, user: &str) {
        use base64::Engine as _;
        let plain =
            base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{user}-secret"));
        self.login_with(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"
        ));
    }

    fn login_with(&mut self, auth: &str) {
        self.send(1, "", auth);
        self.send(2, "xmpp:restart='true' to='localhost'", "");
        self.send(
            3,
            "",
            "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>r</resource></bind></iq>",
        );
    }

    /// Lets time pass; the machine is woken whenever it asked for it.
    pub(super) fn seconds(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.machine.wake(self.now);
            self.collect();
        }
        self.now = end;
        self.machine.wake(self.now);
        self.collect();
    }

    /// The connection of a request is lost.
    pub(super) fn cut(&mut self, token: Token) {
        if self.waiting.remove(&token).is_some() {
            self.machine.gone(token, self.now);
            self.collect();
        }
    }

    /// A further request waits on the connection of this one.
    pub(super) fn hurry(&mut self, token: Token) {
        self.machine.hurry(token, self.now);
        self.collect();
    }

    /// The connection manager goes down.
    pub(super) fn shut_down(&mut self) {
        self.machine.shut_down(self.now);
        self.collect();
    }

    /// The content of a response, if it has come.
    pub(super) fn answer(&self, token: Token) -> Option<&str> {
        self.answers.get(&token).map(String::as_str)
    }

    /// Writes down what is still open.
    pub(super) fn finish(mut self) -> String {
        let open: Vec<Token> = self.waiting.keys().copied().collect();
        let _ = writeln!(self.log, "{:?} open {open:?}", self.now);
        self.log
    }

    fn collect(&mut self) {
        let answers: Vec<_> = self.machine.answers().collect();
        for answer in answers {
            let Some(back) = self.waiting.remove(&answer.token) else { continue };
            let response = self.edge.leave(&answer, &back);
            self.saw(answer.token, &response);
        }
    }

    fn saw(&mut self, token: Token, response: &Response<Bytes>) {
        let content = String::from_utf8_lossy(response.body()).into_owned();
        let delivery = response.extensions().get::<crate::cm::http::Delivery>();
        let _ = writeln!(
            self.log,
            "{:?} {token}: {} {:?} {delivery:?}\n{content}",
            self.now,
            response.status(),
            response.headers()
        );
        self.answers.insert(token, content);
    }
}

/// The value of an attribute of the root, as it is written.
pub(super) fn attribute(xml: &str, name: &str) -> Option<String> {
    let rest = xml.split(&format!(" {name}='")).nth(1)?;
    rest.split('\'').next().map(str::to_owned)
}
