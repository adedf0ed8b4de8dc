//! Where something stands: every value of a scenario keeps the bytes it was written with.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diag::{Diagnostic, name};

/// A file that was read.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// Where it was read from.
    pub path: PathBuf,
    /// What stands in it.
    pub text: Arc<str>,
}

/// Bytes of a file. Cheap to copy about: the file is shared.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The bytes meant.
    pub span: Range<usize>,
}

/// A value and where it was written. Two are equal if their values are.
#[derive(Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl Place {
    /// The line and the character in it, both from 1.
    pub fn line_and_column(&self) -> (usize, usize) {
        let start = self.span.start.min(self.source.text.len());
        let before = self.source.text.get(..start).unwrap_or_default();
        let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        (1 + before.matches('\n').count(), 1 + line.chars().count())
    }

    /// The text that stands there.
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }

    /// A part of it, in bytes from its start.
    #[must_use]
    pub fn part(&self, within: Range<usize>) -> Self {
        let end = self.span.end;
        let at = |offset: usize| (self.span.start + offset).min(end);
        Self { source: Arc::clone(&self.source), span: at(within.start)..at(within.end) }
    }

    /// A mistake at this place.
    pub fn mistake(&self, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic {
            message: message.into(),
            name: name(&self.source.path).to_string(),
            source: Arc::clone(&self.source.text),
            span: self.span.clone(),
            label: label.into(),
            help: None,
        }
    }
}

impl<T> Located<T> {
    /// A value at a place.
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }

    /// What was made of the value, at the same place.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: make(self.value), place: self.place }
    }
}

impl<T> std::ops::Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

/// The value alone: places would hide it.
impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// `FILE:LINE:COLUMN`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}", name(&self.source.path))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}
