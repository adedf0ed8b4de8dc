//! BOSH as the link of a session (XEP-0124): what was asked and granted, which requests are open, and since when none
//! is.

use std::sync::Arc;
use std::time::Duration;

use super::exchange::{BoshRequest, Exchange};
use crate::bosh::{Body, BodyType, GrantedTerms, RequestedTerms};

/// The BOSH session that carries a stream.
#[derive(Debug, Clone, Default)]
pub struct BoshLink {
    /// Its `sid`; none until the connection manager has named it.
    pub sid: Option<String>,
    /// The rid of the first request that was observed.
    pub first: Option<u64>,
    /// What the client asked for; none if the trace began after that.
    pub asked: Option<Box<RequestedTerms>>,
    /// What the connection manager granted.
    pub granted: Option<Box<GrantedTerms>>,
    /// When the last byte of its last response passed.
    pub answered: Option<Duration>,
    /// Since when no request is open: the last response, or the loss of the connection that waited for one.
    pub idle: Option<Duration>,
    /// Requests that wait for their response, in the order of arrival.
    pub open: Vec<Arc<Exchange>>,
}

impl BoshLink {
    /// `wait` in force, in seconds.
    pub fn wait(&self) -> Option<u64> {
        self.granted.as_ref()?.wait.as_ref()?.value
    }

    /// `inactivity` in force, in seconds.
    pub fn inactivity(&self) -> Option<u64> {
        self.granted.as_ref()?.inactivity.as_ref()?.value
    }

    /// Takes a request. Gives how long the client had none open before it.
    pub(super) fn request(
        &mut self,
        request: &BoshRequest,
        body: &Body,
        at: Duration,
    ) -> Option<Duration> {
        if request.creates {
            self.first = None;
        }
        self.first = self.first.or(request.rid);
        if request.creates {
            self.asked = Some(Box::new(RequestedTerms::of(body)));
        }
        let idle = self.idle.filter(|_| self.open.is_empty());
        idle.and_then(|since| at.checked_sub(since))
    }

    /// A response to this exchange is to come.
    pub(super) fn wait_for(&mut self, exchange: &Arc<Exchange>) {
        self.open.push(Arc::clone(exchange));
    }

    /// This exchange waits for its response in vain. A gap that follows counts from the loss.
    pub(super) fn abandon(&mut self, exchange: &Exchange, at: Duration) {
        self.open.retain(|open| open.number != exchange.number);
        self.idle = Some(at);
    }

    /// Takes the response that ends an exchange, with its body if that is what came. Gives whether the session is over
    /// by its word.
    pub(super) fn response(
        &mut self,
        exchange: &Exchange,
        body: Option<&Body>,
        at: Duration,
    ) -> bool {
        self.open.retain(|open| open.number != exchange.number);
        self.answered = Some(at);
        self.idle = Some(at);
        if let (None, Some(body)) = (&self.granted, body)
            && let Some(sid) = body.sid()
        {
            self.granted = Some(Box::new(GrantedTerms::of(body)));
            self.sid.get_or_insert_with(|| sid.to_owned());
        }
        body.is_some_and(|body| body.kind() == BodyType::Terminate)
    }

    /// Whether this exchange has asked for the session in vain.
    pub(super) fn is_refused(&self, exchange: &Exchange) -> bool {
        exchange.creates() && self.granted.is_none()
    }
}
