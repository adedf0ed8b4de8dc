//! `xmppscope record`: a recording as a scenario.

use std::path::{Path, PathBuf};

use super::console::{eprint, not_into, print};
use super::failure::not_events;
use super::kept::{Kept, to_file};
use super::observe::say_built_in;
use super::progress::Reading;
use super::{Failure, exit};
use crate::diag::{counted, name};
use crate::files::{Access, Inputs};
use crate::record::{Recorded, Wishes, record};
use crate::scenario::load_texts;
use crate::trace::Event;
use crate::trace::capture::Preface;
use crate::trace::open::{self, open};

/// Turn a recording into a scenario that `xmppscope run` repeats
///
/// Writes what the clients sent as steps, and what the server sent as expectations. What is different at every run becomes
/// a variable: sids, rids, ids, resources, addresses, rooms. The login becomes `login`, and polling that does nothing else
/// is left to the session. Without --strict, nothing is expected that depends on the server's configuration.
///
/// What a scenario cannot express is listed on stderr and in a comment at its head. `xmppscope prove FILE --covered` lists
/// which violations the scenario would notice.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope record session.ndjson -o again.yaml
  xmppscope record chat.example.har --session 1f2e -o again.yaml
  xmppscope record session.ndjson --strict | less
  xmppscope run again.yaml --target targets/mine.yaml

Exit status:
  0  the scenario was written
  2  wrong usage, or not a recording, or nothing of it can be written;
     also if damaged parts were skipped
  3  a file cannot be read or written")]
pub(super) struct Args {
    /// Capture, HAR or other recording that `xmppscope show` reads; - reads standard input
    file: PathBuf,
    /// Scenario to write; - writes to standard output [default: -]
    ///
    /// A file that is not empty is overwritten only with --force.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Let -o overwrite a file that is not empty
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    how: How,
}

/// How a scenario is made of a trace.
#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// Use only the session whose name or sid begins with NAME [default: all]
    ///
    /// Names are those that `xmppscope show` prints, such as 1f2e, ws3 or tcp1.
    #[arg(long, value_name = "NAME")]
    pub(super) session: Option<String>,
    /// Expect everything that the server sent, not only what is the same on every server
    #[arg(long)]
    pub(super) strict: bool,
    /// Write every BOSH request as a step, even plain polls
    #[arg(long)]
    pub(super) requests: bool,
    /// Name of the scenario [default: describes the recording]
    #[arg(long, value_name = "TEXT")]
    pub(super) name: Option<String>,
}

impl How {
    /// What is wanted of the recording of this name.
    pub(super) fn wishes(&self, path: &Path, preface: &Preface) -> Wishes {
        Wishes {
            session: self.session.clone(),
            strict: self.strict,
            requests: self.requests,
            name: self.name.clone(),
            source: [
                open::name(path),
                format!(" of {}", preface.started.format("%Y-%m-%d %H:%M")),
                if preface.target.is_empty() { "" } else { ", " }.to_owned(),
                preface.target.clone(),
            ]
            .concat(),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let inputs = Inputs::of([&args.file]);
    let output = to_file(args.output.as_deref());
    let kept = output.map(|path| Kept::begin(path, Access::Usual, &inputs, args.force));
    let kept = kept.transpose()?;
    let all = read(&args.file)?;
    let wishes = args.how.wishes(&args.file, &all.preface);
    let recorded = record(&all.events, &wishes)
        .map_err(|error| Failure::Usage(format!("{}: {error}", open::name(&args.file))))?;
    for what in &recorded.left_out {
        eprint(&format!("left out: {what}"));
    }
    write(&recorded, kept, &inputs)?;
    Ok(if all.damaged { exit::USAGE } else { exit::OK })
}

/// Writes a scenario, which has no mistakes, into a file or to standard output.
pub(super) fn write(
    recorded: &Recorded,
    kept: Option<Kept<'_>>,
    inputs: &Inputs,
) -> Result<(), Failure> {
    check(&recorded.text)?;
    let Some(kept) = kept else {
        not_into(inputs)?;
        return print(&recorded.text).map(|_| ());
    };
    let path = kept.path();
    kept.text(&recorded.text)?;
    eprint(&format!("wrote {}: {}", name(path), counted(recorded.steps, "step")));
    Ok(())
}

/// Nobody is given a scenario that cannot be read: that would be a mistake of this program.
fn check(text: &str) -> Result<(), Failure> {
    let files = [(PathBuf::from("recorded.yaml"), text.to_owned())];
    let loaded = load_texts(files, &|_| Err(std::io::ErrorKind::NotFound.into()));
    if loaded.mistakes.is_empty() {
        return Ok(());
    }
    for mistake in &loaded.mistakes {
        eprint(&mistake.render(false));
    }
    let words = "the scenario that was made has mistakes (see above), so it was not written; please report this bug";
    Err(Failure::Environment(words.to_owned()))
}

/// A recording, read whole.
pub(super) struct All {
    pub(super) preface: Preface,
    pub(super) events: Vec<Event>,
    /// Parts of it could not be read.
    pub(super) damaged: bool,
}

/// Reads a recording; what is damaged is reported and skipped.
pub(super) fn read(path: &Path) -> Result<All, Failure> {
    say_built_in(path);
    let recording = open(path).map_err(|error| not_events(&error))?;
    let mut reading = Reading::begin(&open::name(path), &[path]);
    reading.file(&recording.position);
    let preface = recording.preface.clone();
    let (mut events, mut damaged) = (Vec::new(), false);
    for event in recording {
        reading.update();
        match event {
            Ok(event) => events.push(event),
            Err(error) if error.is_fatal() => return Err(not_events(&error)),
            Err(error) => {
                damaged |= error.cause.is_damage();
                reading.aside(|| eprint(&format!("xmppscope: {error}")));
            }
        }
    }
    Ok(All { preface, events, damaged })
}
