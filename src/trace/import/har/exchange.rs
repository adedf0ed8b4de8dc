//! From an entry to events.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;

use super::entry::{Entry, Message, Pair, PostData, Response, Timings, millis, moment};
use super::failure;
use super::fields::Scalar;
use crate::trace::event::{Content, Event, Fact, Frame, Headers, scheme};
use crate::trace::intake::{Intake, Pieces, RequestLine, StatusLine};
use crate::trace::redact::BASE64;
use crate::wire::Side;

/// A content as it is in the file.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// None if it is not in the file, although there was one.
    pub(super) bytes: Option<Vec<u8>>,
    /// Its size on the wire, if the file says it.
    size: Option<u64>,
    /// It was in base64, and may be coded as it was on the wire.
    raw: bool,
    /// It is said to be in base64, and is not.
    pub(super) damaged: bool,
}

/// When what happened in an exchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) start: Duration,
    /// The last byte of the request.
    sent: Duration,
    /// The first byte of the response.
    first: Duration,
    pub(super) end: Duration,
    /// How long it took is in the file.
    pub(super) known: bool,
}

impl Times {
    /// The times of an exchange that began at `start`.
    pub(super) fn of(start: Duration, entry: &Entry) -> Self {
        let Timings { blocked, dns, connect, send, wait, receive } = &entry.timings;
        let sent = start + millis(blocked) + millis(dns) + millis(connect) + millis(send);
        let all = start + millis(&entry.time);
        let (wait, receive) = (millis(wait), millis(receive));
        let end =
            if wait + receive > Duration::ZERO { sent + wait + receive } else { all.max(sent) };
        let first = end.saturating_sub(receive);
        Self { start, sent: sent.min(first), first, end, known: end > start }
    }

    /// The same if the response came before `at`, as it does before the messages of a WebSocket. For such an exchange `wait` is in some
    /// programs the time for which it was open.
    pub(super) fn before(self, at: Option<Duration>) -> Self {
        let Some(at) = at.filter(|at| *at < self.end) else { return self };
        Self { sent: self.sent.min(at), first: self.first.min(at), end: at.max(self.start), ..self }
    }
}

impl Body {
    fn new(text: Scalar, encoding: &Scalar, size: Option<u64>) -> Self {
        let Some(text) = text.text() else {
            let bytes = (size.unwrap_or_default() == 0).then(Vec::new);
            return Self { bytes, size, ..Self::default() };
        };
        if !encoding.as_text().eq_ignore_ascii_case("base64") {
            return Self { bytes: Some(text.into_bytes()), size, ..Self::default() };
        }
        let mut digits: Vec<u8> = text.into_bytes();
        digits.retain(|byte| !byte.is_ascii_whitespace());
        // A long text may have been cut.
        if digits.len() % 4 == 1 {
            digits.pop();
        }
        match BASE64.decode(&digits) {
            Ok(bytes) => Self { bytes: Some(bytes), size, raw: true, damaged: false },
            Err(_) => Self {
                bytes: None,
                size: Some(size.unwrap_or(digits.len() as u64)),
                raw: true,
                damaged: true,
            },
        }
    }

    /// What was sent with the request.
    pub(super) fn of_request(entry: &mut Entry) -> Self {
        let request = &mut entry.request;
        let PostData { text, encoding, own_encoding, params } =
            std::mem::take(&mut request.post_data.0);
        let length = header(&request.headers.0, "content-length")
            .and_then(|value| value.trim().parse().ok());
        let size = size(&request.body_size).filter(|size| *size > 0).or(length);
        let encoding = if encoding == Scalar::None { own_encoding } else { encoding };
        if text.as_text().is_empty() && !params.0.is_empty() {
            return Self { bytes: Some(form(&params.0).into_bytes()), size, ..Self::default() };
        }
        Self::new(text, &encoding, size)
    }

    /// What came with the response.
    pub(super) fn of_response(entry: &mut Entry) -> Self {
        let Response { content, body_size, headers, .. } = &mut entry.response;
        let content = &mut content.0;
        // What some write as the size on the wire includes the head.
        let coded = header(&headers.0, "content-encoding").is_some();
        let wire = size(body_size).filter(|size| *size > 0 && coded);
        let size = wire.or_else(|| size(&content.size));
        let body = Self::new(std::mem::take(&mut content.text), &content.encoding, size);
        // Without a size on the wire, that of what is there.
        Self { size: body.size.filter(|_| wire.is_some() || body.bytes.is_none()), ..body }
    }

    fn content(self, headers: &Headers, intake: &mut Intake) -> Content {
        match self.bytes {
            Some(bytes) if self.raw => intake.perhaps_decoded(bytes, self.size, headers),
            Some(bytes) => intake.decoded(bytes, self.size, headers),
            None => intake.text(Vec::new(), self.size.unwrap_or(1)),
        }
    }
}

/// A size that is said.
fn size(scalar: &Scalar) -> Option<u64> {
    scalar.number().filter(|size| *size >= 0.0).map(|size| size as u64)
}

/// Parameters as a form has them.
fn form(params: &[Pair]) -> String {
    let pair = |pair: &Pair| format!("{}={}", pair.name.as_text(), pair.value.as_text());
    params.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn header<'a>(lines: &'a [Pair], name: &str) -> Option<&'a str> {
    lines
        .iter()
        .find(|line| line.name.as_text().eq_ignore_ascii_case(name))
        .map(|line| line.value.as_text())
}

/// Header lines as HTTP/1 has them: without pseudo headers, no line in two.
fn lines(pairs: &[Pair]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let all = pairs.iter().map(|pair| (tidy(&pair.name), tidy(&pair.value)));
    all.filter(|(name, _)| !name.is_empty() && !name.starts_with(':')).collect()
}

fn tidy(scalar: &Scalar) -> Cow<'_, str> {
    match scalar {
        Scalar::Text(text) if text.contains(['\r', '\n']) => text.replace(['\r', '\n'], " ").into(),
        Scalar::Text(text) => text.into(),
        other => other.clone().text().unwrap_or_default().into(),
    }
}

/// Where a request went.
pub(super) struct Url<'a> {
    /// Scheme, host and port.
    pub(super) origin: String,
    host: &'a str,
    /// Path and query.
    target: &'a str,
}

impl<'a> Url<'a> {
    /// Takes a URL apart. User and password in it are left out.
    pub(super) fn of(url: &'a str) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let (scheme, rest) = scheme(url).unwrap_or(("", url));
        let (authority, target) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let host = authority.rsplit('@').next().unwrap_or_default();
        let origin = if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") };
        Self { origin, host, target }
    }

    /// Without its query.
    pub(super) fn endpoint(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        // A handshake of WebSocket may be written with either scheme.
        let host = self.host;
        format!("{host}{path}")
    }
}

/// Whether what is said to be the version of HTTP is that of HTTP/1.
pub(super) fn is_http1(version: &Scalar) -> bool {
    let version = version.as_text();
    version.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("http/1"))
}

fn minor(version: &Scalar) -> u8 {
    u8::from(!version.as_text().eq_ignore_ascii_case("http/1.0"))
}

/// The events of an exchange. `upgrade`: it is the handshake of a WebSocket, whatever its header lines are.
pub(super) fn events(
    entry: &Entry,
    times: Times,
    conn: u64,
    upgrade: bool,
    [asked, answered]: [Body; 2],
    intake: &mut Intake,
) -> Vec<Event> {
    intake.on(conn);
    let url = Url::of(entry.request.url.as_text());
    let mut headers = lines(&entry.request.headers.0);
    let has = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let host = (!has("host") && !url.host.is_empty()).then_some(("Host", url.host));
    let upgrade = (upgrade && !has("upgrade")).then_some(("Upgrade", "websocket"));
    let more = host.into_iter().chain(upgrade).map(|(name, value)| (name.into(), value.into()));
    headers.splice(0..0, more);
    let method = entry.request.method.as_text();
    let line =
        RequestLine { method, target: url.target, version: minor(&entry.request.http_version) };
    let mut request = intake.request(times.start, &line, bytes(&headers));
    request.content = asked.content(&request.headers, intake);
    let sent = request.content.size;
    let mut events = vec![Event { at: times.sent, conn, fact: Fact::Request(request) }];
    let status = entry.response.status.number().unwrap_or_default();
    if !(100.0..1000.0).contains(&status) {
        let error = [&entry.response.error, &entry.error].map(Scalar::as_text);
        let error = error.into_iter().find(|error| !error.is_empty());
        let error = error.map(|error| plain_error(error, intake));
        events.extend(failure::facts(error.as_deref(), times.end, conn, sent));
        return events;
    }
    let version = &entry.response.http_version;
    let version = if version.as_text().is_empty() { &entry.request.http_version } else { version };
    let reason = entry.response.status_text.as_text();
    let line = StatusLine { version: minor(version), status: status as u16, reason };
    let headers = lines(&entry.response.headers.0);
    let mut response = intake.response(times.first, &line, bytes(&headers));
    response.content = answered.content(&response.headers, intake);
    events.push(Event { at: times.end, conn, fact: Fact::Response(response) });
    events
}

/// The words of an error in one line, secrets hidden.
fn plain_error(error: &str, intake: &mut Intake) -> String {
    let error: String =
        error.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let error = intake.text(error.into_bytes(), 0).bytes;
    String::from_utf8_lossy(&error).into_owned()
}

fn bytes<'a>(
    lines: &'a [(Cow<'a, str>, Cow<'a, str>)],
) -> impl Iterator<Item = (&'a str, &'a [u8])> + Clone {
    lines.iter().map(|(name, value)| (&**name, value.as_bytes()))
}

/// What is known of the messages of an entry.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// When the first was sent.
    pub(super) first: Option<Duration>,
    /// Whether they are XMPP; none if there are no messages.
    pub(super) xmpp: Option<bool>,
}

/// One WebSocket's messages as events, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Messages {
    client: Pieces,
    server: Pieces,
    /// The time of the last one.
    last: Duration,
}

impl Messages {
    /// A message as an event; none if it is none.
    pub(super) fn event(
        &mut self,
        message: Message,
        conn: u64,
        intake: &mut Intake,
    ) -> Option<Event> {
        intake.on(conn);
        let at = moment(&message.time).map_or(self.last, |(at, _)| at);
        self.last = at;
        let from = match message.direction.as_text() {
            "send" | "sent" | "request" | "outgoing" => Side::Client,
            "receive" | "received" | "response" | "incoming" => Side::Server,
            "error" => {
                let error = plain_error(message.data.as_text(), intake);
                return Some(Event {
                    at,
                    conn,
                    fact: Fact::Failed { cause: format!("No response: {error}") },
                });
            }
            _ => return None,
        };
        let opcode =
            message.opcode.number().filter(|code| (0.0..16.0).contains(code)).unwrap_or(1.0) as u8;
        let text = message.data.text().unwrap_or_default();
        // What is no text is written in base64.
        let bytes = match opcode {
            2 => BASE64.decode(text.trim()).unwrap_or_else(|_| text.into_bytes()),
            _ => text.into_bytes(),
        };
        let size = bytes.len() as u64;
        let pieces = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let content =
            if opcode < 8 { intake.message(pieces, bytes, size) } else { intake.text(bytes, size) };
        let frame = Frame {
            from,
            first: at,
            opcode,
            frames: 0,
            masked: 0,
            mask: None,
            reserved: 0,
            padded: false,
            unfinished: false,
            status: None,
            content,
        };
        Some(Event { at, conn, fact: Fact::Frame(frame) })
    }
}
