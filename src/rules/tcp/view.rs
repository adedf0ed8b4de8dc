//! What a rule on TCP sees of a moment: a part of a stream, or the end of its connection.

use std::time::Duration;

use crate::rules::moment::Moment;
use crate::trace::{Fact, How, Message, Part, Session, TcpLink};
use crate::wire::Side;

/// Something that happens on a TCP connection that carries a stream.
#[derive(Debug, Clone, Copy)]
pub struct TcpView<'a> {
    /// When.
    pub at: Duration,
    /// The connection.
    pub conn: u64,
    /// What.
    pub part: TcpPart<'a>,
    /// The session.
    pub session: &'a Session,
    /// The connection that carries it now; none if that is another one, which has resumed the session.
    pub link: Option<&'a TcpLink>,
}

/// What happens on a TCP connection.
#[derive(Debug, Clone, Copy)]
pub enum TcpPart<'a> {
    /// A part of the stream, read.
    Part(&'a Part, &'a Message),
    /// One side sends nothing more.
    Ended(Side, How),
    /// The connection is gone; whether the observer ended it.
    Closed(bool),
}

impl<'a> Moment<'a> {
    /// What happens on a TCP connection that carries a stream.
    pub fn tcp(&self) -> Option<TcpView<'a>> {
        let session = self.effect.session.and_then(|id| self.story.session(id))?;
        let (at, conn) = (self.event.at, self.event.conn);
        let part = match &self.event.fact {
            Fact::Part(part) => TcpPart::Part(part, self.message()?),
            Fact::Ended { by, how, .. } => TcpPart::Ended(*by, *how),
            Fact::Closed { stopped, .. } => TcpPart::Closed(*stopped),
            _ => return None,
        };
        let link = session.tcp().filter(|link| link.line.conn == conn);
        if link.is_none() && !matches!(self.event.fact, Fact::Part(_)) {
            return None;
        }
        Some(TcpView { at, conn, part, session, link })
    }
}
