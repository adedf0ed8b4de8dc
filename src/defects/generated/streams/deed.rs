//! What may go wrong on a stream without BOSH.

use crate::defects::generated::wrong::Wrong;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamDeed {
    /// An attribute is not what it should be.
    Attribute(&'static str, Wrong),
    /// It never goes out, or never comes in.
    Lost,
    /// It goes out, or comes in, twice.
    Doubled,
    /// It is two seconds late.
    Late,
    /// It is twenty seconds late.
    VeryLate,
    /// It goes out, or comes in, after the one that follows it.
    Swapped,
    /// It is in another namespace.
    Namespace,
    /// It has another name.
    Name,
    /// Its first child is missing.
    ChildLost,
    /// It has a child that does not belong there.
    ChildAdded,
    /// Its children are in another namespace.
    ChildNamespace,
    /// The stream is ended after it.
    EndsAfter,
    /// The connection is ended after it, without an end of the stream.
    CutAfter,
    /// What follows it within this turn is not sent: the end behind an error, for example.
    NothingAfter,
    /// Nothing that the client sends is heard any more.
    DeafAfter,
    /// The connection ends with this status.
    Status(u16),
}

impl StreamDeed {
    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Attribute(name, Wrong::Added(value)) => format!("{name}-added-{value}"),
            Self::Attribute(name, wrong) => format!("{name}-{}", wrong.name()),
            Self::Lost => "lost".to_owned(),
            Self::Doubled => "doubled".to_owned(),
            Self::Late => "late".to_owned(),
            Self::VeryLate => "very-late".to_owned(),
            Self::Swapped => "swapped".to_owned(),
            Self::Namespace => "namespace".to_owned(),
            Self::Name => "name".to_owned(),
            Self::ChildLost => "child-lost".to_owned(),
            Self::ChildAdded => "child-added".to_owned(),
            Self::ChildNamespace => "child-namespace".to_owned(),
            Self::EndsAfter => "ends-after".to_owned(),
            Self::CutAfter => "cut-after".to_owned(),
            Self::NothingAfter => "nothing-after".to_owned(),
            Self::DeafAfter => "deaf-after".to_owned(),
            Self::Status(status) => format!("status-{status}"),
        }
    }

    /// How the ids of the requirements begin that are about it, beside those about its place.
    pub fn requirements(self) -> &'static [&'static str] {
        match self {
            Self::Attribute("h", _) => {
                &["sm-ack-has-h", "sm-count", "sm-resumed-attributes", "sm-resume-unknown"]
            }
            Self::Attribute("id" | "previd" | "resume" | "max" | "location", _) => {
                &["sm-enabled", "sm-resumed", "ws-open-attributes", "tcp-stream-id"]
            }
            Self::Attribute("xml:lang", _) => &["ws-language", "tcp-lang"],
            Self::Attribute("from" | "to", _) => {
                &["tcp-from-to", "ws-open-attributes", "tcp-unknown-host", "sm-resume-same-jid"]
            }
            Self::Attribute(..) => &["ws-open-attributes", "tcp-version"],
            Self::Namespace | Self::Name | Self::ChildNamespace => {
                &["ws-namespaces", "ws-header-namespace", "tcp-content-namespace"]
            }
            Self::EndsAfter | Self::CutAfter | Self::NothingAfter | Self::Status(_) => {
                &["ws-close", "ws-error-then", "tcp-close", "tcp-stream-error"]
            }
            _ => &[],
        }
    }
}
