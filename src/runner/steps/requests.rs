//! `request`, `create`, `resend`, `raw`, `together`: what a scenario sends by name.

use crate::client::bosh::Wrapper;
use crate::runner::creation;
use crate::runner::dial::Route;
use crate::runner::exchange::{conn_for, how, open_conn, post, send, session_headers};
use crate::runner::learned::learned;
use crate::runner::ledger::SentRequest;
use crate::runner::message::head_length;
use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::runner::waiting::made;
use crate::runner::wire::{Cut, Kind, Part, Sending};
use crate::scenario::{
    self, CutPoint, Located, Piece, Raw, Request, Resend, Sid, Step, StepKind, Value, limits,
};
use crate::wire::address::Address;

/// In `raw`, how many bytes stand behind the first empty line.
const CONTENT_LENGTH: &str = "content-length";

/// Sends a request that is made as a step says, or asks for a session with it.
pub(super) fn request(run: &mut Run, request: &Request, creates: bool) -> Done {
    let actor = run.actor(request.by.as_ref())?;
    let (body, rid) = if creates {
        creation::draft(run, actor, request.rid.as_ref().map(|rid| &rid.value))?
    } else {
        draft(run, actor, request)?
    };
    let learned = learned(run, request.url.as_ref())?;
    let sending = sending(run, actor, request, body, (creates, learned.as_ref()))?;
    let on = request.on.as_ref().map(|on| &on.value);
    let conn = match learned {
        Some(address) => run.wire().connect_to(address, Route::Usual),
        None => conn_for(run, actor, on, request.via.as_ref().map(|via| via.value), None),
    };
    let id = send(run, actor, conn, sending.clone());
    let sent = SentRequest { id, actor, sending, rid, conn, creates };
    run.ledger.enter(&request.name.value, sent);
    Ok(())
}

/// A request as the next one would be, with the rid and sid that the step says; and its rid as it is written.
fn draft(run: &mut Run, actor: usize, request: &Request) -> Done<(Wrapper, Option<String>)> {
    let rid = creation::rid(run, actor, request.rid.as_ref().map(|rid| &rid.value))?;
    let book = run.cast.get_mut(actor).link_mut().book_mut();
    // A whole entity takes no key.
    let mut body = if request.body.is_none() { book.draft() } else { Wrapper::default() };
    if let Some(number) = rid.as_deref().and_then(|rid| rid.parse().ok()) {
        book.mark_used(number);
    }
    body.set("rid", rid.clone());
    match request.sid.as_ref().map(|sid| &sid.value) {
        None => {}
        Some(Sid::Absent) => body.set("sid", None),
        Some(Sid::Text(text)) => body.set("sid", Some(text.text(run)?)),
    }
    Ok((body, rid))
}

/// The request as bytes, with all that the step says of it.
fn sending(
    run: &mut Run,
    actor: usize,
    request: &Request,
    mut body: Wrapper,
    (creates, learned): (bool, Option<&Address>),
) -> Done<Sending> {
    for attribute in &request.attributes {
        let value = run.text_of(attribute.value.as_ref())?;
        body.set(&attribute.name.value, value);
    }
    if creates {
        run.cast.get_mut(actor).link_mut().book_mut().ask(body.clone());
    }
    if let Some(payload) = &request.payload {
        body.push_text(&payload.value.text(run)?);
    }
    let entity = match &request.body {
        None => body.to_xml().into_bytes(),
        Some(bytes) => self::bytes(run, &bytes.value.pieces, str::to_owned)?.0,
    };
    let mut message = post(run, actor, entity);
    if let Some(address) = learned {
        message.lead(address);
    }
    if let Some(method) = &request.method {
        message.method = run.text(method)?;
    }
    if let Some(path) = &request.path {
        message.path = run.text(path)?;
    }
    if let Some(http) = &request.http {
        message.http = http.value;
    }
    if let Some(chunks) = &request.chunks {
        message.chunks = Some(chunks.resolve(run, limits::CHUNKS)?.max(1));
    }
    if let Some(encoding) = &request.encoding {
        message.encode(encoding.value);
    }
    for header in session_headers(run, actor).iter().chain(&request.headers) {
        message.set(&header.name.value, run.text_of(header.value.as_ref())?);
    }
    let (bytes, head) = message.bytes();
    let (parts, cut) = cut(run, request.cut.as_ref(), bytes, head)?;
    // What a scenario does with a connection of its own, it wants done there.
    let again = cut.is_none() && request.on.is_none();
    Ok(Sending { parts, kind: Kind::Request(message.method), cut, again })
}

/// Sends the bytes of an earlier request again.
pub(super) fn resend(run: &mut Run, resend: &Resend) -> Done {
    let first = run.sent(&resend.request)?.clone();
    let (parts, cut) = match &resend.cut {
        None => (first.sending.parts.clone(), None),
        some => {
            let bytes: Vec<u8> = first
                .sending
                .parts
                .iter()
                .filter_map(|part| if let Part::Bytes(bytes) = part { Some(bytes) } else { None })
                .flatten()
                .copied()
                .collect();
            let head = head_length(&bytes);
            self::cut(run, some.as_ref(), bytes, head)?
        }
    };
    let on = resend.on.as_ref().map(|on| &on.value);
    let conn = conn_for(run, first.actor, on, None, Some(first.conn));
    let again = cut.is_none() && on.is_none();
    let sending = Sending { parts, kind: first.sending.kind.clone(), cut, again };
    let id = send(run, first.actor, conn, sending.clone());
    run.ledger.enter(&resend.name.value, SentRequest { id, sending, conn, ..first });
    Ok(())
}

/// Sends bytes as they are written.
pub(super) fn raw(run: &mut Run, raw: &Raw) -> Done {
    let actor = run.actor(raw.by.as_ref())?;
    // How long the entity is, is known once the rest is; it is told to the head by a second look.
    run.variables.lend(CONTENT_LENGTH, Some(Value::Number(0)));
    let (bytes, _) = self::bytes(run, &raw.send.value.pieces, crlf)?;
    let length = bytes.len() - head_length(&bytes);
    run.variables.lend(CONTENT_LENGTH, Some(Value::Number(length as i128)));
    let (bytes, parts) = self::bytes(run, &raw.send.value.pieces, crlf)?;
    run.variables.lend(CONTENT_LENGTH, None);
    let method = String::from_utf8_lossy(&bytes[..bytes.len().min(16)])
        .split(' ')
        .next()
        .unwrap_or("POST")
        .to_owned();
    let (parts, cut) = match &raw.cut {
        None => (parts, None),
        some => cut(run, some.as_ref(), bytes, 0)?,
    };
    if let Some(stream) = run.cast.get(actor).stream() {
        let conn = stream.conn().ok_or_else(|| {
            let why = "there is no connection yet; `open` or `handshake` makes one";
            Stop::Broken(raw.name.place.clone(), why.to_owned())
        })?;
        let sending = Sending { parts, kind: Kind::Stream, cut, again: false };
        let id = run.wire().send(conn, sending.clone());
        let sent = SentRequest { id, actor, sending, rid: None, conn, creates: false };
        run.ledger.enter(&raw.name.value, sent);
        return Ok(());
    }
    let via = raw.via.as_ref().map(|via| via.value);
    let conn = match &raw.on {
        None => open_conn(run, actor, via),
        Some(on) => conn_for(run, actor, Some(&on.value), via, None),
    };
    let sending = Sending { parts, kind: Kind::Request(method), cut, again: false };
    let id = send(run, actor, conn, sending.clone());
    let sent = SentRequest { id, actor, sending, rid: None, conn, creates: false };
    run.ledger.enter(&raw.name.value, sent);
    Ok(())
}

/// Sends requests one directly after the other, on connections that are open already.
pub(super) async fn together(run: &mut Run, steps: &[Step]) -> Done {
    // As many free connections as there are requests; each takes the first that is free.
    let mut actors = Vec::new();
    for step in steps {
        let actor = match &step.kind {
            StepKind::Request(request) | StepKind::Create(request) => {
                run.actor(request.by.as_ref())?
            }
            StepKind::Resend(resend) => run.sent(&resend.request).map_or(0, |sent| sent.actor),
            _ => continue,
        };
        actors.push(actor);
    }
    let mut opened = Vec::new();
    for (n, &actor) in actors.iter().enumerate() {
        let wanted = actors[..=n].iter().filter(|&&other| other == actor).count();
        let free = run.cast.get(actor).link().free_conns(run.wire());
        // A repeat goes to another connection than its first sending: one to spare.
        for _ in free..=wanted {
            let conn = open_conn(run, actor, None);
            run.cast.get_mut(actor).link_mut().keep_conn(conn);
            opened.push(conn);
        }
    }
    let place = run.report.at().place.clone();
    made(run, &opened, &place).await?;
    for step in steps {
        match &step.kind {
            StepKind::Request(one) => request(run, one, false)?,
            StepKind::Create(one) => request(run, one, true)?,
            StepKind::Resend(one) => resend(run, one)?,
            _ => {}
        }
    }
    Ok(())
}

/// Bytes whole, and in their pieces; the ends of lines in texts are made by `line_end`.
pub(super) fn bytes(
    run: &Run,
    pieces: &[Located<Piece>],
    line_end: fn(&str) -> String,
) -> Done<(Vec<u8>, Vec<Part>)> {
    let mut whole = Vec::new();
    let mut parts = Vec::new();
    for piece in pieces {
        match &piece.value {
            Piece::Text(text) => {
                let text = line_end(&text.text(run)?);
                whole.extend_from_slice(text.as_bytes());
                parts.push(Part::Bytes(text.into()));
            }
            Piece::Bytes(bytes) => {
                whole.extend_from_slice(bytes);
                parts.push(Part::Bytes(bytes.clone().into()));
            }
            Piece::Pause(time) => {
                let time = Located::new(time.clone(), piece.place.clone()).resolve(run)?;
                parts.push(Part::Pause(time));
            }
        }
    }
    Ok((whole, parts))
}

/// With the ends of lines that HTTP has.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// What of a message is sent before its connection is cut, and how it is. The bytes of its head are not counted.
fn cut(
    run: &Run,
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
                    let count = Located::new(count.clone(), cut.point.place.clone());
                    first(count.resolve(run, u64::MAX)? as usize);
                    Cut::AfterLast(how)
                }
                CutPoint::Half => {
                    first(content / 2);
                    Cut::AfterLast(how)
                }
                CutPoint::Sent(time) => {
                    let time = Located::new(time.clone(), cut.point.place.clone());
                    Cut::Later(time.resolve(run)?, how)
                }
            })
        }
    };
    Ok((vec![Part::Bytes(bytes.into())], cut))
}
