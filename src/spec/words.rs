//! The words of the catalogue: each an enum whose values are written as the specifications, or the files, write them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $value,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The word as it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// How strongly something is demanded (RFC 2119).
    Level {
        /// An absolute demand.
        Must = "MUST",
        /// An absolute prohibition.
        MustNot = "MUST NOT",
        /// Recommended.
        Should = "SHOULD",
        /// Not recommended.
        ShouldNot = "SHOULD NOT",
        /// Optional.
        May = "MAY",
    }
}

words! {
    /// Whom a requirement binds.
    Party {
        /// A connection manager.
        Cm = "cm",
        /// A client.
        Client = "client",
        /// The XMPP server, or its WebSocket endpoint.
        Server = "server",
        /// Both sides.
        Both = "both",
    }
}

words! {
    /// Where a statement is taken from.
    Basis {
        /// A keyword of RFC 2119, in capitals.
        Keyword = "keyword",
        /// Stated without a keyword, or following from what is.
        Implied = "lower-case-or-implied",
        /// The XML schema.
        Schema = "schema",
        /// What is done, though no text says so.
        Practice = "practice",
        /// Older versions, or historical specifications.
        Historic = "historic",
        /// Not compared with the text yet.
        Unverified = "unverified",
    }
}

words! {
    /// What a check needs beyond a URL and a domain.
    Need {
        /// An account.
        Account = "xmpp-account",
        /// A second account that sends something.
        Push = "server-push",
        /// Times that can be relied on.
        Timing = "timing",
        /// Patience.
        LongWait = "long-wait",
        /// A second connection.
        TwoConnections = "two-connections",
        /// A second request before the first is answered, on one connection.
        Pipelining = "pipelining",
        /// TLS.
        Tls = "tls",
        /// A hand on the configuration of the connection manager.
        Config = "cm-config",
    }
}

words! {
    /// A way to check.
    Mode {
        /// As a client.
        Active = "active",
        /// By watching traffic.
        Lint = "lint",
        /// By altering traffic on its way.
        Inject = "inject",
    }
}

impl Level {
    /// Whether it is a MUST, a SHOULD or a MAY, without the NOT.
    #[must_use]
    pub fn strength(self) -> Self {
        match self {
            Self::Must | Self::MustNot => Self::Must,
            Self::Should | Self::ShouldNot => Self::Should,
            Self::May => Self::May,
        }
    }
}

impl Party {
    /// Whether a connection manager is bound.
    pub fn binds_cm(self) -> bool {
        matches!(self, Self::Cm | Self::Both)
    }

    /// Whether the side that a client connects to is bound: a connection manager, or a server.
    pub fn includes_server(self) -> bool {
        self != Self::Client
    }

    /// Whether a client is bound.
    pub fn includes_client(self) -> bool {
        matches!(self, Self::Client | Self::Both)
    }

    /// The party in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Cm => "the connection manager",
            Self::Client => "the client",
            Self::Server => "the server",
            Self::Both => "both sides",
        }
    }
}

impl Basis {
    /// Where it is taken from, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Keyword => "in the text",
            Self::Implied => "implied by the text, which has no keyword",
            Self::Schema => "from the schema",
            Self::Practice => "practice, not in the text",
            Self::Historic => "from older versions",
            Self::Unverified => "not yet compared with the text",
        }
    }
}
