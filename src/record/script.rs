//! A scenario before it is text.

use std::time::Duration;

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
    /// `soon`: it came at once in the recording.
    Expect {
        actor: Option<String>,
        stanza: Tree,
        capture: Pairs,
        soon: bool,
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

/// A request of BOSH.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) by: Option<String>,
    /// It asks for a session.
    pub(super) creates: bool,
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
