//! What differs between two transcripts: strand by strand.

use super::both::Both;
use super::change::{Diff, StrandDiff};
use super::numbers::Numbers;
use super::renaming::Renaming;
use super::strands::{self, Keyed};
use crate::snapshot::{Strand, Transcript};

/// What differs.
pub fn diff(old: &Transcript, new: &Transcript) -> Diff {
    let numbers = Numbers::default();
    let (old, new) = (Keyed::all(&numbers, old), Keyed::all(&numbers, new));
    let mut found = Vec::new();
    for (i, j) in strands::pair(&numbers, &old, &new) {
        found.push(match (i.map(|i| &old[i]), j.map(|j| &new[j])) {
            (Some(old), Some(new)) => Found::Both(Both::of(&numbers, old, new)),
            (Some(old), None) => Found::Old(old.strand),
            (None, Some(new)) => Found::New(new.strand),
            (None, None) => continue,
        });
    }
    let mut renaming = Renaming::default();
    for found in &found {
        if let Found::Both(both) = found {
            both.vote(&mut renaming);
        }
    }
    renaming.decide();
    Diff { strands: found.into_iter().filter_map(|found| found.finish(&renaming)).collect() }
}

enum Found<'a> {
    Both(Both<'a>),
    Old(&'a Strand),
    New(&'a Strand),
}

impl Found<'_> {
    fn finish(self, renaming: &Renaming) -> Option<StrandDiff> {
        let (old, new, strand) = match self {
            Self::Both(both) => return both.finish(renaming),
            Self::Old(strand) => (Some(strand.title.clone()), None, strand),
            Self::New(strand) => (None, Some(strand.title.clone()), strand),
        };
        let length = strand.exchanges.len();
        Some(StrandDiff { old, new, length, changes: Vec::new(), exchanges: Vec::new() })
    }
}
