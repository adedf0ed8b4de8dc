//! Requests of HTTP, as a browser makes them, and what comes of them.

use std::net::SocketAddr;
use std::time::Duration;

use super::line::{self, Came, Line};
use crate::doctor::context::Context;
use crate::doctor::endpoint::Endpoint;
use crate::doctor::reach::Unmade;
use crate::rules::{Finding, Judge};
use crate::trace::{Event, Fact, How, Reading, Response};

/// How long an answer may take that is not waited for on purpose.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A kept connection that ends sooner after a request ended before it.
const RACE: Duration = Duration::from_millis(500);
/// Nothing that is asked for here is longer.
const USER_AGENT: &str = concat!("xmppscope/", env!("CARGO_PKG_VERSION"), " (doctor)");

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    content: Vec<u8>,
}

impl Request {
    /// A request without content.
    pub fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), content: Vec::new() }
    }

    /// A request of BOSH.
    pub fn bosh(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path).with("Content-Type", "text/xml; charset=utf-8").of(content)
    }

    /// With this header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As a page of this origin sends it; of none if a native client does.
    #[must_use]
    pub fn from(self, origin: Option<&str>) -> Self {
        match origin {
            Some(origin) => self.with("Origin", origin),
            None => self,
        }
    }

    /// With this content.
    #[must_use]
    pub fn of(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.content = content.into();
        self
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.method == "POST" {
            head += &format!("Content-Length: {}\r\n", self.content.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.content);
        bytes
    }
}

/// What came of a request.
#[derive(Debug)]
pub struct Got {
    /// How long it took until the first byte of the answer, or until it was clear that none comes.
    pub held: Duration,
    /// What it is.
    pub what: What,
}

/// What came of a request.
#[derive(Debug)]
pub enum What {
    /// A response, and what its content is.
    Response(Box<Response>, Reading),
    /// Bytes that are not HTTP.
    Raw(String),
    /// The connection ended.
    Ended(How),
    /// Nothing.
    Late,
    /// No connection could be made.
    Unmade(Unmade),
}

impl Got {
    /// The response.
    pub fn response(&self) -> Option<&Response> {
        match &self.what {
            What::Response(response, _) => Some(response),
            _ => None,
        }
    }
}

/// A connection that speaks HTTP with an endpoint; another one takes its place where the server ended it behind an answer.
pub struct Http<'a> {
    context: &'a Context,
    endpoint: Endpoint,
    at: SocketAddr,
    line: Line,
    /// The request under way, if one was answered before it on this connection.
    again: Option<Vec<u8>>,
    /// The server takes no further request on this connection.
    used_up: bool,
    /// An answer came on this connection.
    answered: bool,
    /// What was seen on connections before this one.
    seen: Vec<Event>,
}

impl<'a> Http<'a> {
    /// Opens one.
    pub async fn open(
        context: &'a Context,
        endpoint: &Endpoint,
        at: SocketAddr,
    ) -> Result<Self, Unmade> {
        let line = line::open(context, endpoint, at).await?;
        let (endpoint, seen) = (endpoint.clone(), Vec::new());
        let (again, used_up, answered) = (None, false, false);
        Ok(Self { context, endpoint, at, line, again, used_up, answered, seen })
    }

    /// A new connection in the place of this one; whether there is one.
    async fn renew(&mut self) -> bool {
        let Ok(line) = line::open(self.context, &self.endpoint, self.at).await else {
            return false;
        };
        let old = std::mem::replace(&mut self.line, line);
        self.seen.extend(old.finish().await);
        (self.used_up, self.answered) = (false, false);
        true
    }

    /// Sends a request without waiting for what comes of it; when that was done.
    pub async fn send(&mut self, request: &Request) -> Duration {
        let bytes = request.bytes(&self.endpoint.address.authority());
        if self.used_up || self.line.is_over() {
            self.renew().await;
        }
        self.line.write(&bytes).await;
        self.again = self.answered.then_some(bytes);
        self.context.clock.now()
    }

    /// What comes of a request that was sent then.
    pub async fn receive(&mut self, sent: Duration, patience: Duration) -> Got {
        let what = loop {
            match self.line.next(sent + patience).await {
                Some(Came { fact: Fact::Response(response), .. })
                    if (100..200).contains(&response.status) && response.status != 101 => {}
                Some(Came { fact: Fact::Response(response), reading, .. }) => {
                    let held = response.first.saturating_sub(sent);
                    self.answered = true;
                    self.used_up = !self.is_free_after(&response);
                    return Got { held, what: What::Response(Box::new(response), reading) };
                }
                Some(Came { fact: Fact::Raw(raw), .. }) => {
                    break What::Raw(
                        raw.why.unwrap_or_else(|| "bytes that are not HTTP".to_owned()),
                    );
                }
                Some(Came { fact: Fact::Ended { how, .. }, .. }) => {
                    if !self.repeat(sent).await {
                        break What::Ended(how);
                    }
                }
                Some(_) => {}
                None if self.line.is_over() => {
                    if !self.repeat(sent).await {
                        break What::Ended(How::Fin);
                    }
                }
                None => break What::Late,
            }
        };
        Got { held: self.context.clock.now().saturating_sub(sent), what }
    }

    /// Sends a request once more, as a browser does if a connection that was kept ends just then.
    async fn repeat(&mut self, sent: Duration) -> bool {
        let raced = self.context.clock.now().saturating_sub(sent) < RACE;
        match self.again.take() {
            Some(bytes) if raced && self.renew().await => {
                self.line.write(&bytes).await;
                true
            }
            _ => false,
        }
    }

    /// Sends a request, and waits for what comes of it.
    pub async fn ask(&mut self, request: &Request) -> Got {
        let sent = self.send(request).await;
        self.receive(sent, PATIENCE).await
    }

    /// Whether a further request may go over it.
    pub fn is_free_after(&self, response: &Response) -> bool {
        !response.headers.close_connection(response.version) && !self.line.is_over()
    }

    /// The line below.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The line below, once it speaks something else.
    pub fn into_line(self) -> Line {
        self.line
    }

    /// Ends it; what was seen, secrets hidden.
    pub async fn finish(self) -> Vec<Event> {
        let Self { line, mut seen, .. } = self;
        seen.extend(line.finish().await);
        seen
    }
}

/// One request on a connection of its own; what came of it, and what the rules say.
pub async fn once(
    context: &Context,
    endpoint: &Endpoint,
    at: SocketAddr,
    request: &Request,
) -> (Got, Vec<Finding>) {
    match Http::open(context, endpoint, at).await {
        Ok(mut http) => {
            let got = http.ask(request).await;
            (got, findings(http.finish().await))
        }
        Err(unmade) => (Got { held: Duration::ZERO, what: What::Unmade(unmade) }, Vec::new()),
    }
}

/// What the rules say of what was seen.
pub fn findings(mut events: Vec<Event>) -> Vec<Finding> {
    events.sort_by_key(|event| event.at);
    let (mut judge, mut seen) = (Judge::default(), Vec::new());
    for event in events {
        judge.take(event, &mut seen);
    }
    seen.into_iter().flat_map(|one| one.findings).collect()
}
