//! Waiting for what comes, while sessions that send by themselves go on.

use std::time::Duration;

use super::exchange::pump;
use super::run::Run;
use super::stop::{Done, Stop};
use super::wire::{ConnId, Progress, SentId};
use crate::client::bosh::Grant;
use crate::clock::words;
use crate::scenario::{Place, Reference};

/// What is done at once may take so long.
pub(super) const AT_ONCE: Duration = Duration::from_secs(5);
/// A response may take so much longer than `wait` before it counts as none.
const BEYOND: Duration = Duration::from_secs(10);
/// A session is granted this `wait` if the connection manager does not say.
const WAIT: Duration = Duration::from_secs(60);
/// What the last steps gave to connections has so long to be written.
const WRITTEN: Duration = Duration::from_millis(200);

/// Looks at what comes for so long, until `look` finds something.
pub(super) async fn watch<T>(
    run: &mut Run,
    time: Duration,
    mut look: impl FnMut(&mut Run) -> Option<T>,
) -> Option<T> {
    let wire = run.wire().clone();
    let deadline = wire.now() + time;
    loop {
        let due = run.cast.deadline().map_or(deadline, |due| due.min(deadline));
        let seen = wire.until(due, || {
            pump(run);
            if let Some(found) = look(run) {
                return Some(Some(found));
            }
            // A session may have become due earlier than that.
            run.cast.deadline().is_some_and(|sooner| sooner < due).then_some(None)
        });
        let seen = seen.await;
        if let Some(found @ Some(_)) = seen {
            return found;
        }
        if wire.now() >= deadline {
            return None;
        }
    }
}

/// Lets time pass.
pub(super) async fn rest(run: &mut Run, time: Duration) {
    watch(run, time, |_| None::<()>).await;
}

/// Waits until connections are made.
pub(super) async fn made(run: &Run, conns: &[ConnId], place: &Place) -> Done {
    let wire = run.wire();
    let made = wire.until(wire.now() + AT_ONCE, || {
        let mut all = true;
        for &conn in conns {
            match wire.connected(conn) {
                Ok(connected) => all &= connected,
                Err(why) => return Some(Err(why)),
            }
        }
        all.then_some(Ok(()))
    });
    let why = match made.await {
        Some(Ok(())) => return Ok(()),
        Some(Err(why)) => why,
        None => format!("not made within {}", words(AT_ONCE)),
    };
    Err(Stop::Broken(place.clone(), format!("cannot connect: {why}")))
}

/// How something sent stands when it is answered, or its connection is ended, or the time is over.
pub(super) async fn settled(run: &mut Run, sent: SentId, time: Duration) -> Progress {
    let settled = watch(run, time, |run| {
        let progress = run.wire().progress(sent);
        progress.is_settled().then_some(progress)
    });
    match settled.await {
        Some(progress) => progress,
        None => run.wire().progress(sent),
    }
}

/// What the last steps gave to connections is on its way.
pub(super) async fn all_written(run: &mut Run) {
    let all: Vec<SentId> = run.ledger.all().collect();
    watch(run, WRITTEN, |run| {
        let gone = |sent: &SentId| {
            let progress = run.wire().progress(*sent);
            progress.written.is_some() || progress.is_settled()
        };
        all.iter().all(gone).then_some(())
    })
    .await;
}

/// When something that is named was done; a request that has just been given to its connection is written first.
pub(super) async fn time_written(run: &mut Run, reference: &Reference) -> Done<Duration> {
    if run.variables.moment(&reference.name.value).is_none() {
        let sent = run.sent(reference)?.id;
        watch(run, AT_ONCE, |run| {
            let progress = run.wire().progress(sent);
            (progress.written.is_some() || progress.ended.is_some()).then_some(())
        })
        .await;
    }
    run.time_of(reference)
}

/// How long a response may take if the scenario does not say.
pub(super) fn patience(run: &Run, actor: usize) -> Duration {
    let book = run.cast.get(actor).link().book();
    // No more may be granted than was asked for.
    let asked = || book.asked().get("wait").and_then(|wait| wait.parse().ok());
    let usual = || asked().map_or(WAIT, |wait| WAIT.min(Duration::from_secs(wait)));
    book.grant().and_then(Grant::wait).unwrap_or_else(usual) + BEYOND
}
