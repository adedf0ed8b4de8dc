//! `xmppscope show`: a capture file, printed as it was live.

use std::io::BufWriter;
use std::path::PathBuf;

use super::console::{self, eprint, not_into};
use super::failure::not_events;
use super::observe::{End, Output, say_built_in};
use super::progress::Reading;
use super::{Failure, exit};
use crate::files::Inputs;
use crate::trace::capture::Preface;
use crate::trace::open::{self, open};

/// Print a capture, or a HAR, log or other file that holds traffic
///
/// Prints a capture (`xmppscope proxy --write FILE`), with the same filters and formats as the proxy; or a file of another
/// program: a HAR of a browser or a proxy, packets (pcap), an access log of nginx or Apache, a log of a client or server, or
/// output of `curl -v`. The content decides, not the name.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope show session.ndjson
  xmppscope show session.ndjson --format compact --filter 'not noise'
  xmppscope show session.ndjson --filter finding
  xmppscope show chat.example.har
  xmppscope show prosody.log

Exit status:
  0  everything was printed
  2  wrong usage, or not a recording; also if damaged parts were skipped
  3  the file cannot be read")]
pub(super) struct Args {
    /// Capture, HAR or other recording; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    args.output.start_log();
    say_built_in(&args.file);
    not_into(&Inputs::of([&args.file]))?;
    let recording = open(&args.file).map_err(|error| not_events(&error))?;
    let Preface { started, source, .. } = &recording.preface;
    let mut view =
        args.output.open(*started, source.as_ref(), Box::new(BufWriter::new(console::out())))?;
    let mut damaged = false;
    // On a terminal, what is printed shows how far it is; and what reads a pipe may use the terminal, too.
    let mut reading =
        console::out_is_file().then(|| Reading::begin(&open::name(&args.file), &[&args.file]));
    if let Some(reading) = &mut reading {
        reading.file(&recording.position);
    }
    for event in recording.ahead() {
        if let Some(reading) = &reading {
            reading.update();
        }
        match event {
            Ok(event) => view.take(event),
            Err(error) if error.is_fatal() => return Err(not_events(&error)),
            Err(error) => {
                view.flush();
                let words = format!("xmppscope: {error}");
                let print = || eprint(&words);
                reading.as_ref().map_or_else(print, |reading| reading.aside(print));
                damaged |= error.cause.is_damage();
            }
        }
        if view.end().is_some() {
            break;
        }
    }
    view.finish();
    drop(reading);
    Ok(match view.end() {
        Some(End::Failed) => exit::ENVIRONMENT,
        None if damaged => exit::USAGE,
        Some(End::ReaderLeft) | None => exit::OK,
    })
}
