//! When an empty request of a session is no overactivity (XEP-0124 §11, §12).

use std::time::Duration;

use super::run::Run;

/// Two requests may arrive at the other side by so much closer together than they were sent.
const MARGIN: Duration = Duration::from_millis(200);

/// How many requests of a session have no response.
pub(super) fn open(run: &Run, actor: usize) -> u64 {
    let sent = run.cast.get(actor).link().all_sent().iter();
    sent.filter(|&&sent| run.got(sent).is_none()).count() as u64
}

/// How long until an empty request is no overactivity.
pub(super) fn until_empty(run: &Run, actor: usize) -> Duration {
    let link = run.cast.get(actor).link();
    let Some(grant) = link.book().grant() else { return Duration::ZERO };
    let (Some(spacing), Some(&latest)) = (grant.spacing(), link.all_sent().last()) else {
        return Duration::ZERO;
    };
    if open(run, actor) + 1 < grant.requests() && grant.polling().is_none() {
        return Duration::ZERO;
    }
    let progress = run.wire().progress(latest);
    let arrived = match progress.got {
        Some(got) => got.at,
        None => progress.written.unwrap_or(run.now()) + MARGIN,
    };
    (arrived + spacing).saturating_sub(run.now())
}
