//! A FIFO is opened for writing only once somebody reads it, and nobody waits for that for ever.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;

use super::FileError;

/// So long a reader may take to come.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(50);

/// Opens a FIFO.
pub(super) fn open(path: &Path) -> Result<File, FileError> {
    let mut waited = Duration::ZERO;
    loop {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        match OpenOptions::new().write(true).custom_flags(flags).open(path) {
            Ok(file) => {
                fcntl_setfl(&file, OFlags::empty())?;
                return Ok(file);
            }
            Err(error) if error.raw_os_error() != Some(Errno::NXIO.raw_os_error()) => {
                return Err(error.into());
            }
            Err(_) if waited >= PATIENCE => return Err(FileError::NoReader),
            Err(_) => {
                thread::sleep(TICK);
                waited += TICK;
            }
        }
    }
}
