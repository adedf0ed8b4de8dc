//! What was done, in words.

use std::time::Duration;

use crate::clock::words;
use crate::trace::{Effect, Fact, redact};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::tap::How;
use crate::wire::websocket::Opcode;

/// What a message is called.
pub(super) fn message(fact: &Fact, effect: &Effect) -> String {
    let message = effect.message.as_ref();
    let exchange = message.and_then(|message| message.exchange.as_ref());
    let rid = exchange.and_then(|exchange| exchange.rid());
    let stanza = message.and_then(|message| message.stanzas.first());
    let owner = |from: Side| match from {
        Side::Client => "the client's",
        Side::Server => "the server's",
    };
    match (fact, rid) {
        (Fact::Request(_), Some(rid)) => format!("the request with rid {rid}"),
        (Fact::Request(request), None) => {
            format!("the request {} {}", request.method, redact::target(&request.target))
        }
        (Fact::Response(_), Some(rid)) => format!("the response to rid {rid}"),
        (Fact::Response(response), None) => match exchange {
            Some(exchange) => {
                format!("the response to {} {}", exchange.method, redact::target(&exchange.target))
            }
            None => format!("the response {}", response.status),
        },
        (Fact::Frame(frame), _) => {
            let opcode = Opcode(frame.opcode);
            match stanza {
                Some(stanza) => format!("{} {}", owner(frame.from), stanza.summary.kind.as_str()),
                None if opcode == Opcode::TEXT => format!("{} message", owner(frame.from)),
                None => format!("{} {opcode} frame", owner(frame.from)),
            }
        }
        (Fact::Part(part), _) => {
            let what = match part.kind {
                Kind::Header => "stream header",
                Kind::Space => "white space",
                Kind::End => "end of the stream",
                Kind::Element | Kind::Other => "element",
            };
            let what = stanza.map_or(what, |stanza| stanza.summary.kind.as_str());
            format!("{} {what}", owner(part.from))
        }
        _ => "a message".to_owned(),
    }
}

/// Who does not see what one side has sent.
pub(super) fn unseen(from: Side) -> &'static str {
    match from {
        Side::Client => "the server never sees it",
        Side::Server => "the client never sees it",
    }
}

/// Whether the server has seen what is answered in its place.
pub(super) fn seen(from: Side) -> &'static str {
    match from {
        Side::Client => "the server never sees it",
        Side::Server => "the server has answered it",
    }
}

/// What becomes of a connection that is cut after some bytes of a message of this length.
pub(super) fn cut(how: How, at: usize, length: usize) -> String {
    let end = if how == How::Fin { "closed" } else { "reset" };
    match at {
        _ if at == length => format!("{end} the connection behind"),
        0 => format!("{end} the connection in place of"),
        1 => format!("{end} the connection after 1 byte of"),
        at => format!("{end} the connection after {at} bytes of"),
    }
}

/// A rate.
pub(super) fn rate(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B/s"),
        _ => format!("{} kB/s", (bytes as f64 / 100.0).round() / 10.0),
    }
}

/// A time, or none.
pub(super) fn lasting(time: Option<Duration>) -> String {
    time.map_or_else(|| "for good".to_owned(), |time| format!("for {}", words(time)))
}
