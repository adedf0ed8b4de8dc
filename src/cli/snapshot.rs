//! `xmppscope snapshot`: pending snapshots, accepted or rejected by a person.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use console::Term;

use super::console::{eprint, out_is_terminal, print, width};
use super::options::When;
use super::{Failure, exit};
use crate::diag::counted;
use crate::diag::name;
use crate::diag::sanitise::{one_line, sanitise};
use crate::runner;
use crate::scenario::{Scenario, load, pack};
use crate::snapshot::{self, Diff, Pending, Snapshot, SnapshotError, approved, diff, pending};
use crate::ui::quoted;
use crate::ui::{Styles, difference};

/// Review, accept or reject pending snapshots of conversations
///
/// `xmppscope run --snapshots DIR` writes each new or changed conversation to a .snap.new file next to the approved
/// one. These files are in insta's format, so `cargo insta review` works as well.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Review pending snapshots one by one: accept, reject or skip
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot review snapshots/

Exit status:
  0  no snapshots are pending any more
  1  some were skipped and are still pending
  2  wrong usage, or a file that is not a snapshot
  3  a file cannot be read or written, or there is no terminal")]
    Review(Paths),
    /// Accept pending snapshots
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot accept snapshots/
  xmppscope snapshot accept snapshots/scenarios/examples/room.snap.new

Exit status:
  0  all were accepted, or none were pending
  2  wrong usage, or a file that is not a snapshot
  3  a file cannot be read or written")]
    Accept(Paths),
    /// Reject pending snapshots and delete their files
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot reject snapshots/

Exit status:
  0  all were deleted, or none were pending
  2  wrong usage
  3  a file cannot be read or written")]
    Reject(Paths),
    /// List pending snapshots and how they differ
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot list snapshots/
  xmppscope snapshot list snapshots/ --check

Exit status:
  0  none are pending; with --check, every snapshot also belongs to a scenario
  1  some are pending, or belong to no scenario
  2  wrong usage, or a file that is not a snapshot
  3  a file cannot be read")]
    List {
        #[command(flatten)]
        paths: Paths,
        /// Also list approved snapshots whose scenario no longer exists
        ///
        /// The path in a snapshot is looked up relative to the current folder, then in the pack that is part of xmppscope.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Paths {
    /// Folders of snapshots, or .snap.new files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.what {
        What::Review(paths) => review(paths),
        What::Accept(paths) => accept(paths),
        What::Reject(paths) => throw_away(paths),
        What::List { paths, check } => list(paths, *check),
    }
}

fn waiting(paths: &Paths) -> Result<Vec<Pending>, Failure> {
    pending(&paths.paths).map_err(failure)
}

#[allow(clippy::needless_pass_by_value)] // it is what is done with errors
fn failure(error: SnapshotError) -> Failure {
    let words = error.to_string();
    match error {
        SnapshotError::Unreadable { .. } | SnapshotError::Unwritable { .. } => {
            Failure::Environment(words)
        }
        SnapshotError::OtherFile(_)
        | SnapshotError::NoHead(_)
        | SnapshotError::NotTranscript { .. } => Failure::Usage(words),
    }
}

fn accept(paths: &Paths) -> Result<u8, Failure> {
    let waiting = waiting(paths)?;
    for pending in &waiting {
        pending.accept().map_err(failure)?;
        print(&format!("accepted {}\n", name(&pending.path)))?;
    }
    done(waiting.len());
    Ok(exit::OK)
}

/// What is thrown away need not be understood.
fn throw_away(paths: &Paths) -> Result<u8, Failure> {
    let waiting = snapshot::waiting(&paths.paths).map_err(failure)?;
    for path in &waiting {
        snapshot::reject(path).map_err(failure)?;
        print(&format!("rejected {}\n", name(path)))?;
    }
    done(waiting.len());
    Ok(exit::OK)
}

fn done(count: usize) {
    if count == 0 {
        eprint("no pending snapshots");
    }
}

fn list(paths: &Paths, check: bool) -> Result<u8, Failure> {
    let mut text = String::new();
    for pending in waiting(paths)? {
        let what = match &pending.approved {
            None => "new".to_owned(),
            Some(old) => {
                counted(diff(&old.transcript, &pending.new.transcript).count(), "difference")
            }
        };
        text += &format!("pending       {}: {what}\n", name(&pending.path));
    }
    if check {
        let approved = approved(&paths.paths).map_err(failure)?;
        for (path, snapshot) in &approved {
            if let Some(why) = unreferenced(snapshot) {
                text += &format!("unreferenced  {}: {why}\n", name(path));
            }
        }
    }
    print(&text)?;
    Ok(if text.is_empty() { exit::OK } else { exit::DIFFERS })
}

/// Why a snapshot belongs to nothing, if so.
fn unreferenced(snapshot: &Snapshot) -> Option<String> {
    let source = Path::new(&snapshot.source);
    if snapshot.source.is_empty() {
        return Some("it does not name a scenario".to_owned());
    }
    let scenarios = if source.exists() {
        // One that cannot be understood may well be what it belongs to.
        load(&[source.to_owned()]).ok().filter(|loaded| loaded.mistakes.is_empty())?.scenarios
    } else {
        let of_pack = |scenario: &&Scenario| scenario.place.source.path == source;
        let known: Vec<_> = pack().scenarios.iter().filter(of_pack).cloned().collect();
        if known.is_empty() {
            return Some(format!("{} does not exist", name(source)));
        }
        known
    };
    let scenarios: Vec<_> = scenarios.into_iter().map(std::sync::Arc::new).collect();
    let mut names = runner::jobs(&scenarios).into_iter().map(|job| job.name());
    // In the head of a snapshot it stands in one line.
    let there = names.any(|name| one_line(&name) == snapshot.description);
    let words = || format!("{} has no scenario or row with this name", name(source));
    (!there).then(words)
}

fn review(paths: &Paths) -> Result<u8, Failure> {
    let waiting = waiting(paths)?;
    if waiting.is_empty() {
        eprint("no pending snapshots");
        return Ok(exit::OK);
    }
    let term = Term::stderr();
    if !io::stdin().is_terminal() || !term.is_term() {
        let all: Vec<_> =
            paths.paths.iter().map(|path| quoted(&name(path).to_string()).into_owned()).collect();
        let all = all.join(" ");
        return Err(Failure::Environment(format!(
            "a review needs a terminal; without one, run `xmppscope snapshot list {all}`, then accept or reject"
        )));
    }
    let styles = Styles::new(paths.color.decide(out_is_terminal()));
    let mut skipped = 0;
    for (number, pending) in waiting.iter().enumerate() {
        print(&shown(pending, (number + 1, waiting.len()), &styles))?;
        match ask(&term).map_err(|error| Failure::Environment(error.to_string()))? {
            Answer::Accept => pending.accept().map_err(failure)?,
            Answer::Reject => pending.reject().map_err(failure)?,
            Answer::Skip => skipped += 1,
            Answer::Quit => {
                skipped += waiting.len() - number;
                break;
            }
        }
    }
    if skipped > 0 {
        eprint(&format!("{} still pending", counted(skipped, "snapshot")));
        return Ok(exit::DIFFERS);
    }
    Ok(exit::OK)
}

/// One that waits: how it differs, or the whole of it if nothing was approved.
fn shown(pending: &Pending, (number, all): (usize, usize), styles: &Styles) -> String {
    let path = difference::heading(&name(&pending.target()).to_string(), styles);
    let mut text = format!("\n{number} of {all}  {path}\n");
    text += &format!("{}\n\n", sanitise(&pending.new.description));
    match &pending.approved {
        None => text += &sanitise(&pending.new.transcript.to_string()),
        Some(old) => {
            let differs: Diff = diff(&old.transcript, &pending.new.transcript);
            if differs.is_equal() {
                text += "No difference from the approved snapshot.\n";
            }
            text += &difference::text(&differs, styles, width(out_is_terminal()));
        }
    }
    text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// Waits for one of the keys.
fn ask(mut term: &Term) -> io::Result<Answer> {
    write!(term, "\n[a]ccept  [r]eject  [s]kip  [q]uit ")?;
    term.flush()?;
    loop {
        let answer = match term.read_char()? {
            'a' => Answer::Accept,
            'r' => Answer::Reject,
            's' => Answer::Skip,
            'q' | '\u{1b}' | '\u{3}' | '\u{4}' => Answer::Quit,
            _ => continue,
        };
        writeln!(term)?;
        return Ok(answer);
    }
}
