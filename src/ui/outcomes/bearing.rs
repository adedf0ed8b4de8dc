//! What verdicts mean for a run as a whole.

use crate::runner::Verdict;

/// What an outcome means for the run as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearing {
    /// Nothing is wrong.
    Good,
    /// Nothing is known.
    Unknown,
    /// The target is broken.
    Broken,
    /// The target does not do what is demanded.
    Bad,
}

/// What a verdict means, `strict` or not.
pub fn bearing(verdict: Verdict, strict: bool) -> Bearing {
    match verdict {
        Verdict::Warned | Verdict::Gone if strict => Bearing::Bad,
        Verdict::Passed | Verdict::Known | Verdict::Warned | Verdict::Gone => Bearing::Good,
        Verdict::Skipped | Verdict::Inconclusive | Verdict::Unsteady => Bearing::Unknown,
        Verdict::Broken => Bearing::Broken,
        Verdict::Failed => Bearing::Bad,
    }
}
