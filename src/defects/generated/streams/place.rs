//! Where a stream without BOSH may go wrong.

use crate::cm::stream::{Input, Output};
use crate::defects::generated::places::places;
use crate::xml::Element;
use crate::xmpp::ns;

places! {
    /// A kind of thing that a stream sends, or that comes on it.
    StreamPlace
    Opened = "stream-opened", "The server's first header.", ["ws-open", "ws-header", "ws-error-after-open", "tcp-response-header", "tcp-from-to", "tcp-stream-id", "tcp-lang-in", "tcp-version", "tcp-unknown-host", "tcp-no-id"];
    Reopened = "stream-reopened", "The server's header after a restart.", ["ws-restart", "ws-open", "tcp-restart", "tcp-from-to", "tcp-lang-in", "tcp-version"];
    Features = "stream-features", "The first features.", ["ws-features", "ws-open-first", "tcp-features-after-header", "tcp-starttls-offered", "dtls-no-starttls", "ws-no-starttls", "sm-", "sasl2", "bind2"];
    LaterFeatures = "stream-later-features", "The features after a restart.", ["ws-features", "ws-restart", "tcp-features-after-restart", "ws-sm-offered", "sm-"];
    Granted = "stream-granted", "The success of a login.", ["ws-restart", "tcp-restart", "sasl2"];
    Answer = "stream-answer", "An answer of the server to a question.", ["ws-one-element", "ws-namespaces", "tcp-content-namespace", "sm-count", "sm-unacked", "stanza-"];
    StanzaError = "stream-stanza-error", "An error that comes back for a stanza.", ["ws-namespaces", "tcp-content-namespace", "sm-unacked", "stanza-"];
    Delivered = "stream-delivered", "A message for the client.", ["ws-one-element", "ws-namespaces", "ws-language", "tcp-lang-inherited", "tcp-content", "sm-", "stanza-"];
    PresenceOut = "stream-presence", "A presence for the client.", ["ws-namespaces", "sm-resume-no-presence", "sm-unacked", "stanza-"];
    StreamError = "stream-stream-error", "A stream error.", ["ws-error", "ws-header-namespace-error", "tcp-stream-error", "tcp-error-condition", "tcp-not-authorized", "tcp-restricted", "tcp-stream-namespace", "tcp-content-namespace", "tcp-foreign", "sm-handled-too-high", "sm-resume-conflict"];
    Ending = "stream-ending", "The end of the server's stream.", ["ws-close", "ws-error-then", "tcp-close-reciprocal", "tcp-stream-error"];
    Closing = "stream-closing", "The end of the connection.", ["ws-close", "ws-error-then", "tcp-close", "tcp-stream-error"];
    Enabled = "stream-enabled", "That stream management is enabled.", ["sm-enable", "sm-enabled"];
    Count = "stream-count", "How many stanzas the server has handled.", ["sm-request-answered", "sm-ack-has-h", "sm-count"];
    CountAsked = "stream-count-asked", "The server's question for such a count.", ["sm-unacked", "sm-request"];
    Resumed = "stream-resumed", "That a session is resumed.", ["sm-resume"];
    NotResumed = "stream-not-resumed", "That stream management refuses something.", ["sm-enable", "sm-resume"];
    Resent = "stream-resent", "What is sent again after a resumption.", ["sm-resume-resends", "sm-resume", "stanza-"];
    HeaderIn = "stream-header-in", "A header of the client.", ["ws-open", "ws-header", "tcp-response-header", "ws-restart", "tcp-restart"];
    StanzaIn = "stream-stanza-in", "A stanza of the client.", ["ws-one-element", "sm-count", "sm-ack", "tcp-not-authorized", "stanza-"];
    CountIn = "stream-count-in", "The client's count, or its question for one.", ["sm-ack", "sm-request", "sm-handled", "sm-unacked"];
    ResumeIn = "stream-resume-in", "The client's wish to resume.", ["sm-resume"];
    EndIn = "stream-end-in", "The end of the client's stream.", ["ws-close", "tcp-close", "sm-clean-close", "stanza-order"];
    WrongIn = "stream-wrong-in", "What no stream may have.", ["ws-", "tcp-restricted", "tcp-stream-error", "tcp-error"];
    GoneIn = "stream-gone-in", "That the connection is gone.", ["ws-broken-socket", "ws-sm-keeps", "sm-"];
}

impl StreamPlace {
    /// Whether it is something that comes.
    pub fn is_input(self) -> bool {
        matches!(
            self,
            Self::HeaderIn
                | Self::StanzaIn
                | Self::CountIn
                | Self::ResumeIn
                | Self::EndIn
                | Self::WrongIn
                | Self::GoneIn
        )
    }

    /// Whether it comes once in a session at most.
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Self::Opened
                | Self::Features
                | Self::StreamError
                | Self::Ending
                | Self::Closing
                | Self::EndIn
                | Self::WrongIn
                | Self::GoneIn
                | Self::Resumed
                | Self::ResumeIn
        )
    }

    /// What an output is, where so much went out before.
    pub(super) fn of_output(output: &Output, before: Before) -> Option<Self> {
        Some(match output {
            Output::Header(_) if before.headers == 0 => Self::Opened,
            Output::Header(_) => Self::Reopened,
            Output::End => Self::Ending,
            Output::Close(_) => Self::Closing,
            Output::Element(element) => Self::of_element(element, before),
            Output::Ping | Output::StartTls => return None,
        })
    }

    fn of_element(element: &Element, before: Before) -> Self {
        let kind = element.attr("type");
        match (element.namespace(), element.name()) {
            (ns::STREAMS, "features") if before.features == 0 => Self::Features,
            (ns::STREAMS, "features") => Self::LaterFeatures,
            (ns::STREAMS, _) => Self::StreamError,
            (ns::SM3, "enabled") => Self::Enabled,
            (ns::SM3, "a") => Self::Count,
            (ns::SM3, "r") => Self::CountAsked,
            (ns::SM3, "resumed") => Self::Resumed,
            (ns::SM3, _) => Self::NotResumed,
            (ns::CLIENT, _) if before.resumed => Self::Resent,
            (ns::CLIENT, _) if kind == Some("error") => Self::StanzaError,
            (ns::CLIENT, "message") => Self::Delivered,
            (ns::CLIENT, "presence") => Self::PresenceOut,
            (ns::CLIENT, _) => Self::Answer,
            _ => Self::Granted,
        }
    }

    /// What an input is.
    pub(super) fn of_input(input: &Input) -> Option<Self> {
        Some(match input {
            Input::Header(_) | Input::Misnamed(_) => Self::HeaderIn,
            Input::End => Self::EndIn,
            Input::Wrong(_) => Self::WrongIn,
            Input::Gone(_) => Self::GoneIn,
            Input::Element(element) => match (element.namespace(), element.name()) {
                (ns::CLIENT, _) => Self::StanzaIn,
                (ns::SM3, "a" | "r") => Self::CountIn,
                (ns::SM3, "resume") => Self::ResumeIn,
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// What went out before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    pub(super) headers: u32,
    pub(super) features: u32,
    /// A session was resumed, and nothing of the client came since.
    pub(super) resumed: bool,
}
