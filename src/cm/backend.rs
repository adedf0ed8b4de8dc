//! What stands behind a connection manager: an XMPP server that it speaks streams to.
//!
//! A [`Backend`] takes commands for one of its streams, known by a [`Link`], and tells what happens on them. It
//! knows nothing of BOSH; the session machine knows nothing of what it is.

use std::time::Duration;

use crate::bosh::Condition;
use crate::xml::Element;

/// One stream between the connection manager and the server; never used twice.
pub type Link = u64;

/// What a stream header says (RFC 6120 §4.7), as the client wished it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opening {
    /// The domain.
    pub to: String,
    /// The client's own address, if it told it.
    pub from: Option<String>,
    /// The default language.
    pub lang: Option<String>,
    /// The version of XMPP; absent for what came before 1.0.
    pub version: Option<String>,
    /// Stream management may be offered (XEP-0198): not over BOSH, which has acknowledgements of its own.
    pub management: bool,
}

/// What the connection manager wants of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Open it.
    Open(Opening),
    /// Send this element.
    Send(Element),
    /// Regard the stream as closed and open a new one on the same connection (XEP-0206 §5).
    Restart,
    /// These stanzas were for its client, and did not reach it.
    Undelivered(Vec<Element>),
    /// Find out whether its client is still there, with whatever the client answers.
    Ping,
    /// Its client is gone without an end; nothing is heard of it any more, unless it is resumed on another link (XEP-0198).
    Lost,
    /// Close it; nothing is heard of it any more.
    Close,
}

/// What happened on a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The server's stream header came, after an opening or a restart.
    Opened {
        /// Who the server says it is.
        from: Option<String>,
        /// The version it speaks.
        version: Option<String>,
    },
    /// An element came: features, an element of SASL, a stanza.
    Element(Element),
    /// The server ended the stream with this `<stream:error/>`; nothing follows.
    Error(Element),
    /// The server closed the stream in order; nothing follows.
    Closed,
    /// The server can't be reached, does not serve the domain, or the connection to it was lost; nothing follows.
    Failed(Condition),
}

/// An XMPP server as the connection manager sees it.
pub trait Backend: Send {
    /// Do this on a stream. [`Command::Open`] makes a link known; others on an unknown link are ignored.
    fn command(&mut self, link: Link, command: Command, now: Duration);

    /// The next thing that happened, in the order it did. Events of one link keep their order.
    fn next(&mut self) -> Option<(Link, Event)>;

    /// The one that this one stands before. What this one leaves undone below, that one does.
    fn behind(&self) -> Option<&dyn Backend> {
        None
    }

    /// The same, to be changed.
    fn behind_mut(&mut self) -> Option<&mut dyn Backend> {
        None
    }

    /// Whether more of a stream is wanted. While it is not, a backend that can lets the server wait.
    fn flow(&mut self, link: Link, wanted: bool) {
        if let Some(behind) = self.behind_mut() {
            behind.flow(link, wanted);
        }
    }

    /// A domain that it serves: a stream that is refused before it has one is refused in its name.
    fn domain(&self) -> Option<&str> {
        self.behind()?.domain()
    }

    /// Whether it does something at [`Command::Ping`].
    fn pings(&self) -> bool {
        self.behind().is_some_and(Backend::pings)
    }

    /// When [`Backend::wake`] is due if no command comes before.
    fn deadline(&self) -> Option<Duration> {
        self.behind()?.deadline()
    }

    /// Time has passed.
    fn wake(&mut self, now: Duration) {
        if let Some(behind) = self.behind_mut() {
            behind.wake(now);
        }
    }
}
