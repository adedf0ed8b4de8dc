//! What a filter keeps.

/// What a filter keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Whether the message, or the event, is to be shown.
    pub message: bool,
    /// Which of its stanzas are to be shown; empty if all of them are.
    pub stanzas: Vec<bool>,
}

impl Selection {
    /// Everything.
    pub fn all() -> Self {
        Self { message: true, stanzas: Vec::new() }
    }

    /// Whether the stanza with this index is to be shown.
    pub fn stanza(&self, index: usize) -> bool {
        self.message && self.stanzas.get(index).is_none_or(|&kept| kept)
    }

    /// How many stanzas of a shown message are left out.
    pub fn left_out(&self) -> usize {
        self.stanzas.iter().filter(|&&kept| !kept).count()
    }
}
