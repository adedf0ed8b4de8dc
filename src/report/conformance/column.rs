//! Reading what `run --format json` wrote of one connection manager (docs/reference/run.md).

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::diag;
use crate::runner::Verdict;
use crate::scenario::Scenario;

/// What came of the pack with one connection manager.
#[derive(Debug)]
pub struct Column {
    /// What its target is called.
    target: String,
    /// What it calls itself, with its version; nothing if it does not say.
    software: Option<String>,
    /// What the target's file says about it.
    pub about: Option<String>,
    pub(super) runs: Vec<Run>,
}

/// Why outcomes can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It is something else.
    #[error("not the output of `xmppscope run --format json`: line {line}: {why}")]
    Format {
        /// The line.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The connection manager was broken on purpose.
    #[error(
        "the run had defects enabled ({0}), so it does not show how the connection manager behaves"
    )]
    Defects(String),
    /// A scenario is missing.
    #[error(
        "scenario {0} is missing; the whole pack must be run: xmppscope run scenarios/ --format json"
    )]
    Missing(String),
}

#[derive(Deserialize)]
struct Preface {
    xmppscope: String,
    version: u32,
    target: String,
    name: Option<String>,
    about: Option<String>,
    software: Option<Software>,
}

#[derive(Deserialize)]
struct Software {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Event {
    event: String,
}

/// One run of a scenario.
#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) file: String,
    row: Option<Row>,
    pub(super) covers: Vec<String>,
    pub(super) verdict: String,
    pub(super) reason: Option<String>,
    /// What is known to happen here at some runs, and not at others.
    #[serde(default)]
    pub(super) sometimes: Vec<String>,
    pub(super) failures: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
struct Row {
    number: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    requirements: Vec<Requirement>,
    pub(super) level: String,
    pub(super) expected: String,
    pub(super) seen: String,
    pub(super) lag_ms: Option<f64>,
    pub(super) known: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Requirement {
    id: String,
}

impl Run {
    /// The failures that say something of every run: not of one in which a race was lost, this machine was slow, or what
    /// failed did not fail again.
    pub(super) fn counting(&self) -> impl Iterator<Item = &Failed> {
        let race = |known: &String| self.sometimes.iter().any(|why| known.contains(why));
        let steady = self.verdict != Verdict::Unsteady.name();
        let counts = move |failed: &&Failed| {
            steady && failed.counts() && !failed.known.as_ref().is_some_and(race)
        };
        self.failures.iter().filter(counts)
    }
}

impl Failed {
    /// The ids of the requirements that are not kept.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.requirements.iter().map(|requirement| requirement.id.as_str())
    }

    /// What is only to be told is no deviation, nor what this machine may have caused.
    fn counts(&self) -> bool {
        self.level != "may" && self.lag_ms.is_none()
    }
}

impl Column {
    /// Reads outcomes of this pack; what is beside it is left out.
    pub fn read(text: &str, pack: &[Scenario]) -> Result<Self, Wrong> {
        let mut lines = text.lines().enumerate();
        let first = lines.next().map_or("", |(_, line)| line);
        let wrong = |line: usize, why: String| Wrong::Format { line: line + 1, why };
        let preface: Preface =
            serde_json::from_str(first).map_err(|error| wrong(0, error.to_string()))?;
        if preface.xmppscope != "outcomes" || preface.version != 1 {
            return Err(wrong(0, "unknown kind or version of file".to_owned()));
        }
        let name = preface.name.as_deref().unwrap_or_default();
        let defects =
            preface.target.strip_prefix(name).and_then(|rest| rest.strip_prefix(" with "));
        if let Some(defects) = defects.filter(|_| !name.is_empty()) {
            let defects = defects.strip_suffix(", in virtual time").unwrap_or(defects);
            return Err(Wrong::Defects(defects.to_owned()));
        }
        let paths: BTreeSet<String> = pack
            .iter()
            .map(|scenario| diag::name(&scenario.place.source.path).to_string())
            .collect();
        let mut runs = Vec::new();
        for (number, line) in lines {
            let of = |error: serde_json::Error| wrong(number, error.to_string());
            let event: Event = serde_json::from_str(line).map_err(of)?;
            if event.event != "scenario" {
                continue;
            }
            let mut run: Run = serde_json::from_str(line).map_err(of)?;
            if !Verdict::ALL.iter().any(|verdict| verdict.name() == run.verdict) {
                return Err(wrong(number, format!("unknown verdict \"{}\"", run.verdict)));
            }
            if let Some(path) = within(&run.file, &paths) {
                run.file = path;
                runs.push(run);
            }
        }
        let software =
            preface.software.map(|Software { name, version }| format!("{name} {version}"));
        let target = preface.name.unwrap_or(preface.target);
        Ok(Self { target, software, about: preface.about, runs })
    }

    /// What it is called, with its version if it tells that.
    pub fn name(&self) -> &str {
        self.software.as_deref().unwrap_or(&self.target)
    }

    /// Columns of the same target and version are one: some scenarios need a server of their own. One that was not told,
    /// as when the machine was busy, is no other.
    pub fn join(columns: Vec<Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for column in columns {
            let same = |other: &&mut Self| {
                let versions = (&other.software, &column.software);
                let differ = matches!(versions, (Some(one), Some(other)) if one != other);
                other.target == column.target && !differ
            };
            match joined.iter_mut().find(same) {
                Some(other) => {
                    other.software = other.software.take().or(column.software);
                    other.runs.extend(column.runs);
                }
                None => joined.push(column),
            }
        }
        joined
    }

    /// Sees that all of the pack was run.
    pub fn whole(&self, pack: &[Scenario]) -> Result<(), Wrong> {
        for scenario in pack {
            let path = diag::name(&scenario.place.source.path).to_string();
            let rows = scenario.sweep.len();
            let was_run = |row: Option<usize>| {
                let number = |run: &Run| run.row.as_ref().map(|row| row.number);
                self.runs.iter().any(|run| run.file == path && number(run) == row)
            };
            let whole =
                if rows == 0 { was_run(None) } else { (1..=rows).all(|n| was_run(Some(n))) };
            if !whole {
                return Err(Wrong::Missing(path));
            }
        }
        Ok(())
    }
}

/// The path in the pack, however the file was named.
fn within(file: &str, paths: &BTreeSet<String>) -> Option<String> {
    let starts = file.match_indices('/').map(|(slash, _)| slash + 1);
    let named = std::iter::once(0).chain(starts).map(|start| &file[start..]);
    named
        .flat_map(|path| [path.to_owned(), format!("scenarios/{path}")])
        .find(|path| paths.contains(path))
}
