//! What comes to a session, and what it wants done.

use crate::bosh::Body;
use crate::cm::backend::{Command, Event, Link};
use crate::cm::reply::Reply;

/// One HTTP request that waits for its response; never used twice.
pub type Token = u64;

/// As many links has a session, from the first one it is given: so many streams in all its life.
pub const LINKS: Link = 256;

/// A request that names a session.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where its response goes.
    pub token: Token,
    /// Its rid.
    pub rid: u64,
    /// Its content.
    pub body: Body,
}

/// What comes to a session.
#[derive(Debug, Clone)]
pub enum Input {
    /// The client sent a request.
    Request(Request),
    /// The client sent something in this session that is no sound request: XEP-0124 §6.
    Broken(Token),
    /// The connection of a request that waits for its response is gone.
    Gone(Token),
    /// On the connection of this request another one waits to be read, which can be done only after its response.
    Hurry(Token),
    /// Something happened on a stream.
    Server(Link, Event),
    /// The connection manager has no room for more, and this session is the largest burden: it gives out what it can, or
    /// ends.
    Full,
    /// The connection manager is going down.
    Shutdown,
    /// Time has passed, or all that came at this time has been told: decide what is answered.
    Settle,
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send this response.
    Answer {
        /// To whom.
        token: Token,
        /// Which request is answered; nothing if it had none that could be read.
        rid: Option<u64>,
        /// What.
        reply: Reply,
    },
    /// Tell the server.
    Command(Link, Command),
    /// The session is over and knows nothing more.
    Ended,
}
