//! From outcomes to cells.

use std::collections::{BTreeMap, BTreeSet};

use super::outcomes::{Demand, Failed, Run, Tested};
use super::pages::DeviationPage;
use super::table::{Cell, ClientTable, Deviation, Row};
use crate::spec::{Catalogue, Requirement};

/// Bytes of what was seen that are printed where the scenario has no words for it.
const LONGEST: usize = 160;

/// What one run says of a requirement.
enum Sign<'a> {
    Kept,
    Broken(Vec<&'a Failed>),
    /// It failed, and did not when it was run again.
    Unsteady(Vec<&'a Failed>),
    /// It ended early, for these failures of other requirements.
    Open(Vec<&'a Failed>),
    Skipped,
    Unclear,
}

impl<'a> ClientTable<'a> {
    /// Of the requirements that scenarios cover. Deviations are linked to these pages.
    pub fn of(clients: &'a [Tested], catalogue: &'a Catalogue, pages: &'a [DeviationPage]) -> Self {
        let mut table =
            Self { clients, rows: Vec::new(), deviations: Vec::new(), reasons: Vec::new() };
        for requirement in catalogue.iter() {
            let id = requirement.id.as_str();
            let runs = clients.iter().flat_map(|client| &client.runs);
            let covering = runs.filter(|run| run.covers.iter().any(|one| one == id));
            let scenarios: BTreeSet<&str> = covering.map(|run| run.file.as_str()).collect();
            if scenarios.is_empty() {
                continue;
            }
            let cells =
                (0..clients.len()).map(|client| table.cell(requirement, client, pages)).collect();
            table.rows.push(Row { requirement, scenarios, cells });
        }
        table.number();
        table
    }

    /// Numbers deviations client by client, each in the order of its cells.
    fn number(&mut self) {
        let mut order: Vec<usize> = (0..self.deviations.len()).collect();
        order.sort_by_key(|&place| self.deviations[place].client);
        let mut numbers = vec![0; order.len()];
        for (number, &place) in order.iter().enumerate() {
            numbers[place] = number;
        }
        for cell in self.rows.iter_mut().flat_map(|row| &mut row.cells) {
            if let Cell::Broken(places)
            | Cell::Discouraged(places)
            | Cell::Sometimes(places)
            | Cell::Open(places) = cell
            {
                for place in places.iter_mut() {
                    *place = numbers[*place];
                }
                places.sort_unstable();
            }
        }
        self.deviations.sort_by_key(|deviation| deviation.client);
    }

    fn cell(
        &mut self,
        requirement: &'a Requirement,
        client: usize,
        pages: &'a [DeviationPage],
    ) -> Cell {
        let id = requirement.id.as_str();
        // What was run several times is one scenario and row.
        let mut groups: BTreeMap<_, Vec<&'a Run>> = BTreeMap::new();
        for run in &self.clients[client].runs {
            if run.covers.iter().any(|covered| covered == id) {
                groups.entry((run.file.as_str(), run.row)).or_default().push(run);
            }
        }
        let mut found = Found::default();
        for runs in groups.values() {
            self.look(runs, id, client, pages, &mut found);
        }
        let places = |places: BTreeSet<usize>| places.into_iter().collect();
        if !found.broken.is_empty() {
            found.broken.extend(found.discouraged);
            Cell::Broken(places(found.broken))
        } else if !found.sometimes.is_empty() {
            Cell::Sometimes(places(found.sometimes))
        } else if !found.discouraged.is_empty() {
            Cell::Discouraged(places(found.discouraged))
        } else if found.kept {
            Cell::Kept
        } else if !found.open.is_empty() {
            Cell::Open(places(found.open))
        } else if found.unclear {
            Cell::Unclear
        } else if groups.is_empty() {
            Cell::Uncovered
        } else {
            let runs = groups.values().flatten();
            let reasons: BTreeSet<&'a str> = runs.filter_map(|run| run.reason.as_deref()).collect();
            Cell::Skipped(reasons.into_iter().map(|reason| self.reason(reason)).collect())
        }
    }

    /// Looks at the runs of one scenario and row.
    fn look(
        &mut self,
        runs: &[&'a Run],
        id: &str,
        client: usize,
        pages: &'a [DeviationPage],
        found: &mut Found,
    ) {
        let (mut kept, mut broken, mut sometimes) = (0, Vec::new(), Vec::new());
        for &run in runs {
            match run.sign(id) {
                Sign::Kept => kept += 1,
                Sign::Broken(failures) => broken.push((run, failures)),
                Sign::Unsteady(failures) => sometimes.push((run, failures)),
                Sign::Open(failures) => {
                    found.open.extend(self.deviations(client, run, &failures, pages));
                }
                Sign::Skipped => {}
                Sign::Unclear => found.unclear = true,
            }
        }
        found.kept |= kept > 0;
        if kept > 0 || !sometimes.is_empty() {
            sometimes.append(&mut broken);
        }
        for (run, failures) in sometimes {
            found.sometimes.extend(self.deviations(client, run, &failures, pages));
        }
        for (run, failures) in broken {
            let (demanded, others): (Vec<_>, Vec<_>) =
                failures.into_iter().partition(|failed| failed.level == Demand::Must);
            found.broken.extend(self.deviations(client, run, &demanded, pages));
            found.discouraged.extend(self.deviations(client, run, &others, pages));
        }
    }

    /// The places of what these failures are about.
    fn deviations(
        &mut self,
        client: usize,
        run: &'a Run,
        failures: &[&'a Failed],
        pages: &'a [DeviationPage],
    ) -> Vec<usize> {
        failures.iter().map(|failed| self.deviation(client, run, failed, pages)).collect()
    }

    fn deviation(
        &mut self,
        client: usize,
        run: &'a Run,
        failed: &'a Failed,
        pages: &'a [DeviationPage],
    ) -> usize {
        let ids: BTreeSet<&str> = failed.ids().collect();
        // What a rule finds where a step found it as well is the same.
        let same = |one: &Deviation<'_>| {
            one.client == client
                && one.requirements == ids
                && (one.says == failed.says.as_deref()
                    || (failed.is_of_rule() && one.scenarios.contains(run.file.as_str())))
        };
        let name = &self.clients[client].name;
        let page = pages.iter().find(|page| page.is_about(name, &run.name));
        let place = self.deviations.iter().position(same).unwrap_or_else(|| {
            self.deviations.push(Deviation {
                client,
                says: failed.says.as_deref(),
                text: failed.text(),
                requirements: ids,
                scenarios: BTreeSet::new(),
                page: None,
            });
            self.deviations.len() - 1
        });
        let deviation = &mut self.deviations[place];
        // A rule explains more than a step without words.
        if failed.is_of_rule() && deviation.says.is_none() {
            deviation.text = failed.text();
        }
        deviation.scenarios.insert(&run.file);
        deviation.page = deviation.page.or(page);
        place
    }

    fn reason(&mut self, reason: &'a str) -> usize {
        self.reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        })
    }
}

/// What the runs with a client say of one requirement.
#[derive(Default)]
struct Found {
    kept: bool,
    unclear: bool,
    broken: BTreeSet<usize>,
    discouraged: BTreeSet<usize>,
    sometimes: BTreeSet<usize>,
    open: BTreeSet<usize>,
}

impl Run {
    fn sign(&self, id: &str) -> Sign<'_> {
        let counts = |failed: &&Failed| failed.level > Demand::May;
        let own: Vec<&Failed> = self
            .failures
            .iter()
            .filter(counts)
            .filter(|failed| failed.ids().any(|broken| broken == id))
            .collect();
        match self.verdict.as_str() {
            "skipped" => return Sign::Skipped,
            "broken" | "inconclusive" => return Sign::Unclear,
            "unsteady" if own.is_empty() => return Sign::Unclear,
            "unsteady" => return Sign::Unsteady(own),
            _ => {}
        }
        // A step that demands something ends its scenario when it fails.
        let ends: Vec<&Failed> = self
            .failures
            .iter()
            .filter(|failed| failed.level == Demand::Must && !failed.is_of_rule())
            .collect();
        match (own.is_empty(), ends.is_empty()) {
            (false, _) => Sign::Broken(own),
            (true, false) => Sign::Open(ends),
            (true, true) => Sign::Kept,
        }
    }
}

impl Failed {
    /// What was seen, in words.
    fn text(&self) -> String {
        if self.is_of_rule() {
            return steady(self.seen.trim_end_matches(" Reported once per session."));
        }
        match &self.says {
            Some(says) => format!("{says} (expected {})", self.expected),
            // A long list of what was sent differs from run to run, and does not help.
            None if self.seen.len() > LONGEST => format!("expected {}", self.expected),
            None => format!("expected {}; actual: {}", self.expected, steady(&self.seen)),
        }
    }
}

/// Without what differs from run to run.
fn steady(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_matches(|c: char| !c.is_ascii_digit());
        let follows_rid = words.last() == Some(&"rid") && !bare.is_empty();
        let is_id = (word.len() > 20 && word.chars().all(|c| c.is_ascii_alphanumeric()))
            || (word.starts_with('#') && word.contains(']'));
        words.push(if follows_rid || is_id { "…" } else { word });
    }
    words.join(" ")
}
