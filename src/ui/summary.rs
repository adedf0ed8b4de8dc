//! The summary at the end.

use crate::clock::words;
use crate::rules::Counts;

/// One sentence with all that was counted.
pub(super) fn sentence(counts: &Counts) -> String {
    let mut text = [
        count(u64::from(counts.sessions), "session"),
        count(counts.exchanges, "exchange"),
        count(counts.resends, "resend"),
        format!("{} empty answer{}", counts.empties, plural(counts.empties)),
        count(counts.errors, "error"),
        count(counts.warnings, "warning"),
    ]
    .join(", ");
    if counts.lost > 0 {
        text += &format!(", {} not recorded", count(counts.lost, "message"));
    }
    format!("{text} in {}", words(counts.time))
}

/// `1 stanza`, `2 stanzas`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", plural(number))
}

fn plural(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}
