//! `xmppscope snapshot`: what waits for approval, accepted or rejected by a person.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use console::Term;

use super::check::counted;
use super::console::{print, say};
use super::options::When;
use super::{Failure, exit};
use crate::diag::sanitise::one_line;
use crate::runner;
use crate::scenario::load;
use crate::snapshot::{self, Diff, Pending, Snapshot, SnapshotError, approved, diff, pending};
use crate::ui::quoted;
use crate::ui::{Styles, difference, sanitise};

/// Review, accept or reject conversations that wait for approval
///
/// `xmppscope run --snapshots DIR` leaves conversations that are not as approved beside what is approved, in files
/// .snap.new. They are in the format of insta: `cargo insta review` can be used as well.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show one at a time, and ask what is to become of it: a accepts, r rejects, s skips it
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot review snapshots/

Exit status:
  0  nothing waits any more
  1  something was skipped, and still waits
  2  wrong usage, or a file that is no snapshot
  3  a file cannot be read or written, or there is no terminal")]
    Review(Paths),
    /// Accept all, or those that are named
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot accept snapshots/
  xmppscope snapshot accept snapshots/scenarios/examples/room.snap.new

Exit status:
  0  they are accepted
  2  wrong usage, or a file that is no snapshot
  3  a file cannot be read or written")]
    Accept(Paths),
    /// Reject all, or those that are named
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot reject snapshots/

Exit status:
  0  they are gone
  2  wrong usage
  3  a file cannot be read or written")]
    Reject(Paths),
    /// List those that wait, and how they differ
    #[command(after_long_help = "\
Examples:
  xmppscope snapshot list snapshots/
  xmppscope snapshot list snapshots/ --check

Exit status:
  0  nothing waits; with --check also: each belongs to a scenario
  1  something waits, or belongs to nothing
  2  wrong usage, or a file that is no snapshot
  3  a file cannot be read")]
    List {
        #[command(flatten)]
        paths: Paths,
        /// Also list approved ones whose scenario is not there any more
        ///
        /// Scenarios are looked for from this folder, by the paths that stand in the snapshots.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Paths {
    /// Folders of snapshots, or files .snap.new
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
    let words = sanitise(&error.to_string()).into_owned();
    match error {
        SnapshotError::Unreadable { .. } | SnapshotError::Unwritable { .. } => {
            Failure::Environment(words)
        }
        SnapshotError::OtherFile(_)
        | SnapshotError::NoHead(_)
        | SnapshotError::NotTranscript { .. } => Failure::Usage(words),
    }
}

fn name(path: &Path) -> String {
    sanitise(&path.display().to_string()).into_owned()
}

fn accept(paths: &Paths) -> Result<u8, Failure> {
    let waiting = waiting(paths)?;
    for pending in &waiting {
        pending.accept().map_err(failure)?;
        print(format!("accepted {}\n", name(&pending.path)).as_bytes())?;
    }
    done(waiting.len());
    Ok(exit::OK)
}

/// What is thrown away need not be understood.
fn throw_away(paths: &Paths) -> Result<u8, Failure> {
    let waiting = snapshot::waiting(&paths.paths).map_err(failure)?;
    for path in &waiting {
        snapshot::reject(path).map_err(failure)?;
        print(format!("rejected {}\n", name(path)).as_bytes())?;
    }
    done(waiting.len());
    Ok(exit::OK)
}

fn done(count: usize) {
    if count == 0 {
        say("nothing waits for approval");
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
        text += &format!("waits         {}: {what}\n", name(&pending.path));
    }
    if check {
        let approved = approved(&paths.paths).map_err(failure)?;
        for (path, snapshot) in &approved {
            if let Some(why) = unreferenced(snapshot) {
                text += &format!("unreferenced  {}: {why}\n", name(path));
            }
        }
    }
    print(text.as_bytes())?;
    Ok(if text.is_empty() { exit::OK } else { exit::DIFFERS })
}

/// Why a snapshot belongs to nothing, if so.
fn unreferenced(snapshot: &Snapshot) -> Option<String> {
    let source = Path::new(&snapshot.source);
    if snapshot.source.is_empty() {
        return Some("it names no scenario".to_owned());
    }
    if !source.exists() {
        return Some(format!("there is no {}", name(source)));
    }
    // One that cannot be understood may well be what it belongs to.
    let loaded = load(&[source.to_owned()]).ok().filter(|loaded| loaded.mistakes.is_empty())?;
    let scenarios: Vec<_> = loaded.scenarios.into_iter().map(std::sync::Arc::new).collect();
    let mut names = runner::jobs(&scenarios).into_iter().map(|job| job.name());
    // In the head of a snapshot it stands in one line.
    let there = names.any(|name| one_line(&name) == snapshot.description);
    let words = || format!("{} has no scenario or row of that name", name(source));
    (!there).then(words)
}

fn review(paths: &Paths) -> Result<u8, Failure> {
    let waiting = waiting(paths)?;
    if waiting.is_empty() {
        say("nothing waits for approval");
        return Ok(exit::OK);
    }
    let term = Term::stderr();
    if !io::stdin().is_terminal() || !term.is_term() {
        let all: Vec<_> =
            paths.paths.iter().map(|path| quoted(&path.to_string_lossy()).into_owned()).collect();
        let all = all.join(" ");
        return Err(Failure::Environment(format!(
            "a review needs a terminal; without one: xmppscope snapshot list {all}, then accept or reject"
        )));
    }
    let styles = Styles::new(paths.color.decide(io::stdout().is_terminal()));
    let mut skipped = 0;
    for (number, pending) in waiting.iter().enumerate() {
        print(shown(pending, (number + 1, waiting.len()), &styles).as_bytes())?;
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
        say(&format!("{} still waiting", counted(skipped, "conversation")));
        return Ok(exit::DIFFERS);
    }
    Ok(exit::OK)
}

/// One that waits: how it differs, or the whole of it if nothing was approved.
fn shown(pending: &Pending, (number, all): (usize, usize), styles: &Styles) -> String {
    let path = difference::heading(&name(&pending.target()), styles);
    let mut text = format!("\n{number} of {all}  {path}\n");
    text += &format!("{}\n\n", sanitise(&pending.new.description));
    match &pending.approved {
        None => text += &sanitise(&pending.new.transcript.to_string()),
        Some(old) => {
            let differs: Diff = diff(&old.transcript, &pending.new.transcript);
            if differs.is_equal() {
                text += "It says the same as what is approved.\n";
            }
            text += &difference::text(&differs, styles);
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
