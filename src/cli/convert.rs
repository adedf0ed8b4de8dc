//! `xmppscope convert`: any recording as a capture, a HAR, or a command of curl.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::console::{eprint, explain, not_into, out, out_is_terminal, print};
use super::failure::{not_events, unwritable};
use super::kept::{Kept, to_file};
use super::observe::say_built_in;
use super::options::When;
use super::progress::Reading;
use super::{Failure, exit};
use crate::diag::counted;
use crate::files::{Access, Inputs};
use crate::report::har::Archive;
use crate::rules::{Judge, Observation};
use crate::trace::capture::{Preface, Secrets, Writer};
use crate::trace::event::scheme;
use crate::trace::filter::Filter;
use crate::trace::open::{self, Recording, open};
use crate::trace::{Event, Fact, Request};
use crate::ui::curl;

/// Convert a recording: to a capture, a HAR, or a curl command
///
/// Reads everything that `xmppscope show` reads: captures, HTTP Archives (HAR) of browsers and proxies, logs, packets, and
/// more. Secrets are hidden while a file is read; messages and addresses are not, so check the result before you pass it on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope convert chat.example.har -o capture.ndjson
  xmppscope convert monday.ndjson --to har -o monday.har
  xmppscope convert monday.ndjson --to curl --exchange 3
  xmppscope convert monday.ndjson --to curl --filter 'status:404'

Exit status:
  0  everything was converted
  2  wrong usage, or not a recording; also if damaged parts were left out
  3  a file cannot be read or written")]
pub(super) struct Args {
    /// Recording; - reads standard input
    file: PathBuf,
    /// File to write, readable only by its owner; - writes to standard output [default: -]
    ///
    /// A file that is not empty is overwritten only with --force.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Let -o overwrite a file that is not empty
    #[arg(long, requires = "output")]
    force: bool,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Capture, value_name = "FORMAT")]
    to: Format,
    /// With --to curl: the number of the request among all requests of the recording, counted from 1
    #[arg(long, value_name = "N", conflicts_with = "filter")]
    exchange: Option<u64>,
    /// With --to curl: the first exchange that matches, for example 'status:404'
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Capture, for `xmppscope show`, `report` and `diff`
    Capture,
    /// HTTP Archive, which the Network tab of browsers opens
    Har,
    /// curl command that sends one request again
    Curl,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let choice = Choice::of(args)?;
    let output = to_file(args.output.as_deref());
    if args.to != Format::Curl && args.output.is_none() && out_is_terminal() {
        let words = "not printing a whole file to the terminal: name a file with -o FILE, or use -o - to print it";
        return Err(Failure::Usage(words.to_owned()));
    }
    say_built_in(&args.file);
    let inputs = Inputs::of([&args.file]);
    not_into(&inputs)?;
    let recording = open(&args.file).map_err(|error| not_events(&error))?;
    match output {
        Some(path) => {
            let mut kept = Kept::begin(path, Access::Owner, &inputs, args.force)?;
            let code = convert(args, &choice, recording, kept.file(), Some(path))?;
            kept.finish()?;
            Ok(code)
        }
        None => convert(args, &choice, recording, &mut io::BufWriter::new(out()), None),
    }
}

/// What N is. The number behind `#` is that of a connection.
const COUNTED: &str =
    "N counts requests, from 1; `xmppscope show --format json` prints it as `exchange`";

/// Which exchange is wanted.
enum Choice {
    Number(u64),
    Filter(Filter),
    /// The only one there is.
    Only,
}

impl Choice {
    fn of(args: &Args) -> Result<Self, Failure> {
        match (args.exchange, &args.filter) {
            (None, None) => Ok(Self::Only),
            _ if args.to != Format::Curl => {
                let words = "--exchange and --filter choose the request for --to curl; a capture and a HAR are always complete";
                Err(Failure::Usage(words.to_owned()))
            }
            (Some(number), _) => Ok(Self::Number(number)),
            (None, Some(text)) => Filter::parse(text).map(Self::Filter).map_err(|mistake| {
                explain(&mistake, When::Auto);
                Failure::Usage("--filter is not a valid expression".to_owned())
            }),
        }
    }
}

fn convert(
    args: &Args,
    choice: &Choice,
    recording: Recording,
    to: &mut dyn Write,
    path: Option<&Path>,
) -> Result<u8, Failure> {
    let preface = recording.preface.clone();
    let mut traffic = Traffic::new(recording, &args.file);
    let wrong = |error: io::Error| match path {
        Some(path) => unwritable(path, error),
        None => Failure::Environment(format!("cannot print: {error}")),
    };
    match args.to {
        Format::Capture => {
            let mut writer = Writer::new(to, &preface).map_err(wrong)?;
            while let Some(event) = traffic.next()? {
                writer.write(&event).map_err(wrong)?;
            }
            writer.flush().map_err(wrong)?;
        }
        Format::Har => {
            let mut archive = Archive::new(to, &preface).map_err(wrong)?;
            let mut story = crate::trace::Story::default();
            while let Some(event) = traffic.next()? {
                let effect = story.take(&event);
                archive.take(&event, &effect).map_err(wrong)?;
            }
            let streams = archive.finish().map_err(wrong)?;
            if streams > 0 {
                let streams = counted(streams, "stream");
                eprint(&format!(
                    "xmppscope: {streams} over TCP left out: a HAR has no place for them"
                ));
            }
        }
        Format::Curl => {
            let request = find(choice, &preface, &mut traffic)?;
            let command = curl::command(
                &request,
                &origin(&request, &preface),
                preface.secrets == Secrets::Shown,
            );
            match path {
                Some(_) => to.write_all(command.as_bytes()).map_err(wrong)?,
                None => drop(print(&command)?),
            }
        }
    }
    Ok(if traffic.damaged { exit::USAGE } else { exit::OK })
}

/// Events, with a word on each that cannot be read.
struct Traffic {
    events: Box<dyn Iterator<Item = Result<Event, open::OpenError>>>,
    reading: Reading,
    damaged: bool,
}

impl Traffic {
    fn new(recording: Recording, path: &Path) -> Self {
        let mut reading = Reading::begin(&open::name(path), &[path]);
        reading.file(&recording.position);
        Self { events: recording.ahead(), reading, damaged: false }
    }

    fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            self.reading.update();
            match self.events.next() {
                None => return Ok(None),
                Some(Ok(event)) => return Ok(Some(event)),
                Some(Err(error)) if error.is_fatal() => return Err(not_events(&error)),
                Some(Err(error)) => {
                    self.damaged |= error.cause.is_damage();
                    self.reading.aside(|| eprint(&format!("xmppscope: {error}")));
                }
            }
        }
    }
}

/// The request that is wanted.
fn find(choice: &Choice, preface: &Preface, traffic: &mut Traffic) -> Result<Request, Failure> {
    let mut judge = Judge::new(preface.source.as_ref());
    let mut seen: Vec<Observation> = Vec::new();
    let mut open: std::collections::BTreeMap<u64, Request> = std::collections::BTreeMap::new();
    let (mut only, mut count) = (None, 0);
    while let Some(event) = traffic.next()? {
        judge.take(event, &mut seen);
        for seen in seen.drain(..) {
            let Some(exchange) =
                seen.effect.message.as_ref().and_then(|message| message.exchange.as_deref())
            else {
                continue;
            };
            let number = exchange.number;
            let is_answer = matches!(&seen.event, Some(Event { fact: Fact::Response(_), .. }));
            if let Some(Event { fact: Fact::Request(request), .. }) = &seen.event {
                count += 1;
                open.insert(number, request.clone());
            }
            let wanted = match choice {
                Choice::Number(wanted) => *wanted == number,
                Choice::Filter(filter) => filter.keep(&seen.subject(judge.story())).message,
                Choice::Only => false,
            };
            match (wanted, is_answer) {
                (true, _) => {
                    if let Some(request) = open.remove(&number) {
                        return Ok(request);
                    }
                }
                (false, true) => only = open.remove(&number).or(only),
                (false, false) => {}
            }
        }
    }
    let only = open.pop_first().map(|(_, request)| request).or(only);
    let exchanges = counted(count, "exchange");
    match (choice, only) {
        (Choice::Only, Some(request)) if count == 1 => Ok(request),
        (Choice::Only, _) if count > 0 => Err(Failure::Usage(format!(
            "the recording has {exchanges}: choose one with --exchange N, or with --filter; {COUNTED}"
        ))),
        (Choice::Number(number), _) => Err(Failure::Usage(format!(
            "there is no exchange {number}: the recording has {exchanges}; {COUNTED}"
        ))),
        (Choice::Filter(_), _) => {
            Err(Failure::Usage(format!("none of the recording's {exchanges} matches --filter")))
        }
        (Choice::Only, _) => {
            Err(Failure::Usage("there is no request of HTTP in the recording".to_owned()))
        }
    }
}

/// Where a request went.
fn origin(request: &Request, preface: &Preface) -> String {
    let (scheme, rest) = scheme(&preface.target).unwrap_or(("http", &preface.target));
    let scheme = if matches!(scheme, "https" | "wss") { "https" } else { "http" };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    format!("{scheme}://{}", request.headers.get("host").unwrap_or(host))
}
