//! `--write FILE`: the traffic that is watched, as a capture.

use std::path::{Path, PathBuf};

use super::Failure;
use super::failure::unwritable;
use crate::files::{Inputs, growing};
use crate::trace::capture::{Preface, Writer};

/// Where live traffic is written.
#[derive(Debug, clap::Args)]
pub(super) struct CaptureFile {
    /// Also write the traffic to FILE, for `xmppscope show`
    ///
    /// All traffic is written, even if --filter hides it from the output. Only the file's owner can read it. A file that
    /// is not empty is not overwritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Let --write overwrite a file that is not empty
    #[arg(long, requires = "write")]
    force: bool,
}

impl CaptureFile {
    /// The file, if one is asked for.
    pub(super) fn path(&self) -> Option<&Path> {
        self.write.as_deref()
    }

    /// Begins the file, which is none of `inputs`.
    pub(super) fn begin(
        &self,
        inputs: &Inputs,
        preface: &Preface,
    ) -> Result<Option<(PathBuf, Writer)>, Failure> {
        let Some(path) = &self.write else { return Ok(None) };
        let file = growing(path, inputs, self.force).map_err(|error| unwritable(path, error))?;
        let writer = Writer::new(file, preface).map_err(|error| unwritable(path, error))?;
        Ok(Some((path.clone(), writer)))
    }
}
