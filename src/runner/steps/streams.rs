//! `handshake`, `open`, `close`, `frame`, `receive`, `ended`, `lint`: streams that are carried without BOSH.

use std::time::Duration;

use super::requests::bytes;
use crate::clock::words;
use crate::rules::{Finding, Judge, Party};
use crate::runner::carried::{ask, begin, carried, over, stream, upgrade};
use crate::runner::compare::mismatch;
use crate::runner::exchange::how;
use crate::runner::learned::learned;
use crate::runner::report::StepAt;
use crate::runner::run::Run;
use crate::runner::stop::Done;
use crate::runner::stream::Stream;
use crate::runner::waiting::{AT_ONCE, time_written, watch};
use crate::runner::wire::Came;
use crate::scenario::matching::FailureKind;
use crate::scenario::{
    self, Attribute, Handshake, Located, Receive, Reference, Tag, Timespan, Value, ValueMatch,
};
use crate::trace::{Fact, How};
use crate::wire::Side;
use crate::wire::websocket::{Close, Head, Opcode};

/// A message may take so long if the scenario does not say.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest payload that a step may claim.
const LENGTH: u64 = u64::MAX;

/// Asks for a WebSocket.
pub(super) fn handshake(run: &mut Run, handshake: &Handshake) -> Done {
    let actor = run.actor(handshake.by.as_ref())?;
    let mut message = upgrade(run);
    let learned = learned(run, handshake.url.as_ref())?;
    if let Some(address) = &learned {
        message.lead(address);
    }
    if let Some(method) = &handshake.method {
        message.method = run.text(method)?;
    }
    if let Some(path) = &handshake.path {
        message.path = run.text(path)?;
    }
    if let Some(http) = &handshake.http {
        message.http = http.value;
    }
    for header in &handshake.headers {
        message.set(&header.name.value, run.text_of(header.value.as_ref())?);
    }
    let sent = ask(run, actor, &message, learned);
    run.ledger.enter(&handshake.name.value, sent);
    Ok(())
}

/// Opens a stream, or restarts it.
pub(super) async fn open(run: &mut Run, tag: &Tag) -> Done {
    let actor = run.actor_named(&tag.actor)?;
    carried(run, actor).await?;
    let own = attributes(run, &tag.attributes)?;
    begin(run, actor, &own)?;
    named(run, tag.name.as_ref());
    Ok(())
}

/// Closes a stream.
pub(super) fn close(run: &mut Run, tag: &Tag) -> Done {
    let actor = run.actor_named(&tag.actor)?;
    let own = attributes(run, &tag.attributes)?;
    let wire = run.wire().clone();
    stream(run, actor, &tag.actor.name.place)?.leave(&wire, &own);
    named(run, tag.name.as_ref());
    Ok(())
}

pub(super) fn attributes(
    run: &Run,
    attributes: &[Attribute],
) -> Done<Vec<(String, Option<String>)>> {
    let one = |attribute: &Attribute| {
        Ok((attribute.name.value.clone(), run.text_of(attribute.value.as_ref())?))
    };
    attributes.iter().map(one).collect()
}

pub(super) fn named(run: &mut Run, name: Option<&Located<String>>) {
    if let Some(name) = name {
        run.variables.mark(&name.value, run.setting.wire.now());
    }
}

/// Sends a frame.
pub(super) fn frame(run: &mut Run, frame: &scenario::Frame) -> Done {
    let actor = run.actor_named(&frame.actor)?;
    let opcode = Opcode(frame.opcode.as_ref().map_or(Opcode::TEXT.0, |opcode| opcode.value));
    let mut payload = Vec::new();
    if let Some(status) = &frame.status {
        payload.extend((status.resolve(run, u64::from(u16::MAX))? as u16).to_be_bytes());
    }
    if let Some(pieces) = &frame.payload {
        payload.extend(bytes(run, &pieces.value.pieces, str::to_owned)?.0);
    }
    let reserved = frame.reserved.as_ref().map(|bits| bits.resolve(run, 7)).transpose()?;
    let length = frame.length.as_ref().map(|length| length.resolve(run, LENGTH)).transpose()?;
    let wire = run.wire().clone();
    let stream = stream(run, actor, &frame.actor.name.place)?;
    let mask = frame.masked.then(|| stream.next_mask());
    let mut head = Head::new(opcode, length.unwrap_or(payload.len() as u64), mask);
    head.fin = frame.last;
    head.reserved = reserved.unwrap_or_default() as u8;
    if let Some(extended) = &frame.extended {
        head.extended = extended.value;
    }
    let mut bytes = Vec::new();
    head.write_with(&payload, &mut bytes);
    stream.sent_frame(opcode.0);
    stream.write(&wire, bytes);
    named(run, frame.name.as_ref());
    Ok(())
}

/// From when a step counts.
async fn since(run: &mut Run, since: Option<&Reference>) -> Done<Duration> {
    match since {
        None => Ok(run.report.at().since),
        Some(since) => time_written(run, since).await,
    }
}

/// Awaits a message, or a control frame.
pub(super) async fn receive(run: &mut Run, receive: &Receive) -> Done {
    let actor = run.actor_named(&receive.actor)?;
    let place = receive.actor.name.place.clone();
    let opcode = receive.opcode.as_ref().map(|opcode| opcode.value);
    let what = opcode.map_or_else(|| "a frame".to_owned(), |code| frame_word(Opcode(code)));
    let since = since(run, receive.since.as_ref()).await?;
    let next = move |run: &mut Run| {
        let frames = run.cast.get_mut(actor).stream_mut()?.frames_mut();
        while let Some(came) = frames.pop_front() {
            if let Fact::Frame(frame) = &came.fact
                && opcode.is_none_or(|opcode| opcode == frame.opcode)
            {
                return Some(came);
            }
        }
        None
    };
    if let Some(none) = &receive.none_for {
        let during = none.resolve(run)?;
        let left = (since + during).saturating_sub(run.now());
        let Some(came) = watch(run, left, next).await else { return Ok(()) };
        let after = words(came.at.saturating_sub(since));
        let seen = format!("it came after {after}: {}", shown(&came));
        let wanted = format!("no such frame ({what}) for {}", words(during));
        return run.fail(FailureKind::Frame, &place, wanted, seen);
    }
    let within = run.span_or(receive.within.as_ref(), PATIENCE)?;
    let limit = within + run.target().tolerance.late + run.setting.round_trip;
    let left = (since + limit).saturating_sub(run.now());
    let Some(came) = watch(run, left, next).await else {
        let wanted = format!("{what} within {}", words(within));
        return run.fail(FailureKind::Frame, &place, wanted, "none came");
    };
    in_time(
        run,
        &place,
        came.at.saturating_sub(since),
        receive.within.as_ref(),
        receive.not_before.as_ref(),
    )?;
    compare(run, receive, &came, &place)
}

/// Something that came is neither late nor early.
fn in_time(
    run: &mut Run,
    place: &scenario::Place,
    took: Duration,
    within: Option<&Located<Timespan>>,
    not_before: Option<&Located<Timespan>>,
) -> Done {
    let tolerance = run.target().tolerance;
    if let Some(within) = within {
        let within = within.resolve(run)?;
        let limit = within + tolerance.late + run.setting.round_trip;
        if took > limit {
            let since = run.now().saturating_sub(took);
            let lag = run.lag(since, took.saturating_sub(limit));
            let seen = format!("it took {}", words(took));
            let wanted = format!("this within {}", words(within));
            run.fail_in_time(FailureKind::Late, place, wanted, seen, lag)?;
        }
    }
    if let Some(not_before) = not_before {
        let shortest = not_before.resolve(run)?;
        if took + tolerance.early < shortest {
            let seen = format!("it took {}", words(took));
            let wanted = format!("this not before {}", words(shortest));
            run.fail(FailureKind::Early, place, wanted, seen)?;
        }
    }
    Ok(())
}

fn compare(run: &mut Run, receive: &Receive, came: &Came, place: &scenario::Place) -> Done {
    let Fact::Frame(frame) = &came.fact else { return Ok(()) };
    let text = String::from_utf8_lossy(&frame.content.bytes).into_owned();
    let number = |number: i128| Some(Value::Number(number));
    let parts: [(&str, &Option<ValueMatch>, Option<Value>); 3] = [
        ("text", &receive.text, Some(Value::Text(text))),
        ("status", &receive.status, frame.status.and_then(|status| number(status.into()))),
        ("frames", &receive.frames, number(frame.frames.into())),
    ];
    for (name, expected, seen) in parts {
        let Some(expected) = expected else { continue };
        for found in expected.compare(name, seen.as_ref(), run)? {
            mismatch(run, &found, place, None)?;
        }
    }
    if let Some(wanted) = &receive.payload {
        let bytes = bytes(run, &wanted.value.pieces, str::to_owned)?.0;
        if bytes != frame.content.bytes {
            let (expected, seen) = (escaped(&bytes), escaped(&frame.content.bytes));
            run.fail(FailureKind::Frame, &wanted.place, format!("the bytes {expected}"), seen)?;
        }
    }
    let compressed = frame.content.coding.is_some();
    match &receive.compressed {
        Some(wanted) if wanted.value != compressed => {
            let word = |compressed| if compressed { "compressed" } else { "not compressed" };
            let (wanted_word, seen) = (word(wanted.value), word(compressed));
            run.fail(FailureKind::Frame, &wanted.place, format!("it is {wanted_word}"), seen)
        }
        _ => Ok(()),
    }
}

/// Bytes as text, with escapes for what is no text.
fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// `a ping frame`
fn frame_word(opcode: Opcode) -> String {
    format!("a frame of kind {opcode}")
}

/// A frame in a few words.
fn shown(came: &Came) -> String {
    let Fact::Frame(frame) = &came.fact else { return String::new() };
    let status = frame.status.map_or_else(String::new, |status| format!(" {status}"));
    let text: String = String::from_utf8_lossy(&frame.content.bytes).chars().take(200).collect();
    format!("{}{status} {text:?}", Opcode(frame.opcode))
}

/// The server ends the connection of an actor.
pub(super) async fn ended(run: &mut Run, ended: &scenario::Ended) -> Done {
    let actor = run.actor_named(&ended.actor)?;
    let place = ended.actor.name.place.clone();
    let since = since(run, ended.since.as_ref()).await?;
    let within = run.span_or(ended.within.as_ref(), AT_ONCE)?;
    let limit = within + run.target().tolerance.late + run.setting.round_trip;
    let left = (since + limit).saturating_sub(run.now());
    let how = ended.how.as_ref().map(|end| how(end.value));
    let wanted = match how {
        None => "the connection to be ended",
        Some(How::Fin) => "the connection to be ended in order",
        Some(_) => "the connection to be reset",
    };
    let wanted = format!("{wanted} within {}", words(within));
    let Some(over) = over(run, actor, left).await else {
        return run.fail(FailureKind::Connection, &place, wanted, "it is open");
    };
    let seen = match how {
        _ if over.by == Side::Client => Some("we ended it ourselves"),
        Some(how) if how != over.how => Some(match over.how {
            How::Fin => "it was ended in order",
            How::Reset => "it was reset",
            How::TimedOut => "it timed out",
        }),
        _ => None,
    };
    if let Some(seen) = seen {
        return run.fail(FailureKind::Connection, &place, wanted, seen);
    }
    in_time(
        run,
        &place,
        over.at.saturating_sub(since),
        ended.within.as_ref(),
        ended.not_before.as_ref(),
    )?;
    if let Some(wanted) = &ended.close_notify {
        announced(run, actor, wanted)?;
    }
    let Some(expected) = &ended.status else { return Ok(()) };
    let close = run.cast.get(actor).stream().and_then(Stream::closed);
    let status = close.and_then(Close::status);
    let status = status.map(|status| Value::Number(status.into()));
    for found in expected.compare("the status of the Close frame", status.as_ref(), run)? {
        mismatch(run, &found, &place, None)?;
    }
    Ok(())
}

/// Whether the server has ended TLS with `close_notify`.
fn announced(run: &mut Run, actor: usize, wanted: &Located<bool>) -> Done {
    let conn = run.cast.get(actor).stream().and_then(Stream::conn);
    let negotiated = conn.and_then(|conn| run.wire().negotiated(conn));
    let seen = match negotiated.map(|negotiated| negotiated.notified) {
        None => "there was no TLS on it",
        Some(notified) if notified == wanted.value => return Ok(()),
        Some(true) => "close_notify came",
        Some(false) => "no close_notify came, and TCP was ended",
    };
    let expected = if wanted.value {
        "TLS to be ended with close_notify before TCP"
    } else {
        "TCP to be ended without close_notify"
    };
    run.fail(FailureKind::Connection, &wanted.place, expected, seen)
}

/// Nothing that the server has sent breaks these requirements, as far as the rules of the proxy tell.
pub(super) fn lint(run: &mut Run, ids: &[Located<String>]) -> Done {
    let mut judge = Judge::default();
    let mut seen = Vec::new();
    for event in run.wire().events() {
        judge.take(event, &mut seen);
    }
    judge.wake(run.now(), &mut seen); // what has not come by now
    let found: Vec<Finding> = seen.into_iter().flat_map(|one| one.findings).collect();
    let at = run.report.at().clone();
    for id in ids {
        let broken = found.iter().find(|finding| {
            finding.party == Party::Server && finding.requirement == Some(id.value.as_str())
        });
        let Some(finding) = broken else { continue };
        run.report.begin(StepAt { covers: vec![id.value.clone()], ..at.clone() });
        let wanted = format!("nothing that breaks {}", id.value);
        run.fail(FailureKind::Rule, &id.place, wanted, finding.words.clone())?;
    }
    run.report.begin(at);
    Ok(())
}
