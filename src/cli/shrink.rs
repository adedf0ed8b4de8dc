//! `xmppscope shrink`: the shortest part of a recording that still shows a finding.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use super::console::{eprint, explain};
use super::kept::{Kept, to_file};
use super::options::When;
use super::progress::progress;
use super::record::{How, read, write};
use super::{Failure, exit};
use crate::clock::Clock;
use crate::diag::{counted, name};
use crate::files::{Access, Inputs};
use crate::record::{Shrinking, record, shrink};
use crate::rules::{Judge, Level};
use crate::trace::filter::Filter;
use crate::trace::open;
use crate::trace::{Event, Source};
use crate::ui::Unit;

/// Find the shortest scenario that still shows a finding
///
/// Leaves out sessions and messages of a recording, one after the other, for as long as something in what is left still
/// matches --while. The rules of `xmppscope show` judge each attempt; no server is needed. What a login needs stays, and rids are
/// numbered anew. The result is a scenario, as `xmppscope record` writes it, or a capture.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope shrink monday.ndjson --while finding:rid-repeat
  xmppscope shrink monday.ndjson --while 'finding:http-status and status:502' -o small.yaml
  xmppscope shrink monday.ndjson --while level:error -o small.ndjson

Exit status:
  0  the scenario or capture was written
  1  nothing in the recording matches --while
  2  wrong usage, or not a recording, or nothing of it can be written;
     also if damaged parts were skipped
  3  a file cannot be read or written")]
pub(super) struct Args {
    /// Capture, HAR or other recording that `xmppscope show` reads; - reads standard input
    file: PathBuf,
    /// What has to stay: a filter expression, such as finding:NAME; see docs/reference/filter.md
    #[arg(long = "while", value_name = "EXPR")]
    shows: String,
    /// File to write: a capture if its name ends in .ndjson, otherwise a scenario; - writes to standard output [default: -]
    ///
    /// A file that is not empty is overwritten only with --force.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Let -o overwrite a file that is not empty
    #[arg(long, requires = "output")]
    force: bool,
    /// Stop after this time, with what is left by then, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    limit: u64,
    #[command(flatten)]
    how: How,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let filter = Filter::parse(&args.shows).map_err(|mistake| {
        explain(&mistake, When::Auto);
        Failure::Usage("--while is not a valid expression".to_owned())
    })?;
    let inputs = Inputs::of([&args.file]);
    let output = to_file(args.output.as_deref());
    let is_capture = output.is_some_and(|path| path.extension().is_some_and(|end| end == "ndjson"));
    let access = if is_capture { Access::Owner } else { Access::Usual };
    let kept = output.map(|path| Kept::begin(path, access, &inputs, args.force)).transpose()?;
    let all = read(&args.file)?;
    let source = all.preface.source.as_ref();
    let clock = Clock::start();
    let limit = Duration::from_secs(args.limit);
    let shown = progress("shrinking", Unit::Items("attempts"), None);
    let whole = Found::of(&all.events, &filter, source);
    let shrunk = shrink(
        &all.events,
        &mut |events| Found::of(events, &filter, source).is_part_of(&whole),
        &mut |Shrinking { left, tries }| {
            shown.rename(&format!("shrinking, {} left", counted(left, "message")));
            shown.set(tries);
            clock.now() < limit
        },
    );
    drop(shown);
    let Some(shrunk) = shrunk else {
        eprint(&format!(
            "xmppscope: nothing in {} matches --while; `xmppscope show FILE --filter finding` lists what is found",
            open::name(&args.file)
        ));
        return Ok(exit::DIFFERS);
    };
    let now = counted(shrunk.left, "message");
    eprint(&format!("{now} left of {}", shrunk.before));
    if !shrunk.finished {
        eprint(&format!(
            "stopped after {} s: it may get shorter with a greater --limit",
            args.limit
        ));
    }
    let damaged = if all.damaged { exit::USAGE } else { exit::OK };
    let kept = match kept {
        Some(kept) if is_capture => {
            let path = kept.path();
            kept.capture(&all.preface, &shrunk.events)?;
            eprint(&format!("wrote {}", name(path)));
            return Ok(damaged);
        }
        other => other,
    };
    let mut wishes = args.how.wishes(&args.file, &all.preface);
    wishes.source += &format!(", the shortest part that shows {}", args.shows);
    let recorded = record(&shrunk.events, &wishes)
        .map_err(|error| Failure::Usage(format!("{}: {error}", open::name(&args.file))))?;
    for what in &recorded.left_out {
        eprint(&format!("left out: {what}"));
    }
    write(&recorded, kept, &inputs)?;
    Ok(damaged)
}

/// What is found in events: each by its event, which keeps its connection and its time.
#[derive(Debug, Default)]
struct Found {
    /// What matches.
    matching: HashSet<(u64, Duration)>,
    /// What accuses somebody.
    findings: HashSet<(u64, Duration, &'static str)>,
}

impl Found {
    fn of(events: &[Event], filter: &Filter, source: Option<&Source>) -> Self {
        let mut judge = Judge::new(source);
        let (mut seen, mut found) = (Vec::new(), Self::default());
        for event in events {
            judge.take(event.clone(), &mut seen);
            for seen in seen.drain(..) {
                let (conn, at) = seen
                    .event
                    .as_ref()
                    .map_or_else(Default::default, |event| (event.conn, event.at));
                if filter.keep(&seen.subject(judge.story())).message {
                    found.matching.insert((conn, at));
                }
                let serious = seen.findings.iter().filter(|it| it.level > Level::Note);
                found.findings.extend(serious.map(|finding| (conn, at, finding.name())));
            }
        }
        found
    }

    /// Whether something of the whole still matches, and leaving out the rest has made nothing up.
    fn is_part_of(&self, whole: &Self) -> bool {
        self.matching.intersection(&whole.matching).next().is_some()
            && self.findings.is_subset(&whole.findings)
    }
}
