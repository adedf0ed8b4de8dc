//! The characters in a tree: most are a piece of one copy of the source that all elements share.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Character data of an element: a `&str` that is cheap to clone.
#[derive(Clone)]
pub struct Text {
    source: Arc<str>,
    chars: Chars,
}

impl Text {
    pub(super) fn new(source: Arc<str>, chars: Chars) -> Self {
        Self { source, chars }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        self.chars.of(&self.source)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

/// A name, namespace, value or text.
#[derive(Clone)]
pub(super) enum Chars {
    /// As it stands in the source.
    Piece(Piece),
    /// Known without a source.
    Known(&'static str),
    /// Other than it stands in the source.
    Own(Arc<str>),
}

impl Chars {
    pub(super) fn of<'a>(&'a self, source: &'a str) -> &'a str {
        match self {
            Self::Piece(piece) => piece.of(source),
            Self::Known(chars) => chars,
            Self::Own(chars) => chars,
        }
    }

    /// Whether these are the same. Rules ask that some hundred times a stanza; nearly always the length or the last byte
    /// says that they are not, without a call.
    #[inline]
    pub(super) fn are(&self, other: &str, source: &str) -> bool {
        let other = other.as_bytes();
        let chars = match self {
            Self::Piece(piece) => &source.as_bytes()[piece.start as usize..piece.end as usize],
            Self::Known(chars) => chars.as_bytes(),
            Self::Own(chars) => chars.as_bytes(),
        };
        chars.len() == other.len()
            && chars.last() == other.last()
            && (chars.is_empty() || chars == other)
    }
}

/// A piece of a source that is shorter than 4 GiB.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Piece {
    pub(super) const EMPTY: Self = Self { start: 0, end: 0 };

    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    #[inline]
    pub(super) fn of(self, source: &str) -> &str {
        &source[self.start as usize..self.end as usize]
    }
}
