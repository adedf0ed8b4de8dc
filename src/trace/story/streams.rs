//! What the XML stream of a session says, whatever carries it (RFC 6120).

use std::time::Duration;

use super::questions::Questions;
use crate::trace::reading::Stanza;
use crate::wire::Side;
use crate::xml::Element;

/// The stream between a client and its server, through all its restarts.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// The full JID that was bound.
    pub jid: Option<String>,
    questions: Questions,
}

impl Stream {
    /// Takes the elements that one message carried. `rid` is that of the request that carried them, or whose response
    /// did.
    pub(super) fn take<'a>(
        &mut self,
        from: Side,
        elements: impl Iterator<Item = &'a Element>,
        rid: Option<u64>,
        at: Duration,
    ) -> Vec<Stanza> {
        let stanza = |element| {
            let mut stanza = Stanza::of(element);
            if let (Side::Server, Some(jid)) = (from, &stanza.summary.bound) {
                self.jid = Some(jid.clone());
            }
            self.questions.take(from, &mut stanza, rid, at);
            stanza
        };
        elements.map(stanza).collect()
    }
}
