//! WebSocket: the handshake in its variants, the stream, silence, the end (RFC 6455, RFC 7395).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::bosh::{no_mechanisms, say_mechanisms};
use super::login;
use super::places::elsewhere;
use crate::clock::words;
use crate::doctor::check::{WS_CLOSE, WS_IDLE, WS_OPEN, WS_ORIGIN, WS_SUBPROTOCOL, WS_UPGRADE};
use crate::doctor::context::{Context, Doing};
use crate::doctor::endpoint::about;
use crate::doctor::reach::Place;
use crate::doctor::refused;
use crate::doctor::talk::{
    Came, Got, Manner, PATIENCE, Upgrade, WebSocket, condition, offered, open_element,
    open_websocket, text, upgrade,
};
use crate::doctor::trouble::{self, Kind, Trouble, with_program};
use crate::rules::{Finding, Page, status_words};
use crate::trace::{Fact, How, Raw, Reading, Response};
use crate::wire::websocket::Opcode;
use crate::xml::Element;
use crate::xmpp::ns;

/// How long a server may take for features and for `<close/>`.
const PROMPT: Duration = Duration::from_secs(5);

/// Examines an endpoint of WebSocket.
pub async fn examine(context: &Arc<Context>, place: &Place) {
    let doing = context.begin(&WS_UPGRADE, &place.endpoint);
    let page = Manner { origin: context.settings.origin.as_deref(), subprotocol: true };
    let mut opened = None;
    let (mut refusals, mut mute) = (Vec::new(), Vec::new());
    for &at in &place.alive {
        match upgrade(context, &place.endpoint, at, page).await {
            Upgrade::Open(socket, response) => match &opened {
                None => opened = Some((at, socket, response)),
                Some(_) => {
                    if let Some((kind, words)) = dead(context, socket).await {
                        let trouble = with_program(Trouble::new(kind), &response);
                        mute.push((at, about(trouble, &place.endpoint), words));
                    }
                }
            },
            Upgrade::Refused(got, found) => refusals.push((at, got, found)),
        }
    }
    let on = |at: &SocketAddr| match place.alive.len() {
        1 => String::new(),
        _ => format!(" (at {at})"),
    };
    for (at, got, found) in &refusals {
        let (trouble, words) = refusal(context, place, *at, got, found).await;
        doing.broken(trouble, words + &on(at));
    }
    for (at, trouble, words) in mute.iter().cloned() {
        doing.broken(trouble, words + &on(&at));
    }
    let Some((at, mut socket, response)) = opened else { return };
    if refusals.is_empty() && mute.is_empty() {
        let by = Page::of(&response).by().map(|by| format!(", answered by {by}"));
        doing.well(format!("a WebSocket was opened{}", by.unwrap_or_default()));
    }
    drop(doing);
    let agreed = subprotocol(context, place, at, &response).await;
    origin(context, place, at).await;
    if agreed && stream(context, place, &response, &mut socket).await {
        tokio::join!(
            close(context, place, socket),
            idle(context, place, at),
            login::examine(context, place)
        );
    } else {
        socket.into_line().finish().await;
    }
}

/// Why a WebSocket is of no use on which nothing answers `<open/>`.
fn silent(socket: &WebSocket) -> (&'static Kind, String) {
    if socket.is_over() {
        let words = "the server agrees to the WebSocket (HTTP 101), and the connection ends at once, without a frame: a reverse \
             proxy passes the answer on, and took Upgrade and Connection out of the request";
        return (&trouble::UPGRADE_DROPPED, words.to_owned());
    }
    let words = "the WebSocket is open, and nothing answers <open/>: what is behind it is no XMPP server, or speaks the \
         framing from before RFC 7395";
    (&trouble::NOT_WEBSOCKET, words.to_owned())
}

/// Opens a stream on a WebSocket through a further address; why nothing answers.
async fn dead(context: &Context, mut socket: WebSocket) -> Option<(&'static Kind, String)> {
    socket.send(&open_element(&context.settings.domain)).await;
    let answer = socket.element(context.clock.now() + PATIENCE).await;
    let why = answer.is_none().then(|| silent(&socket));
    socket.into_line().finish().await;
    why
}

/// Why a handshake is refused; another one may tell.
async fn refusal(
    context: &Context,
    place: &Place,
    at: SocketAddr,
    got: &Got,
    found: &[Finding],
) -> (Trouble, String) {
    let endpoint = &place.endpoint;
    let why = refused::why(endpoint, got, found);
    let (trouble, words) = refused::why_at(context, place, got, why).await;
    let Some(response) = got.response() else { return (trouble, words) };
    if response.status == 101 {
        let trouble = Trouble { kind: &trouble::NOT_WEBSOCKET, ..trouble };
        return (
            trouble,
            "HTTP 101 without the Sec-WebSocket-Accept that belongs to it".to_owned(),
        );
    }
    if let (400..=499, Some(origin)) = (response.status, context.settings.origin.as_deref()) {
        let native = Manner { origin: None, subprotocol: true };
        if let Upgrade::Open(socket, _) = upgrade(context, endpoint, at, native).await {
            socket.into_line().finish().await;
            let trouble =
                Trouble { kind: &trouble::ORIGIN_REFUSED, ..trouble }.with("origin", origin);
            let words = format!(
                "HTTP {} with Origin: {origin}, and an open WebSocket without: pages of this origin are not allowed",
                status_words(response)
            );
            return (trouble, words);
        }
    }
    elsewhere(context, place, (trouble, words)).await
}

/// Whether the subprotocol was agreed.
async fn subprotocol(
    context: &Context,
    place: &Place,
    at: SocketAddr,
    response: &Response,
) -> bool {
    let doing = context.begin(&WS_SUBPROTOCOL, &place.endpoint);
    if response.headers.get("sec-websocket-protocol") != Some("xmpp") {
        let trouble = with_program(Trouble::new(&trouble::SUBPROTOCOL_MISSING), response);
        let words = match response.headers.get("sec-websocket-protocol") {
            None => {
                "the answer does not agree on the subprotocol: browsers close at once".to_owned()
            }
            Some(other) => format!(
                "the answer agrees on {other}, which was not asked for: browsers close at once"
            ),
        };
        doing.broken(about(trouble, &place.endpoint), words);
        return false;
    }
    let bare = Manner { origin: context.settings.origin.as_deref(), subprotocol: false };
    let without = match upgrade(context, &place.endpoint, at, bare).await {
        Upgrade::Open(socket, response) => {
            socket.into_line().finish().await;
            match response.headers.get("sec-websocket-protocol") {
                None => "; accepted without it",
                Some(_) => "; also sent unasked, which browsers refuse",
            }
        }
        Upgrade::Refused(..) => "; refused without it",
    };
    doing.well(format!("subprotocol xmpp negotiated{without}"));
    true
}

async fn origin(context: &Context, place: &Place, at: SocketAddr) {
    if context.settings.origin.is_none() {
        return;
    }
    let doing = context.begin(&WS_ORIGIN, &place.endpoint);
    let native = Manner { origin: None, subprotocol: true };
    match upgrade(context, &place.endpoint, at, native).await {
        Upgrade::Open(socket, _) => {
            socket.into_line().finish().await;
            doing.well("accepted without Origin (native clients)");
        }
        Upgrade::Refused(got, found) if got.response().is_some_and(refused::is_limit) => {
            let (trouble, words) =
                refused::limited(&got, refused::why(&place.endpoint, &got, &found));
            doing.broken(trouble, words);
        }
        Upgrade::Refused(got, _) => doing.note(match got.response() {
            Some(response) => format!(
                "native clients, which send no Origin, are refused (HTTP {})",
                response.status
            ),
            None => "native clients, which send no Origin, get no answer".to_owned(),
        }),
    }
}

/// Opens a stream. Whether its features came.
async fn stream(
    context: &Context,
    place: &Place,
    response: &Response,
    socket: &mut WebSocket,
) -> bool {
    let doing = context.begin(&WS_OPEN, &place.endpoint);
    socket.send(&open_element(&context.settings.domain)).await;
    let until = context.clock.now() + PATIENCE;
    let of = |kind| about(with_program(Trouble::new(kind), response), &place.endpoint);
    let mut opened = false;
    let mut conditions = Vec::new();
    while let Some(element) = socket.element(until).await {
        match (element.namespace(), element.name()) {
            (ns::FRAMING, "open") => opened = true,
            (ns::STREAMS, "features") => {
                let mechanisms = offered(&element);
                match &mechanisms[..] {
                    [] => doing.broken(of(&trouble::MECHANISMS_MISSING), no_mechanisms(place)),
                    _ => say_mechanisms(&doing, place, response, Some(&mechanisms)),
                }
                return true;
            }
            (ns::STREAMS, "error") => conditions.extend(condition(&element)),
            (ns::FRAMING, "close") => break,
            _ => {}
        }
    }
    match conditions.first() {
        Some(condition) if condition.contains("host-unknown") => doing.broken(
            of(&trouble::DOMAIN_UNKNOWN),
            format!("the server does not serve {} ({condition})", context.settings.domain),
        ),
        Some(condition) => {
            doing.broken(of(&trouble::REFUSED), format!("the server ends the stream: {condition}"));
        }
        None if socket.line().endless().is_some() => {
            doing.broken(of(&trouble::NOT_WEBSOCKET), socket.line().endless().unwrap_or_default());
        }
        None if opened => doing.broken(
            of(&trouble::FEATURES_MISSING),
            "the server opens the stream and sends no features, without which no client can log in",
        ),
        None => {
            let (kind, words) = silent(socket);
            doing.broken(of(kind), words);
        }
    }
    false
}

/// Ends a WebSocket in order.
async fn close(context: &Context, place: &Place, mut socket: WebSocket) {
    let doing = context.begin(&WS_CLOSE, &place.endpoint);
    socket.send(&text(&Element::new(ns::FRAMING, "close"))).await;
    let until = context.clock.now() + PROMPT;
    let (mut closed, mut frame) = (false, None);
    while let Some(came) = socket.next(until).await {
        match (&came.fact, &came.reading) {
            (_, Reading::Element(element)) => closed |= element.is(ns::FRAMING, "close"),
            (Fact::Frame(one), _) if one.opcode == Opcode::CLOSE.0 => {
                frame = Some(one.status);
                break;
            }
            (Fact::Ended { .. }, _) => break,
            _ => {}
        }
        if closed && frame.is_none() {
            socket.frame(Opcode::CLOSE, &1000_u16.to_be_bytes()).await;
        }
    }
    socket.into_line().finish().await;
    match (closed, frame) {
        (true, Some(_)) => doing.well("closed cleanly, with <close/> and a Close frame"),
        (true, None) => doing.note("<close/> is answered, and no Close frame follows"),
        (false, Some(_)) => doing.note("<close/> is answered with a Close frame alone"),
        (false, None) => doing.note(format!("<close/> is not answered within {}", words(PROMPT))),
    }
}

/// Leaves a WebSocket alone.
async fn idle(context: &Context, place: &Place, at: SocketAddr) {
    if context.settings.quick {
        return;
    }
    let doing = context.begin(&WS_IDLE, &place.endpoint);
    let mut socket = match open_websocket(context, &place.endpoint, at).await {
        Ok(socket) => socket,
        Err(why) => return doing.skipped(format!("no further WebSocket could be opened: {why}")),
    };
    let since = context.clock.now();
    let end = since + context.settings.idle;
    let mut quiet = since;
    let (mut pings, mut said) = (Vec::new(), None);
    let ended = loop {
        match socket.next(end).await {
            None => break None,
            Some(Came { at, fact: Fact::Ended { how, .. }, .. }) => break Some((at, how)),
            Some(Came { fact: Fact::Raw(Raw { why: Some(why), .. }), .. }) => {
                let trouble = about(Trouble::new(&trouble::NOT_WEBSOCKET), &place.endpoint);
                return doing.broken(trouble, why);
            }
            Some(Came { at, fact: Fact::Frame(frame), reading, .. }) => {
                quiet = at;
                if frame.opcode == Opcode::PING.0 {
                    pings.push(at);
                }
                if frame.opcode == Opcode::CLOSE.0 {
                    said = said.or(Some(match frame.status {
                        Some(status) => format!("a Close frame {status}"),
                        None => "a Close frame".to_owned(),
                    }));
                }
                if let Reading::Element(element) = &reading
                    && element.is(ns::STREAMS, "error")
                {
                    said =
                        condition(element).map(|condition| format!("a stream error ({condition})"));
                }
            }
            Some(_) => {}
        }
    };
    if let Some((at, how)) = ended {
        cut(context, &doing, place, Cut { at, how, since, quiet, pings: &pings, said });
        return;
    }
    // It looks open; whether it is, an answer shows.
    socket.send(&text(&Element::new(ns::FRAMING, "close"))).await;
    let alive = socket.next(context.clock.now() + PROMPT).await.is_some();
    socket.into_line().finish().await;
    let idle = words(context.settings.idle);
    if alive {
        doing.well(format!("it survives {idle} of silence; {}", pinged(&pings)));
    } else {
        let trouble = about(Trouble::new(&trouble::IDLE_TIMEOUT), &place.endpoint);
        let trouble = trouble.with("seconds", context.settings.idle.as_secs());
        doing.broken(
            trouble,
            format!(
                "after {idle} of silence nothing comes through any more, and nobody ends the connection: something on \
                 the way has forgotten it"
            ),
        );
    }
}

/// How a WebSocket ended that was left alone.
struct Cut<'a> {
    at: Duration,
    how: How,
    since: Duration,
    quiet: Duration,
    pings: &'a [Duration],
    said: Option<String>,
}

fn cut(context: &Context, doing: &Doing<'_>, place: &Place, cut: Cut<'_>) {
    let Cut { at, how, since, quiet, pings, said } = cut;
    let lasted = words(at.saturating_sub(since));
    if let Some(said) = said {
        return doing.note(format!(
            "the server ends it in order after {lasted}, with {said}: many do so where nobody logs in"
        ));
    }
    let silent = at.saturating_sub(quiet);
    let seconds = silent.as_secs_f64().round();
    let trouble = about(Trouble::new(&trouble::IDLE_TIMEOUT), &place.endpoint)
        .with("seconds", context.settings.idle.as_secs().max(3600))
        .with("cut", seconds);
    doing.broken(
        trouble,
        format!(
            "{} after {} of silence, without <close/> and without a Close frame: a time-out of something on the way; {}",
            how.past(),
            words(silent),
            pinged(pings)
        ),
    );
}

/// `the server pings every 60 s`
fn pinged(pings: &[Duration]) -> String {
    let gaps: Vec<Duration> = pings.windows(2).map(|two| two[1].saturating_sub(two[0])).collect();
    match (pings.len(), gaps.iter().min()) {
        (0, _) => "the server sends no pings: clients have to".to_owned(),
        (_, Some(gap)) => format!("the server pings every {}", words(*gap)),
        (_, None) => "the server sent one ping".to_owned(),
    }
}
