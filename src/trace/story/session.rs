//! A session: a stream, and what carries it.

use std::sync::Arc;
use std::time::Duration;

use super::bosh::BoshLink;
use super::carriers::{Line, TcpLink, WebSocketLink};
use super::exchange::Exchange;
use super::id::SessionId;
use super::streams::Stream;
use crate::bosh::{GrantedTerms, RequestedTerms};

/// An XMPP session between a client and a server.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// When the first event of the session was seen.
    pub began: Duration,
    /// When its last event was seen.
    pub last: Duration,
    /// It ended, by either side's word or by silence, or it never began.
    pub over: bool,
    /// What it is called, if that is not a `sid`.
    pub(super) name: Option<Box<str>>,
    /// What is said in it.
    pub stream: Stream,
    /// What carries it.
    pub link: Link,
}

/// What carries the stream of a session.
#[derive(Debug, Clone)]
pub enum Link {
    /// Requests and responses of BOSH.
    Bosh(BoshLink),
    /// A WebSocket.
    WebSocket(Box<WebSocketLink>),
    /// A TCP connection.
    Tcp(Box<TcpLink>),
}

impl Link {
    /// The connection that carries the stream; none in BOSH, where many do.
    pub fn line(&self) -> Option<&Line> {
        match self {
            Self::Bosh(_) => None,
            Self::WebSocket(link) => Some(&link.line),
            Self::Tcp(link) => Some(&link.line),
        }
    }

    pub(super) fn line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Bosh(_) => None,
            Self::WebSocket(link) => Some(&mut link.line),
            Self::Tcp(link) => Some(&mut link.line),
        }
    }

    /// `bosh`, `websocket` or `tcp`.
    pub fn transport(&self) -> &'static str {
        match self {
            Self::Bosh(_) => "bosh",
            Self::WebSocket(_) => "websocket",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl Session {
    /// What a person calls the session: the first characters of its sid; `ws3` or `tcp3` for one that began on connection 3.
    pub fn name(&self) -> &str {
        if let Some(name) = &self.name {
            return name;
        }
        let sid = self.sid().unwrap_or("new");
        sid.char_indices().nth(4).map_or(sid, |(end, _)| &sid[..end])
    }

    /// The full JID that was bound.
    pub fn jid(&self) -> Option<&str> {
        self.stream.jid.as_deref()
    }

    /// The BOSH session that carries it; none if something else does.
    pub fn bosh(&self) -> Option<&BoshLink> {
        match &self.link {
            Link::Bosh(link) => Some(link),
            Link::WebSocket(_) | Link::Tcp(_) => None,
        }
    }

    pub(super) fn bosh_mut(&mut self) -> Option<&mut BoshLink> {
        match &mut self.link {
            Link::Bosh(link) => Some(link),
            Link::WebSocket(_) | Link::Tcp(_) => None,
        }
    }

    /// The WebSocket that carries it; none if something else does.
    pub fn websocket(&self) -> Option<&WebSocketLink> {
        match &self.link {
            Link::WebSocket(link) => Some(link),
            Link::Bosh(_) | Link::Tcp(_) => None,
        }
    }

    /// The TCP connection that carries it; none if something else does.
    pub fn tcp(&self) -> Option<&TcpLink> {
        match &self.link {
            Link::Tcp(link) => Some(link),
            Link::Bosh(_) | Link::WebSocket(_) => None,
        }
    }

    /// Whether its connection is gone, and it may be resumed on another one.
    pub fn is_detached(&self) -> bool {
        !self.over && self.link.line().is_some_and(|line| line.gone)
    }

    /// Whether it goes on, and the server has a way to its client: an open request, or a connection that nobody has left.
    pub fn is_alive(&self) -> bool {
        !self.over
            && match &self.link {
                Link::Bosh(link) => !link.open.is_empty(),
                Link::WebSocket(_) | Link::Tcp(_) => {
                    self.link.line().is_some_and(|line| !line.gone && line.left.is_none())
                }
            }
    }

    /// Its `sid`; none until the connection manager has named it.
    pub fn sid(&self) -> Option<&str> {
        self.bosh()?.sid.as_deref()
    }

    /// What the client asked for; none if the trace began after that.
    pub fn asked(&self) -> Option<&RequestedTerms> {
        self.bosh()?.asked.as_deref()
    }

    /// What the connection manager granted.
    pub fn granted(&self) -> Option<&GrantedTerms> {
        self.bosh()?.granted.as_deref()
    }

    /// Requests of BOSH that wait for their response, in the order of arrival.
    pub fn open(&self) -> &[Arc<Exchange>] {
        self.bosh().map_or(&[], |link| &link.open)
    }

    /// `wait` in force, in seconds.
    pub fn wait(&self) -> Option<u64> {
        self.bosh()?.wait()
    }

    /// `inactivity` in force, in seconds.
    pub fn inactivity(&self) -> Option<u64> {
        self.bosh()?.inactivity()
    }
}
