//! The tree of dependencies keeps to what `deny.toml` says of licences, crates and sources, whether or not `cargo deny`
//! is there to check it with all that it knows besides (advisories, other systems' licences).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex_lite::Regex;
use serde_json::Value;

/// Where every crate comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What `deny.toml` allows and denies.
struct Policy {
    licences: Vec<String>,
    banned: Vec<String>,
}

/// The licences of what is built on this machine. A crate for another system is not downloaded, so that its licence is
/// not known here.
#[test]
fn every_licence_is_allowed() {
    let policy = policy();
    let mut wrong = Vec::new();
    let packages = packages();
    assert!(packages.len() > 100, "only {} packages: is this the whole tree?", packages.len());
    for (name, licence) in packages {
        if !licence.as_deref().is_some_and(|licence| satisfied(licence, &policy.licences)) {
            wrong.push(format!("{name}: {}", licence.as_deref().unwrap_or("no licence")));
        }
    }
    assert!(wrong.is_empty(), "licences that deny.toml does not allow:\n{}", wrong.join("\n"));
}

/// The lock files name every crate for every system.
#[test]
fn no_crate_is_banned_and_all_come_from_the_registry() {
    let policy = policy();
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let locked = locked(lock);
        assert!(locked.len() > 100, "{lock}: only {} packages", locked.len());
        for (name, source) in &locked {
            assert!(!policy.banned.contains(name), "{lock}: {name} is banned by deny.toml");
            let ours = name.starts_with("xmppscope");
            assert!(ours || source == REGISTRY, "{lock}: {name} comes from {source:?}");
        }
    }
}

#[test]
fn an_expression_of_licences_is_read_as_spdx_means_it() {
    let allowed: Vec<String> = ["MIT", "Apache-2.0"].map(str::to_owned).into();
    for expression in [
        "MIT",
        "GPL-3.0 OR MIT",
        "Unlicense/MIT",
        "(GPL-3.0 OR MIT) AND Apache-2.0",
        "MIT AND (MIT)",
    ] {
        assert!(satisfied(expression, &allowed), "{expression}");
    }
    for expression in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 OR MIT AND Zlib",
        "Apache-2.0 WITH LLVM-exception",
        "(MIT OR Apache-2.0) AND ISC",
        "MIT AND",
        "(MIT",
        "",
    ] {
        assert!(!satisfied(expression, &allowed), "{expression}");
    }
}

fn policy() -> Policy {
    let text = read("deny.toml");
    let list = Regex::new(r"(?s)\nallow = \[(.*?)\]").unwrap();
    let allowed = list.captures(&text).expect("a list of licences")[1].to_owned();
    let quoted = Regex::new(r#""([^"]+)""#).unwrap();
    let banned = Regex::new(r#"\{ crate = "([^"]+)""#).unwrap();
    let all = |pattern: &Regex, text: &str| -> Vec<String> {
        pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let policy = Policy { licences: all(&quoted, &allowed), banned: all(&banned, &text) };
    assert!(policy.licences.iter().any(|licence| licence == "MIT"), "{:?}", policy.licences);
    assert!(policy.banned.iter().any(|name| name == "openssl"), "{:?}", policy.banned);
    policy
}

/// Name and version of each package that is built here, with its licence.
fn packages() -> BTreeMap<String, Option<String>> {
    let version = printed(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--locked", "--offline", "--all-features", "--format-version", "1"])
        .args(["--filter-platform", host]);
    let metadata: Value = serde_json::from_str(&printed(&mut command)).unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let text = |key: &str| package[key].as_str().map(str::to_owned);
            let name = format!("{} {}", text("name").unwrap(), text("version").unwrap());
            (name, text("license"))
        })
        .collect()
}

/// Name and source of each package in a lock file.
fn locked(lock: &str) -> Vec<(String, String)> {
    read(lock)
        .split("[[package]]")
        .skip(1)
        .map(|package| {
            let field = |key: &str| {
                let prefix = format!("{key} = \"");
                let line = package.lines().find_map(|line| line.strip_prefix(prefix.as_str()));
                line.unwrap_or_default().trim_end_matches('"').to_owned()
            };
            (field("name"), field("source"))
        })
        .collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether one can keep to an SPDX expression with what is allowed. `AND` binds closer than `OR`; `/` is how old crates
/// write `OR`; an exception (`WITH`) is a licence of its own.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(" WITH ", "+WITH+");
    let mut words = spaced.split_whitespace().peekable();
    let holds = alternatives(&mut words, allowed);
    holds == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn alternatives(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut holds = conjunction(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        holds |= conjunction(words, allowed)?;
    }
    Some(holds)
}

fn conjunction(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut holds = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed)?;
    }
    Some(holds)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    match words.next()? {
        "(" => {
            let holds = alternatives(words, allowed)?;
            (words.next()? == ")").then_some(holds)
        }
        "AND" | "OR" | ")" => None,
        licence => Some(allowed.iter().any(|allowed| allowed == licence)),
    }
}
