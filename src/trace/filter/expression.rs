//! A filter, and how it decides.

use super::parse::{Purpose, parse};
use super::predicate::Predicate;
use super::selection::Selection;
use super::subject::Subject;
use crate::diag::Diagnostic;
use crate::diag::logic::Logic;
use crate::trace::Stanza;

/// A filter expression.
#[derive(Debug, Clone)]
pub struct Filter(Option<Logic<Predicate>>);

impl Filter {
    /// The filter that keeps everything.
    pub fn all() -> Self {
        Self(None)
    }

    /// Reads an expression. A mistake is shown at its place.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        let purpose = Purpose { option: "--filter", what: "the filter", findings: true };
        parse(text, purpose).map(|expression| Self(Some(expression)))
    }

    /// Reads an expression about a message that is yet to be passed on, of which there are no findings: that of `option`.
    pub fn of_messages(option: &'static str, text: &str) -> Result<Self, Box<Diagnostic>> {
        let purpose = Purpose { option, what: "the condition", findings: false };
        parse(text, purpose).map(|expression| Self(Some(expression)))
    }

    /// Decides.
    pub fn keep(&self, subject: &Subject<'_>) -> Selection {
        let Some(expression) = &self.0 else { return Selection::all() };
        let holds = |stanza: Option<&Stanza>| {
            expression.holds(&|predicate: &Predicate| predicate.holds(subject, stanza))
        };
        let stanzas = subject.message().map_or(&[][..], |message| &message.stanzas);
        if stanzas.is_empty() {
            return Selection { message: holds(None), stanzas: Vec::new() };
        }
        let stanzas: Vec<bool> = stanzas.iter().map(|stanza| holds(Some(stanza))).collect();
        Selection { message: stanzas.contains(&true), stanzas }
    }
}
