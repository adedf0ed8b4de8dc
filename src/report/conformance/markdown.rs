//! The document.

use std::fmt::Write as _;

use super::column::Column;
use super::table::{Cell, Table};
use crate::report::markdown::{escape, lettered, numbered, prose, reason, reasons};
use crate::report::requirements::Checked;
use crate::spec::{Catalogue, Level, Specification};

/// What stands below the title and the numbers.
const HEAD: &str = "\
Each row is a requirement on a connection manager or server, and each column one of these, with the name and version that it
reports. Other versions may behave differently. `xmppscope generate conformance` writes this page from real runs, and a test compares
it with new ones; do not edit it by hand.

xmppscope is the built-in server of `xmppscope cm` and `xmppscope run`. It was written together with the scenarios, so the fact
that it passes shows only that they agree.

A *no* means that the text of the specification is violated, not that clients are harmed. [The list of
deviations](#what-they-do-instead) describes what happens instead, and how to reproduce it. [Readings](../spec/readings.md)
explains how contested passages are interpreted; `xmppscope spec ID` prints the details of a requirement.

| in a cell | |
|---|---|
| yes | met, as far as the scenarios that cover it can tell. A MAY is a permission: what is allowed works |
| **no** [1](#d1) | required (MUST, MUST NOT), and a scenario shows a violation; the number links to a description |
| no [1](#d1) | the same for a recommendation (SHOULD, SHOULD NOT) |
| sometimes [1](#d1) | a race: met in some runs, and violated in others |
| open [1](#d1) | unknown: the scenarios that cover it end earlier, at this deviation |
| skip [a](#ra) | not tested; the letter links to the reason, mostly an option that is not offered, or something that this installation of the server (the target) does not have |
| unclear | unknown: the machine was too slow, or a scenario failed once and not again |
| – | no scenario covers it; the reason is given below the requirement |

";

/// Writes the document. Links lead from `docs/`.
pub fn write(table: &Table<'_>, catalogue: &Catalogue) -> String {
    let mut out = scope(table, catalogue);
    out += HEAD;
    totals(table, catalogue, &mut out);
    for specification in catalogue.specifications() {
        specified(table, specification, &mut out);
    }
    instead(table, &mut out);
    out += "## Why tests were skipped\n\n";
    out + &reasons(&table.reasons)
}

/// The title, and what the page is about.
fn scope(table: &Table<'_>, catalogue: &Catalogue) -> String {
    let specifications: Vec<String> = catalogue
        .specifications()
        .iter()
        .filter(|specification| !table.of_specification(&specification.id).is_empty())
        .map(Specification::name)
        .collect();
    let all = table.requirements.len();
    let checked = (0..all).filter(|&row| table.is_checked(row)).count();
    format!(
        "# Conformance\n\nThis page shows which requirements of {} servers and connection managers meet, over BOSH, WebSocket and TCP, \
         as far as the [scenarios](../scenarios) of the conformance pack can tell: {all} requirements, of which scenarios cover {checked}.\n\n",
        listed(&specifications)
    )
}

/// `a, b and c`
fn listed(words: &[String]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        words => words.concat(),
    }
}

/// A head of a table: what stands before the servers, and these.
fn head<'c>(columns: impl Iterator<Item = &'c Column>, first: &str, out: &mut String) {
    let names: Vec<String> = columns.map(|column| escape(column.name())).collect();
    let _ = writeln!(out, "| {first} | {} |", names.join(" | "));
    let before = first.split('|').count();
    let _ = writeln!(out, "|{}", "---|".repeat(before + names.len()));
}

fn totals(table: &Table<'_>, catalogue: &Catalogue, out: &mut String) {
    out.push_str("## In numbers\n\n");
    head(table.columns.iter(), "specification | requirements | all | –", out);
    for specification in catalogue.specifications() {
        let of = table.of_specification(&specification.id);
        for (level, name) in [
            (Level::Must, "MUST, MUST NOT"),
            (Level::Should, "SHOULD, SHOULD NOT"),
            (Level::May, "MAY"),
        ] {
            let strength = |row: usize| table.requirements[row].requirement.level.strength();
            let rows: Vec<usize> =
                of.iter().copied().filter(|&row| strength(row) == level).collect();
            if rows.is_empty() {
                continue;
            }
            let unchecked = rows.iter().filter(|&&row| !table.is_checked(row)).count();
            let _ =
                write!(out, "| {} | {name} | {} | {unchecked} |", specification.name(), rows.len());
            for column in 0..table.columns.len() {
                let _ = write!(out, " {} |", counts(table, &rows, column, level));
            }
            out.push('\n');
        }
    }
    out.push('\n');
}

/// How many of these requirements a server meets, violates, and so on.
fn counts(table: &Table<'_>, rows: &[usize], column: usize, level: Level) -> String {
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
        (count(|cell| *cell == Cell::Inconclusive), "unclear"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    parts.join(", ")
}

fn specified(table: &Table<'_>, specification: &Specification, out: &mut String) {
    let rows = table.of_specification(&specification.id);
    if rows.is_empty() {
        return;
    }
    let (name, title) = (specification.name(), escape(&specification.title));
    let _ = writeln!(out, "## {name}: {title} ({})\n", escape(&specification.version));
    let (tested, untested) = table.tested(&rows);
    for column in untested {
        let links: Vec<String> = table.reasons_of(&rows, column).into_iter().map(reason).collect();
        let server = escape(table.columns[column].name());
        let _ =
            writeln!(out, "{server} has no column here: all was skipped ({}).\n", links.join(" "));
    }
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
            head(tested.iter().map(|&column| &table.columns[column]), "requirement", out);
        }
        let cells: Vec<String> =
            tested.iter().map(|&column| written(&table.cells[row][column], checked)).collect();
        let demanded = demanded(checked, table.is_checked(row));
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
    match cell {
        Cell::Kept => "yes".to_owned(),
        Cell::Broken(places) => {
            let demanded = checked.requirement.level.strength() == Level::Must;
            numbered(if demanded { "**no**" } else { "no" }, places)
        }
        Cell::Sometimes(places) => numbered("sometimes", places),
        Cell::Open(places) => numbered("open", places),
        Cell::Skipped(reasons) => lettered("skip", reasons),
        Cell::Inconclusive => "unclear".to_owned(),
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
            out.push_str("The scenarios found no deviations.\n");
        }
        out.push('\n');
    }
}

/// The name of a scenario's file.
fn scenario(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    escape(name.trim_end_matches(".yaml"))
}
