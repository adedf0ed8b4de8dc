//! From outcomes to what is broken: one problem for each cause, in the order in which to mend them.

use std::collections::BTreeMap;

use super::check::{Outcome, Verdict};
use super::remedy;
use super::trouble::{KINDS, Kind};

/// Something that is to be mended.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Its cause.
    pub kind: &'static Kind,
    /// It does not work; otherwise, not for everybody or not always.
    pub broken: bool,
    /// Where it was seen.
    pub subjects: Vec<String>,
    /// What was seen.
    pub why: Vec<String>,
    /// The program to change, if its answers tell which.
    pub program: Option<&'static str>,
    /// What the server behind the reverse proxy says to the same check.
    pub proof: Option<String>,
    /// What to do.
    pub advice: String,
    /// Program and snippet; that of the program to change first.
    pub snippets: Vec<(String, String)>,
}

impl Problem {
    /// The snippet of the program that has to be changed, if it is known; otherwise all of them.
    pub fn chosen(&self) -> &[(String, String)] {
        match &self.snippets[..] {
            [(name, _), ..] if is_of(self.program, name) => &self.snippets[..1],
            all => all,
        }
    }
}

/// All that came out.
#[derive(Debug, Default)]
pub struct Report {
    /// What was examined, as it was given.
    pub subject: String,
    /// The XMPP domain.
    pub domain: String,
    /// The origin of the page.
    pub origin: Option<String>,
    /// The URL of the server behind the reverse proxy.
    pub direct: Option<String>,
    /// The checks that were under way when it was interrupted.
    pub unfinished: Vec<&'static str>,
    /// What came of each check, in the order in which it was known.
    pub outcomes: Vec<Outcome>,
}

/// Whether all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overall {
    /// All is well.
    Well,
    /// Something does not work for everybody, or not always.
    Weak,
    /// Something does not work.
    Broken,
    /// Nothing answers.
    Unreachable,
}

impl Overall {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Weak => "weak",
            Self::Broken => "broken",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What differs between what is examined and the server behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// The name of the check.
    pub check: &'static str,
    /// What is seen in front.
    pub front: &'a str,
    /// What the server itself does.
    pub direct: &'a str,
}

/// Checks whose words say what there is, and not how long it took.
const COMPARED: [&str; 9] = [
    "bosh-session",
    "bosh-mechanisms",
    "bosh-size",
    "cors",
    "preflight",
    "cors-errors",
    "websocket-subprotocol",
    "websocket-origin",
    "websocket-open",
];

/// Checks that show no more than whether something is there.
const OUTSIDE: [&str; 5] = ["addresses", "srv", "host-meta", "host-meta-json", "paths"];

impl Report {
    /// Whether all is well.
    pub fn overall(&self) -> Overall {
        let is_inside = |outcome: &&Outcome| !OUTSIDE.contains(&outcome.check.name);
        let answered = self
            .outcomes
            .iter()
            .filter(is_inside)
            .any(|outcome| outcome.verdict != Verdict::Skipped);
        let worst = self.outcomes.iter().map(|outcome| outcome.verdict).max();
        match worst {
            _ if !answered && !self.outcomes.is_empty() => Overall::Unreachable,
            Some(Verdict::Broken) => Overall::Broken,
            Some(Verdict::Weak) => Overall::Weak,
            _ => Overall::Well,
        }
    }

    /// The outcomes by what they are about, in the order in which that came up.
    pub fn by_subject(&self) -> Vec<(&str, Vec<&Outcome>)> {
        let mut all: Vec<(&str, Vec<&Outcome>)> = Vec::new();
        for outcome in &self.outcomes {
            match all.iter_mut().find(|(subject, _)| *subject == outcome.subject) {
                Some((_, outcomes)) => outcomes.push(outcome),
                None => all.push((&outcome.subject, vec![outcome])),
            }
        }
        all
    }

    /// What is to be mended, in this order.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found: BTreeMap<usize, Problem> = BTreeMap::new();
        let is_direct = |outcome: &&Outcome| Some(&outcome.subject) == self.direct.as_ref();
        for outcome in self.outcomes.iter().filter(|outcome| !is_direct(outcome)) {
            let Some(trouble) = &outcome.trouble else { continue };
            if self.follows(outcome) {
                continue;
            }
            let rank = KINDS.iter().position(|kind| *kind == trouble.kind).unwrap_or(usize::MAX);
            let mut values = trouble.values.clone();
            for (name, value) in [
                ("domain", self.domain.clone()),
                ("bosh", format!("https://{}/http-bind", self.domain)),
                ("websocket", format!("wss://{}/xmpp-websocket", self.domain)),
            ] {
                values.entry(name).or_insert(value);
            }
            if let Some(origin) = &self.origin {
                values.entry("origin").or_insert_with(|| origin.clone());
            }
            let problem = found.entry(rank).or_insert_with(|| {
                let remedy = remedy::of(trouble.kind.name);
                let program = trouble.program;
                let mut snippets: Vec<(String, String)> = remedy
                    .into_iter()
                    .flat_map(|remedy| &remedy.snippets)
                    .map(|(program, text)| (program.clone(), remedy::fill(text, &values)))
                    .collect();
                let place = |name: &str| {
                    let order = remedy::PROGRAMS.iter().position(|one| *one == name);
                    (!is_of(program, name), order)
                };
                snippets.sort_by_key(|(name, _)| place(name));
                Problem {
                    kind: trouble.kind,
                    broken: false,
                    subjects: Vec::new(),
                    why: Vec::new(),
                    program,
                    proof: None,
                    advice: remedy
                        .map(|remedy| remedy::fill(remedy.advice.trim(), &values))
                        .unwrap_or_default(),
                    snippets,
                }
            });
            problem.broken |= outcome.verdict == Verdict::Broken;
            problem.program = problem.program.or(trouble.program);
            for (list, one) in
                [(&mut problem.subjects, &outcome.subject), (&mut problem.why, &outcome.words)]
            {
                if !list.contains(one) {
                    list.push(one.clone());
                }
            }
            problem.proof = problem.proof.take().or_else(|| self.proof(outcome));
        }
        found.into_values().collect()
    }

    /// What differs at the server behind the reverse proxy.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        let Some(url) = &self.direct else { return Vec::new() };
        let of = |check: &str, direct: bool| {
            self.outcomes.iter().find(|outcome| {
                outcome.check.name == check
                    && (outcome.subject == *url) == direct
                    && outcome.verdict != Verdict::Skipped
            })
        };
        let differs = |check: &&'static str| {
            let (front, direct) = (of(check, false)?, of(check, true)?);
            (front.words != direct.words).then_some(Difference {
                check: front.check.name,
                front: &front.words,
                direct: &direct.words,
            })
        };
        COMPARED.iter().filter_map(differs).collect()
    }

    /// Whether an outcome follows from another one of the same endpoint, which is told.
    fn follows(&self, outcome: &Outcome) -> bool {
        let kind = outcome.trouble.as_ref().map_or("", |trouble| trouble.kind.name);
        let has = |test: &dyn Fn(&Outcome) -> bool| {
            self.outcomes.iter().any(|other| other.subject == outcome.subject && test(other))
        };
        let refused = |other: &Outcome| {
            matches!(other.check.name, "bosh-session" | "websocket-upgrade")
                && other.verdict == Verdict::Broken
        };
        let of = |name: &'static str| {
            move |other: &Outcome| {
                other.trouble.as_ref().is_some_and(|trouble| trouble.kind.name == name)
            }
        };
        match (outcome.check.name, kind) {
            ("preflight" | "cors-errors", _) if has(&refused) => true,
            ("login", _) => {
                has(&|other| other.verdict == Verdict::Broken && other.check.name != "login")
            }
            (_, "cors-on-errors" | "cors-preflight") => has(&of("cors-missing")),
            (_, "not-released" | "repeat-lost" | "not-held" | "not-bosh" | "features-missing") => {
                has(&of("not-sticky")) || has(&of("cached"))
            }
            (_, "not-sticky") => has(&of("cached")),
            (_, "back-end-down") => {
                has(&of("read-timeout"))
                    && has(&|other| {
                        other.check.name == "bosh-session" && other.verdict == Verdict::Well
                    })
            }
            _ => false,
        }
    }

    /// What the server behind the reverse proxy says to the same check.
    fn proof(&self, outcome: &Outcome) -> Option<String> {
        let url = self.direct.as_ref()?;
        if OUTSIDE.contains(&outcome.check.name) || outcome.check.name == "tls" {
            return None; // who answers there is somebody else
        }
        let mut direct = self
            .outcomes
            .iter()
            .filter(|other| other.subject == *url && other.check == outcome.check);
        let other = direct.next()?;
        let same = other.trouble.as_ref().map(|trouble| trouble.kind)
            == outcome.trouble.as_ref().map(|trouble| trouble.kind);
        Some(match other.verdict {
            Verdict::Skipped => return None,
            Verdict::Well | Verdict::Note => format!(
                "The server itself, at {url}, does it right: {}. So what is in between is to be changed.",
                other.words
            ),
            _ if same => format!(
                "The server itself, at {url}, does the same: it is the server that has to be changed."
            ),
            _ => format!("The server itself, at {url}: {}", other.words),
        })
    }
}

/// Whether this is the program that a snippet is for.
fn is_of(program: Option<&str>, snippet: &str) -> bool {
    program.is_some_and(|program| program.to_ascii_lowercase().starts_with(snippet))
}

#[cfg(test)]
#[path = "problems_tests.rs"]
mod tests;
