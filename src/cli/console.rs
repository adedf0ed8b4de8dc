//! Standard output and standard error. No other file opens them: what is printed for people passes through [`Printed`].

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, IsTerminal, Stderr, Stdout, Write};
use std::os::fd::AsFd as _;
use std::sync::LazyLock;

use terminal_size::{Width, terminal_size};

use super::options::When;
use super::{Failure, exit};
use crate::diag::sanitise::sanitise;
use crate::diag::{Diagnostic, Printed, name};
use crate::files::{FileError, Inputs};
use crate::trace::redact::{Known, exposed};
use crate::ui::doctor::wrap;

/// Columns of the terminal; none where the output is no terminal, and no line is cut or broken.
pub fn width(terminal: bool) -> Option<usize> {
    if !terminal {
        return None;
    }
    terminal_size().map(|(Width(width), _)| usize::from(width.max(20)))
}

/// Whether standard output is a terminal.
pub fn out_is_terminal() -> bool {
    stdout().is_terminal()
}

/// Whether standard output is a file.
pub fn out_is_file() -> bool {
    let file = stdout().as_fd().try_clone_to_owned().map(File::from);
    file.and_then(|file| file.metadata()).is_ok_and(|about| about.is_file())
}

/// Whether standard error is a terminal.
#[allow(clippy::disallowed_methods)] // the one place
pub fn err_is_terminal() -> bool {
    io::stderr().is_terminal()
}

#[allow(clippy::disallowed_methods)] // the one place
fn stdout() -> Stdout {
    io::stdout()
}

/// Standard output, for people.
pub fn out() -> Printed<Stdout> {
    Printed::new(stdout())
}

/// Standard error.
#[allow(clippy::disallowed_methods)] // the one place
pub fn err() -> Printed<Stderr> {
    Printed::new(io::stderr())
}

/// Prints text for people. A reader who has seen enough is no failure.
pub fn print(text: &str) -> Result<u8, Failure> {
    write(&mut out(), text.as_bytes())
}

/// Prints a format for programs, which has escaped what would be harmful: no byte may be changed.
pub fn print_data(data: &[u8]) -> Result<u8, Failure> {
    write(&mut stdout(), data)
}

fn write(out: &mut impl Write, text: &[u8]) -> Result<u8, Failure> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
        _ => Ok(exit::OK),
    }
}

/// Why stdout could not be written.
pub fn unwritable(error: &io::Error) -> Failure {
    Failure::Environment(format!("cannot print: {error}"))
}

/// Sees that standard output is none of the files that are read: it would be read again and again, or is emptied already.
pub fn not_into(inputs: &Inputs) -> Result<(), Failure> {
    if inputs.hold_open(&stdout()) {
        return Err(Failure::Usage(format!("cannot write standard output: {}", FileError::Input)));
    }
    Ok(())
}

/// Writes a line to stderr, whatever is in it; a failure is ignored, since there is nowhere to report it.
pub fn eprint(line: &str) {
    let line = discreet(line);
    let _ = writeln!(err(), "{}", broken(&sanitise(&line), width(err_is_terminal())));
}

/// What the command line says of secrets, in URLs or in what looks like one. Who typed it knows it; logs of jobs are read by
/// others.
static TYPED: LazyLock<Known> = LazyLock::new(|| {
    let words = std::env::args_os().skip(1).map(|word| name(&word).to_string());
    let exposed = words.flat_map(|word| {
        let slashed = word.contains('@').then(|| exposed(&format!("//{word}")));
        [exposed(&word), slashed.unwrap_or_default()].concat()
    });
    let exposed: Vec<String> = exposed.collect();
    Known::of(exposed.iter().map(|secret| ("", &**secret)))
});

/// The same words without secrets of the command line, which errors quote.
pub fn discreet(words: &str) -> Cow<'_, str> {
    TYPED.hide(words).map_or(Cow::Borrowed(words), Cow::Owned)
}

/// What further lines of a sentence are indented by.
const INDENT: &str = "  ";

/// A sentence on as many lines as a terminal needs for it. What has lines of its own, or is indented, stays as it is.
fn broken(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if !text.contains('\n') && !text.starts_with(' ') => {
            wrap(text, width.saturating_sub(INDENT.len())).join(&format!("\n{INDENT}"))
        }
        _ => text.to_owned(),
    }
}

/// Shows a mistake at its place, on stderr.
pub fn explain(mistake: &Diagnostic, color: When) {
    let text = mistake.render(color.decide(err_is_terminal()));
    let _ = writeln!(err(), "{}", discreet(&text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words_on_a_terminal_alone() {
        let text = "cannot read scenarios/a: no such file";
        assert_eq!(broken(text, None), text);
        assert_eq!(broken(text, Some(80)), text);
        assert_eq!(broken(text, Some(27)), "cannot read scenarios/a:\n  no such file");
        assert_eq!(broken("  two\nlines as they are", Some(10)), "  two\nlines as they are");
    }
}
