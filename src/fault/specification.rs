//! One fault, as it was asked for.

use super::condition::Condition;
use super::what::What;
use crate::wire::Side;

/// A fault: when something is to go wrong, and what.
#[derive(Debug)]
pub struct Fault {
    /// What it is called, if it has a name.
    pub(super) name: Option<String>,
    /// As it was written.
    pub(super) text: String,
    pub(super) when: Condition,
    /// Whose messages it is for, if the words behind the colon say that.
    pub(super) side: Option<Side>,
    pub(super) what: What,
}

impl Fault {
    /// The same, under a name by which it is reported.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its name, or else its text: what it is reported by.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.text)
    }

    /// Whether the other one asks for the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.text == other.text && self.name == other.name
    }
}
