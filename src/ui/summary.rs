//! The summary at the end.

use crate::clock::words;
use crate::report::words::{count, plural};
use crate::rules::Counts;

/// One sentence with all that was counted.
pub(super) fn sentence(counts: &Counts) -> String {
    let mut parts = vec![count(u64::from(counts.sessions), "session")];
    if counts.messages > 0 {
        parts.push(count(counts.messages, "message"));
    }
    // Where all is WebSocket or TCP, there is no BOSH to be counted.
    if counts.exchanges > 0 || counts.messages == 0 {
        parts.push(count(counts.exchanges, "exchange"));
    }
    let is_bosh = counts.messages == 0 || counts.resends + counts.empties > 0;
    if is_bosh {
        parts.push(count(counts.resends, "resend"));
        parts.push(format!("{} empty response{}", counts.empties, plural(counts.empties)));
    }
    parts.push(count(counts.errors, "error"));
    parts.push(count(counts.warnings, "warning"));
    let mut text = parts.join(", ");
    if counts.lost > 0 {
        text += &format!(", {} not recorded", count(counts.lost, "message"));
    }
    // Where times are not known, everything is at once.
    if counts.time.is_zero() { text } else { format!("{text} in {}", words(counts.time)) }
}
