//! What was compared, and what came of it.

use crate::snapshot::{Diff, Sign, StrandDiff};

/// Two files that were compared.
#[derive(Debug, Clone)]
pub struct Document {
    /// The path in the folders that were compared; none if two files were.
    pub name: Option<String>,
    /// What came of it.
    pub compared: Compared,
}

/// What came of a comparison.
#[derive(Debug, Clone)]
pub enum Compared {
    /// It is in both folders.
    Both(Diff),
    /// It is in the old one alone.
    OnlyOld,
    /// It is in the new one alone.
    OnlyNew,
}

impl Document {
    /// Whether there is a difference.
    pub fn differs(&self) -> bool {
        self.count() > 0
    }

    /// How many differences there are.
    pub fn count(&self) -> usize {
        match &self.compared {
            Compared::Both(diff) => diff.count(),
            Compared::OnlyOld | Compared::OnlyNew => 1,
        }
    }

    /// Whether the file came, went, or is in both.
    pub fn sign(&self) -> Sign {
        match self.compared {
            Compared::Both(_) => Sign::Changed,
            Compared::OnlyOld => Sign::Removed,
            Compared::OnlyNew => Sign::Added,
        }
    }

    /// What differs, strand by strand.
    pub(super) fn strands(&self) -> &[StrandDiff] {
        match &self.compared {
            Compared::Both(diff) => &diff.strands,
            Compared::OnlyOld | Compared::OnlyNew => &[],
        }
    }
}
