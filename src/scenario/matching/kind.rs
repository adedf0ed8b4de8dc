//! Kinds of failures, by which reports group them.

/// What a failed assertion is about. The names are part of the formats of `xmppscope run`, and stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// A request had no response: not in time, or its connection ended before.
    NoResponse,
    /// A request had a response where none was expected.
    UnexpectedResponse,
    /// A response as a whole: whether it ends the session, with which condition; or none of several alternatives came.
    Response,
    /// The version of HTTP.
    HttpVersion,
    /// The status of a response.
    Status,
    /// A header field of a response.
    Header,
    /// The entity of a response, as bytes.
    Entity,
    /// An attribute of the `<body/>`.
    Attribute,
    /// The elements in the `<body/>`.
    Payload,
    /// A response is not the same as another.
    SameResponse,
    /// Something came too late.
    Late,
    /// Something came too early.
    Early,
    /// Something came out of order.
    Order,
    /// A stanza did not come, or another came.
    Stanza,
    /// A stanza came that was not expected.
    UnexpectedStanza,
    /// A frame of a WebSocket did not come, or another came.
    Frame,
    /// What the server has sent breaks a rule of the proxy.
    Rule,
    /// A connection was ended, or stayed open.
    Connection,
    /// A session is over, or goes on.
    Session,
    /// There is nothing for a variable to take.
    Capture,
    /// A value of its own.
    Value,
    /// Values repeat, or the next one can be guessed.
    Distinct,
    /// The client did not send something.
    NotSent,
    /// The client sent what it must not.
    Sent,
    /// A conversation is not as approved.
    Snapshot,
    /// The scenario could not be carried out.
    NotCarriedOut,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::NoResponse,
        Self::UnexpectedResponse,
        Self::Response,
        Self::HttpVersion,
        Self::Status,
        Self::Header,
        Self::Entity,
        Self::Attribute,
        Self::Payload,
        Self::SameResponse,
        Self::Late,
        Self::Early,
        Self::Order,
        Self::Stanza,
        Self::UnexpectedStanza,
        Self::Frame,
        Self::Rule,
        Self::Connection,
        Self::Session,
        Self::Capture,
        Self::Value,
        Self::Distinct,
        Self::NotSent,
        Self::Sent,
        Self::Snapshot,
        Self::NotCarriedOut,
    ];

    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoResponse => "no-response",
            Self::UnexpectedResponse => "unexpected-response",
            Self::Response => "response",
            Self::HttpVersion => "http-version",
            Self::Status => "status",
            Self::Header => "header",
            Self::Entity => "entity",
            Self::Attribute => "attribute",
            Self::Payload => "payload",
            Self::SameResponse => "same-response",
            Self::Late => "late",
            Self::Early => "early",
            Self::Order => "order",
            Self::Stanza => "stanza",
            Self::UnexpectedStanza => "unexpected-stanza",
            Self::Frame => "frame",
            Self::Rule => "rule",
            Self::Connection => "connection",
            Self::Session => "session",
            Self::Capture => "capture",
            Self::Value => "value",
            Self::Distinct => "distinct",
            Self::NotSent => "not-sent",
            Self::Sent => "sent",
            Self::Snapshot => "snapshot",
            Self::NotCarriedOut => "not-carried-out",
        }
    }
}
