//! `xmppscope.yaml`, a project's settings for all commands.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::Failure;
use super::console::eprint;
use super::options::When;
use crate::scenario::{Settings, read_settings};

/// The file that is read by default, if it exists.
const DEFAULT: &str = "xmppscope.yaml";

/// Options of commands that use the settings.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Options {
    /// Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    settings: Option<PathBuf>,
}

impl Options {
    /// Reads the file.
    pub(super) fn read(&self, color: When) -> Result<Settings, Failure> {
        let path = self.settings.as_deref().unwrap_or(Path::new(DEFAULT));
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
                eprint(&mistake.render(color.decide(io::stderr().is_terminal())));
            }
            Failure::Usage(format!("{} is not a valid settings file", path.display()))
        })
    }
}
