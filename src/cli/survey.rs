//! `xmppscope prove --generated`: what scenarios notice of defects that were made by program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::console::{eprint, print};
use super::progress::progress;
use super::{Failure, exit};
use crate::defects::generated::{self, Generated, Place, Reason};
use crate::diag::name;
use crate::diag::sanitise::sanitise;
use crate::runner::{Noticed, survey};
use crate::scenario::Scenario;
use crate::ui::Unit;

/// What defects came to, with the width of its column.
const OUTCOMES: [(&str, usize); 8] = [
    ("noticed", 9),
    ("elsewhere", 11),
    ("lawful", 8),
    ("unseen", 8),
    ("void", 6),
    ("never came", 12),
    ("open", 6),
    ("hole", 7),
];

pub(super) fn run(
    scenarios: &[Arc<Scenario>],
    beginnings: &[String],
    threads: usize,
    table: bool,
) -> Result<u8, Failure> {
    let wanted = |defect: &Generated| {
        let name = defect.name();
        beginnings.is_empty() || beginnings.iter().any(|it| name.starts_with(it.as_str()))
    };
    let defects: Vec<Generated> = generated::all().filter(wanted).collect();
    if defects.is_empty() {
        return Err(Failure::Usage(format!(
            "no generated defect begins with {}; `xmppscope prove --generated --table` lists them",
            beginnings.join(", ")
        )));
    }
    let shown = progress("mutation testing", Unit::Items("defects"), Some(defects.len() as u64));
    let found = survey(scenarios, &defects, threads, &|| shown.one());
    drop(shown);
    let path = |place: usize| name(&scenarios[place].place.source.path).to_string();
    let mut rows: BTreeMap<Place, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut sum: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = String::new();
    for (defect, noticed) in &found {
        let (word, why) = match (noticed, generated::reason(defect)) {
            (Noticed::Rightly(place), _) => ("noticed", path(*place)),
            (Noticed::Void, _) => ("void", "nothing that it could change comes there".to_owned()),
            (Noticed::Unnoticed | Noticed::NeverCame, Some(Reason::Open(why))) => {
                ("open", why.to_owned())
            }
            (_, Some(Reason::Lawful(why))) => ("lawful", why.to_owned()),
            (_, Some(Reason::Unseen(why))) => ("unseen", why.to_owned()),
            (Noticed::Elsewhere(place), _) => ("elsewhere", path(*place)),
            (Noticed::NeverCame, None) => ("never came", "no scenario comes to it".to_owned()),
            (Noticed::Unnoticed, None) => ("hole", "no scenario notices it".to_owned()),
        };
        *rows.entry(defect.place).or_default().entry(word).or_default() += 1;
        *sum.entry(word).or_default() += 1;
        if table || word == "hole" {
            let _ = writeln!(text, "{word:<11} {}: {why}", defect.name());
        }
    }
    row(&mut text, "", |word| if word == "hole" { "holes".to_owned() } else { word.to_owned() });
    let number = |counts: &BTreeMap<&str, usize>, word| {
        counts.get(word).copied().unwrap_or_default().to_string()
    };
    for (place, counts) in &rows {
        row(&mut text, place.name(), |word| number(counts, word));
    }
    row(&mut text, "all", |word| number(&sum, word));
    print(&sanitise(&text))?;
    if sum.contains_key("hole") {
        eprint("not proved");
        return Ok(exit::DIFFERS);
    }
    Ok(exit::OK)
}

fn row(text: &mut String, name: &str, cell: impl Fn(&'static str) -> String) {
    let _ = write!(text, "{name:<24}");
    for (word, width) in OUTCOMES {
        let _ = write!(text, "{:>width$}", cell(word));
    }
    text.push('\n');
}
