//! What is checked, and what came of it.

use std::time::Duration;

use super::trouble::Trouble;

/// Something that is checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, which is stable.
    pub name: &'static str,
    /// What it does, for somebody who wants to know beforehand.
    pub does: &'static str,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was not made, because something that it needs is missing.
    Skipped,
    /// As it should be.
    Well,
    /// Worth knowing, and no trouble.
    Note,
    /// It works, but not for everybody, or not always.
    Weak,
    /// It does not work.
    Broken,
}

impl Verdict {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Well => "well",
            Self::Note => "note",
            Self::Weak => "weak",
            Self::Broken => "broken",
        }
    }

    /// Its sign in lists.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Skipped => "–",
            Self::Well => "✔",
            Self::Note => "·",
            Self::Weak => "▲",
            Self::Broken => "✖",
        }
    }
}

/// What a check has found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// What was checked: a URL, a domain.
    pub subject: String,
    /// That is the server behind the reverse proxy.
    pub direct: bool,
    /// The program that answers there, if it says so.
    pub program: Option<&'static str>,
    /// Whether it is well.
    pub verdict: Verdict,
    /// What was seen, in a sentence or two, safe to print.
    pub words: String,
    /// What is wrong.
    pub trouble: Option<Trouble>,
    /// How long the check took.
    pub took: Duration,
}

/// What is heard of an examination.
#[derive(Debug, Clone)]
pub enum News {
    /// A check begins.
    Begun(&'static Check),
    /// Something came of one.
    Result(Outcome),
    /// A check is over.
    Ended(&'static Check),
}

macro_rules! checks {
    ($($constant:ident $name:literal $does:literal;)*) => {
        $(
            #[doc = $does]
            pub const $constant: Check = Check { name: $name, does: $does };
        )*
    };
}

checks! {
    ADDRESSES "addresses" "resolves the name and connects to each address";
    TLS "tls" "makes a TLS handshake with each address and judges the certificate as browsers do";
    HOST_META "host-meta" "fetches /.well-known/host-meta as a web page does (XEP-0156)";
    HOST_META_JSON "host-meta-json" "fetches /.well-known/host-meta.json as a web page does";
    SRV "srv" "looks up the SRV records of the domain";
    PATHS "paths" "tries the usual paths and ports";
    PREFLIGHT "preflight" "asks as browsers do whether a page may send requests (OPTIONS)";
    CORS "cors" "checks whether a page may read the responses (CORS)";
    CORS_ERRORS "cors-errors" "sends requests that fail, and checks whether a page may read those responses";
    HTTP "http" "notes who answers, keep-alive, compression and HTTP/3";
    BOSH_SESSION "bosh-session" "opens a BOSH session without logging in";
    BOSH_MECHANISMS "bosh-mechanisms" "lists the login mechanisms";
    BOSH_HOLD "bosh-hold" "lets one request be held for the whole time granted";
    BOSH_RELEASE "bosh-release" "sends a second request while one is held, which has to release the first";
    BOSH_REPEAT "bosh-repeat" "sends one request twice, as after a lost connection";
    BOSH_NODES "bosh-nodes" "continues a session on new connections, to every address";
    BOSH_SIZE "bosh-size" "sends requests of up to 1 MB, to find the largest that passes";
    WS_UPGRADE "websocket-upgrade" "opens a WebSocket as browsers do, through every address";
    WS_ORIGIN "websocket-origin" "opens it without Origin, as a native client does";
    WS_SUBPROTOCOL "websocket-subprotocol" "checks the subprotocol xmpp, and asks once without it";
    WS_OPEN "websocket-open" "opens a stream and lists the login mechanisms";
    WS_IDLE "websocket-idle" "leaves a WebSocket idle, answering pings only";
    WS_CLOSE "websocket-close" "closes the stream and the WebSocket";
    TCP_STREAM "tcp-stream" "opens a stream over TCP, with STARTTLS or TLS, and lists the login mechanisms";
    LOGIN "login" "logs in and binds a resource";
    MESSAGE "message" "sends a message to its own address";
    RESUMPTION "resumption" "cuts the connection and resumes the stream (XEP-0198)";
}
