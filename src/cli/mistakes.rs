//! Mistakes in files, as every command shows them.

use std::collections::BTreeSet;

use super::Failure;
use super::console::{eprint, explain};
use super::options::When;
use crate::diag::Mistakes;
use crate::diag::counted;
use crate::diag::sanitise::one_line;

/// Shows the mistakes in files, and says how many there are.
pub(super) fn wrong(mistakes: &Mistakes, color: When) -> Failure {
    for mistake in mistakes {
        explain(mistake, color);
        eprint("");
    }
    let files: BTreeSet<_> = mistakes.iter().map(|mistake| &mistake.name).collect();
    let files = match files.iter().collect::<Vec<_>>().as_slice() {
        [one] => one_line(one).into_owned(),
        several => counted(several.len(), "file"),
    };
    let count = counted(mistakes.len(), "mistake");
    Failure::Usage(if mistakes.has_more() {
        format!("more than {count} in {files}; the first {} are shown", Mistakes::MOST)
    } else {
        format!("{count} in {files}")
    })
}
