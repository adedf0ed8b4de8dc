//! `xmppscope check`: whether scenarios can be understood, without running them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Failure;
use super::console::{eprint, print};
use super::interrupt::Interrupt;
use super::mistakes::wrong;
use super::options::When;
use crate::diag::counted;
use crate::diag::name;
use crate::scenario::{LoadError, Loaded, Scenario, client_pack, is_built_in, load, pack};
use crate::trial;

/// Check scenario files for mistakes, without running them
///
/// Folders are searched for *.yaml. Up to a hundred mistakes are reported with their positions: unknown keys,
/// requirements that do not exist, undefined names, XML that is not well-formed, times without a unit.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope check scenarios/
  xmppscope check my-scenario.yaml

Exit status:
  0  no mistakes
  2  there are mistakes, or there are no scenarios
  3  a file cannot be read
  130  interrupted")]
pub(super) struct Args {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let _interrupt = Interrupt::watch()?;
    let Loaded { scenarios, shared, .. } = sound(&args.paths, args.color)?;
    let mut line = counted(scenarios.len(), "scenario");
    if shared > 0 {
        line += &format!(" and {}", counted(shared, "shared file"));
    }
    print(&format!("{line}: no mistakes\n"))
}

/// The scenarios at these paths that test servers, all without mistakes; without a path, those of the conformance pack, which
/// is said. Also gives the files that were read.
pub(super) fn scenarios(
    paths: &[PathBuf],
    color: When,
) -> Result<(Vec<Arc<Scenario>>, Vec<PathBuf>), Failure> {
    of_kind(paths, color, false)
}

/// The same of scenarios that test clients.
pub(super) fn client_scenarios(
    paths: &[PathBuf],
    color: When,
) -> Result<(Vec<Arc<Scenario>>, Vec<PathBuf>), Failure> {
    of_kind(paths, color, true)
}

fn of_kind(
    paths: &[PathBuf],
    color: When,
    client: bool,
) -> Result<(Vec<Arc<Scenario>>, Vec<PathBuf>), Failure> {
    if !paths.is_empty() {
        let Loaded { scenarios, files, .. } = sound(paths, color)?;
        let (fit, others): (Vec<_>, Vec<_>) =
            scenarios.into_iter().partition(|one| one.is_about_client() == client);
        let (kind, command) =
            if client { ("servers", "xmppscope run") } else { ("clients", "xmppscope client run") };
        let others = counted(others.len(), "scenario");
        if fit.is_empty() {
            return Err(Failure::Usage(format!("{others}, for {kind}: use `{command}`")));
        }
        if !others.starts_with('0') {
            eprint(&format!("left out: {others}, for {kind} (`{command}`)"));
        }
        return Ok((fit.into_iter().map(Arc::new).collect(), files));
    }
    let (pack, what) = if client {
        (&client_pack().scenarios, "pack for clients")
    } else {
        (&pack().scenarios, "conformance pack")
    };
    eprint(&format!(
        "scenarios: the {what} that is part of xmppscope {}, {}",
        env!("CARGO_PKG_VERSION"),
        counted(pack.len(), "scenario")
    ));
    Ok((pack.iter().cloned().map(Arc::new).collect(), Vec::new()))
}

/// Reads scenarios; with a mistake in any of them the mistakes are shown, and there are none.
pub(super) fn sound(paths: &[PathBuf], color: When) -> Result<Loaded, Failure> {
    let loaded = load(paths).map_err(|error| match &error {
        LoadError::Nothing(_) | LoadError::TooMany(_) => Failure::Usage(error.to_string()),
        LoadError::Unreadable { path, error: cause } => {
            let missing = cause.kind() == io::ErrorKind::NotFound;
            let hint = if missing && is_built_in(path) { BUILT_IN } else { "" };
            Failure::Environment(format!("{error}{hint}"))
        }
    })?;
    for (path, why) in &loaded.skipped {
        eprint(&format!("skipped {}: {why}", name(path)));
    }
    if !loaded.mistakes.is_empty() {
        return Err(wrong(&loaded.mistakes, color));
    }
    let mistakes = trial::check(&loaded.scenarios);
    if mistakes.is_empty() { Ok(loaded) } else { Err(wrong(&mistakes, color)) }
}

/// What to do if a path is missing that names scenarios of the program.
const BUILT_IN: &str =
    "; it is built into xmppscope: `xmppscope scenarios export scenarios` writes it to a folder";
