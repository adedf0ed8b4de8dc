//! From outcomes to cells.

use std::collections::BTreeSet;

use super::column::{Column, Failed, Run};
use super::table::{Cell, Deviation, Table};
use crate::report::requirements::Checked;

impl<'a> Table<'a> {
    /// Of these requirements, as far as they bind a server, with these servers.
    pub fn of(requirements: &'a [Checked<'a>], columns: &'a [Column]) -> Self {
        let binds = |checked: &&Checked<'_>| checked.requirement.party.includes_server();
        let requirements = requirements.iter().filter(binds).collect();
        let mut table = Self {
            requirements,
            columns,
            cells: Vec::new(),
            deviations: Vec::new(),
            reasons: Vec::new(),
        };
        for place in 0..table.requirements.len() {
            let id = table.requirements[place].requirement.id.as_str();
            let cells = (0..columns.len()).map(|column| table.cell(id, column)).collect();
            table.cells.push(cells);
        }
        table.number();
        table
    }

    /// Numbers deviations column by column, each in the order of its cells.
    fn number(&mut self) {
        let mut order: Vec<usize> = (0..self.deviations.len()).collect();
        order.sort_by_key(|&place| self.deviations[place].column);
        let mut numbers = vec![0; order.len()];
        for (number, &place) in order.iter().enumerate() {
            numbers[place] = number;
        }
        for cell in self.cells.iter_mut().flatten() {
            if let Cell::Broken(places) | Cell::Sometimes(places) | Cell::Open(places) = cell {
                for place in places {
                    *place = numbers[*place];
                }
            }
        }
        self.deviations.sort_by_key(|deviation| deviation.column);
    }

    fn cell(&mut self, id: &'a str, column: usize) -> Cell {
        let covers = |run: &&Run| run.covers.iter().any(|covered| covered == id);
        let runs: Vec<&'a Run> = self.columns[column].runs.iter().filter(covers).collect();
        if runs.is_empty() {
            return Cell::Unchecked;
        }
        let counting: Vec<(&'a Run, &'a Failed)> =
            runs.iter().flat_map(|run| run.counting().map(move |failed| (*run, failed))).collect();
        let sometimes: Vec<(&'a Run, &'a str)> = runs
            .iter()
            .flat_map(|run| run.sometimes.iter().map(move |why| (*run, why.as_str())))
            .collect();
        let broken: Vec<_> = counting
            .iter()
            .copied()
            .filter(|(_, failed)| failed.ids().any(|broken| broken == id))
            .collect();
        let verdict = |wanted: &[&str]| runs.iter().any(|run| wanted.contains(&&*run.verdict));
        if !broken.is_empty() {
            Cell::Broken(self.deviations(column, &broken))
        } else if !sometimes.is_empty() {
            let places = sometimes.iter().map(|(run, why)| {
                self.deviation(column, run, why.to_string(), true, [id].into_iter())
            });
            Cell::Sometimes(places.collect::<BTreeSet<usize>>().into_iter().collect())
        } else if verdict(&["passed", "gone"]) {
            Cell::Kept
        } else if verdict(&["inconclusive", "unsteady"]) {
            Cell::Inconclusive
        } else if !counting.is_empty() {
            Cell::Open(self.deviations(column, &counting))
        } else {
            let reasons: BTreeSet<&'a str> =
                runs.iter().filter_map(|run| run.reason.as_deref()).collect();
            Cell::Skipped(reasons.into_iter().map(|reason| self.reason(reason)).collect())
        }
    }

    /// The places of what these failures are about.
    fn deviations(&mut self, column: usize, failures: &[(&'a Run, &'a Failed)]) -> Vec<usize> {
        let places = failures.iter().map(|(run, failed)| {
            let known = failed.known.is_some();
            let seen = || format!("Expected {}; actual: {}", failed.expected, failed.seen);
            let text = failed.known.clone().unwrap_or_else(seen);
            self.deviation(column, run, text, known, failed.ids())
        });
        places.collect::<BTreeSet<usize>>().into_iter().collect()
    }

    /// The place of what a scenario says of these requirements.
    fn deviation(
        &mut self,
        column: usize,
        run: &'a Run,
        text: String,
        known: bool,
        ids: impl Iterator<Item = &'a str>,
    ) -> usize {
        let found = self
            .deviations
            .iter()
            .position(|deviation| deviation.column == column && deviation.text == text);
        let place = found.unwrap_or_else(|| {
            let (requirements, scenarios) = (BTreeSet::new(), BTreeSet::new());
            self.deviations.push(Deviation { column, text, known, requirements, scenarios });
            self.deviations.len() - 1
        });
        self.deviations[place].requirements.extend(ids);
        self.deviations[place].scenarios.insert(&run.file);
        place
    }

    fn reason(&mut self, reason: &'a str) -> usize {
        self.reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        })
    }
}
