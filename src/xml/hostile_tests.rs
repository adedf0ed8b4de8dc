//! Replays `fixtures/hostile`, whose `README.md` gives the verdict on every file.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

/// In a debug build on a busy machine; most files take a millisecond.
const PATIENCE_MS: u128 = 1000;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures", "hostile"].iter().collect()
}

/// File name and verdict of every row of the table.
fn verdicts() -> Vec<(String, String)> {
    let table = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let mut cells = row.split(" | ");
        let name = cells.next().unwrap().trim_end_matches('`');
        (name.to_owned(), cells.next().unwrap().to_owned())
    })
    .collect()
}

fn verdict(result: &Result<Element, Error>) -> &'static str {
    let Err(error) = result else { return "ok" };
    match error.kind {
        ErrorKind::NotUtf8(_) => "not utf-8",
        ErrorKind::DocumentType => "document type",
        ErrorKind::ProcessingInstruction => "processing instruction",
        ErrorKind::Comment => "comment",
        ErrorKind::UndeclaredEntity(_) => "undeclared entity",
        ErrorKind::LoneAmpersand => "lone ampersand",
        ErrorKind::UndeclaredPrefix(_) => "undeclared prefix",
        ErrorKind::DuplicateAttribute(_) => "duplicate attribute",
        ErrorKind::MismatchedTag { .. } => "mismatched tag",
        ErrorKind::InvalidCharacter(_) => "invalid character",
        ErrorKind::Unclosed(_) => "unclosed",
        ErrorKind::Unfinished(_) => "unfinished",
        ErrorKind::BeforeRoot => "before root",
        ErrorKind::AfterRoot(_) => "after root",
        ErrorKind::Empty => "empty",
        ErrorKind::TooDeep(_) => "too deep",
        ErrorKind::TooManyAttributes(_) => "too many attributes",
        ErrorKind::TooManyNodes(_) => "too many nodes",
        ErrorKind::TooLarge(_) => "too large",
        ErrorKind::Syntax(_) => "syntax",
    }
}

#[test]
fn every_hostile_file_has_its_verdict() {
    let files: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && !name.starts_with('.'))
        .collect();
    let listed: BTreeSet<_> = verdicts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(files, listed);

    for (name, expected) in verdicts() {
        let source = fs::read(folder().join(&name)).unwrap();
        let result = parse(&source, &Limits::default());
        assert_eq!(verdict(&result), expected, "{name}: {result:.200?}");
        if let Err(error) = result {
            let message = error.to_string();
            assert!(message.chars().count() < 300, "{name}: {message}");
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // measures real time
fn no_hostile_file_takes_long_or_grows() {
    for (name, _) in verdicts() {
        let source = fs::read(folder().join(&name)).unwrap();
        let text = String::from_utf8_lossy(&source);
        let mut out = String::new();
        let start = std::time::Instant::now();
        let _ = parse(&source, &Limits::default());
        assert_eq!(tokens(&source).map(|token| token.span.len()).sum::<usize>(), source.len());
        pretty(&text, &Pretty::default(), &mut out);
        let width = Some(80);
        pretty(&text, &Pretty { width, ..Pretty::default() }, &mut String::new());
        let took = start.elapsed().as_millis();
        assert!(took < PATIENCE_MS, "{name} took {took} ms");

        // a line of indentation costs at most as much as the levels allow, whatever the element's length
        let lines = out.lines().count();
        assert!(out.len() <= text.len() + lines * (2 * 64 + 5), "{name}: {} bytes", out.len());
    }
}
