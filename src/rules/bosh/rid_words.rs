//! What is wrong with a rid by itself, and with the rids around it, in words (XEP-0124 §14.1 and §14.2).

use std::time::Duration;

use crate::bosh::{BadNumber, Body, MAX_RID};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;

/// A rid that is missing.
#[derive(Debug)]
pub(super) struct Gap {
    /// The lowest rid missing.
    pub(super) first: u64,
    /// The rid that arrived instead.
    pub(super) instead: u64,
    pub(super) at: Duration,
    /// What shows that it is the client's.
    pub(super) client: Option<String>,
}

/// Whether the client counts rids in a type that is too small, so that they begin anew.
pub(super) fn wrapped(body: &Body, last: Option<u64>, found: &mut Findings) -> bool {
    let (Some(last), Some(text)) = (last, body.text("rid")) else { return false };
    let limits =
        [(i32::MAX as u64, "2^31-1"), (u64::from(u32::MAX), "2^32-1"), (MAX_RID, "2^53-1")];
    let limit = limits.into_iter().find(|(limit, _)| last.abs_diff(*limit) <= 1);
    let begins_anew = text.trim().parse::<i64>().is_ok_and(|rid| rid <= 1);
    let Some((_, name)) = limit.filter(|_| begins_anew) else { return false };
    let words = format!(
        "The rid has wrapped: {last} ({name}) is followed by {}. Rids count up to 2^53-1 and do not \
         begin anew: the client needs a larger type, or a first rid that leaves room.",
        crate::rules::words::short(text)
    );
    found.add(&kinds::RID_WRAPPED, "bosh-rid-increment", Level::Error, Party::Client, words);
    true
}

pub(super) fn number(body: &Body, found: &mut Findings) -> Option<u64> {
    let (kind, id, words) = match body.rid() {
        Some(Ok(rid)) => return Some(rid),
        None => (
            &kinds::RID_MISSING,
            "bosh-rid-on-every-request",
            "The request has no rid; expect bad-request or item-not-found.".to_owned(),
        ),
        Some(Err(BadNumber::TooLarge { .. })) => (
            &kinds::RID_TOO_LARGE,
            "bosh-rid-max",
            format!(
                "The rid is greater than {MAX_RID} (2^53-1), beyond which JavaScript and some \
                 servers cannot count exactly."
            ),
        ),
        Some(Err(error)) => (
            &kinds::RID_MALFORMED,
            "bosh-schema-attr-types",
            format!("The rid is malformed: {}.", crate::rules::words::short(&error.to_string())),
        ),
    };
    found.add(kind, id, Level::Error, Party::Client, words);
    None
}

pub(super) fn initial(rid: u64, found: &mut Findings) {
    if rid < 1 << 16 {
        let words = format!(
            "The session begins with rid {rid}, but the first rid should be large and random."
        );
        let id = "bosh-rid-initial-random";
        found.add(&kinds::RID_PREDICTABLE, id, Level::Warning, Party::Client, words);
    }
}

pub(super) fn gap_opens(rid: u64, first: u64, missing: u64, found: &mut Findings) {
    let words = match missing {
        1 => format!(
            "rid {rid} arrived, but rid {first} is missing; the connection manager waits for it."
        ),
        _ => format!(
            "rid {rid} arrived, but {missing} rids from {first} on are missing; the connection \
             manager waits for them."
        ),
    };
    found.add(&kinds::RID_GAP, "bosh-rid-increment", Level::Note, Party::Client, words);
}

pub(super) fn gap_stays(gap: &Gap, now: Duration, found: &mut Findings) {
    let (party, why) = match &gap.client {
        Some(why) => (Party::Client, &**why),
        None => (
            Party::Nobody,
            "the client has skipped it, or it was lost on the way here or took another route",
        ),
    };
    let words = format!(
        "rid {} has been missing for {}: {why}. The connection manager cannot answer rid {} before \
         it arrives.",
        gap.first,
        words(now.saturating_sub(gap.at)),
        gap.instead
    );
    found.add(&kinds::RID_LOST, "bosh-rid-increment", Level::Warning, party, words);
}

pub(super) fn beyond(rid: u64, highest: u64, requests: Option<u64>, found: &mut Findings) {
    let requests = requests.unwrap_or_default();
    let words = format!(
        "rid {rid} is beyond the window: the last rid without a gap was {}, and \
         requests={requests}, so the highest allowed rid is {highest}. Expect item-not-found.",
        highest.saturating_sub(requests)
    );
    found.add(&kinds::RID_BEYOND_WINDOW, "bosh-rid-increment", Level::Error, Party::Client, words);
}
