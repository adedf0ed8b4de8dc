//! What the search for the cause of a stream error asks for, what it gives, and the causes that the error itself or its
//! session show.

use std::fmt::Write as _;
use std::time::Duration;

use super::line::LineView;
use crate::clock::words;
use crate::rules::finding::Party;
use crate::rules::words::short;
use crate::trace::Story;
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{ns, stream_condition};

/// What came before a stream error within this time may be its cause.
pub(super) const NEAR: Duration = Duration::from_secs(2);

/// A big stanza.
#[derive(Debug, Clone)]
pub(super) struct Big {
    pub(super) at: Duration,
    pub(super) name: String,
    pub(super) size: usize,
    pub(super) id: Option<String>,
}

/// A stream error whose cause is asked for.
pub(super) struct Asking<'a> {
    pub(super) view: &'a LineView<'a>,
    pub(super) from: Side,
    pub(super) error: &'a Element,
    pub(super) condition: &'a str,
    pub(super) story: &'a Story,
}

impl Asking<'_> {
    pub(super) fn ago(&self, at: Duration) -> String {
        words(self.view.at.saturating_sub(at))
    }

    pub(super) fn is_near(&self, at: Duration) -> bool {
        self.view.at.saturating_sub(at) <= NEAR
    }
}

/// What a stream error follows from.
pub(super) struct Cause {
    pub(super) words: String,
    /// Whose it is, if that is known better than from the condition.
    pub(super) party: Option<Party>,
    /// It was reported when it came, so that the error is but its effect; or it is nothing bad.
    pub(super) reported: bool,
}

impl Cause {
    #[allow(clippy::unnecessary_wraps)] // every caller has to say that there is one
    pub(super) fn client(words: String) -> Option<Self> {
        Some(Self { words, party: Some(Party::Client), reported: false })
    }

    /// A cause that is nobody's in particular.
    pub(super) fn plain(words: String) -> Self {
        Self { words, party: None, reported: false }
    }

    /// The cause was reported when it came.
    pub(super) fn reported(self) -> Self {
        Self { reported: true, ..self }
    }
}

/// The domain that is not served.
pub(super) fn host(asking: &Asking<'_>) -> Option<Cause> {
    let [client, _] = &asking.view.session.stream.headers;
    let to = client.as_ref()?.to.as_deref().unwrap_or_default();
    if to.is_empty() {
        return Cause::client("the client named no domain: `to` is missing.".to_owned())
            .map(Cause::reported);
    }
    let mut words =
        format!("the server does not serve '{}', which the client asked for in `to`", short(to));
    let handshake = asking.view.session.websocket().and_then(|link| link.handshake.as_ref());
    let seen = [
        ("Host", handshake.and_then(|exchange| exchange.host.as_deref())),
        ("Origin", handshake.and_then(|exchange| exchange.origin.as_deref())),
    ];
    let seen: Vec<_> = seen
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name} {}", short(value))))
        .collect();
    if !seen.is_empty() {
        let _ = write!(words, " (the handshake had {})", seen.join(", ")); // a String takes it
    }
    words.push_str(". Give the client a domain of this server, or let the server serve it.");
    Cause::client(words)
}

pub(super) fn silence(asking: &Asking<'_>, of: Side) -> Option<Cause> {
    let last = asking.view.line.last[of as usize]?;
    let silent = asking.view.at.saturating_sub(last);
    (silent >= Duration::from_secs(1)).then(|| {
        Cause::plain(format!("nothing had come from the {} for {}.", of.name(), words(silent)))
    })
}

/// What an error says in a namespace of its own.
pub(super) fn specific(error: &Element) -> Option<Cause> {
    let own = error.children().find(|child| child.namespace() != ns::STREAM_ERRORS)?;
    let counts = [own.attr("h"), own.attr("send-count")];
    if let ("handled-count-too-high", [Some(h), Some(sent)]) = (own.name(), counts) {
        return Cause::client(format!(
            "handled-count-too-high: the client acknowledged {} stanzas, but the server says that \
             it has sent {}.",
            short(h),
            short(sent)
        ));
    }
    Some(Cause::plain(format!("{}.", short(own.name()))))
}

pub(super) fn other_host(error: &Element) -> Option<Cause> {
    let host = stream_condition(error)?.text();
    let host = host.trim();
    (!host.is_empty())
        .then(|| Cause::plain(format!("the client should connect to {} instead.", short(host))))
}
