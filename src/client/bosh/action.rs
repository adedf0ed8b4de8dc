//! What a session wants to be done.

use std::sync::Arc;

use crate::bosh::GrantedTerms;
use crate::xml::Element;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this request, on any connection that has no other one open.
    Send(Request),
    /// The session is open, on these terms.
    Opened(Box<GrantedTerms>),
    /// This element came. They come in the order of the requests they answer.
    Deliver(Element),
    /// The session is over; nothing more will be done.
    Over(End),
}

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its rid.
    pub rid: u64,
    /// Which sending of this rid it is, from 1. All are the same to the byte (XEP-0124 §14.3).
    pub sending: u32,
    /// The document to send.
    pub content: Arc<str>,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The client ended it.
    Closed,
    /// The connection manager ended it, with this condition.
    Terminated(Option<String>),
    /// It can't go on, for this reason in words.
    Failed(String),
}
