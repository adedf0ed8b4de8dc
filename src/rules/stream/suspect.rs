//! What the search for the cause of a stream error asks for, and what it gives.

use std::time::Duration;

use super::line::LineView;
use crate::clock::words;
use crate::rules::finding::Party;
use crate::trace::Story;
use crate::wire::Side;
use crate::xml::Element;

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
