//! Connections that carry the streams of actors: a WebSocket is asked for, a stream begins, a connection ends.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dial::Route;
use super::exchange::reached;
use super::ledger::SentRequest;
use super::message::Message;
use super::run::Run;
use super::stop::{Done, Stop};
use super::stream::Stream;
use super::waiting::{made, settled, watch};
use super::wire::{Ended, Sending};
use crate::clock::words;
use crate::scenario::{Place, Transport};
use crate::wire::address::Address;

/// A handshake may take so long.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The stream of an actor.
pub(super) fn stream<'a>(run: &'a mut Run, actor: usize, place: &Place) -> Done<&'a mut Stream> {
    let stream = run.cast.get_mut(actor).stream_mut();
    stream.ok_or_else(|| {
        Stop::Broken(place.clone(), "the session of this actor is carried by BOSH".to_owned())
    })
}

/// The request that asks for a WebSocket, as RFC 7395 wants it.
pub(super) fn upgrade(run: &Run) -> Message {
    let target = run.target();
    let address = target.websocket.as_ref().unwrap_or(&target.address);
    let key = STANDARD.encode(run.chance.token(16));
    let host = address.authority();
    let headers = [
        ("Host", host.as_str()),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key.as_str()),
        ("Sec-WebSocket-Protocol", "xmpp"),
    ];
    let mut message = Message::post(&address.path, &headers, Vec::new());
    "GET".clone_into(&mut message.method);
    message.set("Content-Length", None);
    message
}

/// The request goes out on a connection of its own, which is the actor's from now on.
pub(super) fn ask(
    run: &mut Run,
    actor: usize,
    message: &Message,
    learned: Option<Address>,
) -> SentRequest {
    let conn = match learned {
        Some(address) => run.wire().connect_to(address, Route::WebSocket),
        None => run.wire().connect(Route::WebSocket),
    };
    let sending = Sending::handshake(message.bytes().0);
    let id = run.wire().send(conn, sending.clone());
    if let Some(stream) = run.cast.get_mut(actor).stream_mut() {
        stream.begin(conn, Some(id));
    }
    SentRequest { id, actor, sending, rid: None, conn, creates: false }
}

/// A connection carries the stream of an actor: the one there is, or a new one.
pub(super) async fn carried(run: &mut Run, actor: usize) -> Done {
    let place = run.report.at().place.clone();
    let stream = self::stream(run, actor, &place)?;
    let (transport, handshake, conn) = (stream.transport(), stream.handshake(), stream.conn());
    let (route, offer) = (stream.route(), stream.offer().clone());
    let there = conn.is_some_and(|conn| run.wire().ended(conn).is_none());
    if !there {
        run.cast.get_mut(actor).renew();
    }
    if transport == Transport::Tcp {
        if !there {
            let conn = run.wire().connect_offering(route, offer);
            self::stream(run, actor, &place)?.begin(conn, None);
            made(run, &[conn], &place).await?;
        }
        return Ok(());
    }
    let id = if let Some(id) = handshake.filter(|_| there) {
        id
    } else {
        let mut message = upgrade(run);
        let headers = run.cast.get(actor).terms().map_or(&[][..], |terms| &terms.headers);
        for header in headers {
            message.set(&header.name.value, run.text_of(header.value.as_ref())?);
        }
        ask(run, actor, &message, None).id
    };
    let progress = settled(run, id, HANDSHAKE).await;
    reached(run, id, &place)?;
    let why = match progress.got {
        Some(got) if got.response.status == 101 => return Ok(()),
        Some(got) => format!("HTTP {} {}", got.response.status, got.response.reason),
        None if progress.ended.is_some() => "its connection was ended".to_owned(),
        None => format!("no answer within {}", words(HANDSHAKE)),
    };
    Err(Stop::Broken(place, format!("no WebSocket was opened: {why}")))
}

/// What an actor's session says of its stream header: attributes of `<body/>` that streams do not have are left out.
fn of_session(run: &Run, actor: usize) -> Done<Vec<(String, Option<String>)>> {
    const OF_BOSH: [&str; 5] = ["wait", "hold", "ver", "ack", "content"];
    let terms = run.cast.get(actor).terms();
    let all = terms.map_or(&[][..], |terms| &terms.attributes).iter();
    let own = all.filter(|attribute| !OF_BOSH.contains(&attribute.name.value.as_str()));
    own.map(|attribute| Ok((attribute.name.value.clone(), run.text_of(attribute.value.as_ref())?)))
        .collect()
}

/// A stream begins on the connection that there is.
pub(super) fn begin(run: &mut Run, actor: usize, own: &[(String, Option<String>)]) -> Done {
    let place = run.report.at().place.clone();
    let (to, wire) = (run.domain_of(actor), run.wire().clone());
    run.cast.get_mut(actor).renew();
    let mut attributes = of_session(run, actor)?;
    attributes.extend_from_slice(own);
    let stream = stream(run, actor, &place)?;
    let text = stream.opening(&to, &attributes);
    stream.say(&wire, &text);
    Ok(())
}

/// How the connection of an actor ended, once it has.
pub(super) async fn over(run: &mut Run, actor: usize, time: Duration) -> Option<Ended> {
    let conn = run.cast.get(actor).stream().and_then(Stream::conn)?;
    watch(run, time, |run| run.wire().ended(conn)).await
}
