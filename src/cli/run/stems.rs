//! What the captures and snapshots of outcomes are called.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::report::outcomes::IN_FOLDER;
use crate::runner::Outcome;

/// Names of files for outcomes: the path of the scenario, and the row, as in `xep-0124/11/hold.2`.
#[derive(Debug)]
pub(super) struct Stems(BTreeSet<PathBuf>);

impl Stems {
    /// No name is given yet; that of the file beside captures never is.
    pub(super) fn new() -> Self {
        Self(BTreeSet::from([Path::new(IN_FOLDER).with_extension("")]))
    }

    /// A relative path that stays in its folder, and is given to one outcome only.
    pub(super) fn of(&mut self, outcome: &Outcome) -> PathBuf {
        let path = outcome.scenario.place.source.path.with_extension("");
        // The same on every machine, whether the path was given from the root or from here.
        let here = std::env::current_dir().ok();
        let path = here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(&path);
        let inside: PathBuf =
            path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let row = outcome.row.as_ref().map_or_else(String::new, |(row, _)| format!(".{row}"));
        let name = |more: &str| {
            let mut name = inside.clone().into_os_string();
            name.push(format!("{row}{more}"));
            PathBuf::from(name)
        };
        // Two files of the same name in folders that are named from elsewhere.
        let mut unique = name("");
        let mut number = 2;
        while !self.0.insert(unique.clone()) {
            unique = name(&format!("-{number}"));
            number += 1;
        }
        unique
    }
}
