//! `--fault`: what is to go wrong on purpose, for the commands that pass traffic on.

use std::path::{Path, PathBuf};

use super::Failure;
use super::console::{eprint, explain};
use super::failure::unreadable;
use super::options::When;
use crate::diag::name;
use crate::fault::{Fault, read_file};
use crate::files::{Inputs, text};

/// No file of faults is larger.
const LARGEST: u64 = 1 << 20;

/// What is to go wrong on purpose.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Faults")]
pub(super) struct FaultOptions {
    /// Make something go wrong on purpose: WHEN: WHAT; repeatable
    ///
    /// WHEN is a filter expression, `the 2nd EXPR`, `10%`, `after 30s`, `once`, `always`, `3 times` or `per session`, or several
    /// of these with commas between them. WHAT is drop, delay, hold, swap, duplicate, cut, truncate, garble, answer, terminate,
    /// see-other-uri, close, strip, double, set, remove, slow or stall. For example: 'rid:+3: drop response'.
    #[arg(long, value_name = "WHEN: WHAT")]
    fault: Vec<String>,
    /// Read further faults from a YAML list
    #[arg(long, value_name = "FILE")]
    fault_file: Option<PathBuf>,
}

impl FaultOptions {
    /// Reads them; none if nothing is to go wrong.
    pub(super) fn read(&self, color: When) -> Result<Option<Vec<Fault>>, Failure> {
        if self.fault.is_empty() && self.fault_file.is_none() {
            return Ok(None);
        }
        let mut faults = self.own(color)?;
        if let Some(file) = &self.fault_file {
            faults.extend(from_file(file, color)?);
        }
        for fault in &faults {
            eprint(&format!("fault {}", fault.title()));
        }
        Ok(Some(faults))
    }

    /// Those of the command line.
    fn own(&self, color: When) -> Result<Vec<Fault>, Failure> {
        let read = |text: &String| {
            Fault::parse("--fault", text).map_err(|mistake| {
                explain(&mistake, color);
                Failure::Usage("--fault is not a valid fault".to_owned())
            })
        };
        self.fault.iter().map(read).collect()
    }

    /// Files that are read.
    pub(super) fn inputs(&self, inputs: &mut Inputs) {
        self.fault_file.iter().for_each(|file| inputs.add(file));
    }
}

fn from_file(file: &Path, color: When) -> Result<Vec<Fault>, Failure> {
    let text = text(file, LARGEST).map_err(|error| unreadable(file, &error))?;
    read_file(&name(file).to_string(), &text).map_err(|mistake| {
        explain(&mistake, color);
        Failure::Usage(format!("{} is not a valid file of faults", name(file)))
    })
}
