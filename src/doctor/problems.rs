//! From outcomes to what is broken: one problem for each cause, in the order in which to mend them.

use std::collections::BTreeMap;

use super::check::{Outcome, Verdict};
use super::remedy;
use super::trouble::{self, KINDS, Kind, Trouble};

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
    /// The URL of the server behind the reverse proxy, as it was given.
    pub direct: Option<String>,
    /// The domain was taken from the URL, and may be another.
    pub guessed: bool,
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
    /// It does so rightly, and what is in front does not.
    pub better: bool,
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
        let mut inside = self.front().filter(is_inside);
        let answered = inside.any(|outcome| outcome.verdict != Verdict::Skipped);
        let worst = self.front().map(|outcome| outcome.verdict).max();
        match worst {
            _ if !answered && !self.outcomes.is_empty() => Overall::Unreachable,
            Some(Verdict::Broken) => Overall::Broken,
            Some(Verdict::Weak) => Overall::Weak,
            _ => Overall::Well,
        }
    }

    /// What came of the checks of what is examined, without the server behind it.
    fn front(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.direct)
    }

    /// What came of the checks of the server behind the reverse proxy.
    fn behind(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.direct)
    }

    /// What is wrong at the server behind the reverse proxy.
    pub fn behind_broken(&self) -> Option<&Outcome> {
        self.behind().find(|outcome| outcome.verdict == Verdict::Broken)
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
        for outcome in self.front() {
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
                let programs = remedy.map(|remedy| &remedy.snippets);
                let has = |name: &&str| {
                    programs.is_some_and(|all| all.keys().any(|one| is_of(Some(name), one)))
                };
                let program = self.program(outcome).filter(has);
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
                let mut advice = remedy
                    .map(|remedy| remedy::fill(remedy.advice.trim(), &values))
                    .unwrap_or_default();
                snippets.retain(|(name, _)| fits(trouble, name));
                if let Some(found) = values.get("found")
                    && *trouble.kind != trouble::OTHER_TRANSPORT
                {
                    advice = format!(
                        "Configure the client with {found}, or let this path lead to the XMPP server."
                    );
                    snippets.clear();
                }
                if self.guessed && *trouble.kind == trouble::DOMAIN_UNKNOWN {
                    advice = format!(
                        "The XMPP domain was taken from the URL ({}): name the right one with --domain.",
                        self.domain
                    );
                    snippets.clear();
                }
                Problem {
                    kind: trouble.kind,
                    broken: false,
                    subjects: Vec::new(),
                    why: Vec::new(),
                    program,
                    proof: None,
                    advice,
                    snippets,
                }
            });
            problem.broken |= outcome.verdict == Verdict::Broken;
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

    /// The program that answers where this was seen, if it says so anywhere.
    fn program(&self, outcome: &Outcome) -> Option<&'static str> {
        let of_subject = |other: &&Outcome| other.subject == outcome.subject;
        let others = self.outcomes.iter().filter(of_subject);
        outcome.program.or_else(|| others.into_iter().find_map(|other| other.program))
    }

    /// What differs at the server behind the reverse proxy.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        let is_it = |check: &'static str| {
            move |outcome: &&Outcome| {
                outcome.check.name == check && outcome.verdict != Verdict::Skipped
            }
        };
        let differs = |check: &&'static str| {
            let front = self.front().find(is_it(check))?;
            let direct = self.behind().find(is_it(check))?;
            (front.words != direct.words).then_some(Difference {
                check: front.check.name,
                front: &front.words,
                direct: &direct.words,
                better: direct.verdict < front.verdict,
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
        if OUTSIDE.contains(&outcome.check.name) || outcome.check.name == "tls" {
            return None; // who answers there is somebody else
        }
        let other = self.behind().find(|other| other.check == outcome.check)?;
        let same = other.trouble.as_ref().map(|trouble| trouble.kind)
            == outcome.trouble.as_ref().map(|trouble| trouble.kind);
        let url = &other.subject;
        Some(match other.verdict {
            Verdict::Skipped => return None,
            Verdict::Well | Verdict::Note => format!(
                "The server itself, at {url}, does this right ({}): change the reverse proxy.",
                other.words
            ),
            _ if same => format!("The server itself, at {url}, does the same: change the server."),
            _ => format!("The server itself, at {url}: {}", other.words),
        })
    }
}

/// Whether a snippet can help: no web server carries XMPP over TCP, and those for a dead address are for IPv6.
fn fits(trouble: &Trouble, program: &str) -> bool {
    let over_tcp = trouble.values.get("url").is_some_and(|url| url.starts_with("xmpp"));
    let ipv4 = trouble.values.get("family").is_some_and(|family| family == "IPv4");
    let of_server = matches!(program, "prosody" | "ejabberd" | "dns");
    !(over_tcp && !of_server || ipv4)
}

/// Whether this is the program that a snippet is for.
fn is_of(program: Option<&str>, snippet: &str) -> bool {
    program.is_some_and(|program| program.to_ascii_lowercase().starts_with(snippet))
}

#[cfg(test)]
#[path = "problems_tests.rs"]
mod tests;
