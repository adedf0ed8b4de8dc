//! `xmppscope spec`: which requirements exist, and what checks each of them.

use std::io::{self, IsTerminal};

use clap::ValueEnum;

use super::Failure;
use super::console::{print, unwritable, width};
use super::options::When;
use crate::cm::keeps::keeps;
use crate::defects::{self, WITHOUT};
use crate::report::requirements::{Checked, Defect, json};
use crate::rules;
use crate::scenario::{Scenario, pack};
use crate::spec::{self, Found, Mode, Observable, Requirement, catalogue};
use crate::ui::requirements::{Detail, list, one};
use crate::ui::{Styles, sanitise};

/// List the requirements of the specifications, and what checks each
///
/// Every normative statement of XEP-0124, XEP-0206, and of what XMPP over WebSocket rests on, in our own words and with
/// an id that never changes. Findings, scenarios and defects of the reference connection manager go by these ids.
///
/// In the list, cm says whether the reference connection manager (`xmppscope cm`) keeps it: kept, no (an option that it
/// does not offer), or n/a. R stands for a rule of `xmppscope proxy` that checks it, S for a scenario, D for a defect that
/// breaks it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope spec
  xmppscope spec bosh-rid-window
  xmppscope spec 14.3
  xmppscope spec xep-0124#rids-broken
  xmppscope spec xep-0124 --party cm,both --level must --unchecked
  xmppscope spec --uncovered
  xmppscope spec --format json | jq -r 'select(.rules == []) | .id'

Exit status:
  0  it was shown
  2  wrong usage, or there is no such requirement or section
  3  it cannot be written")]
pub(super) struct Args {
    /// A requirement's id, a section (14.3, rids-broken), or a specification (xep-0124)
    ///
    /// The number or anchor of a section stands for it in every specification that has it; xep-0124#14.3 is that of one.
    /// A section holds those within it.
    #[arg(value_name = "ID|SECTION")]
    wanted: Option<String>,
    /// Only what binds this party; several with commas. `cm` is what binds a connection manager alone
    #[arg(long, value_enum, value_delimiter = ',')]
    party: Vec<Party>,
    /// Only this level, with its NOT; several with commas
    #[arg(long, value_enum, value_delimiter = ',')]
    level: Vec<Level>,
    /// Only what neither a rule nor a scenario checks
    #[arg(long)]
    unchecked: bool,
    /// Only what binds a connection manager and no scenario covers, each with the reason
    #[arg(long)]
    uncovered: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Pretty, help_heading = "Output")]
    format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Party {
    Cm,
    Client,
    Server,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Must,
    Should,
    May,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Pretty,
    /// One JSON object a line, for programs: see docs/reference/spec.md
    Json,
}

/// Text that is read on no terminal is as wide as this.
const PAGE: usize = 80;
/// Prose is not wider than this, however wide the terminal.
const WIDEST: usize = 100;

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let catalogue = catalogue();
    let found = match &args.wanted {
        None => Found::Specification(catalogue.iter().collect()),
        Some(wanted) => catalogue
            .find(wanted)
            .map_err(|unknown| Failure::Usage(sanitise(&unknown.to_string()).into_owned()))?,
    };
    let terminal = io::stdout().is_terminal();
    let styles = Styles::new(args.color.decide(terminal));
    let columns = width(terminal);
    let page = columns.unwrap_or(PAGE).min(WIDEST);
    let text = match (args.format, found) {
        (_, Found::One(_)) if args.has_filter() => {
            return Err(Failure::Usage(
                "--party, --level, --unchecked and --uncovered are for lists, not for one requirement"
                    .to_owned(),
            ));
        }
        (Format::Pretty, Found::One(requirement)) => {
            one(catalogue, &checked(requirement), &styles, Some(page))
        }
        (Format::Pretty, Found::Section(all) | Found::Specification(all)) if args.uncovered => {
            list(catalogue, &args.filter(all), Detail::Uncovered, &styles, Some(page))
        }
        (Format::Pretty, Found::Section(all)) => {
            list(catalogue, &args.filter(all), Detail::Rule, &styles, Some(page))
        }
        (Format::Pretty, Found::Specification(all)) => {
            list(catalogue, &args.filter(all), Detail::Line, &styles, columns)
        }
        (Format::Json, found) => {
            let all = match found {
                Found::One(one) => vec![one],
                Found::Section(all) | Found::Specification(all) => all,
            };
            let mut out = Vec::new();
            json(&mut out, catalogue, &args.filter(all)).map_err(|error| unwritable(&error))?;
            return print(&out);
        }
    };
    print(text.as_bytes())
}

impl Args {
    fn has_filter(&self) -> bool {
        self.unchecked || self.uncovered || !self.party.is_empty() || !self.level.is_empty()
    }

    fn filter<'a>(&self, all: Vec<&'a Requirement>) -> Vec<Checked<'a>> {
        let party = |r: &Requirement| {
            self.party.is_empty() || self.party.iter().any(|&party| party.is(r.party))
        };
        let level = |r: &Requirement| {
            self.level.is_empty() || self.level.iter().any(|&level| level.is(r.level))
        };
        all.into_iter()
            .filter(|requirement| party(requirement) && level(requirement))
            .map(checked)
            .filter(|checked| !self.unchecked || !checked.is_checked())
            .filter(|checked| {
                !self.uncovered || checked.keeps.is_some() && checked.scenarios.is_empty()
            })
            .collect()
    }
}

impl Party {
    fn is(self, other: spec::Party) -> bool {
        other
            == match self {
                Self::Cm => spec::Party::Cm,
                Self::Client => spec::Party::Client,
                Self::Server => spec::Party::Server,
                Self::Both => spec::Party::Both,
            }
    }
}

impl Level {
    fn is(self, other: spec::Level) -> bool {
        other.strength()
            == match self {
                Self::Must => spec::Level::Must,
                Self::Should => spec::Level::Should,
                Self::May => spec::Level::May,
            }
    }
}

/// Joins a requirement with all that checks it.
pub(super) fn checked(requirement: &Requirement) -> Checked<'_> {
    let id = requirement.id.as_str();
    let defects =
        defects::of(id).map(|defect| Defect { name: defect.name.to_owned(), says: defect.says });
    let covers = |scenario: &&Scenario| scenario.covers.iter().any(|known| known.value == id);
    let covering = pack().scenarios.iter().filter(covers);
    let scenarios: Vec<&str> =
        covering.filter_map(|scenario| scenario.place.source.path.to_str()).collect();
    let keeps = keeps(requirement);
    let uncovered =
        if scenarios.is_empty() && keeps.is_some() { why_not(requirement) } else { None };
    Checked {
        requirement,
        keeps,
        rules: rules::about(id).collect(),
        scenarios,
        uncovered,
        defects: defects.collect(),
    }
}

/// Why no scenario covers a requirement on a connection manager.
fn why_not(requirement: &Requirement) -> Option<&str> {
    let without = WITHOUT.iter().find(|(id, _)| *id == requirement.id).map(|(_, why)| *why);
    match &requirement.observable {
        Observable::No(reason) => Some(reason),
        Observable::How(_) if !requirement.modes.contains(&Mode::Active) => {
            Some("it is seen in passing traffic alone, not asked for by a client")
        }
        Observable::How(_) => without,
    }
}
