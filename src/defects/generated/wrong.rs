//! How an attribute may be wrong.

/// How an attribute is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// It is one less.
    Lower,
    /// It is one more.
    Higher,
    /// It is what it was in the response before.
    Stale,
    /// It is there and empty.
    Empty,
    /// It is in capitals.
    Capitals,
    /// It is something else.
    Other,
    /// It is there, and should not be: with this value.
    Added(&'static str),
}

impl Wrong {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Stale => "stale",
            Self::Empty => "empty",
            Self::Capitals => "capitals",
            Self::Other => "other",
            Self::Added(_) => "added",
        }
    }
}
