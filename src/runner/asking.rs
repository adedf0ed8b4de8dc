//! What a scenario sends: requests made for it, bytes sent again, raw bytes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::actor::{Keys, Session, Wrapper};
use super::dial::Route;
use super::wire::{ConnId, Cut, Part, Sending};
use super::world::{Done, Sent, Stop, World};
use crate::scenario::vars::Value;
use crate::scenario::{
    self, Connections, CutPoint, Encoding, End, Http, Login, On, Piece, Raw, Request, Resend, Rid,
    Sid, Via,
};
use crate::trace::How;

/// The version of BOSH that a session asks for.
const VER: &str = "1.11";
/// In `raw`, how many bytes stand behind the first empty line.
const CONTENT_LENGTH: &str = "content-length";
const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// An HTTP request before it is bytes.
struct Message {
    method: String,
    path: String,
    http: Http,
    headers: Vec<(String, String)>,
    entity: Vec<u8>,
    chunks: Option<u64>,
}

impl World {
    /// Sends a request that is made as a step says, or asks for a session with it.
    pub(super) fn request(&mut self, request: &Request, creates: bool) -> Done {
        let actor = self.actor(request.by.as_ref())?;
        let sent = self.make(actor, request, creates)?;
        self.sent.entry(request.name.value.clone()).or_default().push(sent);
        Ok(())
    }

    fn make(&mut self, actor: usize, request: &Request, creates: bool) -> Done<Sent> {
        let mut body = Wrapper::default();
        if creates {
            self.begin(actor, &mut body)?;
        }
        let rid = self.put_rid(actor, request, creates, &mut body)?;
        if !creates {
            match &request.sid {
                None => body.set("sid", self.actors[actor].session.sid.clone()),
                Some(sid) => match &sid.value {
                    Sid::Absent => {}
                    Sid::Text(text) => body.set("sid", Some(text.text(self)?)),
                },
            }
        }
        if creates || request.body.is_none() {
            self.put_keys(actor, creates, &mut body);
        }
        for attribute in &request.attributes {
            let value = attribute.value.as_ref().map(|value| self.text(value)).transpose()?;
            body.set(&attribute.name.value, value);
        }
        if creates {
            self.session(actor).asked = body.attributes().to_vec();
        }
        if let Some(payload) = &request.payload {
            body.fill(payload.value.text(self)?);
        }
        let entity = match &request.body {
            None => body.to_xml().into_bytes(),
            Some(bytes) => self.bytes(&bytes.value.pieces)?.0,
        };
        let terms = self.actors[actor].terms.clone();
        let http = request.http.as_ref().or(terms.as_ref().and_then(|terms| terms.http.as_ref()));
        let mut message = Message {
            method: match &request.method {
                None => "POST".to_owned(),
                Some(method) => self.text(method)?,
            },
            path: match &request.path {
                None => self.target.address.path.clone(),
                Some(path) => self.text(path)?,
            },
            http: http.map_or(Http::V11, |http| http.value),
            headers: self.usual_headers(),
            entity: encoded(entity, request.encoding.as_ref().map(|encoding| encoding.value)),
            chunks: match &request.chunks {
                None => None,
                Some(chunks) => Some(chunks.resolve(self)?.max(1)),
            },
        };
        if let Some(encoding) = &request.encoding {
            let name = if encoding.value == Encoding::Gzip { "gzip" } else { "deflate" };
            message.set("Content-Encoding", Some(name.to_owned()));
        }
        let headers = terms.iter().flat_map(|terms| &terms.headers).chain(&request.headers);
        let headers: Vec<_> = headers.cloned().collect();
        for header in headers {
            let value = header.value.as_ref().map(|value| self.text(value)).transpose()?;
            message.set(&header.name.value, value);
        }
        let method = message.method.clone();
        let (bytes, head) = message.bytes();
        let (parts, cut) = self.cut(request.cut.as_ref(), bytes, head)?;
        let conn = self.conn_for(
            actor,
            request.on.as_ref().map(|on| &on.value),
            request.via.as_ref().map(|via| via.value),
            None,
        );
        let sending = Sending { parts, method, cut };
        let id = self.wire.send(conn, sending.clone());
        Ok(Sent { id, actor, sending, rid, conn, creates, taken: false })
    }

    /// The usual attributes of a request for a session (XEP-0124 §7.1, XEP-0206 §3).
    fn begin(&mut self, actor: usize, body: &mut Wrapper) -> Done {
        let to = self.domain_of(&self.actors[actor]);
        let terms = self.actors[actor].terms.clone();
        let rid = match terms.as_ref().and_then(|terms| terms.rid.as_ref()) {
            None => self.number() % (1 << 52) + 1,
            Some(rid) => {
                let text = self.text(rid)?;
                text.trim().parse().unwrap_or(0)
            }
        };
        self.actors[actor].session = Session { base: rid.wrapping_sub(1), ..Session::default() };
        body.set("rid", None);
        body.set("to", Some(to));
        body.set("xml:lang", Some("en".to_owned()));
        body.set("ver", Some(VER.to_owned()));
        body.set("wait", Some("60".to_owned()));
        body.set("hold", Some("1".to_owned()));
        body.set("xmpp:version", Some("1.0".to_owned()));
        let Some(terms) = terms else { return Ok(()) };
        for attribute in &terms.attributes {
            let value = attribute.value.as_ref().map(|value| self.text(value)).transpose()?;
            body.set(&attribute.name.value, value);
        }
        Ok(())
    }

    fn put_rid(
        &mut self,
        actor: usize,
        request: &Request,
        creates: bool,
        body: &mut Wrapper,
    ) -> Done<Option<String>> {
        let base = self.actors[actor].session.base;
        let relative = |by: i64| base.checked_add_signed(by).unwrap_or(0).to_string();
        let text = match request.rid.as_ref().map(|rid| &rid.value) {
            None => Some(relative(1)),
            Some(Rid::Relative(by)) => Some(relative(*by)),
            Some(Rid::Absent) => None,
            Some(Rid::Text(text)) => Some(text.text(self)?),
        };
        let number = text.as_deref().and_then(|text| text.parse::<u64>().ok());
        if let Some(number) = number {
            let session = self.session(actor);
            if creates {
                session.base = number;
            } else {
                session.used(number);
            }
        }
        body.set("rid", text.clone());
        Ok(text)
    }

    fn put_keys(&mut self, actor: usize, creates: bool, body: &mut Wrapper) {
        let seed = self.token(32);
        let length = self.actors[actor].terms.as_ref().and_then(|terms| terms.keys.as_ref());
        let length = length.and_then(|length| length.resolve(self).ok());
        let session = &mut self.actors[actor].session;
        if creates {
            session.keys = length.map(|length| Keys::new(length as usize, &seed));
            if let Some(keys) = &mut session.keys {
                body.set("newkey", Some(keys.first()));
            }
        } else if let Some(keys) = &mut session.keys {
            let (key, newkey) = keys.next(&seed);
            body.set("key", Some(key));
            body.set("newkey", newkey);
        }
    }

    fn usual_headers(&self) -> Vec<(String, String)> {
        let header = |name: &str, value: String| (name.to_owned(), value);
        vec![
            header("Host", self.target.address.authority()),
            header("Content-Type", CONTENT_TYPE.to_owned()),
        ]
    }

    /// An empty request, or one with this content, that no step names: next in the session.
    pub(super) fn ask(&mut self, actor: usize, attributes: &[(&str, &str)], content: &str) -> Sent {
        let mut body = Wrapper::default();
        let session = self.session(actor);
        let rid = (session.base + 1).to_string();
        let next = session.base + 1;
        session.used(next);
        body.set("rid", Some(rid.clone()));
        body.set("sid", self.actors[actor].session.sid.clone());
        self.put_keys(actor, false, &mut body);
        for (name, value) in attributes {
            body.set(name, Some((*value).to_owned()));
        }
        body.fill(content.to_owned());
        let terms = self.actors[actor].terms.as_ref();
        let http = terms.and_then(|terms| terms.http.as_ref()).map_or(Http::V11, |http| http.value);
        let mut message = Message {
            method: "POST".to_owned(),
            path: self.target.address.path.clone(),
            http,
            headers: self.usual_headers(),
            entity: body.to_xml().into_bytes(),
            chunks: None,
        };
        let headers: Vec<_> = terms.map(|terms| terms.headers.clone()).unwrap_or_default();
        for header in headers {
            let value = header.value.as_ref().and_then(|value| value.text(self).ok());
            message.set(&header.name.value, value);
        }
        let method = message.method.clone();
        let (bytes, _) = message.bytes();
        let sending = Sending { parts: vec![Part::Bytes(bytes.into())], method, cut: None };
        let conn = self.conn_for(actor, None, None, None);
        let id = self.wire.send(conn, sending.clone());
        Sent { id, actor, sending, rid: Some(rid), conn, creates: false, taken: false }
    }

    /// Opens the session of an actor with a request that no step names.
    pub(super) fn ask_for_session(&mut self, actor: usize) -> Done<Sent> {
        let place = self.at.place.clone();
        let request = Request {
            name: scenario::Located::new(String::new(), place),
            by: None,
            rid: None,
            sid: None,
            attributes: Vec::new(),
            payload: None,
            body: None,
            method: None,
            path: None,
            http: None,
            headers: Vec::new(),
            encoding: None,
            chunks: None,
            on: None,
            via: None,
            cut: None,
        };
        self.make(actor, &request, true)
    }

    /// The bytes of an earlier request again.
    pub(super) fn resend(&mut self, resend: &Resend) -> Done {
        let first = self.sent(&resend.request)?.clone();
        let whole: Vec<Part> = first.sending.parts.clone();
        let bytes: Vec<u8> = whole
            .iter()
            .filter_map(|part| if let Part::Bytes(bytes) = part { Some(bytes) } else { None })
            .flatten()
            .copied()
            .collect();
        let (parts, cut) = match &resend.cut {
            None => (whole, None),
            some => {
                let head = head_length(&bytes);
                self.cut(some.as_ref(), bytes, head)?
            }
        };
        let conn = self.conn_for(
            first.actor,
            resend.on.as_ref().map(|on| &on.value),
            None,
            Some(first.conn),
        );
        let sending = Sending { parts, method: first.sending.method.clone(), cut };
        let id = self.wire.send(conn, sending.clone());
        let sent = Sent { id, sending, conn, taken: false, ..first };
        self.sent.entry(resend.name.value.clone()).or_default().push(sent);
        Ok(())
    }

    /// Bytes as they are written.
    pub(super) fn raw(&mut self, raw: &Raw) -> Done {
        let actor = self.actor(raw.by.as_ref())?;
        // How long the entity is, is known once the rest is; it is told to the head by a second look.
        self.vars.insert(CONTENT_LENGTH.to_owned(), Value::Number(0));
        let (bytes, _) = self.bytes(&raw.send.value.pieces)?;
        let length = bytes.len() - head_length(&bytes);
        self.vars.insert(CONTENT_LENGTH.to_owned(), Value::Number(length as i128));
        let (bytes, parts) = self.bytes(&raw.send.value.pieces)?;
        self.vars.remove(CONTENT_LENGTH);
        let (parts, cut) = match &raw.cut {
            None => (parts, None),
            some => self.cut(some.as_ref(), bytes.clone(), 0)?,
        };
        let method = String::from_utf8_lossy(&bytes[..bytes.len().min(16)])
            .split(' ')
            .next()
            .unwrap_or("POST")
            .to_owned();
        let conn = match &raw.on {
            None => self.open_conn(actor, raw.via.as_ref().map(|via| via.value)),
            Some(on) => {
                self.conn_for(actor, Some(&on.value), raw.via.as_ref().map(|via| via.value), None)
            }
        };
        let sending = Sending { parts, method, cut };
        let id = self.wire.send(conn, sending.clone());
        let sent = Sent { id, actor, sending, rid: None, conn, creates: false, taken: false };
        self.sent.entry(raw.name.value.clone()).or_default().push(sent);
        Ok(())
    }

    /// Bytes whole, and in their pieces.
    fn bytes(&self, pieces: &[scenario::Located<Piece>]) -> Done<(Vec<u8>, Vec<Part>)> {
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        for piece in pieces {
            match &piece.value {
                Piece::Text(text) => {
                    let text = text.text(self)?;
                    whole.extend_from_slice(text.as_bytes());
                    parts.push(Part::Bytes(text.into()));
                }
                Piece::Bytes(bytes) => {
                    whole.extend_from_slice(bytes);
                    parts.push(Part::Bytes(bytes.clone().into()));
                }
                Piece::Pause(time) => {
                    let time =
                        scenario::Located::new(time.clone(), piece.place.clone()).resolve(self)?;
                    parts.push(Part::Pause(time));
                }
            }
        }
        Ok((whole, parts))
    }

    /// What of a message is sent before its connection is cut, and how it is. The bytes of its head are not counted.
    fn cut(
        &self,
        cut: Option<&scenario::Cut>,
        mut bytes: Vec<u8>,
        head: usize,
    ) -> Done<(Vec<Part>, Option<Cut>)> {
        let content = bytes.len() - head;
        let mut first = |count: usize| bytes.truncate(head.saturating_add(count));
        let cut = match cut {
            None => None,
            Some(cut) => {
                let how = how(cut.how.value);
                Some(match &cut.point.value {
                    CutPoint::Bytes(count) => {
                        let count = scenario::Located::new(count.clone(), cut.point.place.clone());
                        first(count.resolve(self)? as usize);
                        Cut::AfterLast(how)
                    }
                    CutPoint::Half => {
                        first(content / 2);
                        Cut::AfterLast(how)
                    }
                    CutPoint::Sent(time) => {
                        let time = scenario::Located::new(time.clone(), cut.point.place.clone());
                        Cut::Later(time.resolve(self)?, how)
                    }
                })
            }
        };
        Ok((vec![Part::Bytes(bytes.into())], cut))
    }

    /// The connection that carries a request. Without a wish it is a free one of the actor, and never `not`.
    pub(super) fn conn_for(
        &mut self,
        actor: usize,
        on: Option<&On>,
        via: Option<Via>,
        not: Option<ConnId>,
    ) -> ConnId {
        match on {
            Some(On::Named(name)) => {
                if let Some(conn) = self.conns.get(name) {
                    return *conn;
                }
                let conn = self.open_conn(actor, via);
                self.conns.insert(name.clone(), conn);
                conn
            }
            Some(On::Fresh) => self.open_conn(actor, via),
            None => {
                let fresh = self.actors[actor]
                    .terms
                    .as_ref()
                    .is_some_and(|terms| terms.connections.value == Connections::Fresh);
                let kept = &self.actors[actor].conns;
                let free = kept.iter().find(|&&conn| Some(conn) != not && self.wire.is_free(conn));
                if let (Some(&conn), false, None) = (free, fresh, via) {
                    return conn;
                }
                let conn = self.open_conn(actor, via);
                if !fresh && via.is_none() {
                    self.actors[actor].conns.push(conn);
                }
                conn
            }
        }
    }

    /// A new connection, on the route that is wished or else the actor's.
    pub(super) fn open_conn(&mut self, actor: usize, via: Option<Via>) -> ConnId {
        let terms = self.actors.get(actor).and_then(|actor| actor.terms.as_ref());
        let via = via.or(terms.and_then(|terms| terms.via.as_ref()).map(|via| via.value));
        self.wire.connect(route(via))
    }

    /// Whom an actor logs in as.
    pub(super) fn login_of(&self, actor: usize) -> Done<Option<crate::client::Who>> {
        let Some(terms) = &self.actors[actor].terms else { return Ok(None) };
        match &terms.login.value {
            Login::None => Ok(None),
            Login::Anonymous => Ok(Some(crate::client::Who::Anonymous)),
            Login::Account(name) => {
                let account =
                    self.target.accounts.get(name).ok_or_else(|| {
                        Stop::Skipped(format!("the target has no account {name}"))
                    })?;
                let (user, password) = (account.user.clone(), account.password.clone());
                Ok(Some(crate::client::Who::Account { user, password }))
            }
        }
    }
}

pub(super) fn route(via: Option<Via>) -> Route {
    match via {
        None => Route::Usual,
        Some(Via::Plain) => Route::Plain,
        Some(Via::Tls) => Route::Tls,
    }
}

pub(super) fn how(end: End) -> How {
    match end {
        End::Fin => How::Fin,
        End::Reset => How::Reset,
    }
}

/// The length of a head, with the empty line behind it; nothing if there is none.
fn head_length(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4)
}

fn encoded(entity: Vec<u8>, encoding: Option<Encoding>) -> Vec<u8> {
    let coded = match encoding {
        None => return entity,
        Some(Encoding::Gzip) => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&entity).and_then(|()| encoder.finish())
        }
        Some(Encoding::Deflate) => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&entity).and_then(|()| encoder.finish())
        }
    };
    coded.unwrap_or(entity) // memory takes everything
}

impl Message {
    /// Sets a header field, or takes it away.
    fn set(&mut self, name: &str, value: Option<String>) {
        let known = |other: &String| other.eq_ignore_ascii_case(name);
        match value {
            // An empty name would hide that a field is taken away on purpose.
            None if name.eq_ignore_ascii_case("content-length") => {
                self.headers.push((name.to_owned(), String::new()));
            }
            None => self.headers.retain(|(other, _)| !known(other)),
            Some(value) => match self.headers.iter_mut().find(|(other, _)| known(other)) {
                Some((as_written, old)) => (*as_written, *old) = (name.to_owned(), value),
                None => self.headers.push((name.to_owned(), value)),
            },
        }
    }

    /// The head and the content, in its chunks, and how long the head is.
    fn bytes(&self) -> (Vec<u8>, usize) {
        let version = if self.http == Http::V10 { "1.0" } else { "1.1" };
        let mut head = format!("{} {} HTTP/{version}\r\n", self.method, self.path);
        let mut length = self.chunks.is_none();
        for (name, value) in &self.headers {
            if name.eq_ignore_ascii_case("content-length") {
                length = false;
                if value.is_empty() {
                    continue;
                }
            }
            head += &format!("{name}: {value}\r\n");
        }
        if self.chunks.is_some() {
            head += "Transfer-Encoding: chunked\r\n";
        } else if length {
            head += &format!("Content-Length: {}\r\n", self.entity.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        let head = bytes.len();
        match self.chunks {
            None => {
                bytes.reserve_exact(self.entity.len());
                bytes.extend_from_slice(&self.entity);
            }
            Some(chunks) => {
                let size = self.entity.len().div_ceil(chunks as usize).max(1);
                for chunk in self.entity.chunks(size) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        (bytes, head)
    }
}
