//! Requirements in a table, by specification and section.

use crate::cm::keeps::Keeps;
use crate::report::requirements::{Checked, Tally};
use crate::report::words::count;
use crate::spec::{Catalogue, Level, Specification};
use crate::ui::line::Page;
use crate::ui::styles::Styles;
use crate::xml::Ink;

/// Where the columns begin.
const LEVEL: usize = 44;
const PARTY: usize = LEVEL + 11;
const CM: usize = PARTY + 7;
const CHECKS: usize = CM + 6;
const RULE: usize = CHECKS + 5;
/// With less room than this for the rule, it is left out.
const LEAST: usize = 30;

/// How much is said of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A line, with as much of the rule as fits on it.
    Line,
    /// A line, and the whole rule below it.
    Rule,
    /// A line, and below it why no scenario covers it.
    Uncovered,
}

/// The table. Without a width no line is cut or broken.
pub fn list(
    catalogue: &Catalogue,
    entries: &[Checked<'_>],
    detail: Detail,
    styles: &Styles,
    width: Option<usize>,
) -> String {
    let mut page = Page::new(width);
    for specification in catalogue.specifications() {
        let of: Vec<_> =
            entries.iter().filter(|entry| entry.requirement.spec == specification.id).collect();
        if !of.is_empty() {
            title(&mut page, specification, detail, styles);
            table(&mut page, &of, detail, styles);
        }
    }
    summary(&mut page, &Tally::of(entries), styles);
    page.text
}

fn has_room(page: &Page) -> bool {
    page.width().is_none_or(|width| width >= RULE + LEAST)
}

fn title(page: &mut Page, specification: &Specification, detail: Detail, styles: &Styles) {
    let version = &specification.version;
    let text = format!("{} {} ({version})", specification.name(), specification.title);
    page.prose(&styles.strong, &text, 4).end();
    let dim = &styles.dim;
    page.to(LEVEL).put(dim, "level").to(PARTY).put(dim, "party").to(CM).put(dim, "cm");
    page.to(CHECKS).put(dim, "RSD");
    if detail == Detail::Line && has_room(page) {
        page.to(RULE).put(dim, "rule");
    }
    page.end();
}

fn table(page: &mut Page, entries: &[&Checked<'_>], detail: Detail, styles: &Styles) {
    let mut section = None;
    for entry in entries {
        let requirement = entry.requirement;
        if section != Some(&requirement.section) {
            section = Some(&requirement.section);
            let text = format!("§{} {}", requirement.section.number, requirement.section.title);
            page.put(&styles.rid, &text).space();
            page.put(&styles.dim, &format!("#{}", requirement.section.anchor)).end();
        }
        row(page, entry, styles);
        let plain = Ink::default();
        match detail {
            Detail::Line if has_room(page) => {
                page.to(RULE).cut(&plain, &requirement.rule).end();
            }
            Detail::Line => {
                page.end();
            }
            Detail::Uncovered => {
                let why = entry.uncovered.unwrap_or("a scenario covers it");
                page.end().to(6).prose(&plain, why, 6).end();
            }
            Detail::Rule => {
                page.end().to(6).prose(&plain, &requirement.rule, 6).end();
            }
        }
    }
}

fn row(page: &mut Page, entry: &Checked<'_>, styles: &Styles) {
    let requirement = entry.requirement;
    let plain = Ink::default();
    let level = match requirement.level {
        Level::Must | Level::MustNot => &styles.strong,
        Level::Should | Level::ShouldNot => &plain,
        Level::May => &styles.dim,
    };
    page.to(2).put(&styles.client, &requirement.id);
    page.to(LEVEL).put(level, requirement.level.as_str());
    page.to(PARTY).plain(requirement.party.as_str());
    let keeps = match entry.keeps {
        Some(Keeps::Kept) => &styles.server,
        Some(Keeps::NotKept(_) | Keeps::NotOffered(_)) => &styles.warning,
        Some(Keeps::NotApplicable(_)) | None => &styles.dim,
    };
    page.to(CM).put(keeps, in_a_word(entry)).to(CHECKS);
    let checks = [
        ("R", !entry.rules.is_empty()),
        ("S", !entry.scenarios.is_empty()),
        ("D", !entry.defects.is_empty()),
    ];
    for (letter, there) in checks {
        if there {
            page.put(&styles.strong, letter)
        } else {
            page.put(&styles.dim, "-")
        };
    }
}

fn summary(page: &mut Page, tally: &Tally, styles: &Styles) {
    let plain = Ink::default();
    if tally.requirements == 0 {
        page.prose(&plain, "No requirements.", 0).end();
        return;
    }
    let bound = [
        (tally.cm, "on a connection manager"),
        (tally.client, "on a client"),
        (tally.server, "on a server"),
        (tally.both, "on both sides"),
    ];
    let bound: Vec<_> =
        bound.iter().filter(|(n, _)| *n > 0).map(|(n, whom)| format!("{n} {whom}")).collect();
    let mut text =
        format!("{}: {}.", count(tally.requirements as u64, "requirement"), bound.join(", "));
    text += &format!(
        " Checked by rules (R): {}; by scenarios (S): {}; by neither: {}. Broken by defects (D): {}.",
        tally.rules, tally.scenarios, tally.unchecked, tally.defects
    );
    if tally.kept + tally.not_kept + tally.not_offered + tally.not_applicable > 0 {
        let not_kept = match tally.not_kept {
            0 => String::new(),
            n => format!(" {n} not met (no),"),
        };
        text += &format!(
            " Built-in server (cm): {} met (yes),{not_kept} {} not offered (no), {} not applicable (n/a).",
            tally.kept, tally.not_offered, tally.not_applicable
        );
    }
    page.end().prose(&styles.dim, &text, 0).end();
}

/// What the built-in server does, in a word.
fn in_a_word(checked: &Checked<'_>) -> &'static str {
    match checked.keeps {
        Some(Keeps::Kept) => "yes",
        Some(Keeps::NotKept(_) | Keeps::NotOffered(_)) => "no",
        Some(Keeps::NotApplicable(_)) => "n/a",
        None => "",
    }
}
