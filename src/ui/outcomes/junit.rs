//! `--format junit`: the XML that CI systems read. There is no standard for it; what is written here is what all of them
//! know, with properties for what is more: `verdict`, `requirement`, `row`, `level`. A folder is a suite, a run a case.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use super::bearing::{Bearing, bearing};
use super::plan::Plan;
use super::summary::Summary;
use super::words::{begins, in_full, in_short, level, why};
use super::writer::Writer;
use crate::diag::sanitise::one_line;
use crate::runner::{Outcome, Verdict};
use crate::snapshot::Diff;
use crate::xml::{Element, Scope, write as xml};

/// How many cases ended in which way.
#[derive(Default)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    time: Duration,
}

impl Tally {
    fn add(&mut self, bearing: Bearing, outcome: &Outcome) {
        self.tests += 1;
        self.time += outcome.duration;
        match bearing {
            Bearing::Bad => self.failures += 1,
            Bearing::Broken => self.errors += 1,
            Bearing::Unknown => self.skipped += 1,
            Bearing::Good if outcome.verdict == Verdict::Known => self.skipped += 1,
            Bearing::Good => {}
        }
    }

    fn put(&self, element: Element) -> Element {
        element
            .with_attr("tests", &self.tests.to_string())
            .with_attr("failures", &self.failures.to_string())
            .with_attr("errors", &self.errors.to_string())
            .with_attr("skipped", &self.skipped.to_string())
            .with_attr("time", &seconds(self.time))
    }
}

/// Writes suites of cases.
#[derive(Default)]
pub(super) struct Junit {
    strict: bool,
    target: String,
    timestamp: String,
    /// By folder.
    suites: BTreeMap<String, (Tally, Vec<Element>)>,
    all: Tally,
}

impl Writer for Junit {
    fn begun(&mut self, plan: &Plan, _: &mut dyn Write) -> io::Result<()> {
        self.strict = plan.strict;
        self.target.clone_from(&plan.target);
        self.timestamp = plan.started.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
        Ok(())
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        _: Option<&Diff>,
        _: &mut dyn Write,
    ) -> io::Result<()> {
        let bearing = bearing(outcome.verdict, self.strict);
        let (file, _) = begins(outcome);
        let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let (tally, cases) = self.suites.entry(folder.to_owned()).or_default();
        tally.add(bearing, outcome);
        self.all.add(bearing, outcome);
        cases.push(case(bearing, outcome));
        Ok(())
    }

    fn finished(&mut self, _: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let name = text(&format!("xmppscope: {}", self.target));
        let root = self.all.put(element("testsuites").with_attr("name", &name));
        let mut root = root.with_text("\n");
        for (folder, (tally, cases)) in std::mem::take(&mut self.suites) {
            let suite = tally.put(element("testsuite").with_attr("name", &text(&folder)));
            let mut suite = suite.with_attr("timestamp", &self.timestamp).with_text("\n");
            for case in cases {
                suite = suite.with_child(case).with_text("\n");
            }
            root = root.with_child(suite).with_text("\n");
        }
        let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        xml(&root, &Scope { default: "", prefixes: &[] }, &mut document);
        document.push('\n');
        out.write_all(document.as_bytes())
    }
}

fn case(bearing: Bearing, outcome: &Outcome) -> Element {
    let (file, line) = begins(outcome);
    let mut properties = vec![property("verdict", outcome.verdict.name())];
    for id in &outcome.scenario.covers {
        properties.push(property("requirement", id));
    }
    if let Some((number, values)) = &outcome.row {
        properties.push(property("row", &number.to_string()));
        properties.push(property("values", values));
    }
    let worst = outcome.failures.iter().max_by_key(|failure| failure.level);
    properties.extend(worst.map(|failure| property("level", level(failure.level))));
    let mut case = element("testcase")
        .with_attr("name", &text(&outcome.name()))
        .with_attr("classname", &text(&file))
        .with_attr("file", &text(&file))
        .with_attr("line", &line.to_string())
        .with_attr("time", &seconds(outcome.duration))
        .with_child(properties.into_iter().fold(element("properties"), Element::with_child));
    let said = || outcome.failures.iter().flat_map(in_full).collect::<Vec<_>>().join("\n");
    let result = match bearing {
        Bearing::Bad => Some("failure"),
        Bearing::Broken => Some("error"),
        Bearing::Unknown => Some("skipped"),
        Bearing::Good if outcome.verdict == Verdict::Known => Some("skipped"),
        Bearing::Good => None,
    };
    match result {
        Some("skipped") => {
            let why = why(outcome).unwrap_or_default();
            let why = match outcome.verdict {
                Verdict::Skipped => why.into_owned(),
                other => format!("{}: {why}", other.name()),
            };
            case = case.with_child(element("skipped").with_attr("message", &text(&why)));
            // What is known, or may have been the machine, is still to be read.
            if !outcome.failures.is_empty() {
                case = case.with_child(element("system-out").with_text(&text(&said())));
            }
        }
        Some(result) => {
            let kind = worst.map_or(outcome.verdict.name(), |failure| failure.kind.name());
            let message =
                worst.map_or_else(|| why(outcome).unwrap_or_default().into_owned(), in_short);
            let result =
                element(result).with_attr("type", kind).with_attr("message", &text(&message));
            case = case.with_child(result.with_text(&text(&said())));
        }
        None if !outcome.failures.is_empty() || outcome.reason.is_some() => {
            let reason = outcome.reason.as_deref().map(|reason| one_line(reason).into_owned());
            let lines: Vec<String> =
                reason.into_iter().chain(outcome.failures.iter().flat_map(in_full)).collect();
            case = case.with_child(element("system-out").with_text(&text(&lines.join("\n"))));
        }
        None => {}
    }
    case
}

fn element(name: &str) -> Element {
    Element::new("", name)
}

fn property(name: &str, value: &str) -> Element {
    element("property").with_attr("name", name).with_attr("value", &text(value))
}

/// Only what may stand in XML; control characters were made harmless or are here.
fn text(text: &str) -> String {
    let lines = text.split('\n').map(one_line).collect::<Vec<_>>().join("\n");
    lines.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
