//! `xmppscope spec`: the requirements, and what checks each of them.

use clap::ValueEnum;

use super::Failure;
use super::console::{out_is_terminal, print, print_data, unwritable, width};
use super::options::When;
use crate::cm::keeps::keeps;
use crate::defects::{self, WITHOUT};
use crate::report::requirements::{Checked, Defect, json};
use crate::rules;
use crate::scenario::{Loaded, Scenario, client_pack, pack};
use crate::spec::{self, Matches, Mode, Observable, Requirement, catalogue};
use crate::ui::Styles;
use crate::ui::requirements::{Detail, list, one};

/// List the requirements of the specifications, and what checks them
///
/// Lists every normative statement of XEP-0124 and XEP-0206, and requirements of the specifications behind XMPP over
/// WebSocket and TCP, in our own words. Ids never change; findings, scenarios and defects refer to them.
///
/// In the list, the column cm shows whether the built-in server (`xmppscope cm`) meets the requirement: yes,
/// no (an option that it does not offer), or n/a. The letters RSD show what exists for it: R, a rule of `xmppscope proxy`
/// that checks it; S, a scenario for servers or clients that checks it; D, a defect that breaks it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope spec
  xmppscope spec bosh-rid-window
  xmppscope spec 14.3
  xmppscope spec xep-0124#rids-broken
  xmppscope spec xep-0124 --party cm,both --level must --unchecked
  xmppscope spec --uncovered
  xmppscope spec rfc7395
  xmppscope spec --format json | jq -r 'select(.rules == []) | .id'

Exit status:
  0  printed
  2  wrong usage, or there is no such requirement or section
  3  standard output cannot be written")]
pub(super) struct Args {
    /// Requirement id, section (14.3, rids-broken) or specification (xep-0124) [default: all]
    ///
    /// A section, by number or anchor, is looked up in every specification; xep-0124#14.3 selects one specification.
    /// Subsections are included.
    #[arg(value_name = "ID|SECTION")]
    wanted: Option<String>,
    /// Only requirements on this party; repeatable, or separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    party: Vec<Party>,
    /// Only requirements of this level; repeatable, or separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    level: Vec<Level>,
    /// Only requirements that neither a rule nor a scenario checks
    #[arg(long)]
    unchecked: bool,
    /// Only requirements on a connection manager or server that no scenario covers, with the reason
    #[arg(long)]
    uncovered: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Pretty, help_heading = "Output")]
    format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Party {
    /// Only the connection manager
    Cm,
    /// Only the client
    Client,
    /// Only the XMPP server
    Server,
    /// Both sides
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// MUST, MUST NOT
    Must,
    /// SHOULD, SHOULD NOT
    Should,
    /// MAY
    May,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Pretty,
    /// One JSON object per line, for programs; see docs/reference/spec.md
    Json,
}

/// The width of text that does not go to a terminal.
const PAGE: usize = 80;
/// Prose is not wider than this, however wide the terminal.
const WIDEST: usize = 100;

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let catalogue = catalogue();
    let found = match &args.wanted {
        None => Matches::Specification(catalogue.iter().collect()),
        Some(wanted) => {
            catalogue.find(wanted).map_err(|unknown| Failure::Usage(unknown.to_string()))?
        }
    };
    let terminal = out_is_terminal();
    let styles = Styles::new(args.color.decide(terminal));
    let columns = width(terminal);
    let page = columns.unwrap_or(PAGE).min(WIDEST);
    let text = match (args.format, found) {
        (_, Matches::One(_)) if args.has_filter() => {
            return Err(Failure::Usage(
                "--party, --level, --unchecked and --uncovered filter lists; they cannot be used with one requirement"
                    .to_owned(),
            ));
        }
        (Format::Pretty, Matches::One(requirement)) => {
            one(catalogue, &checked(requirement), &styles, Some(page))
        }
        (Format::Pretty, Matches::Section(all) | Matches::Specification(all)) if args.uncovered => {
            list(catalogue, &args.filter(all), Detail::Uncovered, &styles, Some(page))
        }
        (Format::Pretty, Matches::Section(all)) => {
            list(catalogue, &args.filter(all), Detail::Rule, &styles, Some(page))
        }
        (Format::Pretty, Matches::Specification(all)) => {
            list(catalogue, &args.filter(all), Detail::Line, &styles, columns)
        }
        (Format::Json, found) => {
            let all = match found {
                Matches::One(one) => vec![one],
                Matches::Section(all) | Matches::Specification(all) => all,
            };
            let mut out = Vec::new();
            json(&mut out, catalogue, &args.filter(all)).map_err(|error| unwritable(&error))?;
            return print_data(&out);
        }
    };
    print(&text)
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
            .filter(|checked| !self.uncovered || checked.uncovered.is_some())
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
    let covers = |scenario: &&Scenario| covered(scenario).any(|known| known == id);
    let path = |scenario: &'static Scenario| scenario.place.source.path.to_str();
    let covering = |all: &'static Loaded| all.scenarios.iter().filter(covers).filter_map(path);
    let mut scenarios: Vec<&str> = covering(pack()).collect();
    let keeps = keeps(requirement);
    let judged = requirement.party.includes_server();
    // Those for clients say nothing of a server.
    let uncovered = (scenarios.is_empty() && judged).then(|| why_not(requirement));
    scenarios.extend(covering(client_pack()));
    Checked {
        requirement,
        keeps,
        rules: rules::about(id).collect(),
        unwatched: rules::unwatched(requirement),
        scenarios,
        uncovered,
        defects: defects.collect(),
    }
}

/// The requirements that a scenario covers; its steps may name more if it tests a client.
fn covered(scenario: &Scenario) -> impl Iterator<Item = &str> {
    let steps = scenario.client.iter().flat_map(|test| &test.steps);
    let steps = steps.flat_map(|step| &step.covers);
    scenario.covers.iter().chain(steps).map(|id| id.value.as_str())
}

/// Why no scenario covers a requirement on a connection manager or server.
fn why_not(requirement: &Requirement) -> &str {
    let without = WITHOUT.iter().find(|(id, _)| *id == requirement.id).map(|(_, why)| *why);
    match &requirement.observable {
        Observable::No(reason) => reason,
        Observable::How(_) if !requirement.modes.contains(&Mode::Active) => {
            "visible only in real traffic; a client cannot provoke it"
        }
        Observable::How(_) => without.unwrap_or("no scenario has been written yet"),
    }
}
