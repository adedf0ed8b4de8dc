//! `xmppscope report`: a capture, or the results of a run of scenarios, as an HTML page.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::console::{eprint, not_into, out_is_terminal, print_data};
use super::failure::{not_events, unreadable, unwritable};
use super::observe::say_built_in;
use super::progress::{Reading, progress};
use super::{Failure, exit};
use crate::diag::counted;
use crate::diag::name;
use crate::files::{Access, FileError, Inputs, LONGEST_TEXT, Whole, text};
use crate::report::html::{Page, Run, Traffic};
use crate::trace::capture::Preface;
use crate::trace::open::{self, is_stdin, open};
use crate::ui::Unit;
use crate::ui::outcomes::IN_FOLDER;

/// Turn a recording, or a run of scenarios, into an HTML page
///
/// The page is a single file that needs no network. It shows a timeline of sessions and connections, every exchange with
/// its XML, findings, search and filters, and for a run, the outcome of each scenario. No content of the traffic can run
/// in it as a script. Secrets are hidden as in the capture; messages and addresses are not.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope proxy --target https://chat.example --write monday.ndjson
  xmppscope report monday.ndjson -o report.html

  xmppscope run scenarios/ --write captures
  xmppscope report captures -o report.html

Exit status:
  0  the page was written
  2  wrong usage, or not a capture or run; also if damaged parts were left out,
     which the page reports, too
  3  a file cannot be read or written")]
pub(super) struct Args {
    /// Capture, HAR or other recording (- reads standard input), or folder written by `xmppscope run --write`
    #[arg(value_name = "RECORDING|RUN")]
    path: PathBuf,
    /// File to write, readable only by its owner; - writes to standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    if args.output.is_none() && out_is_terminal() {
        let words = "not printing a whole page to the terminal: name a file with -o report.html, or use -o - to print it";
        return Err(Failure::Usage(words.to_owned()));
    }
    let mut making = Making {
        page: Page::new(&title(&args.path)),
        damaged: false,
        read: Inputs::default(),
        reading: None,
    };
    if args.path.is_dir() {
        making.folder(&args.path)?;
    } else if let (true, Some(folder)) = (args.path.ends_with(IN_FOLDER), args.path.parent()) {
        making.folder(folder)?;
    } else {
        making.begin(&[&args.path]);
        making.capture(&args.path, &title(&args.path))?;
    }
    let Making { page, damaged, read, reading } = making;
    drop(reading);
    let shown = progress("writing the page", Unit::Items("pages"), None);
    if let Some(path) = args.output.as_deref().filter(|path| path.as_os_str() != "-") {
        write(&page, path, &read).map_err(|error| unwritable(path, error))?;
    } else {
        not_into(&read)?;
        let mut text = Vec::new();
        page.write(&mut text).map_err(|error| Failure::Environment(error.to_string()))?;
        drop(shown);
        print_data(&text)?;
    }
    Ok(if damaged { exit::USAGE } else { exit::OK })
}

/// How a trace is begun in a page.
type Begin = for<'a> fn(&'a mut Page, &str, &Preface) -> Traffic<'a>;

/// A page under construction.
struct Making {
    page: Page,
    /// Something was left out because it is damaged.
    damaged: bool,
    /// The files that it is made of.
    read: Inputs,
    /// The captures that are being read.
    reading: Option<Reading>,
}

impl Making {
    /// Adds the results of a run, or captures alone.
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(IN_FOLDER);
        self.read.add(&path);
        let text = match text(&path, LONGEST_TEXT) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.captures(folder),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Failure::Usage(format!("{}: not a text file", name(&path))));
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let mut run = Run::read(&text)
            .map_err(|error| Failure::Usage(format!("{}: {error}", name(&path))))?;
        let captures = run.captures();
        let paths: Vec<_> = captures.iter().map(|(_, inside)| folder.join(inside)).collect();
        self.begin(&paths);
        for (place, inside) in captures {
            match self.scenario(&folder.join(&inside), &inside) {
                Ok(trace) => run.traced(place, trace),
                Err(Failure::Usage(words) | Failure::Environment(words)) => self.left_out(&words),
            }
        }
        self.page.run(run);
        Ok(())
    }

    /// A folder that no run has written: all captures in it.
    fn captures(&mut self, folder: &Path) -> Result<(), Failure> {
        let mut found = Vec::new();
        files(folder, &mut found).map_err(|error| unreadable(folder, &error))?;
        found.sort();
        let name = name(folder);
        if found.is_empty() {
            return Err(Failure::Usage(format!(
                "{name}: no {IN_FOLDER} and no captures (*.ndjson) in this folder; `xmppscope run --write {name}` writes them"
            )));
        }
        eprint(&format!(
            "xmppscope: {name}: no {IN_FOLDER} in this folder; the page shows its captures, without verdicts"
        ));
        self.begin(&found);
        for path in found {
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            match self.capture(&path, &crate::diag::name(inside).to_string()) {
                Ok(_) => {}
                Err(Failure::Usage(words) | Failure::Environment(words)) => self.left_out(&words),
            }
        }
        Ok(())
    }

    /// Begins to read these captures.
    fn begin<P: AsRef<Path>>(&mut self, captures: &[P]) {
        let what = match captures {
            [one] => open::name(one.as_ref()),
            all => counted(all.len(), "capture"),
        };
        self.reading = Some(Reading::begin(&what, captures));
    }

    fn left_out(&mut self, words: &str) {
        self.aside(&format!("xmppscope: {words}"));
        self.damaged = true;
    }

    /// Prints a line while captures are read.
    fn aside(&self, line: &str) {
        let print = || eprint(line);
        self.reading.as_ref().map_or_else(print, |reading| reading.aside(print));
    }

    /// Adds a capture; gives its number.
    fn capture(&mut self, path: &Path, name: &str) -> Result<usize, Failure> {
        self.add(path, name, Page::trace)
    }

    /// Adds the capture of a scenario; gives its number.
    fn scenario(&mut self, path: &Path, name: &str) -> Result<usize, Failure> {
        self.add(path, name, Page::scenario)
    }

    fn add(&mut self, path: &Path, name: &str, begin: Begin) -> Result<usize, Failure> {
        self.read.add(path);
        say_built_in(path);
        let recording = open(path).map_err(|error| not_events(&error))?;
        if let Some(reading) = &mut self.reading {
            reading.file(&recording.position);
        }
        let mut traffic = begin(&mut self.page, name, &recording.preface);
        for event in recording.ahead() {
            if let Some(reading) = &self.reading {
                reading.update();
            }
            match event {
                Ok(event) => traffic.take(event),
                Err(error) if error.is_fatal() => return Err(not_events(&error)),
                Err(error) => {
                    self.damaged |= error.cause.is_damage();
                    let words = format!("xmppscope: {error}");
                    let print = || eprint(&words);
                    self.reading.as_ref().map_or_else(print, |reading| reading.aside(print));
                    traffic.fault(error.cause.to_string());
                }
            }
        }
        Ok(traffic.finish())
    }
}

/// What the page is about, in its title.
fn title(path: &Path) -> String {
    if is_stdin(path) {
        return open::name(path);
    }
    let path = if path.ends_with(IN_FOLDER) { path.parent().unwrap_or(path) } else { path };
    name(path.file_name().unwrap_or(path.as_os_str())).to_string()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A link may lead round in a circle.
        if entry.file_type()?.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "ndjson") {
            found.push(path);
        }
    }
    Ok(())
}

fn write(page: &Page, path: &Path, read: &Inputs) -> Result<(), FileError> {
    let mut file = Whole::create(path, Access::Owner, read)?;
    page.write(&mut file)?;
    file.finish()
}
