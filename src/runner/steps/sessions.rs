//! `alive`, `gone`: whether a session goes on.

use std::time::Duration;

use crate::client::bosh::Book;
use crate::clock::words;
use crate::runner::carried::over;
use crate::runner::exchange::{ask, reached, take_in};
use crate::runner::judge;
use crate::runner::open_stream::{MOMENT, ping};
use crate::runner::pace::{ask_in_pace, overslept, pause};
use crate::runner::run::Run;
use crate::runner::setting_up::pinged;
use crate::runner::spacing::open;
use crate::runner::stop::Done;
use crate::runner::waiting::{AT_ONCE, settled, watch};
use crate::scenario::matching::FailureKind;
use crate::scenario::{Located, Place, Reference, Timespan};

/// A check of a session that is silent for so long has its request released by another.
const PATIENCE: Duration = Duration::from_millis(500);

/// The next correct rid is answered as usual.
pub(super) async fn alive(
    run: &mut Run,
    actor: &Reference,
    within: Option<&Located<Timespan>>,
) -> Done {
    let within = run.span_or(within, AT_ONCE)?;
    let actor = run.actor_named(actor)?;
    let place = run.report.at().place.clone();
    if run.cast.get(actor).stream().is_some() {
        return stream_alive(run, actor, within, &place).await;
    }
    let wanted = "the session to go on: its next rid to be answered";
    let sent = ask_in_pace(run, actor).await;
    let mut progress = settled(run, sent.id, PATIENCE.min(within)).await;
    // It is held, as it should be; each further one has the oldest that is held answered.
    for more in (0..open(run, actor)).rev() {
        if !progress.is_settled() {
            let pause = pause(run, actor);
            progress = settled(run, sent.id, pause).await;
        }
        if progress.is_settled() {
            break;
        }
        let next = ask_in_pace(run, actor).await;
        run.cast.get_mut(actor).link_mut().fly(next.id, None);
        let time = if more == 0 { within } else { PATIENCE.min(within) };
        progress = settled(run, sent.id, time).await;
    }
    reached(run, sent.id, &place)?;
    match progress.got {
        None if progress.ended.is_some() => run.fail(
            FailureKind::Session,
            &place,
            wanted,
            "its connection was ended without a response",
        ),
        None => run.fail(
            FailureKind::Session,
            &place,
            wanted,
            format!("no answer within {}", words(within)),
        ),
        Some(got) => {
            take_in(run, actor, &got);
            match judge::terminal(&got) {
                None if got.response.status == 200 => Ok(()),
                _ => {
                    let lag = overslept(run, actor, sent.id, &got);
                    let seen = judge::short(&got);
                    run.fail_in_time(FailureKind::Session, &place, wanted, seen, lag)
                }
            }
        }
    }
}

/// The next correct rid is answered by item-not-found, or 404.
pub(super) async fn gone(
    run: &mut Run,
    actor: &Reference,
    within: Option<&Located<Timespan>>,
) -> Done {
    let within = run.span_or(within, AT_ONCE)?;
    let actor = run.actor_named(actor)?;
    let place = run.report.at().place.clone();
    if run.cast.get(actor).stream().is_some() {
        let Some(_) = over(run, actor, within).await else {
            let wanted = "the stream to be over: its connection to be ended";
            let seen = format!("it is open after {}", words(within));
            return run.fail(FailureKind::Session, &place, wanted, seen);
        };
        return Ok(());
    }
    let wanted = "the session to be over: its next rid to be answered by item-not-found or 404";
    let sent = ask(run, actor, Book::draft);
    let progress = settled(run, sent.id, within).await;
    reached(run, sent.id, &place)?;
    let seen = match progress.got {
        Some(got) if judge::is_gone(&got) => return Ok(()),
        Some(got) => judge::short(&got),
        None if progress.ended.is_some() => {
            "its connection was ended without a response".to_owned()
        }
        None => format!("the request is held: no answer within {}", words(within)),
    };
    run.fail(FailureKind::Session, &place, wanted, seen)
}

/// A stream that is bound answers a question; another is still open a moment later.
async fn stream_alive(run: &mut Run, actor: usize, within: Duration, place: &Place) -> Done {
    let wanted = "the stream to go on";
    if run.cast.get(actor).jid().is_none() {
        let Some(_) = over(run, actor, MOMENT.min(within)).await else { return Ok(()) };
        return run.fail(FailureKind::Session, place, wanted, "its connection was ended");
    }
    let id = ping(run, actor);
    let answered = watch(run, within, |run| pinged(run, actor, &id).then_some(())).await;
    if answered.is_some() {
        return Ok(());
    }
    let seen = match over(run, actor, Duration::ZERO).await {
        Some(_) => "its connection was ended".to_owned(),
        None => format!("a ping is not answered within {}", words(within)),
    };
    run.fail(FailureKind::Session, place, wanted, seen)
}
