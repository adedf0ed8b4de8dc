//! What to change: advice and snippets of configuration, in `remedies.yaml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("remedies.yaml");

/// What mends a trouble.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    trouble: String,
    /// What to do, in a sentence or two.
    pub advice: String,
    /// What to write into the configuration of a program.
    #[serde(default)]
    pub snippets: BTreeMap<String, String>,
}

/// The programs for which there are snippets.
pub const PROGRAMS: [&str; 8] =
    ["nginx", "apache", "haproxy", "caddy", "traefik", "prosody", "ejabberd", "dns"];

/// The remedy of a trouble.
pub fn of(trouble: &str) -> Option<&'static Remedy> {
    static ALL: LazyLock<Vec<Remedy>> = LazyLock::new(|| {
        serde_saphyr::from_str(FILE)
            .expect("what is compiled in does not change, and a test has read it")
    });
    ALL.iter().find(|remedy| remedy.trouble == trouble)
}

/// A text with its placeholders filled in; what is not known stays as it is.
pub fn fill(text: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut out = text.to_owned();
    for (name, value) in values {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::trouble::KINDS;

    #[test]
    fn each_trouble_has_advice_and_nothing_else_has() {
        let all: Vec<Remedy> = serde_saphyr::from_str(FILE).unwrap();
        for remedy in &all {
            assert!(KINDS.iter().any(|kind| kind.name == remedy.trouble), "{}", remedy.trouble);
            for program in remedy.snippets.keys() {
                assert!(PROGRAMS.contains(&program.as_str()), "{}: {program}", remedy.trouble);
            }
        }
        for kind in KINDS {
            assert_eq!(
                all.iter().filter(|remedy| remedy.trouble == kind.name).count(),
                1,
                "{}",
                kind.name
            );
        }
    }
}
