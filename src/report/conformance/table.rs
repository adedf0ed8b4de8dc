//! What the document says, before it is written.

use std::collections::BTreeSet;

use super::column::Column;
use crate::report::requirements::Checked;

/// The requirements down, the servers across.
#[derive(Debug)]
pub struct Table<'a> {
    /// Those on a connection manager, in the order of the catalogue.
    pub(super) requirements: Vec<&'a Checked<'a>>,
    pub(super) columns: &'a [Column],
    /// The cells of each requirement, in the order of the columns.
    pub(super) cells: Vec<Vec<Cell>>,
    /// What is done instead, column by column in the order in which the cells name it; a cell names it by its place.
    pub(super) deviations: Vec<Deviation<'a>>,
    /// Why something was not asked, in the order in which the cells name it.
    pub(super) reasons: Vec<&'a str>,
}

impl Table<'_> {
    /// The rows of a specification.
    pub(super) fn of_specification(&self, id: &str) -> Vec<usize> {
        let of = |row: &usize| self.requirements[*row].requirement.spec == id;
        (0..self.requirements.len()).filter(of).collect()
    }

    /// Whether a scenario covers the requirement of a row.
    pub(super) fn is_checked(&self, row: usize) -> bool {
        self.cells[row].iter().any(|cell| *cell != Cell::Unchecked)
    }

    /// The columns in which something was tested of these rows, and those in which all was skipped.
    pub(super) fn tested(&self, rows: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let cells = |column: usize| rows.iter().map(move |&row| &self.cells[row][column]);
        let skipped = |column: &usize| {
            let mut all = cells(*column);
            let none = all.all(|cell| matches!(cell, Cell::Skipped(_) | Cell::Unchecked));
            none && cells(*column).any(|cell| matches!(cell, Cell::Skipped(_)))
        };
        let (skipped, tested) = (0..self.columns.len()).partition(skipped);
        (tested, skipped)
    }

    /// Why cells of these rows were skipped in a column.
    pub(super) fn reasons_of(&self, rows: &[usize], column: usize) -> BTreeSet<usize> {
        let reasons = rows.iter().filter_map(|&row| match &self.cells[row][column] {
            Cell::Skipped(reasons) => Some(reasons),
            _ => None,
        });
        reasons.flatten().copied().collect()
    }
}

/// What came of one requirement with one connection manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A scenario that covers it passed, and none found it broken.
    Kept,
    /// A scenario found it broken, which these deviations are about.
    Broken(Vec<usize>),
    /// The scenarios that cover it are known to find it kept at some runs and broken at others, which these are about.
    Sometimes(Vec<usize>),
    /// The scenarios that cover it ended before, at these deviations.
    Open(Vec<usize>),
    /// It was not asked, for these reasons.
    Skipped(Vec<usize>),
    /// The machine was too slow to tell, or what failed did not fail again.
    Inconclusive,
    /// No scenario covers it.
    Unchecked,
}

/// What a connection manager does otherwise.
#[derive(Debug)]
pub(super) struct Deviation<'a> {
    /// The place of its column.
    pub(super) column: usize,
    /// In words: those of the target's file, or else what was seen.
    pub(super) text: String,
    /// Whether the target's file says so.
    pub(super) known: bool,
    /// Requirements that are not kept.
    pub(super) requirements: BTreeSet<&'a str>,
    /// Scenarios that show it.
    pub(super) scenarios: BTreeSet<&'a str>,
}
