//! `xmppscope.yaml`, a project's settings for all commands.

use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use super::failure::unreadable;
use super::mistakes::wrong;
use super::options::When;
use crate::files::text;
use crate::scenario::{Settings, limits, read_settings};

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
    /// The file that is named, or would be read.
    pub(super) fn file(&self) -> &Path {
        self.settings.as_deref().unwrap_or(Path::new(DEFAULT))
    }

    /// Reads the file.
    pub(super) fn read(&self, color: When) -> Result<Settings, Failure> {
        let path = self.file();
        let text = match text(path, limits::FILE) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.settings.is_none() => {
                return Ok(Settings::default());
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        read_settings(path, text).map_err(|mistakes| wrong(&mistakes, color))
    }
}
