//! `docs/differences.md`: what a client sees of real connection managers that is not as at the reference.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::conformance::{artefact, overwrites};
use crate::rig;

/// The servers, by the names of their targets and of the page.
const SERVERS: [(&str, &str); 2] = [("prosody-13", "Prosody"), ("ejabberd", "ejabberd")];
/// Differences that are seen in fewer conversations are left out of the page: some of them are another scenario's word
/// for the same, some are races.
const FEW: usize = 3;
/// Differences that are seen in so many conversations are seen at every run.
const MANY: usize = 20;

/// Domains differ between servers, and do not matter.
const SETTINGS: &str =
    "transcript:\n  replace:\n    - { like: '(?:anon\\.)?localhost', name: domain }\n";

/// Options of a run that leaves the conversations with a server of this name.
pub fn keeping(name: &str) -> Vec<String> {
    let settings = artefact("differences.yaml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let words = ["--snapshots", &path(&folder(name)), "--update", "all", "--settings"];
    words.into_iter().map(str::to_owned).chain([path(&settings)]).collect()
}

fn folder(name: &str) -> PathBuf {
    artefact(&format!("conversations-{name}"))
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Compares the page with the conversations that runs with these servers left; with `TRYCMD=overwrite` it is written anew, if
/// they are all there.
pub fn the_page_says_so(servers: &[&str]) {
    let reference = keeping("reference");
    let reference: Vec<&str> = reference.iter().map(String::as_str).collect();
    let (code, ..) = rig::run(&[&["run", "scenarios", "--show", "none"], &reference[..]].concat());
    assert_eq!(code, Some(0));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/differences.md");
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    let overwrite = overwrites() && SERVERS.iter().all(|(name, _)| servers.contains(name));
    let mut text = HEAD.to_owned();
    for (name, title) in SERVERS.into_iter().filter(|(name, _)| servers.contains(name)) {
        let (old, new) = (path(&folder("reference")), path(&folder(name)));
        let (code, out, errors) = rig::run(&["diff", &old, &new, "--format", "markdown"]);
        assert_eq!(code, Some(1), "{errors}");
        let _ = write!(
            text,
            "\n## {title}\n\n| files | times | | what | first in |\n|--:|--:|---|---|---|\n"
        );
        let (before, mut now) = (section(&written, title), Vec::new());
        let mut left = 0;
        for row in out.lines().filter(|line| line.starts_with("| ")).skip(1) {
            let (files, what) = kind(row);
            now.push(what);
            if files < FEW {
                left += 1;
                continue;
            }
            text.push_str(row);
            text.push('\n');
            let known = overwrite || files < MANY || before.iter().any(|(_, known)| *known == what);
            assert!(known, "docs/differences.md lacks {title}: {what}; TRYCMD=overwrite writes it");
        }
        for (files, what) in before {
            let seen = overwrite || files < MANY || now.contains(&what);
            assert!(seen, "docs/differences.md has {title}: {what}, and it is not seen any more");
        }
        let _ =
            write!(text, "\nAnd {left} kinds that were seen in fewer than {FEW} conversations.\n");
    }
    if overwrite {
        std::fs::write(&page, text).unwrap();
    }
}

/// In how many files a difference of a row was seen, and its sign with its words.
fn kind(row: &str) -> (usize, &str) {
    let (files, rest) = row.trim_start_matches("| ").split_once(" | ").unwrap();
    let (_times, rest) = rest.split_once(" | ").unwrap();
    let (what, _first) = rest.rsplit_once(" | ").unwrap();
    (files.parse().unwrap(), what)
}

/// The kinds of difference in the section of a server.
fn section<'a>(page: &'a str, title: &str) -> Vec<(usize, &'a str)> {
    let begins = format!("{title}\n");
    let section = page.split("\n## ").find(|section| section.starts_with(&begins));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(kind).collect()
}

const HEAD: &str = "\
# What a client sees differently

The [pack](../scenarios) and the examples were run against the built-in server, Prosody 13.0 of Debian 13 and ejabberd
23.01 of Debian 12, and `xmppscope diff` compared the [transcripts](reference/transcript.md) of all conversations. Each row is one kind
of difference: the number of conversations with it, how often it occurs, whether something was added (`+`), is missing (`-`) or has
changed (`~`), and where it occurs first. `conversation is missing` means that a scenario was skipped, or could not be carried out.

A difference is not a bug. Most are a server's right: an additional attribute, other terms, other features. [The table of
requirements](conformance.md) shows which ones violate a requirement.

`TRYCMD=overwrite ./test conformance` writes this page.
";
