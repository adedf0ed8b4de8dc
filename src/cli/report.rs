//! `xmppscope report`: a capture, or what a run of scenarios left, as a page for a browser.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::console::{print, say};
use super::observe::{not_events, unreadable, unwritable};
use super::{Failure, exit};
use crate::report::html::{Page, Run, Traffic};
use crate::trace::capture::{CaptureError, Preface};
use crate::trace::open::{self, is_stdin, open};
use crate::ui::outcomes::IN_FOLDER;
use crate::ui::sanitise;
use crate::wire::owner_only;

/// Make a page of a capture or of a run of scenarios, to be opened in a browser
///
/// One file that needs no network and no other file: a time line of sessions and their connections, every exchange with its
/// XML, findings, search and filters; of a run also what came of each scenario. Nothing that was said on the wire can run
/// in it. Secrets are hidden as they are in the capture; messages and addresses are not.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope proxy --target https://chat.example --write monday.ndjson
  xmppscope report monday.ndjson -o report.html

  xmppscope run scenarios/ --write captures
  xmppscope report captures -o report.html

Exit status:
  0  the page was written
  2  wrong usage, or neither a capture nor a run; also if something damaged was left out, which the page says too
  3  a file cannot be read or written")]
pub(super) struct Args {
    /// A capture (- reads standard input), or the folder that `xmppscope run --write` wrote
    #[arg(value_name = "CAPTURE|RUN")]
    path: PathBuf,
    /// The page, readable by its owner alone; without it, or with -, it goes to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    if args.output.is_none() && io::stdout().is_terminal() {
        let words =
            "the page would fill the terminal: name a file with -o report.html, or say -o -";
        return Err(Failure::Usage(words.to_owned()));
    }
    let mut making =
        Making { page: Page::new(&title(&args.path)), damaged: false, read: Vec::new() };
    if args.path.is_dir() {
        making.folder(&args.path)?;
    } else if let (true, Some(folder)) = (args.path.ends_with(IN_FOLDER), args.path.parent()) {
        making.folder(folder)?;
    } else {
        making.capture(&args.path, &title(&args.path))?;
    }
    let Making { page, damaged, read } = making;
    if let Some(path) = args.output.as_deref().filter(|path| path.as_os_str() != "-") {
        if read.iter().any(|read| is_same_file(read, path)) {
            let path = path.display().to_string();
            let words = format!("{} would be overwritten: the page is made of it", sanitise(&path));
            return Err(Failure::Usage(words));
        }
        write(&page, path).map_err(|error| unwritable(path, &error))?;
    } else {
        let mut text = Vec::new();
        page.write(&mut text).map_err(|error| Failure::Environment(error.to_string()))?;
        print(&text)?;
    }
    Ok(if damaged { exit::USAGE } else { exit::OK })
}

/// How a trace is begun in a page.
type Begin = for<'a> fn(&'a mut Page, &str, &Preface) -> Traffic<'a>;

/// A page that is being made.
struct Making {
    page: Page,
    /// Something was left out because it is damaged.
    damaged: bool,
    /// The files that it is made of.
    read: Vec<PathBuf>,
}

impl Making {
    /// What a run left, or captures alone.
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(IN_FOLDER);
        self.read.push(path.clone());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.captures(folder),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Failure::Usage(format!("{}: it is not text", path.display())));
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let mut run = Run::read(&text).map_err(|error| {
            Failure::Usage(sanitise(&format!("{}: {error}", path.display())).into_owned())
        })?;
        for (place, name) in run.captures() {
            match self.scenario(&folder.join(&name), &name) {
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
        let name = folder.display();
        if found.is_empty() {
            return Err(Failure::Usage(format!(
                "{name}: neither {IN_FOLDER} nor captures (*.ndjson) are in this folder; `xmppscope run --write {name}` writes them"
            )));
        }
        say(&format!(
            "xmppscope: {name}: no {IN_FOLDER} is in this folder: captures are shown, without verdicts"
        ));
        for path in found {
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            match self.capture(&path, &inside.display().to_string()) {
                Ok(_) => {}
                Err(Failure::Usage(words) | Failure::Environment(words)) => self.left_out(&words),
            }
        }
        Ok(())
    }

    fn left_out(&mut self, words: &str) {
        say(&format!("xmppscope: {words}"));
        self.damaged = true;
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
        self.read.push(path.to_owned());
        let recording = open(path).map_err(|error| not_events(&error))?;
        let mut traffic = begin(&mut self.page, name, &recording.preface);
        for event in recording {
            match event {
                Ok(event) => traffic.take(event),
                Err(error) if error.is_fatal() => return Err(not_events(&error)),
                Err(error) => {
                    self.damaged |= matches!(error.cause, CaptureError::Line { .. });
                    say(&sanitise(&format!("xmppscope: {error}")));
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
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
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

/// Whether two names are those of one file, by links too.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (fs::metadata(one), fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt;
        return one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn write(page: &Page, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(owner_only::create(path)?);
    page.write(&mut file)?;
    file.flush()
}
