//! What came of scenarios, as `xmppscope run --write DIR` leaves it: read again, and given to the page as it stands.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde::Serialize;
use serde_json::Value;

/// What came of a run of scenarios: the lines of `xmppscope run --format json`.
#[derive(Debug, Serialize)]
pub struct Run {
    preface: Value,
    scenarios: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Value>,
}

/// Why outcomes can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RunError {
    /// The run has not ended, or was killed.
    #[error("it is empty: the run that writes it has not ended, or was killed")]
    Empty,
    /// There is no first line that says what the file is.
    #[error("line 1 should be the first that `xmppscope run --format json` prints")]
    NotOutcomes,
    /// Written by another version.
    #[error("version {0} of the format is not known to this xmppscope, which reads version 1")]
    Version(u64),
    /// A line is damaged.
    #[error("line {line} is damaged: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// A capture is said to be elsewhere.
    #[error("line {line}: {path:?} is no path within the folder")]
    Outside {
        /// Its number, from 1.
        line: usize,
        /// What is said.
        path: String,
    },
}

impl Run {
    /// Reads outcomes.
    pub fn read(text: &str) -> Result<Self, RunError> {
        let mut lines = text.lines().enumerate();
        let (_, first) = lines.next().ok_or(RunError::Empty)?;
        let preface: Value = serde_json::from_str(first).map_err(|_| RunError::NotOutcomes)?;
        if preface["xmppscope"] != "outcomes" {
            return Err(RunError::NotOutcomes);
        }
        match preface["version"].as_u64() {
            Some(1) => {}
            Some(other) => return Err(RunError::Version(other)),
            None => return Err(RunError::NotOutcomes),
        }
        let mut run = Self { preface, scenarios: Vec::new(), summary: None };
        for (number, text) in lines {
            let line = number + 1;
            let value: Value = serde_json::from_str(text)
                .map_err(|error| RunError::Line { line, why: error.to_string() })?;
            if value["event"] == "scenario" {
                if let Some(path) = value["capture"].as_str().filter(|path| !is_inside(path)) {
                    return Err(RunError::Outside { line, path: path.to_owned() });
                }
                run.scenarios.push(value);
            } else if value["event"] == "summary" {
                run.summary = Some(value);
            }
        }
        Ok(run)
    }

    /// The captures within the folder, by the place of their scenario.
    pub fn captures(&self) -> Vec<(usize, String)> {
        let capture = |scenario: &Value| scenario["capture"].as_str().map(str::to_owned);
        let numbered = self.scenarios.iter().enumerate();
        numbered.filter_map(|(place, scenario)| Some((place, capture(scenario)?))).collect()
    }

    /// Says which trace of the page is that of a scenario.
    pub fn traced(&mut self, place: usize, trace: usize) {
        if let Some(Value::Object(scenario)) = self.scenarios.get_mut(place) {
            scenario.insert("trace".to_owned(), trace.into());
        }
    }

    /// The requirements that scenarios are about.
    pub(super) fn requirements(&self) -> BTreeSet<String> {
        let covers = self.scenarios.iter().filter_map(|scenario| scenario["covers"].as_array());
        let failures = self.scenarios.iter().filter_map(|scenario| scenario["failures"].as_array());
        let broken = failures.flatten().filter_map(|failure| failure["requirements"].as_array());
        let broken = broken.flatten().map(|requirement| &requirement["id"]);
        covers.flatten().chain(broken).filter_map(|id| Some(id.as_str()?.to_owned())).collect()
    }
}

fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
