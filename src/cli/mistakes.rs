//! Mistakes in files, as every command shows them.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};

use super::Failure;
use super::console::eprint;
use super::options::When;
use super::words::counted;
use crate::diag::{Diagnostic, Mistakes};
use crate::ui::sanitise;

/// Shows the mistakes in files, and says how many there are.
pub(super) fn wrong(mistakes: &Mistakes, color: When) -> Failure {
    let painted = color.decide(io::stderr().is_terminal());
    for mistake in mistakes {
        // What is quoted from a file must not reach the terminal as it is; the renderer takes care of the source.
        let safe = |text: &str| sanitise(text).into_owned();
        let shown = Diagnostic {
            message: safe(&mistake.message),
            name: safe(&mistake.name),
            label: safe(&mistake.label),
            help: mistake.help.as_deref().map(safe),
            ..mistake.clone()
        };
        eprint(&shown.render(painted));
        eprint("");
    }
    let files: BTreeSet<_> = mistakes.iter().map(|mistake| &mistake.name).collect();
    let files = match files.iter().collect::<Vec<_>>().as_slice() {
        [one] => sanitise(one).into_owned(),
        several => counted(several.len(), "file"),
    };
    let count = counted(mistakes.len(), "mistake");
    Failure::Usage(if mistakes.has_more() {
        format!("more than {count} in {files}; the first {} are shown", Mistakes::MOST)
    } else {
        format!("{count} in {files}")
    })
}
