//! `xmppscope scenarios`: the scenarios that are part of the program, listed and written to files.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Failure;
use super::console::{eprint, print};
use super::failure::unwritable;
use crate::bundle;
use crate::diag::counted;
use crate::diag::name;
use crate::files::put;
use crate::scenario::{client_pack, examples, pack};

/// How many files are named in an error.
const NAMED: usize = 3;

/// List the built-in scenarios, or write them to files
///
/// These are the conformance pack for BOSH, WebSocket, TCP and stream management, which `xmppscope run` runs if no path is
/// given, and examples. To read or change them, write them to files.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope scenarios list
  xmppscope scenarios export scenarios
  xmppscope run scenarios/examples

Exit status:
  0  printed, or written
  2  wrong usage, or a file exists and --force is not used; nothing is written
  3  a file cannot be written")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them: path and name, one per line
    ///
    /// `xmppscope run --only path:PATH` runs one of the pack; `xmppscope run --list` lists the pack alone.
    List,
    /// Write them to a folder, with the shared files that they use
    Export {
        /// Folder to write to; created if it does not exist
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Overwrite files that exist
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    match &args.what {
        What::List => list(),
        What::Export { folder, force } => export(folder, *force),
    }
}

fn list() -> Result<u8, Failure> {
    let (pack, examples) = (&pack().scenarios, &examples().scenarios);
    let clients = &client_pack().scenarios;
    let mut text = String::new();
    for scenario in pack.iter().chain(clients).chain(examples) {
        text += &format!("{}: {}\n", name(&scenario.place.source.path), scenario.name.value);
    }
    let code = print(&text)?;
    eprint(&format!(
        "{} of the conformance pack, {} of the pack for clients, {}",
        counted(pack.len(), "scenario"),
        clients.len(),
        counted(examples.len(), "example")
    ));
    Ok(code)
}

fn export(folder: &Path, force: bool) -> Result<u8, Failure> {
    let files = bundle::scenarios();
    if !force {
        let exists = |path: &PathBuf| path.symlink_metadata().is_ok();
        let existing: Vec<_> =
            files.iter().map(|file| folder.join(&file.path)).filter(exists).collect();
        if !existing.is_empty() {
            return Err(Failure::Usage(refusal(&existing)));
        }
    }
    for file in &files {
        let path = folder.join(&file.path);
        put(&path, file.text.as_bytes()).map_err(|error| unwritable(&path, error))?;
    }
    let (pack, examples) = (pack().scenarios.len(), examples().scenarios.len());
    let clients = client_pack().scenarios.len();
    let shared = files.len() - pack - clients - examples;
    print(&format!(
        "wrote {} to {}: {} of the conformance pack, {clients} of the pack for clients, {}, {}\n",
        counted(files.len(), "file"),
        name(folder),
        counted(pack, "scenario"),
        counted(examples, "example"),
        counted(shared, "shared file")
    ))
}

/// Why nothing is written.
fn refusal(existing: &[PathBuf]) -> String {
    let names: Vec<_> = existing.iter().take(NAMED).map(|path| name(path).to_string()).collect();
    let more = existing.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let exist = if existing.len() == 1 { "exists" } else { "exist" };
    format!(
        "{}{more} {exist}; nothing was written. Use another folder, or --force to overwrite",
        names.join(", ")
    )
}
