//! What an event changes in the story.

use std::sync::Arc;
use std::time::Duration;

use super::exchange::{BoshRequest, Exchange};
use super::id::SessionId;
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
}

/// A request or a response, read.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who sent it.
    pub from: Side,
    /// What its content is.
    pub reading: Reading,
    /// The stanzas (and other payloads) in it.
    pub stanzas: Vec<Stanza>,
    /// The exchange it is part of; none for a response to no known request.
    pub exchange: Option<Arc<Exchange>>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// Time since the session's previous event.
    pub since: Option<Duration>,
    /// Of a request: how long the client had no request open before it.
    pub gap: Option<Duration>,
    /// Of a response: how long its request was held, from its last byte to the first of the response.
    pub held: Option<Duration>,
}

impl Message {
    /// The rid of the request, or of the request that is answered.
    pub fn rid(&self) -> Option<u64> {
        self.exchange.as_ref()?.rid()
    }

    /// What the request, or the request that is answered, asks of BOSH.
    pub fn bosh(&self) -> Option<&BoshRequest> {
        self.exchange.as_ref()?.bosh.as_ref()
    }
}
