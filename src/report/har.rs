//! A trace as an HTTP Archive 1.2 (HAR), which the Network tab of browsers opens. A WebSocket is an entry with `_webSocketMessages`, as
//! Chrome writes it. Streams over TCP have no place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, Write};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, FixedOffset};
use serde_json::{Value, json};
use tempfile::SpooledTempFile;

use super::json::{later, millis, rfc_3339};
use super::words;
use crate::trace::capture::{Preface, Secrets};
use crate::trace::event::scheme;
use crate::trace::{Content, Effect, Event, Exchange, Fact, Frame, Headers, Request, Response};
use crate::wire::Side;

/// Messages of a WebSocket up to this size are kept in memory until its end, beyond in a file without a name.
const MEMORY: usize = 4 << 20;
/// Bytes of words about what was done on purpose, beyond which an entry or message tells no more of it.
const MOST_PURPOSES: usize = 4 << 10;

/// Writes a trace as an archive.
pub struct Archive<W> {
    out: W,
    started: DateTime<FixedOffset>,
    /// Scheme and host of the target, for requests that do not name theirs.
    secure: bool,
    host: String,
    empty: bool,
    /// Requests without a response, by exchange.
    waiting: BTreeMap<u64, Waiting>,
    /// By connection.
    sockets: BTreeMap<u64, Socket>,
    failures: BTreeMap<u64, String>,
    /// What was done on purpose, by connection: the next entry or message of the connection tells it.
    purposes: BTreeMap<u64, String>,
    streams: BTreeSet<u64>,
    last: Duration,
}

struct Waiting {
    conn: u64,
    at: Duration,
    request: Request,
}

/// A WebSocket, from its handshake on.
struct Socket {
    entry: Value,
    start: Duration,
    messages: SpooledTempFile,
    empty: bool,
}

impl<W: Write> Archive<W> {
    /// Begins an archive.
    pub fn new(mut out: W, preface: &Preface) -> io::Result<Self> {
        let (scheme, rest) = scheme(&preface.target).unwrap_or(("http", &preface.target));
        let host = rest.split(['/', '?']).next().unwrap_or_default().to_owned();
        let creator = json!({ "name": "xmppscope", "version": env!("CARGO_PKG_VERSION") });
        let hidden = match preface.secrets {
            Secrets::Hidden => "Secrets are hidden.",
            Secrets::Shown => "Secrets are not hidden.",
        };
        let source = preface.source.as_ref().map(|source| format!(" Made of what was {source}."));
        let comment = format!("{hidden}{}", source.unwrap_or_default());
        write!(
            out,
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"comment\":{},\"pages\":[],\"entries\":[",
            Value::from(comment)
        )?;
        Ok(Self {
            out,
            started: preface.started,
            secure: matches!(scheme, "https" | "wss"),
            host,
            empty: true,
            waiting: BTreeMap::new(),
            sockets: BTreeMap::new(),
            failures: BTreeMap::new(),
            purposes: BTreeMap::new(),
            streams: BTreeSet::new(),
            last: Duration::ZERO,
        })
    }

    /// Takes the next event, and what it means.
    pub fn take(&mut self, event: &Event, effect: &Effect) -> io::Result<()> {
        let Event { at, conn, .. } = *event;
        self.last = at;
        let exchange = effect.message.as_ref().and_then(|message| message.exchange.as_deref());
        match (&event.fact, exchange) {
            (Fact::Request(request), Some(Exchange { number, .. })) => {
                self.waiting.insert(*number, Waiting { conn, at, request: request.clone() });
            }
            (Fact::Response(response), Some(Exchange { number, .. })) => {
                let Some(waiting) = self.waiting.remove(number) else { return Ok(()) };
                let mut entry = self.entry(&waiting, response, at);
                explain(&mut self.purposes, conn, &mut entry);
                if response.status != 101 {
                    return self.write(&entry);
                }
                let (start, messages) = (waiting.request.first, SpooledTempFile::new(MEMORY));
                self.sockets.insert(conn, Socket { entry, start, messages, empty: true });
            }
            (Fact::Frame(frame), _) => {
                let mut message = message(frame, self.seconds(at));
                if let Some(socket) = self.sockets.get_mut(&conn) {
                    explain(&mut self.purposes, conn, &mut message);
                    socket.add(&message)?;
                }
            }
            (Fact::Fault(applied), _) => {
                let told = self.purposes.entry(conn).or_default();
                if told.len() < MOST_PURPOSES {
                    let gap = if told.is_empty() { "" } else { "\n" };
                    *told += &format!("{gap}{}", words::fault(applied));
                }
            }
            (Fact::Failed { cause }, _) => {
                self.failures.insert(conn, cause.clone());
            }
            (Fact::Part(_) | Fact::Secured(_), _) => {
                self.streams.insert(conn);
            }
            (Fact::Closed { .. }, _) => {
                let failure = self.failures.remove(&conn);
                for exchange in &effect.abandoned {
                    if let Some(waiting) = self.waiting.remove(&exchange.number) {
                        let error = match (&failure, effect.left) {
                            (Some(cause), _) => cause,
                            (None, Some((Side::Client, _))) => "net::ERR_ABORTED",
                            (None, Some((Side::Server, _))) => "net::ERR_EMPTY_RESPONSE",
                            (None, None) => "net::ERR_CONNECTION_CLOSED",
                        };
                        let mut entry = self.failed(&waiting, error, at);
                        explain(&mut self.purposes, conn, &mut entry);
                        self.write(&entry)?;
                    }
                }
                if let Some(mut socket) = self.sockets.remove(&conn) {
                    explain(&mut self.purposes, conn, &mut socket.entry);
                    self.socket(socket, at)?;
                }
                self.purposes.remove(&conn);
            }
            _ => {}
        }
        Ok(())
    }

    /// Completes it. Gives how many streams over TCP had no place in it.
    pub fn finish(mut self) -> io::Result<usize> {
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            let mut entry =
                self.failed(&waiting, "no response until the recording ended", self.last);
            explain(&mut self.purposes, waiting.conn, &mut entry);
            self.write(&entry)?;
        }
        for (conn, mut socket) in std::mem::take(&mut self.sockets) {
            explain(&mut self.purposes, conn, &mut socket.entry);
            self.socket(socket, self.last)?;
        }
        self.out.write_all(b"\n]}}\n")?;
        self.out.flush()?;
        Ok(self.streams.len())
    }

    fn write(&mut self, entry: &Value) -> io::Result<()> {
        self.separate()?;
        serde_json::to_writer(&mut self.out, entry)?;
        Ok(())
    }

    fn separate(&mut self) -> io::Result<()> {
        let separator = if std::mem::take(&mut self.empty) { "\n" } else { ",\n" };
        self.out.write_all(separator.as_bytes())
    }

    /// The entry of a WebSocket: its messages come into it as they were kept.
    fn socket(&mut self, mut socket: Socket, at: Duration) -> io::Result<()> {
        socket.entry["time"] = millis(at.saturating_sub(socket.start)).into();
        let entry = socket.entry.to_string();
        self.separate()?;
        self.out.write_all(entry.strip_suffix('}').unwrap_or(&entry).as_bytes())?;
        self.out.write_all(b",\"_webSocketMessages\":[")?;
        socket.messages.rewind()?;
        io::copy(&mut socket.messages, &mut self.out)?;
        self.out.write_all(b"]}")
    }

    /// Wall-clock time, in seconds since 1970.
    fn seconds(&self, at: Duration) -> f64 {
        let began = self.started.timestamp_micros() as f64;
        (began + at.as_micros() as f64) / 1e6
    }

    fn entry(&self, waiting: &Waiting, response: &Response, at: Duration) -> Value {
        let Waiting { request, at: sent, .. } = waiting;
        let upgrade = response.status == 101;
        let mime = response.headers.get("content-type").unwrap_or("x-unknown");
        let mut content = text(&response.content);
        let missing = response.content.bytes.is_empty();
        let size =
            if missing { response.content.size } else { response.content.bytes.len() as u64 };
        content["size"] = size.into();
        content["mimeType"] = mime.into();
        let response_value = json!({
            "status": response.status,
            "statusText": response.reason,
            "httpVersion": version(response.version),
            "cookies": [],
            "headers": lines(&response.headers),
            "content": content,
            "redirectURL": response.headers.get("location").unwrap_or_default(),
            "headersSize": -1,
            "bodySize": response.content.size,
            "_transferSize": response.content.size,
            "_error": null,
        });
        let times = [
            sent.saturating_sub(request.first),
            response.first.saturating_sub(*sent),
            at.saturating_sub(response.first),
        ];
        self.whole(waiting, &response_value, times, upgrade)
    }

    /// An entry without a response.
    fn failed(&self, waiting: &Waiting, error: &str, at: Duration) -> Value {
        let response = json!({
            "status": 0,
            "statusText": "",
            "httpVersion": "",
            "cookies": [],
            "headers": [],
            "content": { "size": 0, "mimeType": "x-unknown" },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 0,
            "_error": error,
        });
        let sent = waiting.at.saturating_sub(waiting.request.first);
        self.whole(waiting, &response, [sent, at.saturating_sub(waiting.at), Duration::ZERO], false)
    }

    fn whole(
        &self,
        waiting: &Waiting,
        response: &Value,
        [send, wait, receive]: [Duration; 3],
        upgrade: bool,
    ) -> Value {
        let Waiting { request, conn, .. } = waiting;
        let mut asked = json!({
            "method": request.method,
            "url": self.url(request, upgrade),
            "httpVersion": version(request.version),
            "cookies": [],
            "headers": lines(&request.headers),
            "queryString": query(&request.target),
            "headersSize": -1,
            "bodySize": request.content.size,
        });
        if request.content.size > 0 && request.content.bytes.is_empty() {
            asked["comment"] = "The content is not in the recording.".into();
        } else if request.content.size > 0 {
            let mut data = text(&request.content);
            data["mimeType"] = request.headers.get("content-type").unwrap_or_default().into();
            asked["postData"] = data;
        }
        json!({
            "_resourceType": if upgrade { "websocket" } else { "xhr" },
            "cache": {},
            "connection": conn.to_string(),
            "request": asked,
            "response": response,
            "startedDateTime": rfc_3339(later(self.started, request.first)),
            "time": millis(send + wait + receive),
            "timings": {
                "blocked": -1, "dns": -1, "ssl": -1, "connect": -1,
                "send": millis(send), "wait": millis(wait), "receive": millis(receive),
            },
        })
    }

    fn url(&self, request: &Request, upgrade: bool) -> String {
        if let Some(url) = request.url() {
            return url.to_owned();
        }
        let host = request.headers.get("host").unwrap_or(&self.host);
        let host = if host.is_empty() { "unknown.invalid" } else { host };
        let scheme = match (upgrade, self.secure) {
            (true, true) => "wss",
            (true, false) => "ws",
            (false, true) => "https",
            (false, false) => "http",
        };
        format!("{scheme}://{host}{}", request.target)
    }
}

impl Socket {
    fn add(&mut self, message: &Value) -> io::Result<()> {
        if !std::mem::take(&mut self.empty) {
            self.messages.write_all(b",")?;
        }
        serde_json::to_writer(&mut self.messages, message)?;
        Ok(())
    }
}

/// A message of a WebSocket, as Chrome writes it.
fn message(frame: &Frame, time: f64) -> Value {
    let bytes = &frame.content.bytes;
    let data = match (frame.opcode, std::str::from_utf8(bytes)) {
        (2, _) | (_, Err(_)) => BASE64_STANDARD.encode(bytes),
        (_, Ok(text)) => text.to_owned(),
    };
    let kind = if frame.from == Side::Client { "send" } else { "receive" };
    json!({ "type": kind, "time": time, "opcode": frame.opcode, "data": data })
}

/// Has an entry or message tell what was done on purpose to its connection before.
fn explain(purposes: &mut BTreeMap<u64, String>, conn: u64, told: &mut Value) {
    if let Some(purpose) = purposes.remove(&conn) {
        told["comment"] = purpose.into();
    }
}

/// A content as text, or in base64; nothing if it is not in the recording.
fn text(content: &Content) -> Value {
    if content.bytes.is_empty() && content.size > 0 {
        return json!({ "comment": format!("{} B were sent, which are not in the recording.", content.size) });
    }
    let mut value = match std::str::from_utf8(&content.bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({ "text": BASE64_STANDARD.encode(&content.bytes), "encoding": "base64" }),
    };
    if content.clipped || content.cut {
        value["comment"] =
            format!("{} B were sent, of which this is the beginning.", content.size).into();
    }
    value
}

fn lines(headers: &Headers) -> Value {
    headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn query(target: &str) -> Value {
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({ "name": name, "value": value })
        })
        .collect()
}

fn version(minor: u8) -> &'static str {
    if minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" }
}
