//! The document.

use std::fmt::Write as _;

use super::column::Column;
use super::table::{Cell, Table};
use crate::report::markdown::{escape, prose};
use crate::report::requirements::Checked;
use crate::spec::{Catalogue, Level, Specification};

/// What stands above everything.
const HEAD: &str = "\
# Conformance

Which requirements of XEP-0124 (BOSH) and XEP-0206 (XMPP over BOSH) connection managers keep, as far as the
[scenarios](../scenarios) of the conformance pack see it: the requirements on a connection manager down, and the connection
managers across, with the names and versions that they tell themselves. Other versions may do otherwise. This page is
written by `xmppscope generate conformance` from real runs, and a test compares it with new ones; nothing in it is edited by
hand.

xmppscope itself is the reference that `xmppscope cm` and `xmppscope run` have built in. It was written along with the scenarios:
that it passes says that they agree, no more.

A *no* says that the text is not kept, and not that a client is harmed by it: [the list](#what-they-do-instead) says what comes
instead, and what is to be sent to see it. How contested passages are read is in [readings](../spec/readings.md); what a
requirement demands exactly, and how it is seen, says `xmppscope spec ID`.

| in a cell | |
|---|---|
| yes | kept, as far as the scenarios that cover it go. A MAY is a permission: what is allowed works |
| **no** [1](#d1) | demanded (MUST, MUST NOT), and a scenario shows that it is not kept; the number leads to what is done instead |
| no [1](#d1) | the same, but only recommended (SHOULD, SHOULD NOT) |
| sometimes [1](#d1) | a race: kept at some runs, and not at others |
| open [1](#d1) | the scenarios that cover it end before, at this deviation |
| skip [a](#ra) | not asked; the letter leads to the reason: mostly an option that is not offered, or something that the server as it was set up here (the target) does not have |
| slow | the machine was too slow to tell |
| – | no scenario covers it; the reason stands below the requirement |

";

/// Writes the document. Links lead from `docs/`.
pub fn write(table: &Table<'_>, catalogue: &Catalogue) -> String {
    let mut out = HEAD.to_owned();
    totals(table, &mut out);
    for specification in catalogue.specifications() {
        specified(table, specification, &mut out);
    }
    instead(table, &mut out);
    out += "## Why something was not asked\n\n";
    for (place, reason) in table.reasons.iter().enumerate() {
        let letter = letter(place);
        let _ = writeln!(out, "- <a id=\"r{letter}\"></a>**{letter}** {}", prose(reason));
    }
    out
}

/// A head of a table: what stands before the connection managers, and these.
fn head(columns: &[Column], first: &str, out: &mut String) {
    let names: Vec<String> = columns.iter().map(|column| escape(column.name())).collect();
    let _ = writeln!(out, "| {first} | {} |", names.join(" | "));
    let before = first.split('|').count();
    let _ = writeln!(out, "|{}", "---|".repeat(before + columns.len()));
}

fn totals(table: &Table<'_>, out: &mut String) {
    out.push_str("## In numbers\n\n");
    head(table.columns, "requirements | all | –", out);
    for (level, name) in [
        (Level::Must, "MUST, MUST NOT"),
        (Level::Should, "SHOULD, SHOULD NOT"),
        (Level::May, "MAY"),
    ] {
        let rows: Vec<usize> = (0..table.requirements.len())
            .filter(|&row| table.requirements[row].requirement.level.strength() == level)
            .collect();
        let unchecked = rows
            .iter()
            .filter(|&&row| table.cells[row].iter().all(|cell| *cell == Cell::Unchecked))
            .count();
        let _ = write!(out, "| {name} | {} | {unchecked} |", rows.len());
        for column in 0..table.columns.len() {
            let count = |wanted: fn(&Cell) -> bool| {
                rows.iter().filter(|&&row| wanted(&table.cells[row][column])).count()
            };
            let no = if level == Level::Must { "**no**" } else { "no" };
            let parts = [
                (count(|cell| *cell == Cell::Kept), "yes"),
                (count(|cell| matches!(cell, Cell::Broken(_))), no),
                (count(|cell| matches!(cell, Cell::Sometimes(_))), "sometimes"),
                (count(|cell| matches!(cell, Cell::Open(_))), "open"),
                (count(|cell| matches!(cell, Cell::Skipped(_))), "skip"),
                (count(|cell| *cell == Cell::Inconclusive), "slow"),
            ];
            let parts: Vec<String> = parts
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
            let _ = write!(out, " {} |", parts.join(", "));
        }
        out.push('\n');
    }
    out.push('\n');
}

fn specified(table: &Table<'_>, specification: &Specification, out: &mut String) {
    let of = |row: &usize| table.requirements[*row].requirement.spec == specification.id;
    let rows: Vec<usize> = (0..table.requirements.len()).filter(of).collect();
    if rows.is_empty() {
        return;
    }
    let (name, title) = (specification.name(), escape(&specification.title));
    let _ = writeln!(out, "## {name}: {title} ({})\n", escape(&specification.version));
    let mut last = None;
    for row in rows {
        let checked = table.requirements[row];
        let section = &checked.requirement.section;
        if last.replace(section) != Some(section) {
            if out.ends_with("|\n") {
                out.push('\n');
            }
            let link = specification.link(section);
            let _ = writeln!(out, "### [§{}]({link}) {}\n", section.number, escape(&section.title));
            head(table.columns, "requirement", out);
        }
        let cells: Vec<String> =
            table.cells[row].iter().map(|cell| written(cell, checked)).collect();
        let is_checked = table.cells[row].iter().any(|cell| *cell != Cell::Unchecked);
        let demanded = demanded(checked, is_checked);
        let _ = writeln!(out, "| {demanded} | {} |", cells.join(" | "));
    }
    out.push('\n');
}

/// A requirement with its level and rule, and why nothing checks it.
fn demanded(checked: &Checked<'_>, is_checked: bool) -> String {
    let requirement = checked.requirement;
    let mut text =
        format!("{} `{}`<br>{}", requirement.level, requirement.id, prose(&requirement.rule));
    if !is_checked {
        let why = checked.uncovered.unwrap_or("no scenario has been written yet");
        let _ = write!(text, "<br>*Not checked: {}.*", prose(why.trim_end_matches('.')));
    }
    text
}

fn written(cell: &Cell, checked: &Checked<'_>) -> String {
    let deviations = |places: &[usize]| {
        let links = places.iter().map(|place| format!(" [{0}](#d{0})", place + 1));
        links.collect::<String>()
    };
    match cell {
        Cell::Kept => "yes".to_owned(),
        Cell::Broken(places) => {
            let demanded = checked.requirement.level.strength() == Level::Must;
            format!("{}{}", if demanded { "**no**" } else { "no" }, deviations(places))
        }
        Cell::Sometimes(places) => format!("sometimes{}", deviations(places)),
        Cell::Open(places) => format!("open{}", deviations(places)),
        Cell::Skipped(reasons) => {
            let links = reasons.iter().map(|place| format!(" [{0}](#r{0})", letter(*place)));
            format!("skip{}", links.collect::<String>())
        }
        Cell::Inconclusive => "slow".to_owned(),
        Cell::Unchecked => "–".to_owned(),
    }
}

fn instead(table: &Table<'_>, out: &mut String) {
    out.push_str("## What they do instead\n\n");
    for (place, column) in table.columns.iter().enumerate() {
        let _ = writeln!(out, "### {}\n", escape(column.name()));
        if let Some(about) = &column.about {
            let _ = writeln!(out, "{}\n", prose(about));
        }
        let own = table.deviations.iter().enumerate().filter(|(_, other)| other.column == place);
        let mut none = true;
        for (number, deviation) in own {
            none = false;
            let number = number + 1;
            let _ =
                write!(out, "- <a id=\"d{number}\"></a>**{number}** {}", prose(&deviation.text));
            if !deviation.known {
                out.push_str(" (This is not in the target's file.)");
            }
            let ids: Vec<_> = deviation.requirements.iter().map(|id| format!("`{id}`")).collect();
            let links: Vec<String> = deviation
                .scenarios
                .iter()
                .map(|file| format!("[{}](../{file})", scenario(file)))
                .collect();
            let _ = writeln!(out, "<br>{}<br>{}", ids.join(", "), links.join(", "));
        }
        if none {
            out.push_str("The scenarios saw no deviation.\n");
        }
        out.push('\n');
    }
}

/// The name of a scenario's file.
fn scenario(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    escape(name.trim_end_matches(".yaml"))
}

/// a, b, …, z, aa, ab, …
fn letter(place: usize) -> String {
    let last = char::from(b'a' + u8::try_from(place % 26).unwrap_or_default());
    match place / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn letters_go_on_behind_z() {
        let letters: Vec<_> = [0, 25, 26, 51, 52, 701, 702].map(super::letter).to_vec();
        assert_eq!(letters, ["a", "z", "aa", "az", "ba", "zz", "aaa"]);
    }
}
