//! The options, and the faults that they name.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::console::{eprint, explain};
use crate::cli::failure::unreadable;
use crate::cli::options::When;
use crate::diag::name;
use crate::fault::{Fault, read_file};
use crate::files::{Inputs, text};

/// No file of faults is larger.
const LARGEST: u64 = 1 << 20;

/// What is to go wrong on purpose.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Faults")]
pub(in crate::cli) struct FaultOptions {
    /// Inject a fault; repeatable
    ///
    /// WHEN is a filter expression, `the 2nd EXPR`, `10%`, `after 30s`, `once`, `always`, `3 times` or `per session`, or several
    /// of these with commas between them. WHAT is drop, delay, hold, swap, duplicate, cut, truncate, garble, answer, item-not-found,
    /// policy-violation, terminate, see-other-uri, close, strip, double, set, remove, slow or stall. For example: 'rid:+3: drop response'.
    #[arg(long, value_name = "WHEN: WHAT")]
    fault: Vec<String>,
    /// Read further faults from a YAML list, now and at each SIGHUP
    ///
    /// A file with mistakes changes nothing. With this option SIGHUP does not end the program.
    #[arg(long, value_name = "FILE")]
    pub(super) fault_file: Option<PathBuf>,
    /// Unix socket on which to accept commands: `faults`, `fault add WHEN: WHAT`, `fault clear`
    #[arg(long, value_name = "PATH")]
    pub(super) control: Option<PathBuf>,
}

impl FaultOptions {
    /// Reads them; none if nothing is to go wrong.
    pub(in crate::cli) fn read(&self, color: When) -> Result<Option<Vec<Fault>>, Failure> {
        if self.fault.is_empty() && self.fault_file.is_none() && self.control.is_none() {
            return Ok(None);
        }
        let faults = self.all(color)?;
        for fault in &faults {
            eprint(&format!("fault {}", fault.title()));
        }
        Ok(Some(faults))
    }

    /// Those of the command line and of the file.
    pub(super) fn all(&self, color: When) -> Result<Vec<Fault>, Failure> {
        let mut faults = self.own(color)?;
        if let Some(file) = &self.fault_file {
            faults.extend(from_file(file, color)?);
        }
        Ok(faults)
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
    pub(in crate::cli) fn inputs(&self, inputs: &mut Inputs) {
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
