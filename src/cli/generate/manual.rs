//! Man pages, made of the definition of the command line: one for the program, and one for each command.

use std::io;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::files::{FileError, put};

/// A man page.
pub(super) struct Page {
    /// Its file, as in `xmppscope-run.1`.
    pub(super) file: String,
    pub(super) text: Vec<u8>,
}

/// The man pages of a program and of all its commands.
pub(super) fn pages(program: clap::Command) -> io::Result<Vec<Page>> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let source = format!("{} {}", program.get_name(), program.get_version().unwrap_or_default());
    let mut pages = Vec::new();
    let mut commands = vec![program];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().filter(|it| !it.is_hide_set()).cloned());
        pages.push(page(command, &source)?);
    }
    pages.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(pages)
}

/// Writes pages to a folder; gives their paths.
pub(super) fn write(pages: &[Page], folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, FileError)> {
    let write = |page: &Page| {
        let path = folder.join(&page.file);
        match put(&path, &page.text) {
            Ok(()) => Ok(path),
            Err(error) => Err((path, error)),
        }
    };
    pages.iter().map(write).collect()
}

/// The library would run the lines of the examples together: what follows the options becomes sections of its own.
fn page(command: clap::Command, source: &str) -> io::Result<Page> {
    let text = command.get_after_long_help().or(command.get_after_help());
    let after = text.map(ToString::to_string).unwrap_or_default();
    let command = command.after_help(Resettable::Reset).after_long_help(Resettable::Reset);
    let man = Man::new(command).source(source).manual("User Commands");
    let mut text = Vec::new();
    man.render(&mut text)?;
    sections(&after).to_writer(&mut text)?;
    Ok(Page { file: man.get_filename(), text })
}

/// The end of a help text: headings with lines that are shown as they stand.
fn sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    for block in text.split("\n\n") {
        let mut lines = block.lines();
        match block.lines().next().and_then(|first| first.strip_suffix(':')) {
            Some(heading) => {
                lines.next();
                roff.control("SH", [&*heading.to_uppercase()]);
            }
            None => _ = roff.control("PP", []),
        }
        roff.control("nf", []);
        for line in lines {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_statuses_are_sections() {
        let command = clap::Command::new("a")
            .about("does it")
            .after_long_help("Examples:\n  a b-c\n  a '.d'\n\nExit status:\n  0  done\n\nSee x.");
        let page = page(command, "a 1").unwrap();
        let text = String::from_utf8(page.text).unwrap();
        assert_eq!(page.file, "a.1");
        assert!(!text.contains("EXTRA"), "{text}");
        let end = text.split_once(".SH EXAMPLES\n").unwrap().1;
        assert_eq!(
            end,
            ".nf\n  a b\\-c\n  a \\*(Aq.d\\*(Aq\n.fi\n.SH \"EXIT STATUS\"\n.nf\n  0  done\n.fi\n.PP\n.nf\nSee x.\n.fi\n"
        );
    }
}
