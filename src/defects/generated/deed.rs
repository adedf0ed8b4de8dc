//! What may go wrong.

use super::frames::FrameDeed;
use super::streams::StreamDeed;
use super::wrong::Wrong;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// An attribute of the `<body/>` is not what it should be.
    Attribute(&'static str, Wrong),
    /// The payloads of a response are not what they should be.
    Payloads(Carriage),
    /// HTTP, or the document, is not what it should be.
    Http(Form),
    /// The response comes at another time.
    Timing(Timing),
    /// The session, or another, stands otherwise afterwards.
    State(State),
    /// Payloads of a request are not handed on as they should be.
    Forwarding(Carriage),
    /// An attribute of a request is not seen.
    Unseen(&'static str),
    /// Something on a stream without BOSH goes wrong.
    Stream(StreamDeed),
    /// Something of WebSocket goes wrong.
    Frame(FrameDeed),
    /// Nothing: it is only seen what comes on streams without BOSH, and in frames.
    Nothing,
}

/// What happens to payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carriage {
    /// None of them arrives.
    Lost,
    /// All but the last arrive.
    LastLost,
    /// They arrive twice.
    Doubled,
    /// They arrive in the opposite order.
    Reversed,
    /// They arrive with the next response, or two seconds late.
    Late,
    /// They arrive in another session.
    Elsewhere,
    /// They lose their namespace.
    NamespaceLost,
    /// The last character of a text is missing.
    Trimmed,
    /// They are handed on though they should not be.
    Anyway,
}

/// How HTTP or the document is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Another status.
    Status(u16),
    /// There is no `Content-Type`.
    NoType,
    /// `Content-Type` is that of a page.
    PageType,
    /// `Content-Type` names a charset that it is not in.
    OtherCharset,
    /// No origin may read it.
    NoCors,
    /// It is compressed for a client that does not accept that.
    Compressed,
    /// It ends in the middle.
    Truncated,
    /// There is nothing in it.
    Nothing,
    /// It holds a comment.
    Comment,
    /// It holds a processing instruction.
    Instruction,
    /// It has a document type.
    Doctype,
    /// There is text between the payloads.
    Text,
    /// `<body/>` is in another namespace.
    Namespace,
    /// There are two of them.
    Two,
    /// The length is left out, and it is sent in chunks.
    Chunked,
    /// The connection is closed instead.
    Cut,
}

/// When a response comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timing {
    /// Two seconds late.
    Late,
    /// Eight seconds late.
    VeryLate,
    /// Not before the next request.
    WithNextRequest,
    /// After the response that follows it.
    Swapped,
    /// Never.
    Never,
}

/// How a session stands afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It is over.
    Dead,
    /// It goes on, though it should be over.
    Alive,
    /// The other sessions are over too.
    OthersDead,
    /// It ends after `inactivity`, whatever happens.
    TimerRuns,
    /// It ends when half of `inactivity` has passed without a request.
    TimerShort,
    /// It never ends by itself.
    TimerStopped,
    /// The window of rids is one less.
    WindowNarrow,
    /// The window of rids is one more.
    WindowWide,
    /// The response is not kept for a repeat.
    NotKept,
    /// A repeat gets an empty response.
    KeptEmpty,
}

impl Deed {
    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Attribute(name, Wrong::Added(value)) => format!("{name}-added-{value}"),
            Self::Attribute(name, wrong) => format!("{name}-{}", wrong.name()),
            Self::Payloads(carriage) => format!("payloads-{}", carriage.name()),
            Self::Http(Form::Status(status)) => format!("status-{status}"),
            Self::Http(form) => form.name().to_owned(),
            Self::Timing(timing) => timing.name().to_owned(),
            Self::State(state) => state.name().to_owned(),
            Self::Forwarding(carriage) => format!("forwarding-{}", carriage.name()),
            Self::Unseen(name) => format!("{name}-unseen"),
            Self::Stream(deed) => deed.name(),
            Self::Frame(deed) => deed.name(),
            Self::Nothing => "nothing".to_owned(),
        }
    }

    /// How the ids of the requirements begin that are about it, beside those about its place.
    pub(super) fn requirements(self) -> &'static [&'static str] {
        match self {
            Self::Attribute(name, _) | Self::Unseen(name) => of_attribute(name),
            Self::Payloads(_) => &[
                "bosh-queued",
                "bosh-push",
                "bosh-response-same-session",
                "bosh-session-isolation",
                "bosh-zero-or-more",
                "bosh-payload",
                "xbosh-jabber-client",
                "xbosh-features",
                "xbosh-stream-error",
                "xbosh-remote-stream",
                "xbosh-sasl-namespace",
                "xbosh-body-content",
                "bosh-respond-in-rid-order",
            ],
            Self::Http(form) => form.requirements(),
            Self::Stream(deed) => deed.requirements(),
            Self::Frame(deed) => deed.requirements(),
            Self::Nothing => &[],
            Self::Timing(_) => &[
                "bosh-wait",
                "bosh-long-poll",
                "bosh-push",
                "bosh-respond-in-rid-order",
                "bosh-hold",
                "bosh-poll-same",
                "xbosh-features-asap",
                "bosh-forward-asap",
            ],
            Self::State(state) => state.requirements(),
            Self::Forwarding(_) => &[
                "bosh-forward",
                "bosh-terminate-payload",
                "bosh-resend-no-reprocessing",
                "bosh-key-mismatch-not",
                "bosh-session-isolation",
                "bosh-payload",
                "bosh-multi-broadcast",
                "bosh-poll-same",
                "xbosh-jabber-client",
            ],
        }
    }
}

fn of_attribute(name: &str) -> &'static [&'static str] {
    match name {
        "ack" => &["bosh-ack", "bosh-report", "bosh-client-ack", "bosh-resp-ack"],
        "report" | "time" => &["bosh-report"],
        "type" => &[
            "bosh-terminal",
            "bosh-terminate",
            "bosh-type-values",
            "bosh-recoverable",
            "bosh-repeat-held",
            "bosh-cond",
            "bosh-multi-close",
        ],
        "condition" => &["bosh-cond", "bosh-terminal", "bosh-terminate", "bosh-recoverable"],
        "sid" => &["bosh-resp-sid", "bosh-sid", "bosh-resp-mandatory"],
        "wait" => &["bosh-resp-wait", "bosh-wait", "bosh-resp-mandatory", "bosh-schema"],
        "requests" => &[
            "bosh-resp-requests",
            "bosh-rid-window",
            "bosh-rid-out",
            "bosh-resp-mandatory",
            "bosh-schema",
            "bosh-too-many",
        ],
        "hold" => &["bosh-resp-hold", "bosh-hold", "bosh-resp-optional", "bosh-schema"],
        "polling" => &["bosh-resp-polling", "bosh-polling", "bosh-resp-optional", "bosh-schema"],
        "inactivity" => {
            &["bosh-resp-inactivity", "bosh-inactivity", "bosh-resp-optional", "bosh-schema"]
        }
        "maxpause" => &["bosh-resp-maxpause", "bosh-pause", "bosh-resp-optional", "bosh-schema"],
        "ver" => &["bosh-resp-ver", "bosh-ver", "bosh-resp-optional"],
        "accept" => &["bosh-resp-accept", "bosh-request-compression", "bosh-resp-optional"],
        "charsets" => &["bosh-resp-charsets", "bosh-charset", "bosh-resp-optional"],
        "from" => &["bosh-resp-from", "bosh-from", "bosh-multi", "xbosh-restart-new"],
        "stream" => &["bosh-multi"],
        "xmpp:version" => &["xbosh-resp-version", "xbosh-version", "xbosh-namespace"],
        "xmpp:restartlogic" => &["xbosh-restartlogic", "xbosh-schema", "xbosh-restart"],
        "key" | "newkey" => &["bosh-key", "bosh-cm-key", "bosh-cm-verify"],
        "pause" => &["bosh-pause", "bosh-inactivity"],
        "xmpp:restart" => &["xbosh-restart", "xbosh-cm-restart"],
        "to" => &["bosh-multi", "xbosh-restart"],
        "xml:lang" => &["bosh-cm-forwards-lang", "xbosh-restart"],
        _ => &[],
    }
}

impl Carriage {
    fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::LastLost => "last-lost",
            Self::Doubled => "doubled",
            Self::Reversed => "reversed",
            Self::Late => "late",
            Self::Elsewhere => "elsewhere",
            Self::NamespaceLost => "namespace-lost",
            Self::Trimmed => "trimmed",
            Self::Anyway => "anyway",
        }
    }
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::NoType => "no-type",
            Self::PageType => "page-type",
            Self::OtherCharset => "other-charset",
            Self::NoCors => "no-cors",
            Self::Compressed => "compressed",
            Self::Truncated => "truncated",
            Self::Nothing => "nothing",
            Self::Comment => "comment",
            Self::Instruction => "instruction",
            Self::Doctype => "doctype",
            Self::Text => "text",
            Self::Namespace => "namespace",
            Self::Two => "two",
            Self::Chunked => "chunked",
            Self::Cut => "cut",
        }
    }

    fn requirements(self) -> &'static [&'static str] {
        match self {
            Self::Status(_) => {
                &["bosh-http", "bosh-respond-200", "bosh-error-is-binding", "bosh-legacy"]
            }
            Self::NoType | Self::PageType | Self::OtherCharset => {
                &["bosh-content", "bosh-utf8", "bosh-ignore", "bosh-charset"]
            }
            Self::NoCors => &["bosh-cors"],
            Self::Compressed => &["bosh-response-compression", "bosh-http-conformance"],
            Self::Comment => &["bosh-no-comments", "bosh-body", "bosh-schema"],
            Self::Instruction => &["bosh-no-pi", "bosh-body", "bosh-schema"],
            Self::Doctype => &["bosh-no-dtd", "bosh-body", "bosh-schema"],
            Self::Text => &["bosh-no-character-data", "bosh-body", "bosh-schema"],
            Self::Chunked => &["bosh-no-chunked"],
            Self::Truncated | Self::Nothing | Self::Namespace | Self::Two | Self::Cut => &[
                "bosh-body",
                "bosh-single-body",
                "bosh-no-partial",
                "bosh-http",
                "bosh-schema",
                "bosh-respond",
                "bosh-xml-namespaces",
            ],
        }
    }
}

impl Timing {
    fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::VeryLate => "very-late",
            Self::WithNextRequest => "with-next-request",
            Self::Swapped => "swapped",
            Self::Never => "never",
        }
    }
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead-after",
            Self::Alive => "alive-after",
            Self::OthersDead => "others-dead-after",
            Self::TimerRuns => "timer-runs",
            Self::TimerShort => "timer-short",
            Self::TimerStopped => "timer-stopped",
            Self::WindowNarrow => "window-narrow",
            Self::WindowWide => "window-wide",
            Self::NotKept => "not-kept",
            Self::KeptEmpty => "kept-empty",
        }
    }

    fn requirements(self) -> &'static [&'static str] {
        match self {
            Self::Dead => &["bosh-recoverable-session-alive", "bosh-session", "bosh-inactivity"],
            Self::Alive => &["bosh-terminal-ends", "bosh-terminate-ends", "bosh-rid-out"],
            Self::OthersDead => &["bosh-session-isolation", "bosh-terminal", "bosh-inactivity"],
            Self::TimerRuns | Self::TimerShort | Self::TimerStopped => {
                &["bosh-inactivity", "bosh-resp-inactivity", "bosh-pause", "bosh-polling-inact"]
            }
            Self::WindowNarrow | Self::WindowWide => {
                &["bosh-rid", "bosh-too-many", "bosh-no-false", "bosh-resp-requests"]
            }
            Self::NotKept | Self::KeptEmpty => {
                &["bosh-resend", "bosh-response-buffer", "bosh-session-not-bound"]
            }
        }
    }
}
