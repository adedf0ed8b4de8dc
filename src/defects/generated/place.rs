//! Where something may go wrong.

use super::frames::FramePlace;
use super::streams::StreamPlace;

/// Makes the places, with their names, and the two lists of them.
macro_rules! places {
    (
        answers { $($answer:ident = $answer_name:literal, $answer_doc:literal;)* }
        requests { $($request:ident = $request_name:literal, $request_doc:literal;)* }
    ) => {
        /// A kind of answer, or of request. One answer may be of several kinds: held until `wait` ran out, and the second one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Place {
            $(#[doc = $answer_doc] $answer,)*
            $(#[doc = $request_doc] $request,)*
            /// What goes out, or comes in, on a stream without BOSH.
            Stream(StreamPlace),
            /// A frame of a WebSocket, or its handshake.
            Frame(FramePlace),
        }

        /// Where answers may go wrong.
        pub(super) const ANSWERS: &[Place] = &[$(Place::$answer),*];

        /// Where requests may be taken in wrongly.
        pub(super) const REQUESTS: &[Place] = &[$(Place::$request),*];

        impl Place {
            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$answer => $answer_name,)*
                    $(Self::$request => $request_name,)*
                    Self::Stream(place) => place.name(),
                    Self::Frame(place) => place.name(),
                }
            }
        }
    };
}

places! {
    answers {
        Creation = "creation", "The creation response.";
        WaitOver = "wait-over", "The empty response when `wait` has run out.";
        Released = "released", "The empty response that the next request releases.";
        Delivered = "delivered", "What came for the client while its request was held.";
        Prompt = "prompt", "What came with no time to wait for it.";
        Polled = "polled", "The response to an empty request of a polling session.";
        Replayed = "replayed", "The response to a request that came again.";
        OlderCopy = "older-copy", "The response to the older copy of a request that came again.";
        Paused = "paused", "The response to a request with `pause`.";
        Restarted = "restarted", "The response to a restart.";
        Reported = "reported", "The response with `report`.";
        KeySwitched = "key-switched", "The response to a request that switches to other keys.";
        StreamAdded = "stream-added", "The response to a request that adds a stream.";
        OneOfStreams = "one-of-streams", "A response in a session with several streams.";
        Farewell = "farewell", "The terminal response to a client that ends its session.";
        BesideFarewell = "beside-farewell", "The other responses of such a session.";
        Refusal = "refusal", "The terminal response to a request that breaks a rule.";
        LegacyRefusal = "legacy-refusal", "The same for a client without `ver`.";
        OtherRequest = "other-request", "The response to the other requests of a session in which one broke a rule.";
        StreamClosed = "stream-closed", "The terminal response when the server has closed the stream.";
        ShutDown = "shut-down", "The terminal response when the connection manager goes down.";
        UnknownSession = "unknown-session", "The response to a `sid` that is not known.";
        CreationRefused = "creation-refused", "The refusal of a creation request.";
        Second = "second", "The first response after the creation response.";
        Third = "third", "The one after that.";
        AfterCut = "after-cut", "The first new response after a connection was lost.";
        AfterPause = "after-pause", "The first new response after that to a pause.";
        AfterRestart = "after-restart", "The first new response after that to a restart.";
        AfterReplay = "after-replay", "The first new response after a repeated one.";
        AfterOlderCopy = "after-older-copy", "The first new response after that to an older copy.";
    }
    requests {
        EmptyRequest = "empty-request", "A request that carries nothing and asks for nothing.";
        PayloadRequest = "payload-request", "A request with payloads.";
        RestartRequest = "restart-request", "A request that restarts the stream.";
        PauseRequest = "pause-request", "A request with `pause`.";
        TerminateRequest = "terminate-request", "A request that ends the session or a stream.";
        RepeatedRequest = "repeated-request", "A request that came before.";
        RequestBehindGap = "request-behind-gap", "A request above one that is missing.";
        KeySwitchRequest = "key-switch-request", "A request that switches to other keys.";
        StreamRequest = "stream-request", "A request with `stream`.";
        RequestAfterCut = "request-after-cut", "The first request after a connection was lost.";
        RequestAfterPause = "request-after-pause", "The first request after that with `pause`.";
        RequestAfterRestart = "request-after-restart", "The first request after a restart.";
    }
}

impl Place {
    /// Whether the session is over with such an answer, or never was.
    pub(super) fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Farewell
                | Self::BesideFarewell
                | Self::Refusal
                | Self::LegacyRefusal
                | Self::OtherRequest
                | Self::StreamClosed
                | Self::ShutDown
                | Self::UnknownSession
                | Self::CreationRefused
        )
    }

    /// Whether it comes once in a session at most.
    pub(super) fn is_single(self) -> bool {
        match self {
            Self::Stream(place) => return place.is_single(),
            Self::Frame(place) => return place.is_single(),
            _ => {}
        }
        matches!(
            self,
            Self::Creation
                | Self::Second
                | Self::Third
                | Self::Farewell
                | Self::Refusal
                | Self::LegacyRefusal
                | Self::StreamClosed
                | Self::UnknownSession
                | Self::CreationRefused
        )
    }

    /// Whether no session is there to send such an answer.
    pub(super) fn is_outside(self) -> bool {
        matches!(self, Self::UnknownSession | Self::CreationRefused)
    }

    /// Whether such an answer may hold payloads.
    pub(super) fn may_carry(self) -> bool {
        !matches!(
            self,
            Self::WaitOver
                | Self::Released
                | Self::OlderCopy
                | Self::Paused
                | Self::BesideFarewell
                | Self::Refusal
                | Self::LegacyRefusal
                | Self::OtherRequest
                | Self::ShutDown
                | Self::UnknownSession
                | Self::CreationRefused
        )
    }

    /// How the ids of the requirements begin that are about it.
    #[allow(clippy::too_many_lines)] // a table with an entry for each place
    pub(super) fn requirements(self) -> &'static [&'static str] {
        match self {
            Self::Stream(place) => place.requirements(),
            Self::Frame(place) => place.requirements(),
            Self::Creation => &[
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
            Self::WaitOver => &["bosh-wait", "bosh-empty-response", "bosh-long-poll", "bosh-hold"],
            Self::Released => &["bosh-long-poll", "bosh-hold", "bosh-empty-response"],
            Self::Delivered | Self::Prompt => {
                &["bosh-push", "bosh-queued", "bosh-forward", "bosh-long-poll"]
            }
            Self::Polled => &["bosh-poll", "bosh-wait0", "bosh-too-frequent", "bosh-no-polling"],
            Self::Replayed | Self::AfterReplay | Self::RepeatedRequest => &[
                "bosh-resend",
                "bosh-response-buffer",
                "bosh-repeat",
                "bosh-key-resend",
                "bosh-too-many-not-for-repeats",
            ],
            Self::OlderCopy | Self::AfterOlderCopy => {
                &["bosh-repeat", "bosh-recoverable", "bosh-resend", "bosh-type-values"]
            }
            Self::Paused | Self::AfterPause | Self::PauseRequest | Self::RequestAfterPause => {
                &["bosh-pause", "bosh-inactivity"]
            }
            Self::Restarted
            | Self::AfterRestart
            | Self::RestartRequest
            | Self::RequestAfterRestart => {
                &["xbosh-restart", "xbosh-bind", "xbosh-features", "xbosh-cm-restart"]
            }
            Self::Reported => &["bosh-report", "bosh-ack"],
            Self::KeySwitched | Self::KeySwitchRequest => {
                &["bosh-cm-key-switch", "bosh-key", "bosh-cm-verify"]
            }
            Self::StreamAdded | Self::OneOfStreams | Self::StreamRequest => {
                &["bosh-multi", "xbosh-version-on-added"]
            }
            Self::Farewell | Self::BesideFarewell | Self::TerminateRequest => {
                &["bosh-terminate", "bosh-terminal"]
            }
            Self::Refusal | Self::OtherRequest => &[
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
            Self::LegacyRefusal => &["bosh-http-4", "bosh-legacy", "bosh-cond", "bosh-terminal"],
            Self::StreamClosed => &[
                "bosh-cond-remote",
                "xbosh-stream-error",
                "xbosh-remote-stream-error",
                "bosh-terminal",
                "bosh-multi-error",
            ],
            Self::ShutDown => &["bosh-cond-system-shutdown", "bosh-terminal"],
            Self::UnknownSession => &[
                "bosh-cm-unknown-sid",
                "bosh-cond-item-not-found",
                "bosh-inactivity-then",
                "bosh-terminal",
                "bosh-terminate-ends",
                "bosh-rid-out-of-window-session-dead",
            ],
            Self::CreationRefused => {
                &["bosh-cond", "bosh-condition", "bosh-terminal", "bosh-to-is-domain"]
            }
            Self::Second | Self::Third => &["bosh-respond", "bosh-long-poll"],
            Self::AfterCut | Self::RequestAfterCut => {
                &["bosh-resend", "bosh-response-buffer", "bosh-session-not-bound"]
            }
            Self::EmptyRequest => &["bosh-long-poll", "bosh-client-poll", "bosh-hold"],
            Self::PayloadRequest => &["bosh-forward", "bosh-zero-or-more"],
            Self::RequestBehindGap => {
                &["bosh-rid-gap", "bosh-rid-window", "bosh-forward-in-rid-order"]
            }
        }
    }
}
