//! Where something may go wrong.

/// A kind of answer, or of request. One answer may be of several kinds: held until `wait` ran out, and the second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The creation response.
    Creation,
    /// The empty response when `wait` has run out.
    WaitOver,
    /// The empty response that the next request releases.
    Released,
    /// What came for the client while its request was held.
    Delivered,
    /// What came with no time to wait for it.
    Prompt,
    /// The response to an empty request of a polling session.
    Polled,
    /// The response to a request that came again.
    Replayed,
    /// The response to the older copy of a request that came again.
    OlderCopy,
    /// The response to a request with `pause`.
    Paused,
    /// The response to a restart.
    Restarted,
    /// The response with `report`.
    Reported,
    /// The response to a request that switches to other keys.
    KeySwitched,
    /// The response to a request that adds a stream.
    StreamAdded,
    /// A response in a session with several streams.
    OneOfStreams,
    /// The terminal response to a client that ends its session.
    Farewell,
    /// The other responses of such a session.
    BesideFarewell,
    /// The terminal response to a request that breaks a rule.
    Refusal,
    /// The same for a client without `ver`.
    LegacyRefusal,
    /// The response to the other requests of a session in which one broke a rule.
    OtherRequest,
    /// The terminal response when the server has closed the stream.
    StreamClosed,
    /// The terminal response when the connection manager goes down.
    ShutDown,
    /// The response to a `sid` that is not known.
    UnknownSession,
    /// The refusal of a creation request.
    CreationRefused,
    /// The first response after the creation response.
    Second,
    /// The one after that.
    Third,
    /// The first new response after a connection was lost.
    AfterCut,
    /// The first new response after that to a pause.
    AfterPause,
    /// The first new response after that to a restart.
    AfterRestart,
    /// The first new response after a repeated one.
    AfterReplay,
    /// The first new response after that to an older copy.
    AfterOlderCopy,

    /// A request that carries nothing and asks for nothing.
    EmptyRequest,
    /// A request with payloads.
    PayloadRequest,
    /// A request that restarts the stream.
    RestartRequest,
    /// A request with `pause`.
    PauseRequest,
    /// A request that ends the session or a stream.
    TerminateRequest,
    /// A request that came before.
    RepeatedRequest,
    /// A request above one that is missing.
    RequestBehindGap,
    /// A request that switches to other keys.
    KeySwitchRequest,
    /// A request with `stream`.
    StreamRequest,
    /// The first request after a connection was lost.
    RequestAfterCut,
    /// The first request after that with `pause`.
    RequestAfterPause,
    /// The first request after a restart.
    RequestAfterRestart,
}

use Place::{
    AfterCut, AfterOlderCopy, AfterPause, AfterReplay, AfterRestart, BesideFarewell, Creation,
    CreationRefused, Delivered, EmptyRequest, Farewell, KeySwitchRequest, KeySwitched,
    LegacyRefusal, OlderCopy, OneOfStreams, OtherRequest, PauseRequest, Paused, PayloadRequest,
    Polled, Prompt, Refusal, Released, RepeatedRequest, Replayed, Reported, RequestAfterCut,
    RequestAfterPause, RequestAfterRestart, RequestBehindGap, RestartRequest, Restarted, Second,
    ShutDown, StreamAdded, StreamClosed, StreamRequest, TerminateRequest, Third, UnknownSession,
    WaitOver,
};

/// Where answers may go wrong.
pub(super) const ANSWERS: [Place; 30] = [
    Creation,
    WaitOver,
    Released,
    Delivered,
    Prompt,
    Polled,
    Replayed,
    OlderCopy,
    Paused,
    Restarted,
    Reported,
    KeySwitched,
    StreamAdded,
    OneOfStreams,
    Farewell,
    BesideFarewell,
    Refusal,
    LegacyRefusal,
    OtherRequest,
    StreamClosed,
    ShutDown,
    UnknownSession,
    CreationRefused,
    Second,
    Third,
    AfterCut,
    AfterPause,
    AfterRestart,
    AfterReplay,
    AfterOlderCopy,
];

/// Where requests may be taken in wrongly.
pub(super) const REQUESTS: [Place; 12] = [
    EmptyRequest,
    PayloadRequest,
    RestartRequest,
    PauseRequest,
    TerminateRequest,
    RepeatedRequest,
    RequestBehindGap,
    KeySwitchRequest,
    StreamRequest,
    RequestAfterCut,
    RequestAfterPause,
    RequestAfterRestart,
];

impl Place {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Creation => "creation",
            WaitOver => "wait-over",
            Released => "released",
            Delivered => "delivered",
            Prompt => "prompt",
            Polled => "polled",
            Replayed => "replayed",
            OlderCopy => "older-copy",
            Paused => "paused",
            Restarted => "restarted",
            Reported => "reported",
            KeySwitched => "key-switched",
            StreamAdded => "stream-added",
            OneOfStreams => "one-of-streams",
            Farewell => "farewell",
            BesideFarewell => "beside-farewell",
            Refusal => "refusal",
            LegacyRefusal => "legacy-refusal",
            OtherRequest => "other-request",
            StreamClosed => "stream-closed",
            ShutDown => "shut-down",
            UnknownSession => "unknown-session",
            CreationRefused => "creation-refused",
            Second => "second",
            Third => "third",
            AfterCut => "after-cut",
            AfterPause => "after-pause",
            AfterRestart => "after-restart",
            AfterReplay => "after-replay",
            AfterOlderCopy => "after-older-copy",
            EmptyRequest => "empty-request",
            PayloadRequest => "payload-request",
            RestartRequest => "restart-request",
            PauseRequest => "pause-request",
            TerminateRequest => "terminate-request",
            RepeatedRequest => "repeated-request",
            RequestBehindGap => "request-behind-gap",
            KeySwitchRequest => "key-switch-request",
            StreamRequest => "stream-request",
            RequestAfterCut => "request-after-cut",
            RequestAfterPause => "request-after-pause",
            RequestAfterRestart => "request-after-restart",
        }
    }

    /// Whether the session is over with such an answer, or never was.
    pub(super) fn is_terminal(self) -> bool {
        matches!(
            self,
            Farewell
                | BesideFarewell
                | Refusal
                | LegacyRefusal
                | OtherRequest
                | StreamClosed
                | ShutDown
                | UnknownSession
                | CreationRefused
        )
    }

    /// Whether it comes once in a session at most.
    pub(super) fn is_single(self) -> bool {
        matches!(
            self,
            Creation
                | Second
                | Third
                | Farewell
                | Refusal
                | LegacyRefusal
                | StreamClosed
                | UnknownSession
                | CreationRefused
        )
    }

    /// Whether no session is there to send such an answer.
    pub(super) fn is_outside(self) -> bool {
        matches!(self, UnknownSession | CreationRefused)
    }

    /// Whether such an answer may hold payloads.
    pub(super) fn may_carry(self) -> bool {
        !matches!(
            self,
            WaitOver
                | Released
                | OlderCopy
                | Paused
                | BesideFarewell
                | Refusal
                | LegacyRefusal
                | OtherRequest
                | ShutDown
                | UnknownSession
                | CreationRefused
        )
    }

    /// How the ids of the requirements begin that are about it.
    pub(super) fn requirements(self) -> &'static [&'static str] {
        match self {
            Creation => &[
                "bosh-resp-",
                "bosh-sid-",
                "bosh-cm-creation",
                "bosh-creation",
                "bosh-ver-",
                "bosh-multi-advertise",
                "bosh-multi-stream-name",
                "bosh-content",
                "bosh-from-late",
                "xbosh-features",
                "xbosh-resp-version",
                "xbosh-restartlogic",
                "xbosh-forward-version",
                "bosh-charset",
                "bosh-first-",
                "bosh-session-",
            ],
            WaitOver => &["bosh-wait", "bosh-empty-response", "bosh-long-poll", "bosh-hold"],
            Released => &["bosh-long-poll", "bosh-hold", "bosh-empty-response"],
            Delivered | Prompt => &["bosh-push", "bosh-queued", "bosh-forward", "bosh-long-poll"],
            Polled => &["bosh-poll", "bosh-wait0", "bosh-too-frequent", "bosh-no-polling"],
            Replayed | AfterReplay | RepeatedRequest => &[
                "bosh-resend",
                "bosh-response-buffer",
                "bosh-repeat",
                "bosh-key-resend",
                "bosh-too-many-not-for-repeats",
            ],
            OlderCopy | AfterOlderCopy => {
                &["bosh-repeat", "bosh-recoverable", "bosh-resend", "bosh-type-values"]
            }
            Paused | AfterPause | PauseRequest | RequestAfterPause => {
                &["bosh-pause", "bosh-inactivity"]
            }
            Restarted | AfterRestart | RestartRequest | RequestAfterRestart => {
                &["xbosh-restart", "xbosh-bind", "xbosh-features", "xbosh-cm-restart"]
            }
            Reported => &["bosh-report", "bosh-ack"],
            KeySwitched | KeySwitchRequest => &["bosh-cm-key-switch", "bosh-key", "bosh-cm-verify"],
            StreamAdded | OneOfStreams | StreamRequest => &["bosh-multi", "xbosh-version-on-added"],
            Farewell | BesideFarewell | TerminateRequest => &["bosh-terminate", "bosh-terminal"],
            Refusal | OtherRequest => &[
                "bosh-cond",
                "bosh-terminal",
                "bosh-rid-out-of-window",
                "bosh-rid-small-large",
                "bosh-resend-not-in-buffer",
                "bosh-key-",
                "bosh-polling-too-frequent",
                "bosh-too-",
                "bosh-repeat-limit",
                "bosh-pause-over",
                "bosh-cm-malformed",
                "bosh-cm-missing-rid",
                "bosh-multi-unknown",
                "bosh-condition",
            ],
            LegacyRefusal => &["bosh-http-4", "bosh-legacy", "bosh-cond", "bosh-terminal"],
            StreamClosed => &[
                "bosh-cond-remote",
                "xbosh-stream-error",
                "xbosh-remote-stream-error",
                "bosh-terminal",
                "bosh-multi-error",
            ],
            ShutDown => &["bosh-cond-system-shutdown", "bosh-terminal"],
            UnknownSession => &[
                "bosh-cm-unknown-sid",
                "bosh-cond-item-not-found",
                "bosh-inactivity-then",
                "bosh-terminal",
                "bosh-terminate-ends",
                "bosh-rid-out-of-window-session-dead",
            ],
            CreationRefused => {
                &["bosh-cond", "bosh-condition", "bosh-terminal", "bosh-to-is-domain"]
            }
            Second | Third => &["bosh-respond", "bosh-long-poll"],
            AfterCut | RequestAfterCut => {
                &["bosh-resend", "bosh-response-buffer", "bosh-session-not-bound"]
            }
            EmptyRequest => &["bosh-long-poll", "bosh-client-poll", "bosh-hold"],
            PayloadRequest => &["bosh-forward", "bosh-zero-or-more"],
            RequestBehindGap => &["bosh-rid-gap", "bosh-rid-window", "bosh-forward-in-rid-order"],
        }
    }
}
