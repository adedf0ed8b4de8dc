//! What an event changes in the story.

use std::sync::Arc;
use std::time::Duration;

use super::exchange::{BoshRequest, Exchange};
use super::id::SessionId;
use super::management::Step;
use crate::trace::reading::{Reading, Stanza};
use crate::wire::Side;

/// What an event changes in the story.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// The message, if the event is one.
    pub message: Option<Message>,
    /// Exchanges whose request will get no response any more, because their connection is gone.
    pub abandoned: Vec<Arc<Exchange>>,
    /// Who ended the connection first, for a connection that is gone.
    pub left: Option<(Side, Duration)>,
    /// The session whose stream the connection carries, if it carries one.
    pub session: Option<SessionId>,
}

/// What one side said at a time, read: a request, a response, a message of WebSocket, a part of a stream.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who sent it.
    pub from: Side,
    /// What its content is.
    pub reading: Reading,
    /// The stanzas (and other payloads) in it.
    pub stanzas: Vec<Stanza>,
    /// The exchange it is part of; none for a response to no known request, and for what is not HTTP.
    pub exchange: Option<Arc<Exchange>>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// Time since the session's previous event.
    pub since: Option<Duration>,
    /// Of a request: how long the client had no request open before it.
    pub gap: Option<Duration>,
    /// Of a response: how long its request was held, from its last byte to the first of the response.
    pub held: Option<Duration>,
    /// What it means for the stream management of its session.
    pub management: Option<Step>,
    /// It resumes a session: this is what that was called until now on this connection.
    pub resumes: Option<SessionId>,
}

impl Message {
    /// What this side said, of which nothing is known yet.
    pub(super) fn new(from: Side) -> Self {
        Self {
            from,
            reading: Reading::Empty,
            stanzas: Vec::new(),
            exchange: None,
            session: None,
            since: None,
            gap: None,
            held: None,
            management: None,
            resumes: None,
        }
    }

    /// The rid of the request, or of the request that is answered.
    pub fn rid(&self) -> Option<u64> {
        self.exchange.as_ref()?.rid()
    }

    /// Times are not known, so nothing is known of what took how long.
    pub fn forget_times(&mut self) {
        (self.since, self.gap, self.held) = (None, None, None);
        for pair in self.stanzas.iter_mut().filter_map(|stanza| stanza.pair.as_mut()) {
            pair.after = None;
        }
    }

    /// What the request, or the request that is answered, asks of BOSH.
    pub fn bosh(&self) -> Option<&BoshRequest> {
        self.exchange.as_ref()?.bosh.as_ref()
    }
}
