//! Scenarios that test a client: the reference server acts as they say, and the client is judged.

use super::level::Level;
use super::stream::Carrier;
use super::tls::{Certificate, ServerTls};
use super::value::{Count, Template, Timespan, Xml};
use crate::scenario::source::{Located, Place};

/// What a scenario about a client says beside its head.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientTest {
    /// What carries the client's session.
    pub carrier: Located<Carrier>,
    /// How the server is set up; what is not mentioned is as `xmppscope cm` has it.
    pub server: Vec<Setting>,
    /// The defects that the server has, by name.
    pub defects: Vec<Located<Template>>,
    /// What goes wrong between the client and the server, in the language of `xmppscope proxy --fault`.
    pub faults: Vec<Located<Template>>,
    /// What is done and demanded, in order.
    pub steps: Vec<ClientStep>,
}

impl ClientTest {
    /// Whether anything may go wrong between the client and the server.
    pub fn has_faults(&self) -> bool {
        let is_fault = |step: &ClientStep| matches!(step.kind, ClientStepKind::Fault(_));
        !self.faults.is_empty() || self.steps.iter().any(is_fault)
    }
}

/// A setting of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Which one.
    pub term: Located<Term>,
    /// Its value; times are in seconds if they have no unit.
    pub value: Located<Template>,
}

/// What can be set of the server, named as the options of `xmppscope cm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The longest time to hold a request.
    Wait,
    /// The most requests held at once.
    Hold,
    /// The most open requests.
    Requests,
    /// How long a session lives without an open request.
    Inactivity,
    /// The shortest time between two empty requests of a polling client.
    Polling,
    /// The longest pause.
    MaxPause,
    /// How long a stream waits to be resumed.
    Resumption,
    /// The time from the connection to the login.
    Login,
    /// The time without traffic to a client after which it is pinged.
    Ping,
    /// The time without traffic from a client after which its connection counts as lost.
    Idle,
    /// Whether SASL2 and Bind 2 are offered.
    Sasl2,
    /// Whether messages of WebSocket may be compressed.
    Deflate,
    /// The number of stanzas after which the client is asked for an acknowledgement (XEP-0198).
    AskStanzas,
    /// The time after which it is asked for one of fewer stanzas.
    AskAfter,
    /// The most requests that may be repeated for one rid.
    Repeats,
    /// The most bytes of a message in one frame of WebSocket; zero for whole messages.
    Fragments,
    /// Whether mechanisms to log in with are offered.
    Mechanisms,
    /// What TLS is offered.
    Tls,
    /// The certificate that is shown with it.
    Certificate,
}

impl Term {
    /// All of them, by the words that files have for them.
    pub const ALL: [(&'static str, Self); 19] = [
        ("wait", Self::Wait),
        ("hold", Self::Hold),
        ("requests", Self::Requests),
        ("inactivity", Self::Inactivity),
        ("polling", Self::Polling),
        ("maxpause", Self::MaxPause),
        ("resumption", Self::Resumption),
        ("login", Self::Login),
        ("ping", Self::Ping),
        ("idle", Self::Idle),
        ("sasl2", Self::Sasl2),
        ("deflate", Self::Deflate),
        ("ask-stanzas", Self::AskStanzas),
        ("ask-after", Self::AskAfter),
        ("repeats", Self::Repeats),
        ("fragments", Self::Fragments),
        ("mechanisms", Self::Mechanisms),
        ("tls", Self::Tls),
        ("certificate", Self::Certificate),
    ];

    /// What its value is.
    pub fn kind(self) -> TermKind {
        match self {
            Self::Hold | Self::Requests | Self::AskStanzas | Self::Repeats | Self::Fragments => {
                TermKind::Number
            }
            Self::Sasl2 | Self::Deflate | Self::Mechanisms => TermKind::Switch,
            Self::Tls => TermKind::Word(&ServerTls::WORDS),
            Self::Certificate => TermKind::Word(&Certificate::WORDS),
            _ => TermKind::Time,
        }
    }
}

/// What the value of a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermKind {
    /// A whole number.
    Number,
    /// A length of time.
    Time,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientStep {
    /// The whole step.
    pub place: Place,
    /// What it does.
    pub kind: ClientStepKind,
    /// The requirements that its failure breaks, if not all of the scenario's.
    pub covers: Vec<Located<String>>,
    /// How grave its failure is; as the requirements say by default.
    pub level: Option<Located<Level>>,
    /// What is to be said of its failure.
    pub says: Option<Located<Template>>,
    /// A name, for `since`: the time at which it begins, or at which what it looks for has come.
    pub name: Option<Located<String>>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientStepKind {
    /// Starts the client, and goes on at once.
    Start,
    /// Starts the client if it does not run, and waits until it has bound a resource.
    Login {
        /// How long it may take.
        within: Option<Located<Timespan>>,
    },
    /// Tells the client to do something, through its hook.
    Tell(Located<Template>),
    /// Sees that the client sends something.
    Sent(Box<Sent>),
    /// Sees that the client does not send something.
    Unsent {
        /// What it does not send.
        filter: Located<Template>,
        /// How long it is watched.
        during: Located<Timespan>,
        /// The step from whose beginning on nothing of the kind may have been sent.
        since: Option<Located<String>>,
    },
    /// Goes on only if the client has sent something since the beginning: a scenario about what it does not use is skipped.
    Needs {
        /// What it has sent.
        filter: Located<Template>,
        /// How long it may take.
        within: Option<Located<Timespan>>,
    },
    /// Sees how often a message of the client has come to the other user.
    Received {
        /// The text of the message.
        text: Located<Template>,
        /// Exactly how often; once if nothing is said.
        times: Option<Located<Count>>,
        /// How long it may take, from the start of the step.
        within: Option<Located<Timespan>>,
    },
    /// Another user sends the client a stanza.
    Send(Located<Xml>),
    /// The server does something.
    Server(ServerAct),
    /// Something more goes wrong from now on; `none` ends all that goes wrong.
    Fault(Located<Template>),
    /// Sees that the client ends its session in order.
    Left {
        /// How long it may take.
        within: Option<Located<Timespan>>,
    },
    /// Does nothing for a time.
    Wait(Located<Timespan>),
    /// Tells something in the report.
    Note(Located<Template>),
}

/// What a client is to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// A filter expression that it matches.
    pub filter: Located<Template>,
    /// How often; once if nothing is said.
    pub times: Option<Located<Count>>,
    /// How long it may take, from the start of the step.
    pub within: Option<Located<Timespan>>,
    /// It comes at least so long after what is counted from.
    pub after: Option<Located<Timespan>>,
    /// The step from whose beginning on it counts; the latest step that did something by default.
    pub since: Option<Located<String>>,
}

/// What the server does by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerAct {
    /// Ends the sessions, with a condition of XEP-0124 §17.2 over BOSH.
    Terminate(Option<Located<Template>>),
    /// Ends the streams with a stream error (RFC 6120 §4.9).
    Error {
        /// The defined condition.
        condition: Located<Template>,
        /// What stands in it, such as another host.
        text: Option<Located<Template>>,
    },
    /// Closes the streams in order.
    Close,
    /// Sends elements on the stream that no user has sent.
    Say(Located<Xml>),
}
