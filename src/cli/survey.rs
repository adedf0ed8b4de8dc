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

/// How many defects of one place came to what.
#[derive(Default)]
struct Row {
    rightly: usize,
    elsewhere: usize,
    lawful: usize,
    unseen: usize,
    void: usize,
    never: usize,
    open: usize,
    holes: usize,
}

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
    let mut rows: BTreeMap<Place, Row> = BTreeMap::new();
    let mut text = String::new();
    for (defect, noticed) in &found {
        let row = rows.entry(defect.place).or_default();
        let (word, why) = match (noticed, generated::reason(defect)) {
            (Noticed::Rightly(place), _) => {
                row.rightly += 1;
                ("noticed", path(*place))
            }
            (Noticed::Void, _) => {
                row.void += 1;
                ("void", "nothing that it could change comes there".to_owned())
            }
            (Noticed::Unnoticed | Noticed::NeverCame, Some(Reason::Open(why))) => {
                row.open += 1;
                ("open", why.to_owned())
            }
            (_, Some(Reason::Lawful(why))) => {
                row.lawful += 1;
                ("lawful", why.to_owned())
            }
            (_, Some(Reason::Unseen(why))) => {
                row.unseen += 1;
                ("unseen", why.to_owned())
            }
            (Noticed::Elsewhere(place), _) => {
                row.elsewhere += 1;
                ("elsewhere", path(*place))
            }
            (Noticed::NeverCame, None) => {
                row.never += 1;
                ("never came", "no scenario comes to it".to_owned())
            }
            (Noticed::Unnoticed, None) => {
                row.holes += 1;
                ("hole", "no scenario notices it".to_owned())
            }
        };
        if table || word == "hole" {
            let _ = writeln!(text, "{word:<11} {}: {why}", defect.name());
        }
    }
    let _ = writeln!(
        text,
        "{:<24}{:>9}{:>11}{:>8}{:>8}{:>6}{:>12}{:>6}{:>7}",
        "", "noticed", "elsewhere", "lawful", "unseen", "void", "never came", "open", "holes"
    );
    let mut sum = Row::default();
    for (place, row) in &rows {
        line(&mut text, place.name(), row);
        sum.rightly += row.rightly;
        sum.elsewhere += row.elsewhere;
        sum.lawful += row.lawful;
        sum.unseen += row.unseen;
        sum.void += row.void;
        sum.never += row.never;
        sum.open += row.open;
        sum.holes += row.holes;
    }
    line(&mut text, "all", &sum);
    print(&sanitise(&text))?;
    if sum.holes > 0 {
        eprint("not proved");
        return Ok(exit::DIFFERS);
    }
    Ok(exit::OK)
}

fn line(text: &mut String, name: &str, row: &Row) {
    let _ = writeln!(
        text,
        "{name:<24}{:>9}{:>11}{:>8}{:>8}{:>6}{:>12}{:>6}{:>7}",
        row.rightly,
        row.elsewhere,
        row.lawful,
        row.unseen,
        row.void,
        row.never,
        row.open,
        row.holes
    );
}
