//! The documents say what is so: the recorded traffic is shown as they show it, and their tables are complete.
#![allow(clippy::disallowed_methods)] // a test looks at its environment

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use xmppscope::defects;
use xmppscope::rules::{Counts, Judge, KINDS, Level, Tally};
use xmppscope::trace::filter::Filter;
use xmppscope::trace::open;
use xmppscope::ui::{Look, Printer};

/// Columns of the terminal in the documents.
const COLUMNS: usize = 96;

#[test]
fn recorded_traffic_is_shown_like_this() {
    for name in captures() {
        let shown = show(&capture(&name), None, false, &Filter::all()).text;
        insta::assert_snapshot!(format!("show_{}", name.replace('-', "_")), shown);
    }
}

#[test]
fn what_works_is_shown_without_a_warning() {
    for name in captures() {
        let marked = show(&capture(&name), None, false, &Filter::all()).marked;
        match name.as_str() {
            "broken" => assert!(marked.len() > 10, "{marked:?}"),
            "gloox-http10" => assert_eq!(marked, ["type-unknown"]),
            _ => assert_eq!(marked, [""; 0], "{name}"),
        }
    }
}

/// A `text` block that begins with `$ xmppscope show` holds what that command prints, or a part of it.
/// With `TRYCMD=overwrite` it is brought up to date, as the other commands are.
#[test]
fn the_output_in_the_documents_is_what_is_printed() {
    let block = Regex::new(r"(?s)\n```text\n\$ xmppscope show ([^\n]+)\n(.*?)```\n").unwrap();
    let mut checked = 0;
    for file in documents() {
        let mut text = fs::read_to_string(&file).unwrap();
        for found in block.captures_iter(&text.clone()) {
            let printed = printed_by(&found[1]);
            let command = format!("$ xmppscope show {}\n", &found[1]);
            checked += 1;
            if !found[2].is_empty() && printed.contains(&found[2]) {
                continue;
            }
            let accept = std::env::var_os("TRYCMD").is_some_and(|value| value == "overwrite");
            let (old, new) =
                (format!("{command}{}```", &found[2]), format!("{command}{printed}```"));
            assert!(accept, "{}: what is printed at {COLUMNS} columns is\n{new}", file.display());
            text = text.replace(&old, &new);
            fs::write(&file, &text).unwrap();
        }
    }
    assert!(checked > 2, "only {checked} blocks found: does the test still read the documents?");
}

#[test]
fn the_commands_in_the_documents_print_what_stands_there() {
    let cases = trycmd::TestCases::new();
    cases.case("tests/cmd/*.trycmd").case("README.md");
    for folder in ["docs/reference", "docs/how-to", "docs/tutorial"] {
        cases.case(format!("{folder}/*.md"));
    }
    cases.run();
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").unwrap();
    let mut checked = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for found in link.captures_iter(&text).filter(|found| !found[1].contains("://")) {
            checked += 1;
            let to = file.parent().unwrap().join(&found[1]);
            assert!(to.exists(), "{}: there is no {}", file.display(), &found[1]);
        }
    }
    assert!(checked > 10, "only {checked} links found");
}

#[test]
fn the_table_of_findings_says_which_requirements_each_is_about() {
    let table = fs::read_to_string(root().join("docs/reference/findings.md")).unwrap();
    let row = Regex::new(r"(?m)^\| `([a-z0-9-]+)` \|[^|]*\|[^|]*\|([^|]*)\|").unwrap();
    let listed: Vec<_> = row
        .captures_iter(&table)
        .map(|found| (found[1].to_owned(), all(r"`([a-z][a-z0-9-]+)`", &found[2])))
        .collect();
    let known: Vec<_> = KINDS
        .iter()
        .map(|kind| {
            let ids = kind.requirements.iter().map(|&id| id.to_owned());
            (kind.name.to_owned(), ids.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(listed, known);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn captures() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(root().join("fixtures"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    names
}

fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("fixtures/README.md")];
    for folder in ["", "docs", "docs/how-to", "docs/reference", "docs/tutorial", "docs/deviations"]
    {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    found
}

fn all(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

struct Shown {
    text: String,
    /// Names of findings that are warnings or errors.
    marked: Vec<String>,
}

fn printed_by(arguments: &str) -> String {
    let pattern = Regex::new(r"'([^']*)'|(\S+)").unwrap();
    let mut words = pattern.captures_iter(arguments).map(|found| {
        let quoted = found.get(1).or(found.get(2)).unwrap();
        quoted.as_str().to_owned()
    });
    let (mut file, mut filter, mut xml) = (String::new(), Filter::all(), true);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--filter" => filter = Filter::parse(&words.next().unwrap()).unwrap(),
            "--format" => xml = words.next().unwrap() == "pretty",
            other => other.clone_into(&mut file),
        }
    }
    show(Path::new(&file), Some(COLUMNS), xml, &filter).text
}

/// A capture of the fixtures.
fn capture(name: &str) -> PathBuf {
    Path::new("fixtures").join(name).with_extension("ndjson")
}

/// Prints a recording as `xmppscope show` does, but on a terminal of so many columns.
fn show(file: &Path, width: Option<usize>, xml: bool, filter: &Filter) -> Shown {
    let recording = open(&root().join(file)).unwrap();
    let preface = recording.preface.clone();
    let look = Look { width, xml, ..Look::plain(preface.started) };
    let (mut out, mut judge, mut counts) =
        (Vec::new(), Judge::new(preface.source.as_ref()), Counts::default());
    let mut tally = Tally::default();
    let (mut printer, mut seen, mut marked) = (Printer::new(&mut out, look), vec![], vec![]);
    if let Some(source) = &preface.source {
        printer.source(source).unwrap();
    }
    for event in recording {
        judge.take(event.unwrap(), &mut seen);
        for seen in seen.drain(..) {
            counts.count(&seen, judge.story());
            let kept = filter.keep(&seen.subject(judge.story()));
            if kept.message {
                for finding in &seen.findings {
                    tally.count(seen.at, finding);
                }
            }
            printer.show(&seen, judge.story(), &kept).unwrap();
            let grave = seen.findings.iter().filter(|finding| finding.level > Level::Note);
            marked.extend(grave.map(|finding| finding.name().to_owned()));
        }
    }
    printer.finish(judge.story(), &counts, &tally).unwrap();
    drop(printer);
    Shown { text: String::from_utf8(out).unwrap(), marked }
}

#[test]
fn every_defect_in_the_documents_exists() {
    let mut checked = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for name in all("--defect ([a-z][a-z0-9/-]+)", &text) {
            checked += 1;
            assert!(defects::find(&name).is_some(), "{}: there is no {name}", file.display());
        }
    }
    assert!(checked > 5, "only {checked} names found");
}

#[test]
fn the_tutorial_shows_the_scenarios_that_are_run() {
    let text = fs::read_to_string(root().join("docs/tutorial/scenarios.md")).unwrap();
    let folder = root().join("scenarios/examples/tutorial");
    for file in fs::read_dir(folder).unwrap() {
        let scenario = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(
            text.contains(scenario.trim_end()),
            "not as it stands in the tutorial:\n{scenario}"
        );
    }
}
