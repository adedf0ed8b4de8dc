//! `xmppscope run`: scenarios against a connection manager.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::check::sound;
use super::defects::chosen;
use super::observe::say;
use super::options::{When, width};
use super::{Failure, exit};
use crate::runner::{self, Outcome, Target, Tolerance, Verdict};
use crate::scenario::{Provision, Scenario};
use crate::spec::catalogue;
use crate::ui::Styles;
use crate::ui::outcomes::{Outcomes, Show as Shown};
use crate::wire::tls;

/// Check a connection manager with scenarios
///
/// Each scenario plays a client, and says which requirements of XEP-0124 and XEP-0206 it checks. Without a target they run
/// against the embedded reference connection manager, in virtual time. What is only recommended is a warning, unless
/// --strict is given.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope run scenarios/
  xmppscope run scenarios/ --target http://127.0.0.1:5280/http-bind --domain localhost
  xmppscope run scenarios/xep-0124 --only rid --show all
  xmppscope run scenarios/ --defect bosh-no-chunked

Exit status:
  0  all held
  1  something demanded was not kept; with --strict also something recommended
  2  wrong usage, or a scenario that cannot be understood
  3  the target cannot be reached, or a scenario could not be carried out
  130  interrupted")]
pub(super) struct Args {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The connection manager: a URL
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Its XMPP domain; localhost if nothing is said
    #[arg(long, value_name = "DOMAIN", requires = "target")]
    domain: Option<String>,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", requires = "target")]
    ca_file: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long, requires = "target")]
    insecure: bool,
    /// What is only recommended fails the run too
    #[arg(long)]
    strict: bool,
    /// Only scenarios with this word in their path, their name, or a requirement that they cover
    #[arg(long, value_name = "WORD")]
    only: Vec<String>,
    /// How many run at a time
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// List the scenarios, and stop
    #[arg(long)]
    list: bool,
    /// Switch a defect of the embedded connection manager on; may be given several times
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    defect: Vec<String>,
    /// Of which scenarios the traffic is printed
    #[arg(long, value_enum, default_value_t = Show::Failed, help_heading = "Output")]
    show: Show,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// Of those that failed, as far as it is about the failure
    Failed,
    /// Of all
    All,
    /// Of none
    None,
}

/// So many scenarios run at a time against a target on the network.
const AT_ONCE: usize = 32;

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let scenarios = select(sound(&args.paths, args.color)?.scenarios, &args.only)?;
    if args.list {
        return list(&scenarios);
    }
    let defects = chosen(&args.defect)?;
    let scenarios: Vec<Arc<Scenario>> = scenarios.into_iter().map(Arc::new).collect();
    let jobs = runner::jobs(&scenarios);
    let terminal = io::stdout().is_terminal();
    let outcomes = Outcomes {
        styles: Styles::new(args.color.decide(terminal)),
        width: width(terminal),
        show: match args.show {
            Show::Failed => Shown::Failed,
            Show::All => Shown::All,
            Show::None => Shown::None,
        },
        started: crate::clock::Clock::start().started(),
        options: options(args),
    };
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut done = |outcome: &Outcome| {
        *counts.entry(outcome.verdict).or_default() += 1;
        let block = outcomes.block(outcome);
        let _ = io::stdout().lock().write_all(block.as_bytes());
    };
    #[allow(clippy::disallowed_methods)] // how long a person waited
    let began = Instant::now();
    if let Some(url) = &args.target {
        let target = target(args, url)?;
        say(&format!("against {} at {}", target.name, target.address));
        network(args, target, &jobs, &mut done)?;
    } else {
        let with = match defects.len() {
            0 => String::new(),
            _ => format!(
                " with {}",
                defects.iter().map(|defect| defect.name).collect::<Vec<_>>().join(", ")
            ),
        };
        say(&format!("against the embedded reference connection manager{with}, in virtual time"));
        let threads = args.jobs.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        // Outcomes are told in the order of the scenarios, whichever is done first.
        let mut waiting: BTreeMap<usize, Outcome> = BTreeMap::new();
        let mut next = 0;
        runner::run_all_embedded(&jobs, &defects, threads, |place, outcome| {
            waiting.insert(place, outcome);
            while let Some(outcome) = waiting.remove(&next) {
                done(&outcome);
                next += 1;
            }
            true
        });
    }
    let what = if jobs.len() == 1 { "scenario" } else { "scenarios" };
    let summary = outcomes.summary(&counts, began.elapsed(), what);
    let _ = io::stdout().lock().write_all(summary.as_bytes());
    let count = |verdict| counts.get(&verdict).copied().unwrap_or_default();
    Ok(if count(Verdict::Failed) > 0 || args.strict && count(Verdict::Warned) > 0 {
        exit::DIFFERS
    } else if count(Verdict::Broken) > 0 {
        exit::ENVIRONMENT
    } else {
        exit::OK
    })
}

fn select(scenarios: Vec<Scenario>, only: &[String]) -> Result<Vec<Scenario>, Failure> {
    if only.is_empty() {
        return Ok(scenarios);
    }
    let matches = |scenario: &Scenario, word: &String| {
        scenario.name.value.contains(word)
            || scenario.place.source.path.to_string_lossy().contains(word)
            || scenario.covers.iter().any(|id| id.value.contains(word))
    };
    let kept: Vec<Scenario> = scenarios
        .into_iter()
        .filter(|scenario| only.iter().any(|word| matches(scenario, word)))
        .collect();
    if kept.is_empty() {
        return Err(Failure::Usage(format!(
            "--only {}: there is no such scenario",
            only.join(" ")
        )));
    }
    Ok(kept)
}

fn list(scenarios: &[Scenario]) -> Result<u8, Failure> {
    let mut text = String::new();
    for scenario in scenarios {
        text += &format!("{}: {}\n", scenario.place.source.path.display(), scenario.name.value);
        for id in &scenario.covers {
            let level = catalogue().get(&id.value).map_or("", |known| known.level.as_str());
            text += &format!("    {} {level}\n", id.value);
        }
    }
    super::options::print(text.as_bytes())
}

/// The options that a scenario is to be run alone with.
fn options(args: &Args) -> String {
    let mut text = String::new();
    if let Some(target) = &args.target {
        text += &format!(" --target {target}");
    }
    if let Some(domain) = &args.domain {
        text += &format!(" --domain {domain}");
    }
    for defect in &args.defect {
        text += &format!(" --defect {defect}");
    }
    text
}

fn target(args: &Args, url: &str) -> Result<Target, Failure> {
    let address = url
        .parse::<crate::proxy::Target>()
        .map_err(|error| Failure::Usage(format!("--target {error}")))?;
    let domain = args.domain.clone().unwrap_or_else(|| "localhost".to_owned());
    let secure = if address.https { Provision::Tls } else { Provision::Plain };
    Ok(Target {
        name: address.to_string(),
        address,
        tls: None,
        anonymous: Some(domain.clone()),
        domain,
        accounts: BTreeMap::new(),
        more_accounts: Vec::new(),
        rooms: None,
        provides: vec![Provision::Anonymous, secure, Provision::Slow],
        tolerance: Tolerance::USUAL,
        control: BTreeMap::new(),
        skip: Vec::new(),
        deviations: Vec::new(),
    })
}

fn network(
    args: &Args,
    target: Target,
    jobs: &[runner::Job],
    done: &mut impl FnMut(&Outcome),
) -> Result<(), Failure> {
    let settings = tls::client(args.ca_file.as_deref(), args.insecure || !target.address.https)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let dial = runner::dial::Network::new(target.address.clone(), target.tls.clone(), settings);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let at_once = args.jobs.unwrap_or(AT_ONCE);
    runtime.block_on(async {
        let all = runner::run_all(
            jobs,
            Arc::new(target),
            Arc::new(dial),
            at_once,
            Duration::ZERO,
            |_, outcome| done(&outcome),
        );
        tokio::select! {
            () = all => Ok(()),
            () = super::watch::stopped() => Ok(()),
        }
    })
}
