//! A demand that is not met, and its prose.

use std::fmt;

use super::kind::FailureKind;
use crate::scenario::source::Place;

/// What a demand is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A response as a whole.
    Response,
    /// A response that did not come.
    NoResponse,
    /// A response that should not have come.
    UnexpectedResponse,
    /// The version of HTTP.
    HttpVersion,
    /// The status.
    Status,
    /// The header field of this name.
    Header(String),
    /// The entity.
    Entity,
    /// The attribute of the `<body/>` of this name.
    Attribute(String),
    /// The elements in the `<body/>`.
    Payload,
    /// How many of these elements there are.
    Count(String),
    /// What a response has in common with another, in words.
    Same(String),
    /// A stanza.
    Stanza,
    /// A value of its own, by its name.
    Value(String),
}

impl Subject {
    /// The kind of a failure about it.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Response => FailureKind::Response,
            Self::NoResponse => FailureKind::NoResponse,
            Self::UnexpectedResponse => FailureKind::UnexpectedResponse,
            Self::HttpVersion => FailureKind::HttpVersion,
            Self::Status => FailureKind::Status,
            Self::Header(_) => FailureKind::Header,
            Self::Entity => FailureKind::Entity,
            Self::Attribute(_) => FailureKind::Attribute,
            Self::Payload | Self::Count(_) => FailureKind::Payload,
            Self::Same(_) => FailureKind::SameResponse,
            Self::Stanza => FailureKind::Stanza,
            Self::Value(_) => FailureKind::Value,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response | Self::NoResponse | Self::UnexpectedResponse => f.write_str("response"),
            Self::HttpVersion => f.write_str("version"),
            Self::Status => f.write_str("status"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Entity => f.write_str("entity"),
            Self::Attribute(name) => write!(f, "attribute {name}"),
            Self::Payload => f.write_str("payload"),
            Self::Count(of) => write!(f, "number of {of}"),
            Self::Stanza => f.write_str("stanza"),
            Self::Same(what) | Self::Value(what) => f.write_str(what),
        }
    }
}

/// One demand that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Where it is demanded.
    pub place: Option<Place>,
    /// What it is about.
    pub subject: Subject,
    /// What is demanded of it.
    pub expected: String,
    /// What it is.
    pub seen: String,
}

impl Mismatch {
    /// What is demanded, in words: `status one of 400, 404`.
    pub fn demand(&self) -> String {
        format!("{} {}", self.subject, self.expected)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, prose(&self.expected, &self.seen))
    }
}

/// A failed assertion in a sentence.
pub fn prose(expected: &str, seen: &str) -> String {
    format!("expected {expected}; actual: {seen}")
}
