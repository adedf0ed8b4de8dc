//! Steps, and what they are about.

use super::condition::{Assignment, Condition};
use super::level::Level;
use super::reference::{Capture, Reference};
use super::request::{Connect, Disconnect, End, Raw, Request, Resend};
use super::response::{Response, ValueMatch};
use super::stream::{Ended, Frame, Handshake, Manage, Receive, Secured, Tag};
use super::target::Action;
use super::value::{Count, Template, Timespan, Xml};
use crate::scenario::source::{Located, Place};

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The whole step.
    pub place: Place,
    /// The key that names its kind.
    pub kind_place: Place,
    /// What it does.
    pub kind: StepKind,
    /// The requirements that its failure breaks, if not all of the scenario's.
    pub covers: Vec<Located<String>>,
    /// How grave its failure is; as the requirements say if nothing is said here.
    pub level: Option<Located<Level>>,
    /// What is to be said of its failure.
    pub says: Option<Located<Template>>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Sends a request within a session, and goes on at once.
    Request(Box<Request>),
    /// Sends a request that creates a session for its actor, on the usual terms, and goes on at once.
    Create(Box<Request>),
    /// Sends the bytes of an earlier request again, and goes on at once.
    Resend(Resend),
    /// Sends bytes as they are written, and goes on at once.
    Raw(Raw),
    /// Sends these requests one directly after the other, on connections that were opened before. Each is a
    /// [`StepKind::Request`], [`StepKind::Create`] or [`StepKind::Resend`].
    Together(Vec<Step>),
    /// Opens a connection.
    Connect(Connect),
    /// Ends a connection.
    Disconnect(Disconnect),
    /// Awaits a response and compares it.
    Response(Box<Response>),
    /// Sees that these requests stay without an answer for a time.
    Silent {
        /// The requests.
        requests: Vec<Reference>,
        /// How long, from the start of the step.
        during: Located<Timespan>,
    },
    /// Sees that the connection manager ends a connection.
    Disconnected {
        /// The connection.
        connection: Located<String>,
        /// How long it may take, from the start of the step.
        within: Option<Located<Timespan>>,
        /// In which way; either if nothing is said.
        how: Option<Located<End>>,
    },
    /// Sees that a connection is still open.
    Connected {
        /// The connection.
        connection: Located<String>,
        /// How long it is watched; not at all if nothing is said.
        during: Option<Located<Timespan>>,
    },
    /// Sees that these requests were answered in this order.
    Order(Vec<Reference>),
    /// Sees that a session answers the next correct rid.
    Alive {
        /// Whose session.
        actor: Reference,
        /// How long the answer may take.
        within: Option<Located<Timespan>>,
    },
    /// Sees that the next correct rid is answered by item-not-found, or by 404.
    Gone {
        /// Whose session.
        actor: Reference,
        /// How long the answer may take.
        within: Option<Located<Timespan>>,
    },
    /// Sends empty requests until the server owes nothing.
    Drain(Reference),
    /// Opens the session of an actor on its terms if it has none, logs in as they say, and drains.
    Login(Reference),
    /// Authenticates on the stream of an actor, and binds no resource.
    Authenticate(Reference),
    /// Asks for TLS on the stream of an actor over TCP, and puts it on the connection.
    StartTls(Reference),
    /// Sees that TLS is on the connection of an actor, and what was agreed.
    Secured(Box<Secured>),
    /// Has the stream of an actor managed, so that it can be resumed.
    Enable(Box<Manage>),
    /// Authenticates on the stream of an actor, and resumes there the one that was managed.
    Resume(Box<Manage>),
    /// Asks for a WebSocket, and goes on at once.
    Handshake(Box<Handshake>),
    /// Opens a stream, or restarts it, and goes on at once.
    Open(Tag),
    /// Closes a stream, and goes on at once.
    Close(Tag),
    /// Sends a frame, and goes on at once.
    Frame(Box<Frame>),
    /// Awaits a message of WebSocket, or a control frame.
    Receive(Box<Receive>),
    /// Sees that the server ends a connection.
    Ended(Box<Ended>),
    /// Sees that nothing that the server has sent breaks one of these requirements.
    Lint(Vec<Located<String>>),
    /// Does nothing for a time.
    Wait(Located<Timespan>),
    /// Sends a stanza for an actor that polls.
    Send {
        /// Who sends.
        actor: Reference,
        /// The stanza, or several.
        stanza: Located<Xml>,
        /// A name, for `since`.
        name: Option<Located<String>>,
    },
    /// Awaits a stanza that was not taken by another `expect`.
    Expect(Expect),
    /// Sees that no such stanza arrives.
    Unseen {
        /// Where it would arrive.
        actor: Reference,
        /// The stanza, of which each part given must match.
        stanza: Located<Xml>,
        /// How long, from the start of the step.
        during: Located<Timespan>,
    },
    /// Compares a value.
    Value {
        /// The value.
        value: Located<Template>,
        /// What is demanded of it.
        expected: Box<ValueMatch>,
    },
    /// Sees that all values that a variable had so far in this run are distinct.
    Distinct {
        /// The variable.
        variable: Located<String>,
        /// That they hold so many bits of apparent entropy too, and follow no counter.
        bits: Option<Located<Count>>,
    },
    /// Does steps several times.
    Repeat {
        /// How often.
        times: Located<Count>,
        /// The variable that counts, from 1.
        counting: Option<Located<String>>,
        /// From the start of one to the start of the next.
        every: Option<Located<Timespan>>,
        /// What is done.
        steps: Vec<Step>,
    },
    /// Does steps if a condition holds.
    If {
        /// All of these.
        conditions: Vec<Located<Condition>>,
        /// What is done if they hold.
        steps: Vec<Step>,
        /// What is done otherwise.
        otherwise: Vec<Step>,
        /// Why the steps are skipped if they don't hold.
        skip: Option<Located<Template>>,
    },
    /// Gives variables values.
    Set(Vec<Assignment>),
    /// Has the target stopped or started.
    Control {
        /// What is done.
        action: Located<Action>,
        /// A name, for `since`.
        name: Option<Located<String>>,
    },
    /// Tells something in the report.
    Note(Located<Template>),
}

/// A stanza that is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// Where it arrives.
    pub actor: Reference,
    /// The stanza, of which each part given must match.
    pub stanza: Located<Xml>,
    /// From which times are counted; from the start of the step if nothing is said.
    pub since: Option<Reference>,
    /// The longest it may take.
    pub within: Option<Located<Timespan>>,
    /// Whether it must be the very next one.
    pub next: bool,
    /// What is kept of it. Paths begin at the stanza: `@id` is its own attribute, `body` the text of its child.
    pub capture: Vec<Capture>,
}
