//! `xmppscope diff`: what differs between two captures, transcripts or folders of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::console::{eprint, not_into, out_is_terminal, print, print_data, width};
use super::failure::{not_events, not_kept, unreadable};
use super::observe::say_built_in;
use super::options::When;
use super::progress::{Reading, progress};
use super::{Failure, exit, settings};
use crate::diag::counted;
use crate::diag::name;
use crate::files::Inputs;
use crate::report::difference::{self, Compared, Document};
use crate::snapshot::{
    APPROVED, Diff, Maker, PENDING, Snapshot, SnapshotError, Transcript, Varying, diff,
};
use crate::trace::open::{self, Input, OpenError, is_stdin};
use crate::ui::outcomes::IN_FOLDER;
use crate::ui::{Styles, Unit, difference as ui};

/// How the name of a capture ends.
const CAPTURE: &str = "ndjson";

/// Compare two captures, transcripts or snapshots
///
/// Compares the content, not how it is written: the order of attributes, prefixes, white space between elements, and
/// values that vary from run to run (sids, ids, rids, resources) are ignored. Exchanges are aligned, so that one more
/// empty poll is one line. OLD and NEW are captures, other recordings that `xmppscope show` reads, transcripts (`xmppscope
/// show --format transcript`), snapshots, or folders of captures or snapshots.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope diff before.ndjson after.ndjson
  xmppscope diff approved.snap - < after.ndjson
  xmppscope diff snapshots/prosody snapshots/ejabberd --format markdown
  xmppscope diff before.ndjson after.ndjson --format html > difference.html

Exit status:
  0  no differences; nothing is printed
  1  there are differences
  2  wrong usage, or a file that is not a capture, transcript or snapshot
  3  a file cannot be read")]
pub(super) struct Args {
    /// File or folder before the change; - reads standard input
    old: PathBuf,
    /// File or folder after the change; - reads standard input
    new: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    settings: settings::Options,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    #[value(alias = "pretty")]
    Text,
    /// One JSON object, for programs; see docs/reference/diff.md
    Json,
    /// HTML page
    Html,
    /// Table with one row per kind of difference: how often it occurs, and where first
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    not_into(&Inputs::of([&args.old, &args.new]))?;
    let replace = args.settings.read(args.color)?.replace;
    let varying = Varying { replace, ..Varying::default() };
    let documents = documents(&args.old, &args.new, &varying)?;
    let differ = documents.iter().any(Document::differs);
    let sides = [&args.old, &args.new].map(|path| name(path).to_string());
    let [old, new] = &sides;
    match args.format {
        Format::Text => {
            let styles = Styles::new(args.color.decide(out_is_terminal()));
            let sides = [&args.old, &args.new].map(|path| open::name(path));
            print(&text(&documents, &sides, &styles))?
        }
        Format::Json => print_data(difference::json(old, new, &documents).as_bytes())?,
        Format::Html => print(&difference::html(old, new, &documents))?,
        Format::Markdown => print(&difference::markdown(old, new, &documents))?,
    };
    Ok(if differ { exit::DIFFERS } else { exit::OK })
}

fn text(documents: &[Document], [old, new]: &[String; 2], styles: &Styles) -> String {
    let mut out = String::new();
    if documents.iter().any(Document::differs) {
        out += &ui::sides(old, new, styles);
    }
    for document in documents.iter().filter(|document| document.differs()) {
        out += &ui::document(document, styles, width(out_is_terminal()));
    }
    let count: usize = documents.iter().map(Document::count).sum();
    if count > 0 {
        let files = documents.iter().filter(|document| document.differs()).count();
        let files = match documents {
            [only] if only.name.is_none() => String::new(),
            all => format!(" in {files} of {}", counted(all.len(), "file")),
        };
        out += &format!("{}{files}\n", counted(count, "difference"));
    }
    out
}

/// What is compared with what.
fn documents(old: &Path, new: &Path, varying: &Varying) -> Result<Vec<Document>, Failure> {
    if is_stdin(old) && is_stdin(new) {
        return Err(Failure::Usage("only one of the two inputs can be standard input".to_owned()));
    }
    match (old.is_dir(), new.is_dir()) {
        (false, false) => {
            let mut reading = Reading::begin("2 files", &[old, new]);
            let mut read = |path: &Path| read(path, varying, &mut reading);
            let (old, new) = (read(old)?, read(new)?);
            drop(reading);
            let _shown = progress("comparing", Unit::Items("files"), None);
            Ok(vec![Document { name: None, compared: Compared::Both(compare(&old, &new)?) }])
        }
        (true, true) => folders(old, new, varying),
        (is_folder, _) => {
            let (folder, file) = if is_folder { (old, new) } else { (new, old) };
            Err(Failure::Usage(format!(
                "{} is a folder and {} is a file: give two files or two folders",
                name(folder),
                name(file)
            )))
        }
    }
}

/// Compares two transcripts.
fn compare(old: &Transcript, new: &Transcript) -> Result<Diff, Failure> {
    let differs = diff(old, new);
    for side in [old, new] {
        side.check().map_err(|error| not_kept(&error))?;
    }
    Ok(differs)
}

/// Two folders, by the paths in them without the ends of their names.
fn folders(old: &Path, new: &Path, varying: &Varying) -> Result<Vec<Document>, Failure> {
    let (before, after) = (files(old)?, files(new)?);
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let mut documents = Vec::new();
    let all: Vec<_> = before.values().chain(after.values()).collect();
    let mut reading = Reading::begin(&counted(all.len(), "file"), &all);
    let mut read = |path: &Path| read(path, varying, &mut reading);
    for name in names {
        let compared = match (before.get(name), after.get(name)) {
            (Some(old), Some(new)) => Compared::Both(compare(&read(old)?, &read(new)?)?),
            (Some(_), None) => Compared::OnlyOld,
            _ => Compared::OnlyNew,
        };
        documents.push(Document { name: Some(name.clone()), compared });
    }
    Ok(documents)
}

/// The captures and snapshots in a folder. A snapshot that waits for approval goes before the approved one.
fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut found: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        let entries = fs::read_dir(&inside).map_err(|error| unreadable(&inside, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&inside, &error))?;
            let path = entry.path();
            // A link may lead round in a circle.
            if entry.file_type().map_err(|error| unreadable(&path, &error))?.is_dir() {
                folders.push(path);
                continue;
            }
            // Beside captures stands what came of them: times, and no traffic.
            if path.ends_with(IN_FOLDER) {
                continue;
            }
            let name = name(path.strip_prefix(folder).unwrap_or(&path)).to_string();
            for (rank, end) in [CAPTURE, APPROVED, PENDING].into_iter().enumerate() {
                let Some(name) = name.strip_suffix(end).and_then(|name| name.strip_suffix('.'))
                else {
                    continue;
                };
                let known = found.entry(name.to_owned()).or_insert((rank, path.clone()));
                if known.0 < rank {
                    *known = (rank, path.clone());
                }
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::Usage(format!(
            "{}: no captures (*.{CAPTURE}) or snapshots (*.{APPROVED}) in this folder",
            name(folder)
        )));
    }
    Ok(found.into_iter().map(|(name, (_, path))| (name, path)).collect())
}

/// Reads a file and finds out what it is by how it begins.
fn read(path: &Path, varying: &Varying, reading: &mut Reading) -> Result<Transcript, Failure> {
    let name = open::name(path);
    let wrong = |words: String| Failure::Usage(format!("{name}: {words}"));
    let failed = |error: OpenError| not_events(&error);
    say_built_in(path);
    let mut input = Input::open(path).map_err(failed)?;
    reading.file(&input.position);
    if input.holds_events().map_err(failed)? {
        return events(input, varying, reading);
    }
    let bytes = input.bytes().map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong(UNKNOWN.to_owned()))?;
    if text.trim().is_empty() {
        return Err(wrong("the file is empty".to_owned()));
    }
    if text.starts_with("---\n") || text.starts_with("---\r\n") {
        let parsed = Snapshot::parse(&text, Path::new(&name));
        return Ok(parsed.map_err(|error| snapshot(&error))?.transcript);
    }
    if !text.starts_with("== ") {
        return Err(wrong(UNKNOWN.to_owned()));
    }
    text.replace("\r\n", "\n").parse().map_err(|error| wrong(format!("{error}")))
}

const UNKNOWN: &str = "not a capture (`xmppscope proxy --write`), transcript (`xmppscope show --format transcript`) or snapshot";

fn events(input: Input, varying: &Varying, reading: &Reading) -> Result<Transcript, Failure> {
    let mut maker = Maker::default();
    for event in input.events().map_err(|error| not_events(&error))? {
        reading.update();
        match event {
            Ok(event) => maker.take(&event, true),
            Err(error) if error.cause.is_damage() => {
                let words = format!("{error}; what is missing would be reported as a difference");
                return Err(Failure::Usage(words));
            }
            Err(error) if error.is_fatal() => return Err(not_events(&error)),
            Err(error) => reading.aside(|| eprint(&format!("xmppscope: {error}"))),
        }
    }
    Ok(maker.finish(varying))
}

fn snapshot(error: &SnapshotError) -> Failure {
    let words = error.to_string();
    match error {
        SnapshotError::Unreadable { .. } => Failure::Environment(words),
        _ => Failure::Usage(words),
    }
}
