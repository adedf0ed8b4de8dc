//! What the user of a session wants to be sent, in order, and what of it goes together.

use std::collections::VecDeque;

use super::wrapper::content;
use crate::xml::Element;
use crate::xmpp::ns;

/// One wish. Payloads are there as they will stand in the `<body/>`.
#[derive(Debug)]
pub(super) enum Wish {
    Stanza(String),
    /// A payload that is no stanza.
    Other(String),
    Restart,
    /// For so many seconds.
    Pause(u64),
    /// With these payloads.
    Terminate(String),
}

impl Wish {
    pub(super) fn payload(element: &Element) -> Self {
        let text = content(element);
        if element.namespace() == ns::CLIENT { Self::Stanza(text) } else { Self::Other(text) }
    }

    pub(super) fn terminate(payloads: &[Element]) -> Self {
        Self::Terminate(payloads.iter().map(content).collect())
    }

    fn is_stanza(&self) -> bool {
        matches!(self, Self::Stanza(_))
    }
}

/// The wishes that wait.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    waiting: VecDeque<Wish>,
}

impl Wishes {
    pub(super) fn push(&mut self, wish: Wish) {
        self.waiting.push_back(wish);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the next request would end or pause the session: such a one may go beyond `requests` (XEP-0124 §11).
    pub(super) fn is_special(&self) -> bool {
        let pauses = matches!(self.waiting.front(), Some(Wish::Pause(_)));
        let behind = self.waiting.iter().find(|wish| !wish.is_stanza());
        pauses || matches!(behind, Some(Wish::Terminate(_)))
    }

    /// The wishes that the next request carries: stanzas that wait go together, with the end of the session if it
    /// follows; anything else goes alone (XEP-0206 §2).
    pub(super) fn take(&mut self) -> Vec<Wish> {
        let mut together = Vec::new();
        let fits = |last: Option<&Wish>, next: &Wish| match last {
            None => true,
            Some(last) => {
                last.is_stanza() && (next.is_stanza() || matches!(next, Wish::Terminate(_)))
            }
        };
        while self.waiting.front().is_some_and(|next| fits(together.last(), next)) {
            together.extend(self.waiting.pop_front());
        }
        together
    }
}
