//! Reading what `client run --format json` wrote of one client (docs/reference/run.md).

use serde::Deserialize;

/// What came of the scenarios with one client, in one run or several.
#[derive(Debug)]
pub struct Tested {
    /// Its name and version.
    pub(super) name: String,
    /// The command that started it.
    pub(super) command: String,
    pub(super) runs: Vec<Run>,
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

#[derive(Deserialize)]
struct Preface {
    xmppscope: String,
    version: u32,
    target: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    event: String,
}

/// One run of a scenario.
#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) file: String,
    pub(super) row: Option<Row>,
    pub(super) name: String,
    pub(super) covers: Vec<String>,
    pub(super) verdict: String,
    pub(super) reason: Option<String>,
    pub(super) failures: Vec<Failed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Row {
    number: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    requirements: Vec<Id>,
    pub(super) level: Demand,
    pub(super) kind: String,
    pub(super) says: Option<String>,
    pub(super) expected: String,
    pub(super) seen: String,
}

/// How strongly a scenario demands something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Demand {
    May,
    Should,
    Must,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

impl Failed {
    /// The requirements that are violated.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.requirements.iter().map(|one| one.id.as_str())
    }

    /// Whether a rule found it in the traffic, and no step of the scenario.
    pub(super) fn is_of_rule(&self) -> bool {
        self.kind == "rule"
    }
}

impl Tested {
    /// Reads outcomes.
    ///
    /// # Errors
    /// They are something else.
    pub fn read(text: &str) -> Result<Self, NotOutcomes> {
        let mut lines = text.lines().enumerate();
        let (_, first) = lines.next().ok_or(NotOutcomes::NoPreface)?;
        let preface: Preface =
            serde_json::from_str(first).map_err(|error| NotOutcomes::Line(1, error.to_string()))?;
        if preface.xmppscope != "outcomes" || preface.version != 1 {
            return Err(NotOutcomes::NoPreface);
        }
        let mut runs = Vec::new();
        for (number, line) in lines {
            let wrong = |error: serde_json::Error| NotOutcomes::Line(number + 1, error.to_string());
            let event: Event = serde_json::from_str(line).map_err(wrong)?;
            if event.event == "scenario" {
                runs.push(serde_json::from_str(line).map_err(wrong)?);
            }
        }
        let name = preface.name.unwrap_or_else(|| preface.target.clone());
        Ok(Self { name, command: preface.target, runs })
    }

    /// Outcomes of the same client and version are one.
    pub fn join(all: Vec<Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for one in all {
            match joined.iter_mut().find(|other| other.name == one.name) {
                Some(other) => other.runs.extend(one.runs),
                None => joined.push(one),
            }
        }
        joined
    }
}
