//! What the embedded server serves.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

/// How often SCRAM hashes a password (RFC 7677 §4).
const ROUNDS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// A password, which does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a text as a password, prepared as logins prepare what they are given (RFC 4013).
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self(prepared(&text).unwrap_or(text))
    }

    /// Whether anybody can log in with it: RFC 4013 forbids control characters, for one.
    pub fn is_usable(&self) -> bool {
        prepared(&self.0).is_some()
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part of the address, prepared.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// What the server serves, and its bounds.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The domains served.
    pub domains: Vec<String>,
    /// The accounts; each exists in every domain, and those of one domain know each other.
    pub accounts: Vec<Account>,
    /// Whether anybody may log in without an account (XEP-0175).
    pub anonymous: bool,
    /// How often SCRAM hashes a password (RFC 5802 §5.1).
    pub rounds: NonZeroU32,
    /// Whether a login may be one exchange (XEP-0388, XEP-0386).
    pub sasl2: bool,
    /// The wall-clock time at which the machine's time is zero, for stamps.
    pub started: DateTime<FixedOffset>,
    /// Messages kept for an account that is away.
    pub offline: usize,
    /// Their bytes, as far as they can be told from the elements in them.
    pub offline_bytes: usize,
    /// Resources of one user at once.
    pub resources: usize,
    /// Bytes of a presence, and of what else is kept or shown to everybody in a room.
    pub shown_bytes: usize,
    /// Bytes of what was said in a room and is kept.
    pub history_bytes: usize,
    /// Addresses that one stream may have sent directed presence to.
    pub directed: usize,
    /// Rooms at once.
    pub rooms: usize,
    /// Occupants of one room.
    pub occupants: usize,
    /// How long a stream without a connection waits to be resumed (XEP-0198); zero offers no resumption.
    pub resumption: Duration,
    /// Stanzas that a client may leave unacknowledged.
    pub unacknowledged: usize,
    /// Their bytes, as far as they can be told from the elements in them.
    pub unacknowledged_bytes: usize,
    /// Bytes that all clients together may leave unacknowledged.
    pub unacknowledged_of_all: usize,
    /// Streams without a connection at once.
    pub asleep: usize,
    /// A client is asked for an acknowledgement after so many stanzas.
    pub ask_stanzas: usize,
    /// It is asked for one of fewer stanzas after so long.
    pub ask_after: Duration,
}

impl Setup {
    /// A server for one domain without accounts, with the usual bounds.
    pub fn new(domain: &str, started: DateTime<FixedOffset>) -> Self {
        Self {
            domains: vec![domain.to_owned()],
            accounts: Vec::new(),
            anonymous: false,
            rounds: ROUNDS,
            sasl2: true,
            started,
            offline: 100,
            offline_bytes: 2 << 20,
            resources: 50,
            shown_bytes: 64 << 10,
            history_bytes: 256 << 10,
            directed: 100,
            rooms: 100,
            occupants: 200,
            resumption: Duration::from_secs(300),
            unacknowledged: 1000,
            unacknowledged_bytes: 8 << 20,
            unacknowledged_of_all: 128 << 20,
            asleep: 5000,
            ask_stanzas: 10,
            ask_after: Duration::from_secs(5),
        }
    }
}

/// A name or a password as it is compared (RFC 4013); none where it is empty or has what is forbidden.
pub(super) fn prepared(text: &str) -> Option<String> {
    let prepared = stringprep::saslprep(text).ok()?;
    Some(prepared.into_owned()).filter(|text| !text.is_empty())
}
