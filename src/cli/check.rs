//! `xmppscope check`: whether scenarios can be understood, without running them.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::Failure;
use super::console::{print, say};
use super::options::When;
use crate::diag::Diagnostic;
use crate::scenario::{LoadError, Loaded, load};
use crate::ui::sanitise;

/// Check scenarios without running them
///
/// Reads the files, and all *.yaml of the folders. All mistakes are shown, each at its place: unknown keys, requirements
/// that do not exist, names that nothing has, XML that is not well-formed, times without a unit.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope check scenarios/
  xmppscope check my-scenario.yaml

Exit status:
  0  all of them can be run
  2  there are mistakes, or there is no scenario
  3  a file cannot be read")]
pub(super) struct Args {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let Loaded { scenarios, shared, .. } = sound(&args.paths, args.color)?;
    let mut line = counted(scenarios.len(), "scenario");
    if shared > 0 {
        line += &format!(" and {}", counted(shared, "shared file"));
    }
    print(format!("{line}: no mistakes\n").as_bytes())
}

/// Reads scenarios; with a mistake in any of them all mistakes are shown, and there are none.
pub(super) fn sound(paths: &[PathBuf], color: When) -> Result<Loaded, Failure> {
    let loaded = load(paths).map_err(|error| match error {
        LoadError::Nothing(_) => Failure::Usage(error.to_string()),
        LoadError::Unreadable { .. } => Failure::Environment(error.to_string()),
    })?;
    let mistakes = &loaded.mistakes;
    if mistakes.is_empty() {
        return Ok(loaded);
    }
    let painted = color.decide(io::stderr().is_terminal());
    for mistake in mistakes {
        // What is quoted from a file must not reach the terminal as it is; the renderer takes care of the source.
        let safe = |text: &str| sanitise(text).into_owned();
        let shown = Diagnostic {
            message: safe(&mistake.message),
            name: safe(&mistake.name),
            label: safe(&mistake.label),
            help: mistake.help.as_deref().map(safe),
            ..mistake.clone()
        };
        say(&shown.render(painted));
        say("");
    }
    let files: BTreeSet<_> = mistakes.iter().map(|mistake| &mistake.name).collect();
    let count = counted(mistakes.len(), "mistake");
    Err(Failure::Usage(format!("{count} in {}", counted(files.len(), "file"))))
}

pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
