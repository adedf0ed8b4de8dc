//! `xmppscope prove --generated`: what scenarios notice of defects that were made by program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::console::{eprint, out_is_terminal, print, width};
use super::progress::progress;
use super::{Failure, exit};
use crate::defects::generated::{self, Generated, Place, Reason};
use crate::diag::name;
use crate::diag::sanitise::sanitise;
use crate::runner::{Noticed, survey};
use crate::scenario::Scenario;
use crate::ui::{Unit, wrapped};

/// What became of a defect: in a word, as the column of a table is called, and what that means.
const OUTCOMES: [(&str, &str, &str); 8] = [
    ("noticed", "noticed", "a scenario for its requirement fails"),
    ("elsewhere", "elsewhere", "only a scenario for other requirements fails"),
    ("lawful", "lawful", "it violates nothing"),
    ("unseen", "unseen", "no client can see it"),
    ("void", "void", "nothing that it could change comes there"),
    ("never came", "never came", "no scenario comes to it"),
    ("open", "open", "no scenario fails: a known hole"),
    ("hole", "holes", "no scenario fails: a new hole, which fails the proof"),
];
/// The width of the column with places.
const PLACE: usize = 21;

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
    let columns = width(out_is_terminal());
    print(&wrapped(&sanitise(&text), columns))?;
    print(&sanitise(&grid(&rows, &sum)))?;
    print(&wrapped(&legend(), columns))?;
    if sum.contains_key("hole") {
        eprint("not proved");
        return Ok(exit::DIFFERS);
    }
    eprint("proved");
    Ok(exit::OK)
}

/// How many came to what, by place.
fn grid(
    rows: &BTreeMap<Place, BTreeMap<&str, usize>>,
    sum: &BTreeMap<&'static str, usize>,
) -> String {
    let mut text = String::new();
    row(&mut text, "", |_, title| title.to_owned());
    let number = |counts: &BTreeMap<&str, usize>, word| {
        counts.get(word).copied().unwrap_or_default().to_string()
    };
    for (place, counts) in rows {
        row(&mut text, place.name(), |word, _| number(counts, word));
    }
    row(&mut text, "all", |word, _| number(sum, word));
    text
}

/// What the columns mean.
fn legend() -> String {
    let line = |(_, title, means): (&str, &str, &str)| format!("  {title:<10}  {means}\n");
    OUTCOMES.into_iter().map(line).collect()
}

fn row(text: &mut String, name: &str, cell: impl Fn(&'static str, &'static str) -> String) {
    let _ = write!(text, "{name:<PLACE$}");
    for (word, title, _) in OUTCOMES {
        let _ = write!(text, " {:>1$}", cell(word, title), title.len());
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_on_80_columns_and_its_legend_explains_each_word() {
        let full: BTreeMap<&str, usize> =
            OUTCOMES.into_iter().map(|(word, ..)| (word, 9_999)).collect();
        let rows = generated::all().map(|defect| (defect.place, full.clone())).collect();
        let table = grid(&rows, &full);
        assert!(rows.len() > 40, "{table}");
        for line in table.lines() {
            assert!(line.len() <= 80, "{line}");
            assert!(!line.contains("restart9"), "{line}");
        }
        let legend = legend();
        let titles = table.lines().next().unwrap();
        for (_, title, means) in OUTCOMES {
            assert!(titles.contains(title) && legend.contains(title) && legend.contains(means));
        }
    }
}
