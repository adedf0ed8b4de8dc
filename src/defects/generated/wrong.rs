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

    /// The value that something has instead; `Some(None)` takes it away, and none means that nothing can be wrong.
    #[allow(clippy::option_option)] // no change, no value, another value
    pub(super) fn value(self, now: Option<&str>, stale: Option<&str>) -> Option<Option<String>> {
        let number = || now.and_then(|text| text.parse::<u64>().ok());
        let new = match self {
            Self::Added(value) if now.is_none() => Some(value.to_owned()),
            Self::Added(_) => return None,
            Self::Missing => now.and(None),
            Self::Empty => now.map(|_| String::new()),
            Self::Capitals => now.map(str::to_uppercase),
            Self::Other => now.map(|_| "other".to_owned()),
            Self::Stale => Some(stale?.to_owned()),
            Self::Lower => Some(number()?.wrapping_sub(1).to_string()),
            Self::Higher => Some((number()? + 1).to_string()),
        };
        let changes = new.as_deref() != now;
        changes.then_some(new)
    }
}
