//! `docs/clients.md`: the requirements on clients down, clients across, from the outcomes of `xmppscope client run`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::diag::sanitise::one_line;
use crate::spec::{Catalogue, Specification};

/// What came of the scenarios with one client.
#[derive(Debug)]
pub struct Tested {
    name: String,
    scenarios: Vec<Scenario>,
}

/// Why outcomes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotOutcomes {
    /// A line is not one of outcomes.
    #[error("line {0}: {1}; expected the output of `xmppscope client run --format json`")]
    Line(usize, String),
    /// There is no first line that says whose outcomes they are.
    #[error("there is no preface; expected the output of `xmppscope client run --format json`")]
    NoPreface,
}

#[derive(Debug, Deserialize)]
struct Line {
    xmppscope: Option<String>,
    event: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    covers: Vec<String>,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    failures: Vec<Failed>,
}

#[derive(Debug)]
struct Scenario {
    file: String,
    covers: Vec<String>,
    verdict: String,
    failures: Vec<Failed>,
}

#[derive(Debug, Clone, Deserialize)]
struct Failed {
    requirements: Vec<Id>,
    level: String,
    says: Option<String>,
    expected: String,
    seen: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Id {
    id: String,
}

/// What a client does about a requirement; the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Skipped,
    Unsteady,
    Kept,
    Warned,
    Broken,
}

impl Cell {
    fn sign(self) -> &'static str {
        match self {
            Self::Skipped => "–",
            Self::Unsteady => "?",
            Self::Kept => "✓",
            Self::Warned => "△",
            Self::Broken => "✗",
        }
    }
}

impl Tested {
    /// Reads outcomes.
    ///
    /// # Errors
    /// They are none.
    pub fn read(text: &str) -> Result<Self, NotOutcomes> {
        let mut tested: Option<Self> = None;
        for (number, line) in text.lines().enumerate() {
            let line: Line = serde_json::from_str(line)
                .map_err(|error| NotOutcomes::Line(number + 1, error.to_string()))?;
            if line.xmppscope.is_some() {
                tested.get_or_insert(Self { name: line.name, scenarios: Vec::new() });
            } else if line.event.as_deref() == Some("scenario") {
                let Line { file, covers, verdict, failures, .. } = line;
                let tested = tested.as_mut().ok_or(NotOutcomes::NoPreface)?;
                tested.scenarios.push(Scenario { file, covers, verdict, failures });
            }
        }
        tested.ok_or(NotOutcomes::NoPreface)
    }

    /// What it does about a requirement; nothing if no scenario covers it.
    fn cell(&self, id: &str) -> Option<Cell> {
        let covers = |one: &&Scenario| one.covers.iter().any(|covered| covered == id);
        self.scenarios.iter().filter(covers).map(|one| one.cell(id)).max()
    }
}

impl Scenario {
    fn cell(&self, id: &str) -> Cell {
        let is_about = |failed: &&Failed| failed.requirements.iter().any(|one| one.id == id);
        match self.verdict.as_str() {
            "skipped" | "broken" => return Cell::Skipped,
            "unsteady" | "inconclusive" => return Cell::Unsteady,
            _ => {}
        }
        let mut levels = self.failures.iter().filter(is_about).map(|failed| failed.level.as_str());
        let levels: BTreeSet<&str> = levels.by_ref().collect();
        if levels.contains("must") {
            Cell::Broken
        } else if levels.contains("should") {
            Cell::Warned
        } else {
            Cell::Kept
        }
    }
}

/// Writes the document. Links lead from `docs/`.
pub fn write_clients(clients: &[Tested], catalogue: &Catalogue) -> String {
    let mut out = String::from(HEAD);
    let names: Vec<String> = clients.iter().map(|client| cell_text(&client.name)).collect();
    out += &format!("| requirement | level | {} |\n", names.join(" | "));
    out += &format!("|---|---|{}\n", "---|".repeat(clients.len()));
    for requirement in catalogue.iter() {
        let id = requirement.id.as_str();
        let cells: Vec<Option<Cell>> = clients.iter().map(|client| client.cell(id)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let specification = catalogue.specification(&requirement.spec);
        let specification = specification.map_or_else(String::new, Specification::name);
        let signs: Vec<&str> = cells.into_iter().map(|cell| cell.map_or("", Cell::sign)).collect();
        out += &format!(
            "| {specification} §{} `{id}` | {} | {} |\n",
            requirement.section.number,
            requirement.level,
            signs.join(" | ")
        );
    }
    out += "\n## What they do instead\n";
    for client in clients {
        // The same thing is seen in several scenarios, and in several rows of one.
        let mut seen: BTreeMap<(String, String), (String, BTreeSet<&str>)> = BTreeMap::new();
        for scenario in &client.scenarios {
            let counts =
                !matches!(&*scenario.verdict, "skipped" | "broken" | "unsteady" | "inconclusive");
            for failed in scenario.failures.iter().filter(|failed| counts && failed.level != "may")
            {
                let ids: Vec<String> =
                    failed.requirements.iter().map(|one| format!("`{}`", one.id)).collect();
                let words = failed.says.clone().unwrap_or_else(|| {
                    format!("expected {}; actual: {}", failed.expected, failed.seen)
                });
                let level = failed.level.clone();
                let key = (ids.join(", "), scenario.file.clone());
                seen.entry(key)
                    .or_insert_with(|| (format!("{level}: {words}"), BTreeSet::new()))
                    .1
                    .insert(&scenario.file);
            }
        }
        out += &format!("\n### {}\n\n", cell_text(&client.name));
        if seen.is_empty() {
            out += "Nothing that a scenario noticed.\n";
        }
        for ((ids, _), (words, files)) in seen {
            let files: Vec<String> =
                files.iter().map(|file| format!("[scenario](../{file})")).collect();
            let ids = if ids.is_empty() { String::new() } else { format!("{ids}, ") };
            out += &format!("- {ids}{} ({})\n", cell_text(&words), files.join(", "));
        }
    }
    out
}

/// Text in a cell of a table, or in a list.
fn cell_text(text: &str) -> String {
    one_line(text).replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
}

const HEAD: &str = "\
# Clients

What well-known clients do about the requirements of the specifications, as the scenarios of
[scenarios/client](../scenarios/client) see it ([how to test a client](how-to/test-a-client.md)). The table is generated: run
`xmppscope client run scenarios/client --format json --output CLIENT.json --name 'CLIENT VERSION' -- COMMAND` for each client,
with the drivers of [tests/peers/drivers](../tests/peers/drivers), and then `xmppscope generate clients *.json >docs/clients.md`.

✓ kept where it was tested, △ a recommendation is violated, ✗ a requirement is violated, ? differs from run to run, – the client
cannot do what the scenario needs, such as the carrier. An empty cell: no scenario of the run covers it.

";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::catalogue;

    const OUTCOMES: &str = "\
{\"xmppscope\":\"outcomes\",\"version\":1,\"name\":\"test 1.0\"}
{\"event\":\"scenario\",\"file\":\"a.yaml\",\"line\":1,\"name\":\"a\",\"covers\":[\"bosh-type-values\",\"bosh-req-to\"],\"verdict\":\"failed\",\"failures\":[{\"requirements\":[{\"id\":\"bosh-type-values\"}],\"level\":\"must\",\"kind\":\"rule\",\"expected\":\"the client to keep it\",\"seen\":\"type='terminal'\"}]}
{\"event\":\"scenario\",\"file\":\"b.yaml\",\"line\":1,\"name\":\"b\",\"covers\":[\"ws-pong\"],\"verdict\":\"skipped\",\"failures\":[]}
{\"event\":\"summary\"}
";

    #[test]
    fn each_requirement_has_the_worst_of_its_cells() {
        let tested = Tested::read(OUTCOMES).unwrap();
        let document = write_clients(&[tested], catalogue());
        let row =
            |id: &str| document.lines().find(|line| line.contains(&format!("`{id}`"))).unwrap();
        assert!(row("bosh-type-values").ends_with("| ✗ |"), "{document}");
        assert!(row("bosh-req-to").ends_with("| ✓ |"), "{document}");
        assert!(row("ws-pong").ends_with("| – |"), "{document}");
        assert!(document.contains("type='terminal' ([scenario](../a.yaml))"), "{document}");
        assert!(!document.contains("`bosh-rid-max`"));
    }

    #[test]
    fn what_is_not_outcomes_is_refused() {
        assert!(matches!(Tested::read("{}\nx"), Err(NotOutcomes::Line(2, _))));
        assert!(matches!(Tested::read(""), Err(NotOutcomes::NoPreface)));
    }
}
