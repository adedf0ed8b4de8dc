//! Levels of failures.

/// How grave it is that an expectation is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// To be told only.
    May,
    /// A warning.
    Should,
    /// A failure.
    Must,
}
