//! A scenario before it is text.

use std::time::Duration;

use super::acts::Frame;
use crate::snapshot::Tree;
use crate::trace::How;

/// A scenario.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) name: String,
    /// Lines of a comment at its head.
    pub(super) comment: Vec<String>,
    pub(super) covers: Vec<&'static str>,
    pub(super) needs: Vec<&'static str>,
    pub(super) set: Vec<(String, String)>,
    /// Actors with their terms; the only one is the client.
    pub(super) actors: Vec<(String, Vec<(String, String)>)>,
    pub(super) steps: Vec<Step>,
}

/// The value of an attribute that is not there.
pub(super) const ABSENT: &str = "\0";

/// Pairs of a name and a value.
pub(super) type Pairs = Vec<(String, String)>;

/// A step. `actor` is none for the client.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Login(Option<String>),
    Authenticate(Option<String>),
    Open {
        actor: Option<String>,
        attributes: Pairs,
    },
    Close(Option<String>),
    Send {
        actor: Option<String>,
        stanzas: Vec<Tree>,
    },
    /// `within`: how soon, where that is not the usual.
    Expect {
        actor: Option<String>,
        stanza: Tree,
        capture: Pairs,
        within: Option<Duration>,
    },
    Frame {
        actor: Option<String>,
        frame: Frame,
    },
    /// What is no element, over TCP.
    Raw {
        name: String,
        actor: Option<String>,
        text: String,
    },
    Request(Request),
    Resend {
        name: String,
        again: String,
        on: Option<String>,
    },
    Response(Response),
    Silent {
        requests: Vec<String>,
        during: Duration,
    },
    Wait(Duration),
    Disconnect {
        actor: Option<String>,
        how: How,
    },
    Ended {
        actor: Option<String>,
        within: Duration,
    },
}

impl Step {
    /// Who does it, or is told something, where that is not the client.
    pub(super) fn actor(&self) -> Option<&str> {
        match self {
            Self::Login(actor)
            | Self::Authenticate(actor)
            | Self::Close(actor)
            | Self::Open { actor, .. }
            | Self::Send { actor, .. }
            | Self::Expect { actor, .. }
            | Self::Frame { actor, .. }
            | Self::Raw { actor, .. }
            | Self::Disconnect { actor, .. }
            | Self::Ended { actor, .. } => actor.as_deref(),
            Self::Request(request) => request.by.as_deref(),
            Self::Resend { .. } | Self::Response(_) | Self::Silent { .. } | Self::Wait(_) => None,
        }
    }
}

/// A request of BOSH.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) by: Option<String>,
    /// It asks for a session.
    pub(super) creates: bool,
    pub(super) method: Option<String>,
    pub(super) rid: Option<String>,
    pub(super) sid: Option<String>,
    pub(super) attributes: Pairs,
    pub(super) payload: Vec<Tree>,
    pub(super) on: Option<String>,
    /// The client ends its connection, so long after it.
    pub(super) cut: Option<(Duration, How)>,
}

/// What is expected of the response to a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    pub(super) name: String,
    pub(super) status: Option<u16>,
    pub(super) terminal: Option<String>,
    pub(super) attributes: Pairs,
    /// The connection ends instead.
    pub(super) closed: bool,
    pub(super) not_before: Option<Duration>,
}
