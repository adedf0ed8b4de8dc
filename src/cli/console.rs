//! Standard output and standard error.

use std::io::{self, Write};

use terminal_size::{Width, terminal_size};

use super::{Failure, exit};

/// Columns of the terminal; none where the output is no terminal, and no line is cut or broken.
pub fn width(terminal: bool) -> Option<usize> {
    if !terminal {
        return None;
    }
    terminal_size().map(|(Width(width), _)| usize::from(width.max(20)))
}

/// A reader who has seen enough is no failure.
pub fn print(text: &[u8]) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
        _ => Ok(exit::OK),
    }
}

/// Why stdout could not be written.
pub fn unwritable(error: &io::Error) -> Failure {
    Failure::Environment(format!("cannot print: {error}"))
}

/// Writes a line to stderr; if nobody reads that, there is nobody to tell.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
