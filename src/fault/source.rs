//! A text that is read word by word, and the places of mistakes in it.

use std::ops::Range;

use crate::diag::Diagnostic;

/// A text that is read, for mistakes in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) option: &'static str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// A mistake in these bytes.
    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    pub(super) fn mistake(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<Diagnostic> {
        Diagnostic::in_option((self.option, self.text), span, message, label, help)
    }
}

/// A word with its place.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

/// The words of a stretch of text; what is in quotes is one, quotes included.
pub(super) fn words(text: &str, span: Range<usize>) -> Vec<Word<'_>> {
    let mut all = Vec::new();
    let (mut start, mut quoted, mut escaped) = (None, false, false);
    for (at, c) in text[span.clone()].char_indices().map(|(at, c)| (span.start + at, c)) {
        if c.is_whitespace() && !quoted {
            if let Some(start) = start.take() {
                all.push(Word { text: &text[start..at], span: start..at });
            }
            continue;
        }
        start.get_or_insert(at);
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
    }
    if let Some(start) = start {
        all.push(Word { text: &text[start..span.end], span: start..span.end });
    }
    all
}
