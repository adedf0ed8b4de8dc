//! What the document says, before it is written.

use std::collections::BTreeSet;

use super::outcomes::Tested;
use super::pages::DeviationPage;
use crate::spec::Requirement;

/// The requirements down, the clients across.
#[derive(Debug)]
pub struct ClientTable<'a> {
    pub(super) clients: &'a [Tested],
    pub(super) rows: Vec<Row<'a>>,
    /// Client by client in the order of the cells, which name them by their places.
    pub(super) deviations: Vec<Deviation<'a>>,
    /// Why something was not tested, in the order of the cells, which name them by their places.
    pub(super) reasons: Vec<&'a str>,
}

/// A requirement that a scenario covers.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) requirement: &'a Requirement,
    /// The files of the scenarios that cover it.
    pub(super) scenarios: BTreeSet<&'a str>,
    /// In the order of the clients.
    pub(super) cells: Vec<Cell>,
}

/// What is known of a client and a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A scenario tested it, and none found it violated.
    Kept,
    /// A scenario that demands it found it violated.
    Broken(Vec<usize>),
    /// The same where the scenario only recommends it.
    Discouraged(Vec<usize>),
    /// It was violated in some runs, and not in others.
    Sometimes(Vec<usize>),
    /// The scenarios that cover it ended before, for these deviations.
    Open(Vec<usize>),
    /// It was not tested, for these reasons.
    Skipped(Vec<usize>),
    /// The runs say nothing: the machine was too slow, or a scenario could not be carried out.
    Unclear,
    /// No scenario of this run covers it.
    Uncovered,
}

/// What a client does instead.
#[derive(Debug)]
pub(super) struct Deviation<'a> {
    /// The place of the client.
    pub(super) client: usize,
    /// The words of the scenario, if it has some.
    pub(super) says: Option<&'a str>,
    pub(super) text: String,
    pub(super) requirements: BTreeSet<&'a str>,
    pub(super) scenarios: BTreeSet<&'a str>,
    /// The page about it.
    pub(super) page: Option<&'a DeviationPage>,
}
