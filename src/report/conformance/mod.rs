//! `xmppscope generate conformance`: which requirements each connection manager keeps, as a document in Markdown. It is
//! made from the outcomes of whole runs of the pack as `run --format json` writes them, and holds nothing that differs
//! from run to run: no times, ports or names of sessions.

mod cell;
mod column;
mod markdown;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::requirements::Checked;

pub use column::{Column, Wrong};
pub use markdown::write;

/// The requirements down, the connection managers across.
#[derive(Debug)]
pub struct Table<'a> {
    /// Those on a connection manager, in the order of the catalogue.
    requirements: Vec<&'a Checked<'a>>,
    columns: &'a [Column],
    /// The cells of each requirement, in the order of the columns.
    cells: Vec<Vec<Cell>>,
    /// What is done instead, column by column in the order in which the cells name it; a cell names it by its place.
    deviations: Vec<Deviation<'a>>,
    /// Why something was not asked, in the order in which the cells name it.
    reasons: Vec<&'a str>,
}

/// What came of one requirement with one connection manager.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    /// A scenario that covers it passed, and none found it broken.
    Kept,
    /// A scenario found it broken, which these deviations are about.
    Broken(Vec<usize>),
    /// The scenarios that cover it ended before, at these deviations.
    Open(Vec<usize>),
    /// It was not asked, for these reasons.
    Skipped(Vec<usize>),
    /// The machine was too slow to tell.
    Inconclusive,
    /// No scenario covers it.
    Unchecked,
}

/// What a connection manager does otherwise.
#[derive(Debug)]
struct Deviation<'a> {
    /// The place of its column.
    column: usize,
    /// In words: those of the target's file, or else what was seen.
    text: String,
    /// Whether the target's file says so.
    known: bool,
    /// Requirements that are not kept.
    requirements: BTreeSet<&'a str>,
    /// Scenarios that show it.
    scenarios: BTreeSet<&'a str>,
}
