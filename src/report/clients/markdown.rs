//! The document.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::outcomes::Tested;
use super::table::{Cell, ClientTable, Deviation, Row};
use crate::report::markdown::{escape, lettered, numbered, prose, reasons};
use crate::spec::{Catalogue, Specification};

/// Whether a cell is of a kind.
type IsKind = fn(&Cell) -> bool;

/// What stands below the title.
const HEAD: &str = "\
Each row is a requirement, and each column a client with its version. Other versions may behave differently. The server is the built-in
one, which does what the scenario says: it ends the session, closes the stream, loses a response, answers 502.
[How to test a client](how-to/test-a-client.md) shows how to do the same with another one.

A *no* means that the text of the specification is violated, not that users notice. [The list](#what-they-do-instead) says what each client does
instead, and [some deviations](deviations/README.md#clients) have a page of their own, for the authors of the client. Most of these clients are libraries: what an
application has to do, such as to connect again, is done by the [drivers](../tests/peers/drivers). `xmppscope spec ID` prints the details of a requirement.

| in a cell | |
|---|---|
| yes | met, as far as the scenarios that cover it can tell |
| **no** [1](#d1) | violated; the number links to a description |
| no [1](#d1) | a recommendation (SHOULD) is not followed, or the specification only implies what the scenario expects |
| sometimes [1](#d1) | violated in some runs, and not in others: a race in the client, which a slow machine may make more frequent |
| open [1](#d1) | unknown: the scenarios that cover it end earlier, at this deviation |
| skip [a](#ra) | not tested; the letter links to the reason, mostly that the client does not speak BOSH, WebSocket or TCP |
| unclear | unknown: the machine was too slow, or a scenario could not be carried out |
| – | the scenario was not run with this client |

This page is generated from real runs, each client twice: `tests/peers/drivers/run-all` runs them and writes it. Do not edit it by hand.

";

/// Writes the document. Links lead from `docs/`.
pub fn write_clients(table: &ClientTable<'_>, catalogue: &Catalogue) -> String {
    let mut out = scope(table, catalogue);
    out += HEAD;
    totals(table, &mut out);
    for specification in catalogue.specifications() {
        specified(table, specification, &mut out);
    }
    instead(table, &mut out);
    out += "## Why scenarios were skipped\n\n";
    out + &reasons(&table.reasons)
}

/// The title, and what the page is about.
fn scope(table: &ClientTable<'_>, catalogue: &Catalogue) -> String {
    let scenarios: BTreeSet<&str> =
        table.rows.iter().flat_map(|row| row.scenarios.iter().copied()).collect();
    let binding = catalogue.iter().filter(|one| one.party.includes_client()).count();
    let bound = table.rows.iter().filter(|row| row.requirement.party.includes_client()).count();
    format!(
        "# Clients\n\nThis page shows which requirements of the specifications well-known clients meet, over BOSH, WebSocket and TCP, as far as \
         the {} [scenarios for clients](../scenarios/client) can tell. They cover {bound} of the {binding} requirements that bind clients, and {} \
         on servers that show what a client does. The sibling of this page for servers is [conformance](conformance.md).\n\n",
        scenarios.len(),
        table.rows.len() - bound
    )
}

/// The head of a table.
fn head(clients: &[Tested], first: &str, out: &mut String) {
    let names: Vec<String> = clients.iter().map(|client| escape(&client.name)).collect();
    let _ =
        writeln!(out, "| {first} | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
}

fn totals(table: &ClientTable<'_>, out: &mut String) {
    out.push_str("## In numbers\n\n");
    head(table.clients, "requirements", out);
    let kinds: [(&str, IsKind); 8] = [
        ("yes", |cell| *cell == Cell::Kept),
        ("**no**", |cell| matches!(cell, Cell::Broken(_))),
        ("no", |cell| matches!(cell, Cell::Discouraged(_))),
        ("sometimes", |cell| matches!(cell, Cell::Sometimes(_))),
        ("open", |cell| matches!(cell, Cell::Open(_))),
        ("unclear", |cell| *cell == Cell::Unclear),
        ("skip", |cell| matches!(cell, Cell::Skipped(_))),
        ("–", |cell| *cell == Cell::Uncovered),
    ];
    for (name, is) in kinds {
        let counts: Vec<usize> = (0..table.clients.len())
            .map(|client| table.rows.iter().filter(|row| is(&row.cells[client])).count())
            .collect();
        if counts.iter().any(|count| *count > 0) {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            let _ = writeln!(out, "| {name} | {} |", counts.join(" | "));
        }
    }
    out.push('\n');
}

fn specified(table: &ClientTable<'_>, specification: &Specification, out: &mut String) {
    let rows: Vec<&Row<'_>> =
        table.rows.iter().filter(|row| row.requirement.spec == specification.id).collect();
    if rows.is_empty() {
        return;
    }
    let (name, title) = (specification.name(), escape(&specification.title));
    let _ = writeln!(out, "## {name}: {title} ({})\n", escape(&specification.version));
    head(table.clients, "requirement", out);
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(written).collect();
        let _ = writeln!(out, "| {} | {} |", demanded(row, specification), cells.join(" | "));
    }
    out.push('\n');
}

/// A requirement with its level and rule, and the scenarios that cover it.
fn demanded(row: &Row<'_>, specification: &Specification) -> String {
    let requirement = row.requirement;
    let whose = if requirement.party.includes_client() { "" } else { ", on the server" };
    format!(
        "[§{}]({}) {}{whose} `{}`<br>{}<br>*{}*",
        requirement.section.number,
        specification.link(&requirement.section),
        requirement.level,
        requirement.id,
        prose(&requirement.rule),
        links(&row.scenarios)
    )
}

/// Links to scenarios.
fn links(scenarios: &BTreeSet<&str>) -> String {
    let link = |file: &&str| {
        let name = file.strip_prefix("scenarios/client/").unwrap_or(file);
        let name = name.trim_end_matches(".yaml");
        format!("[{}](../{file})", escape(name.split_once('/').map_or(name, |(_, name)| name)))
    };
    scenarios.iter().map(link).collect::<Vec<_>>().join(", ")
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Kept => "yes".to_owned(),
        Cell::Broken(places) => numbered("**no**", places),
        Cell::Discouraged(places) => numbered("no", places),
        Cell::Sometimes(places) => numbered("sometimes", places),
        Cell::Open(places) => numbered("open", places),
        Cell::Skipped(reasons) => lettered("skip", reasons),
        Cell::Unclear => "unclear".to_owned(),
        Cell::Uncovered => "–".to_owned(),
    }
}

fn instead(table: &ClientTable<'_>, out: &mut String) {
    out.push_str(
        "## What they do instead\n\nTo see one of these with the traffic around it: `xmppscope client run SCENARIO -- COMMAND`, from the root of the \
         repository, with `--patience 2` on a slow machine and a browser.\n\n",
    );
    for (place, client) in table.clients.iter().enumerate() {
        let _ = writeln!(out, "### {}\n\nCommand: `{}`\n", escape(&client.name), client.command);
        let own: Vec<(usize, &Deviation<'_>)> =
            table.deviations.iter().enumerate().filter(|(_, one)| one.client == place).collect();
        if own.is_empty() {
            out.push_str("The scenarios found no deviations.\n");
        }
        for (number, deviation) in own {
            let number = number + 1;
            let ids: Vec<_> = deviation.requirements.iter().map(|id| format!("`{id}`")).collect();
            let _ = write!(
                out,
                "- <a id=\"d{number}\"></a>**{number}** {}<br>{}<br>{}",
                prose(&sentence(&deviation.text)),
                ids.join(", "),
                links(&deviation.scenarios)
            );
            if let Some(page) = deviation.page {
                let _ = write!(out, "<br>More: [{}](deviations/{})", prose(&page.title), page.file);
            }
            out.push('\n');
        }
        out.push('\n');
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    // The name of an attribute or element keeps its case.
    let begins_with_name =
        text.split(' ').next().is_some_and(|word| word == "rid" || word.contains(['=', '`']));
    let text = if begins_with_name { text.to_owned() } else { first + chars.as_str() };
    if text.ends_with(['.', '…', '?']) { text } else { text + "." }
}
