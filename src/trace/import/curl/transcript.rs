//! What happened, as curl tells it.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead};
use std::mem;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::lines::{Line, is_request, next};
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::event::{Content, Event, Fact, Response};
use crate::trace::import::instant::of_date;
use crate::trace::import::sorter::Sorter;
use crate::trace::intake::{Intake, RequestLine, StatusLine};
use crate::trace::source::{Source, Unknown};
use crate::wire::Side;
use crate::wire::tap::How;

/// A head has no more lines than this.
const LONGEST_HEAD: usize = 1000;
/// A day, after which times of the day begin anew.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What curl says when nothing can be got any more.
const FAILURES: [&str; 8] = [
    "Failed to connect",
    "Could not resolve",
    "Couldn't connect",
    "SSL certificate problem",
    "OpenSSL SSL_connect",
    "Connection timed out",
    "connect to ",
    "TLS connect error",
];

/// How a connection ended, by what curl says.
const ENDS: [(&str, Side, How); 5] = [
    ("Empty reply from server", Side::Server, How::Fin),
    ("Connection reset by peer", Side::Server, How::Reset),
    ("transfer closed with", Side::Server, How::Fin),
    ("bytes remaining to read", Side::Server, How::Fin),
    ("Operation timed out", Side::Client, How::Fin),
];

/// What curl says right behind a content that ends without a line's end.
const NOTES: [&[u8]; 4] = [
    b"* Connection #",
    b"* Closing connection",
    b"* closing connection",
    b"* shutting down connection",
];

/// Reads it.
pub(in crate::trace::import) fn open(
    mut from: Box<dyn BufRead + Send>,
    intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    let mut transcript = Transcript::new(intake);
    let mut line = Vec::new();
    while next(&mut *from, &mut line)? {
        transcript.line(&line)?;
    }
    transcript.finish()
}

/// What has been read so far.
struct Transcript {
    intake: Intake,
    sorter: Sorter,
    /// When the line was printed, in the time since the day began on which the first one was.
    now: Duration,
    first: Option<Duration>,
    /// The date in the first response.
    date: Option<DateTime<FixedOffset>>,
    target: Option<String>,
    tls: bool,
    conn: u64,
    conns: u64,
    /// The connections by the numbers that curl gives them.
    numbers: HashMap<u64, u64>,
    /// How many requests a connection carried.
    requests: HashMap<u64, u64>,
    /// The lines of the head that is being read.
    head: Option<(Side, Vec<String>)>,
    /// The method of the request that has no response yet.
    asked: Option<String>,
    answer: Option<Answer>,
    failure: Option<String>,
    unknown: BTreeSet<Unknown>,
}

/// A response that is not complete yet.
struct Answer {
    response: Response,
    conn: u64,
    body: Vec<u8>,
    /// Its content may have some.
    has_content: bool,
    cut: bool,
}

impl Transcript {
    fn new(intake: Intake) -> Self {
        Self {
            intake,
            sorter: Sorter::default(),
            now: Duration::ZERO,
            first: None,
            date: None,
            target: None,
            tls: false,
            conn: 0,
            conns: 0,
            numbers: HashMap::new(),
            requests: HashMap::new(),
            head: None,
            asked: None,
            answer: None,
            failure: None,
            unknown: [Unknown::Framing].into(),
        }
    }

    fn event(&mut self, conn: u64, fact: Fact) -> io::Result<()> {
        self.sorter.take(&Event { at: self.now, conn, fact })
    }

    fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (time, line) = Line::of(bytes);
        if let Some(time) = time {
            let day = Duration::from_secs(self.now.as_secs() / DAY.as_secs() * DAY.as_secs());
            let today = day + time;
            // After midnight.
            self.now = if today + DAY / 2 < self.now { today + DAY } else { today.max(self.now) };
            self.first.get_or_insert(self.now);
        }
        match line {
            Line::Request(text) if self.is_head(Side::Client) || is_request(text) => {
                self.head_line(Side::Client, text)
            }
            Line::Response(text) if self.is_head(Side::Server) || text.starts_with("HTTP/") => {
                self.head_line(Side::Server, text)
            }
            Line::About(words) => self.about(words),
            Line::Failed(words) => self.failed(words),
            Line::Progress => Ok(()),
            Line::Request(_) | Line::Response(_) | Line::Text(_) => {
                self.text(bytes);
                Ok(())
            }
        }
    }

    fn is_head(&self, from: Side) -> bool {
        self.head.as_ref().is_some_and(|(side, _)| *side == from)
    }

    fn head_line(&mut self, from: Side, text: &str) -> io::Result<()> {
        if !self.is_head(from) {
            // What an interim response was followed by is not over.
            let over = |answer: &Answer| answer.response.status >= 200;
            if from == Side::Client || self.answer.as_ref().is_some_and(over) {
                self.settle()?;
            }
            self.head = Some((from, Vec::new()));
        }
        let Some((_, lines)) = &mut self.head else { return Ok(()) };
        if !text.trim().is_empty() {
            if lines.len() < LONGEST_HEAD {
                lines.push(text.trim_end().to_owned());
            }
            return Ok(());
        }
        let Some((_, lines)) = self.head.take() else { return Ok(()) };
        match from {
            Side::Client => self.request(&lines),
            Side::Server => self.response(&lines),
        }
    }

    /// What is said about a connection.
    fn about(&mut self, words: &str) -> io::Result<()> {
        if words.starts_with("Trying ") && self.answer.is_some() {
            self.settle()?;
        }
        let number = || {
            words.rsplit_once('#').and_then(|(_, rest)| {
                rest.trim_end_matches(')').split(' ').next()?.parse::<u64>().ok()
            })
        };
        if words.starts_with("Connected to ") || words.starts_with("Established connection to ") {
            self.failure = None;
            self.conns += 1;
            self.conn = self.conns;
            if let Some(number) = number() {
                self.numbers.insert(number, self.conn);
            }
        } else if words.starts_with("Re-using existing") || words.starts_with("Reusing existing") {
            self.conn =
                number().and_then(|number| self.numbers.get(&number).copied()).unwrap_or(self.conn);
        } else if words.starts_with("SSL connection using") || words.starts_with("ALPN") {
            self.tls = true;
        } else if let Some((_, by, how)) = ENDS.iter().find(|(end, ..)| words.contains(end)) {
            return self.ended(*by, *how);
        } else if FAILURES.iter().any(|failure| words.starts_with(failure)) {
            self.failure = Some(words.to_owned());
        }
        Ok(())
    }

    /// A connection ended before a response was complete.
    fn ended(&mut self, by: Side, how: How) -> io::Result<()> {
        let conn = self.conn;
        match &mut self.answer {
            Some(answer) => {
                answer.cut = true;
                self.settle()?;
            }
            None if self.asked.is_none() => return Ok(()),
            None => {}
        }
        self.asked = None;
        self.event(conn, Fact::Ended { by, how, together: false })?;
        self.event(conn, Fact::Closed { client: 0, server: 0, stopped: false })
    }

    /// curl gives up.
    fn failed(&mut self, words: &str) -> io::Result<()> {
        if let Some((_, by, how)) = ENDS.iter().find(|(end, ..)| words.contains(end)) {
            self.ended(*by, *how)?;
        }
        let said = words.split_once(") ").map_or(words, |(_, said)| said);
        let waits = self.asked.take().is_some();
        if self.failure.take().is_some() || waits || self.sorter.len() == 0 {
            self.settle()?;
            self.fail(said, waits)?;
        }
        Ok(())
    }

    /// No response came: to the request that waits for one, or to one that could not be sent.
    fn fail(&mut self, words: &str, waits: bool) -> io::Result<()> {
        let cause = self.intake.text(words.as_bytes().to_vec(), 0).bytes;
        let cause = format!("No response: {}", String::from_utf8_lossy(&cause));
        if !waits {
            self.conns += 1;
            self.conn = self.conns;
        }
        self.event(self.conn, Fact::Failed { cause })?;
        self.event(self.conn, Fact::Closed { client: 0, server: 0, stopped: false })
    }

    /// What is no line of curl's: content, if a response is there.
    fn text(&mut self, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        // The next command, as a terminal shows it.
        let command =
            line.contains("$ curl ") || line.contains("# curl ") || line.starts_with("curl ");
        let Some(answer) = self.answer.as_mut().filter(|_| !command) else { return };
        let end = NOTES
            .iter()
            .filter_map(|note| memchr::memmem::find(bytes, note))
            .min()
            .unwrap_or(bytes.len());
        let room = self.intake.body_limit().saturating_sub(answer.body.len()).saturating_add(1);
        answer.body.extend_from_slice(&bytes[..end.min(room)]);
    }

    fn request(&mut self, lines: &[String]) -> io::Result<()> {
        let Some((first, lines)) = lines.split_first() else { return Ok(()) };
        let (method, rest) = first.split_once(' ').unwrap_or((first, ""));
        let (target, version) = rest.rsplit_once(' ').unwrap_or((rest, ""));
        if self.conn == 0 {
            self.conns += 1;
            self.conn = self.conns;
        }
        self.intake.on(self.conn);
        let line = RequestLine { method, target, version: u8::from(version != "HTTP/1.0") };
        let mut request = self.intake.request(self.now, &line, fields(&unfolded(lines)));
        let length = request.headers.get("content-length").and_then(|length| length.parse().ok());
        if let Some(length) = length.filter(|length| *length > 0) {
            request.content = self.intake.text(Vec::new(), length);
        }
        if self.target.is_none() {
            let host = request.headers.get("host").unwrap_or_default();
            let path = request.target.split('?').next().unwrap_or_default();
            let scheme = if self.tls { "https" } else { "http" };
            self.target = Some(format!("{scheme}://{host}{path}"));
        }
        self.asked = Some(method.to_owned());
        *self.requests.entry(self.conn).or_default() += 1;
        self.event(self.conn, Fact::Request(request))
    }

    fn response(&mut self, lines: &[String]) -> io::Result<()> {
        let Some((first, lines)) = lines.split_first() else { return Ok(()) };
        let mut words = first.splitn(3, ' ');
        let version = u8::from(words.next() != Some("HTTP/1.0"));
        let status = words.next().and_then(|status| status.parse().ok()).unwrap_or_default();
        let line = StatusLine { version, status, reason: words.next().unwrap_or_default() };
        self.intake.on(self.conn);
        let mut response = self.intake.response(self.now, &line, fields(&unfolded(lines)));
        let count = self.requests.get(&self.conn).copied().unwrap_or_default();
        response.answers = count.checked_sub(1);
        if self.date.is_none() {
            self.date = response
                .headers
                .get("date")
                .and_then(|date| DateTime::parse_from_rfc2822(date).ok())
                .filter(|date| of_date(date).is_some());
        }
        let is_interim = (100..200).contains(&status) && status != 101;
        let method = if is_interim { self.asked.clone() } else { self.asked.take() };
        let has_content =
            method.as_deref() != Some("HEAD") && status != 101 && status != 204 && status != 304;
        let conn = self.conn;
        if is_interim {
            return self.event(conn, Fact::Response(response));
        }
        self.answer = Some(Answer { response, conn, body: Vec::new(), has_content, cut: false });
        Ok(())
    }

    /// What has been read of a response is all of it.
    fn settle(&mut self) -> io::Result<()> {
        let Some(Answer { mut response, conn, body, has_content, cut }) = self.answer.take() else {
            return Ok(());
        };
        let length =
            response.headers.get("content-length").and_then(|length| length.parse::<u64>().ok());
        let body = trimmed(body, length);
        let size = length.unwrap_or(body.len() as u64);
        response.content = if body.is_empty() && size > 0 && has_content && !cut {
            self.unknown.insert(Unknown::Contents);
            self.intake.text(body, size)
        } else {
            let size = has_content.then_some(size);
            Content { cut, ..self.intake.perhaps_decoded(body, size, &response.headers) }
        };
        self.event(conn, Fact::Response(response))
    }

    fn finish(mut self) -> Result<(Preface, Events), CaptureError> {
        self.settle()?;
        if let Some(words) = self.failure.take() {
            let waits = self.asked.take().is_some();
            self.fail(&words, waits)?;
        }
        if self.sorter.len() == 0 {
            let words = "this is output of curl, but no request is in it; `curl -v URL > FILE 2>&1` writes one";
            return Err(CaptureError::Foreign(words.to_owned()));
        }
        let start = self.first.unwrap_or_default();
        if self.first.is_none() {
            self.unknown.insert(Unknown::Times);
        }
        let mut source = Source::new("output of `curl -v`", mem::take(&mut self.unknown));
        if !self.requests.is_empty() {
            source.notes.push("the contents of requests are not in it".to_owned());
        }
        let preface = Preface::read(
            self.date.unwrap_or_default(),
            self.target.take().unwrap_or_default(),
            source,
        );
        Ok((preface, self.sorter.trace(start, None)))
    }
}

/// Header lines, each with those to which it is folded (RFC 9112 section 5.2).
fn unfolded(lines: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::with_capacity(lines.len());
    for line in lines {
        match whole.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => whole.push(line.clone()),
        }
    }
    whole
}

/// Header lines.
fn fields(lines: &[String]) -> impl Iterator<Item = (&str, &[u8])> + Clone {
    lines.iter().map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        (name, value.trim().as_bytes())
    })
}

/// The content, without a line's end that is not its own.
fn trimmed(mut body: Vec<u8>, length: Option<u64>) -> Vec<u8> {
    let length = length.and_then(|length| usize::try_from(length).ok());
    match length {
        Some(length) if body.len() > length => body.truncate(length),
        Some(_) => {}
        None => {
            while body.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                body.pop();
            }
        }
    }
    body
}
