//! Mistakes, noted while values are read.

use std::sync::Arc;

use crate::diag::Mistakes;
use crate::scenario::source::{Place, Source};

/// Notes mistakes while values are read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) mistakes: Mistakes,
    /// How many steps were read.
    pub(super) steps: u64,
    /// How many regular expressions were read.
    pub(super) patterns: u64,
}

impl Reader {
    /// What was read of a file, if there is no mistake in it; else all mistakes, in the order of their places.
    pub(super) fn whole<T>(
        mut self,
        source: &Arc<Source>,
        read: Option<T>,
        expected: &str,
    ) -> Result<T, Mistakes> {
        if read.is_none() {
            self.empty(source, expected);
        }
        match read {
            Some(read) if self.mistakes.is_empty() => Ok(read),
            _ => {
                self.mistakes.sort();
                Err(self.mistakes)
            }
        }
    }

    /// There is nothing in a file; if it is no YAML, that was told.
    pub(super) fn empty(&mut self, source: &Arc<Source>, expected: &str) {
        if self.mistakes.is_empty() {
            let whole = Place { source: Arc::clone(source), span: 0..0 };
            self.wrong(&whole, "the file is empty", expected);
        }
    }

    pub(super) fn wrong(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.wrong_with_help(place, message, label, "");
    }

    pub(super) fn wrong_with_help(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut mistake = place.mistake(message, label);
        mistake.help = Some(help.into()).filter(|help| !help.is_empty());
        // An alias was refused, so it has no value: nothing more is said of it.
        let refused = place.text().starts_with('*')
            && self.mistakes.iter().any(|one| one.span == mistake.span && one.name == mistake.name);
        if !refused {
            self.mistakes.push(mistake);
        }
    }
}
