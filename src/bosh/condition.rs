//! The terminal binding conditions: why a connection manager ended a session (XEP-0124 §17.2).
//!
//! Each has an explanation for people: what it means, its usual cause, and what to do.

use std::fmt;
use std::str::FromStr;

/// The value of `condition` beside `type='terminate'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// A header or the `<body/>` could not be accepted.
    BadRequest,
    /// The requested domain is no longer served.
    HostGone,
    /// The requested domain is not known.
    HostUnknown,
    /// `to` (or `route`) is missing or empty.
    ImproperAddressing,
    /// The connection manager itself failed.
    InternalServerError,
    /// Unknown session, unknown stream, rid outside the window, response no longer kept, or wrong key.
    ItemNotFound,
    /// Another request of the same session ended it.
    OtherRequest,
    /// Too many requests at once, or too often.
    PolicyViolation,
    /// The connection manager cannot reach the server behind it.
    RemoteConnectionFailed,
    /// The server's own stream error, enclosed.
    RemoteStreamError,
    /// The connection manager has another address.
    SeeOtherUri,
    /// The connection manager is going down.
    SystemShutdown,
    /// Something else, which the content explains.
    UndefinedCondition,
}

/// A `condition` that XEP-0124 does not define.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a terminal binding condition of XEP-0124")]
pub struct UnknownCondition(pub String);

/// Where the cause of a condition usually lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The client, or how it is configured.
    Client,
    /// The connection manager, or how it is run.
    ConnectionManager,
    /// The XMPP server behind the connection manager, or the way to it.
    Server,
    /// The condition alone does not show it.
    Unclear,
}

impl Party {
    /// The party in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::ConnectionManager => "connection manager",
            Self::Server => "XMPP server",
            Self::Unclear => "unclear",
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known about one condition.
struct Entry {
    condition: Condition,
    name: &'static str,
    requirement: &'static str,
    party: Party,
    explanation: &'static str,
}

/// All conditions, in the order of the enum: [`Condition::entry`] indexes it.
const TABLE: [Entry; 13] = [
    Entry {
        condition: Condition::BadRequest,
        name: "bad-request",
        requirement: "bosh-cond-bad-request",
        party: Party::Client,
        explanation: "The connection manager rejected the request: malformed XML, a missing or \
            malformed attribute (rid, wait, hold), or a wrong HTTP header. Check the request just \
            before; if it is valid, something in between may have changed it.",
    },
    Entry {
        condition: Condition::HostGone,
        name: "host-gone",
        requirement: "bosh-cond-host-gone",
        party: Party::ConnectionManager,
        explanation: "The server no longer serves the domain in `to`. Ask the operator where it \
            moved, and correct the client's domain or URL.",
    },
    Entry {
        condition: Condition::HostUnknown,
        name: "host-unknown",
        requirement: "bosh-cond-host-unknown",
        party: Party::Client,
        explanation: "The server does not serve the domain in `to`, which often is a user name, an \
            IP address or the web host instead of the XMPP domain. Compare it with the server's \
            virtual hosts.",
    },
    Entry {
        condition: Condition::ImproperAddressing,
        name: "improper-addressing",
        requirement: "bosh-cond-improper-addressing",
        party: Party::Client,
        explanation: "The request that creates the session has no `to` (or `route`), or an empty \
            one. Configure the client with the XMPP domain; some servers respond like this to an \
            unknown domain, too.",
    },
    Entry {
        condition: Condition::InternalServerError,
        name: "internal-server-error",
        requirement: "bosh-cond-internal-server-error",
        party: Party::ConnectionManager,
        explanation: "The connection manager had an internal error. Check its log at this time, \
            and attach the request just before to a bug report.",
    },
    Entry {
        condition: Condition::ItemNotFound,
        name: "item-not-found",
        requirement: "bosh-cond-item-not-found",
        party: Party::Client,
        explanation: "The connection manager does not know this sid (it expired while the client \
            was silent for longer than `inactivity`, or it belongs to another node), or the rid is \
            outside the window or too old to be answered again. Check the gap before the request, \
            then whether its rid is the last one plus 1; a wrong `key` or `stream` has the same \
            effect.",
    },
    Entry {
        condition: Condition::OtherRequest,
        name: "other-request",
        requirement: "bosh-cond-other-request",
        party: Party::Unclear,
        explanation: "Another request of this session, handled at the same time, ended it. The \
            response to that request contains the cause.",
    },
    Entry {
        condition: Condition::PolicyViolation,
        name: "policy-violation",
        requirement: "bosh-cond-policy-violation",
        party: Party::Client,
        explanation: "The client had more requests open than `requests` allows, polled more often \
            than every `polling` seconds, or exceeded another limit of the server such as the size \
            of a request. Count the open requests, and check the gap since the last empty \
            response; two tabs that share a session cause this, too.",
    },
    Entry {
        condition: Condition::RemoteConnectionFailed,
        name: "remote-connection-failed",
        requirement: "bosh-cond-remote-connection-failed",
        party: Party::Server,
        explanation: "The connection manager could not reach the XMPP server behind it, could not \
            secure the connection, or lost it. Check that the server is running, and check its \
            address and certificate from the connection manager's point of view.",
    },
    Entry {
        condition: Condition::RemoteStreamError,
        name: "remote-stream-error",
        requirement: "bosh-cond-remote-stream-error",
        party: Party::Server,
        explanation: "The XMPP server closed the stream with an error of its own. The \
            `stream:error` in the body contains the reason, such as `conflict` if the same \
            resource logged in elsewhere.",
    },
    Entry {
        condition: Condition::SeeOtherUri,
        name: "see-other-uri",
        requirement: "bosh-cond-see-other-uri",
        party: Party::Client,
        explanation: "The connection manager requires another URL. The `<uri/>` in the body \
            contains it, often the same one with https; configure the client with it.",
    },
    Entry {
        condition: Condition::SystemShutdown,
        name: "system-shutdown",
        requirement: "bosh-cond-system-shutdown",
        party: Party::ConnectionManager,
        explanation: "The connection manager is stopping or restarting, and ends all sessions. The \
            client should create a new session after a delay, not at once.",
    },
    Entry {
        condition: Condition::UndefinedCondition,
        name: "undefined-condition",
        requirement: "bosh-cond-undefined-condition",
        party: Party::Unclear,
        explanation: "None of the defined conditions applies. The content of the body should \
            explain what happened; if it is empty, check the server's log.",
    },
];

impl Condition {
    /// Every condition, in alphabetical order.
    pub fn all() -> impl Iterator<Item = Condition> {
        TABLE.iter().map(|entry| entry.condition)
    }

    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// The value of the attribute.
    pub fn as_str(self) -> &'static str {
        self.entry().name
    }

    /// What it means, its usual cause, and what to do.
    pub fn explain(self) -> &'static str {
        self.entry().explanation
    }

    /// Where the cause usually lies: a starting point for a search, not a verdict.
    pub fn party(self) -> Party {
        self.entry().party
    }

    /// The id of the requirement in the catalogue.
    pub fn requirement(self) -> &'static str {
        self.entry().requirement
    }
}

impl FromStr for Condition {
    type Err = UnknownCondition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TABLE
            .iter()
            .find(|entry| entry.name == text)
            .map(|entry| entry.condition)
            .ok_or_else(|| UnknownCondition(text.to_owned()))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for condition in Condition::all() {
            assert_eq!(condition.entry().condition, condition);
        }
    }

    #[test]
    fn every_name_is_read_back() {
        for condition in Condition::all() {
            assert_eq!(condition.as_str().parse(), Ok(condition));
            assert_eq!(condition.requirement(), format!("bosh-cond-{condition}"));
        }
    }

    #[test]
    fn a_stream_error_is_not_a_binding_condition() {
        let error = "conflict".parse::<Condition>().unwrap_err();
        assert_eq!(error.to_string(), "`conflict` is not a terminal binding condition of XEP-0124");
        assert!("Bad-Request".parse::<Condition>().is_err());
        assert!("".parse::<Condition>().is_err());
    }

    #[test]
    fn explanations_are_whole_sentences_on_one_line() {
        for condition in Condition::all() {
            let text = condition.explain();
            assert!(text.ends_with('.') && !text.contains("  ") && !text.contains('\n'), "{text}");
        }
    }
}
