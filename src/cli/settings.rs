//! `xmppscope.yaml`, what a project says to all commands.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::Failure;
use super::console::say;
use super::options::When;
use crate::scenario::{Settings, read_settings};

/// The file that is read where nothing is said, if it is there.
const USUAL: &str = "xmppscope.yaml";

/// Options of commands that use what a project says.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Options {
    /// What varies from run to run: xmppscope.yaml, if it is there and nothing is said
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    settings: Option<PathBuf>,
}

impl Options {
    /// Reads the file.
    pub(super) fn read(&self, color: When) -> Result<Settings, Failure> {
        let path = self.settings.as_deref().unwrap_or(Path::new(USUAL));
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.settings.is_none() => {
                return Ok(Settings::default());
            }
            Err(error) => {
                let path = path.display();
                return Err(Failure::Environment(format!("cannot read {path}: {error}")));
            }
        };
        read_settings(path, text).map_err(|mistakes| {
            for mistake in &mistakes {
                say(&mistake.render(color.decide(io::stderr().is_terminal())));
            }
            Failure::Usage(format!("{} cannot be understood", path.display()))
        })
    }
}
