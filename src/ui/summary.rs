//! The summary at the end.

use crate::clock::words;
use crate::report::words::{count, plural};
use crate::rules::Counts;

/// One sentence with all that was counted.
pub(super) fn sentence(counts: &Counts) -> String {
    let mut text = [
        count(u64::from(counts.sessions), "session"),
        count(counts.exchanges, "exchange"),
        count(counts.resends, "resend"),
        format!("{} empty response{}", counts.empties, plural(counts.empties)),
        count(counts.errors, "error"),
        count(counts.warnings, "warning"),
    ]
    .join(", ");
    if counts.lost > 0 {
        text += &format!(", {} not recorded", count(counts.lost, "message"));
    }
    format!("{text} in {}", words(counts.time))
}
