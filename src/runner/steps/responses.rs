//! `response`, `silent`, `order`: which requests are answered, when, and with what.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::words;
use crate::runner::compare::{Remark, capture_response, compare, compare_outcome, mismatch};
use crate::runner::exchange::{created, reached, take_in};
use crate::runner::judge::short;
use crate::runner::ledger::SentRequest;
use crate::runner::pace::overslept;
use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::runner::waiting::{AT_ONCE, patience, settled, time_written, watch};
use crate::runner::wire::{Ended, Progress, ReceivedResponse};
use crate::scenario::matching::{FailureKind, Outcome};
use crate::scenario::{Located, NoAnswer, Reference, Response, Timespan};
use crate::trace::How;
use crate::wire::Side;

/// Responses that come so close to each other on two connections have no order.
const APART: Duration = Duration::from_millis(20);

/// Awaits a response, or those to all requests so far, and compares it.
pub(super) async fn response(run: &mut Run, response: &Response) -> Done {
    if !response.request.is_all() {
        let sent = run.sent(&response.request)?.clone();
        return one(run, response, &sent, &response.request.name.value).await;
    }
    for (name, sent) in run.ledger.in_order() {
        let progress = run.wire().progress(sent.id);
        let cut = progress.ended.is_some_and(|ended| ended.by == Side::Client);
        if !cut {
            one(run, response, &sent, &name).await?;
        }
    }
    Ok(())
}

async fn one(run: &mut Run, response: &Response, sent: &SentRequest, name: &str) -> Done {
    let since = match &response.since {
        None => None,
        Some(since) => Some(time_written(run, since).await?),
    };
    let within = response.within.as_ref().map(|within| within.resolve(run)).transpose()?;
    let late = run.target().tolerance.late + run.setting.round_trip;
    // A response that is too late is waited for a little, to say by how much.
    let limit = within.map_or_else(|| patience(run, sent.actor), |within| within + late + AT_ONCE);
    let begun = since.or(run.wire().progress(sent.id).written);
    let begun = begun.unwrap_or(run.report.at().since);
    if let Some(expected) = &response.expected.no_answer {
        let left = (begun + within.unwrap_or(limit)).saturating_sub(run.now());
        return no_answer(run, sent, expected, left).await;
    }
    let left = (begun + limit).saturating_sub(run.now());
    let progress = settled(run, sent.id, left).await;
    if progress.before.is_some_and(|before| before.how == How::Reset) {
        let name = &response.request.name;
        let text = format!(
            "the connection of `{}` was reset before any response: it was sent again",
            name.value
        );
        run.report.note(&name.place, text);
    }
    let begun = since.or(progress.written).unwrap_or(begun);
    run.report.count_from(begun);
    let Some(got) = progress.got.clone() else {
        return unanswered(run, response, (sent, name), &progress, begun, within);
    };
    take(run, sent, &got);
    in_time(run, response, &got, begun, within.map(|within| (within, late)))?;
    if let Some(after) = &response.after {
        let other = run.sent(after)?.clone();
        let before = run.got(other.id);
        if !before.is_some_and(|before| came_before(run, (&other, &before), (sent, &got))) {
            let other = &after.name;
            run.fail(
                FailureKind::Order,
                &other.place,
                format!("`{name}` to be answered after `{}`", other.value),
                format!("`{name}` was answered first"),
            )?;
        }
    }
    let compared = compare(run, &response.expected, &got)?;
    let lag = overslept(run, sent.actor, sent.id, &got);
    for mut found in compared.mismatches {
        if response.request.is_all() {
            found.seen = format!("{}, in the response to `{name}`", found.seen);
        }
        mismatch(run, &found, &response.request.name.place, lag)?;
    }
    alternatives(run, compared.taken, FailureKind::Response, &short(&got))?;
    capture_response(run, &response.capture, &got)
}

/// A response came to a request that has a name: it is taken in, the first time.
fn take(run: &mut Run, sent: &SentRequest, got: &ReceivedResponse) {
    if !run.ledger.take(sent.id) {
        return;
    }
    if sent.creates {
        created(run, sent.actor, got);
    } else {
        take_in(run, sent.actor, got);
    }
}

/// A response was neither too late nor too early.
fn in_time(
    run: &mut Run,
    response: &Response,
    got: &ReceivedResponse,
    begun: Duration,
    within: Option<(Duration, Duration)>,
) -> Done {
    let first = got.response.first.saturating_sub(begun);
    if let (Some((within, late)), Some(place)) = (within, &response.within)
        && first > within + late
    {
        let lag = run.lag(begun, first.saturating_sub(within));
        run.fail_in_time(
            FailureKind::Late,
            &place.place,
            format!("the response within {}", words(within)),
            format!("it took {}", words(first)),
            lag,
        )?;
    }
    if let Some(not_before) = &response.not_before {
        let least = not_before.resolve(run)?;
        if first + run.target().tolerance.early < least {
            run.fail(
                FailureKind::Early,
                &not_before.place,
                format!("the response not before {}", words(least)),
                format!("it came after {}", words(first)),
            )?;
        }
    }
    Ok(())
}

/// No response came where one was expected.
fn unanswered(
    run: &mut Run,
    response: &Response,
    (sent, name): (&SentRequest, &str),
    progress: &Progress,
    begun: Duration,
    within: Option<Duration>,
) -> Done {
    let place = &response.request.name.place;
    reached(run, sent.id, place)?;
    let by_us = progress.ended.is_some_and(|ended| ended.by == Side::Client);
    if !response.expected.any_of.is_empty() && !by_us {
        let how = if progress.ended.is_some() { NoAnswer::Closed } else { NoAnswer::Silent };
        let compared = compare_outcome(run, &response.expected, Outcome::None(how))?;
        if compared.mismatches.is_empty() {
            return alternatives(run, compared.taken, FailureKind::NoResponse, "no response");
        }
    }
    let (expected, seen) = match progress.ended {
        Some(_) if by_us => {
            let why = format!("`{name}` can't be answered: its connection was cut by the scenario");
            return Err(Stop::Broken(place.clone(), why));
        }
        Some(Ended { at, how, .. }) => {
            let after = words(at.saturating_sub(begun));
            let end = match how {
                How::TimedOut => "lost",
                how => how.past(),
            };
            (
                format!("a response to `{name}`"),
                format!("its connection was {end} after {after}, with no response"),
            )
        }
        None => {
            let within = within.map(|within| format!(" within {}", words(within)));
            let waited = words(run.now().saturating_sub(begun));
            (
                format!("a response to `{name}`{}", within.unwrap_or_default()),
                format!("no answer at all, {waited} after it was sent"),
            )
        }
    };
    // Nothing that follows can make sense of a response that is not there.
    run.fail(FailureKind::NoResponse, place, expected, seen)?;
    Err(Stop::Failed)
}

/// Alternatives came of which something is to be said.
fn alternatives(run: &mut Run, taken: Vec<Remark>, kind: FailureKind, seen: &str) -> Done {
    for (place, level, says) in taken {
        match level {
            None => run.report.note(&place, says.unwrap_or_default()),
            Some(level) => {
                let (now, expected) = (run.now(), "another response".to_owned());
                run.report.fail_as(now, kind, &place, (level, says), expected, seen.to_owned())?;
            }
        }
    }
    Ok(())
}

/// A request that was sent, and its response.
type Answered<'a> = (&'a SentRequest, &'a ReceivedResponse);

/// Whether one response came before another. On two connections near in time that can't be told, but in virtual time.
fn came_before(run: &Run, (one, first): Answered<'_>, (other, second): Answered<'_>) -> bool {
    let exact = one.conn == other.conn || run.setting.heart.is_none();
    let blur = if exact { Duration::ZERO } else { APART };
    first.order < second.order || is_not_later(first.response.first, second.response.first, blur)
}

/// Whether what came at one time was not later than what came at another, as far as that can be told.
fn is_not_later(one: Duration, other: Duration, blur: Duration) -> bool {
    one <= other + blur
}

/// No response comes.
async fn no_answer(
    run: &mut Run,
    sent: &SentRequest,
    wanted: &Located<NoAnswer>,
    time: Duration,
) -> Done {
    let progress = settled(run, sent.id, time).await;
    reached(run, sent.id, &wanted.place)?;
    let expected = match wanted.value {
        NoAnswer::Closed => "the connection to be ended without a response",
        NoAnswer::Silent => "no response, and the connection to stay open",
        NoAnswer::Any => "no response",
    };
    let (kind, seen) = match (progress.got, progress.ended, wanted.value) {
        (Some(got), ..) => {
            (FailureKind::UnexpectedResponse, format!("it was answered: {}", short(&got)))
        }
        (None, None, NoAnswer::Closed) => {
            (FailureKind::Connection, format!("it is open after {}", words(time)))
        }
        (None, Some(ended), NoAnswer::Silent) if ended.by == Side::Server => {
            (FailureKind::Connection, "the connection was ended".to_owned())
        }
        _ => return Ok(()),
    };
    run.fail(kind, &wanted.place, expected, seen)
}

/// Requests stay without an answer for a time.
pub(super) async fn silent(
    run: &mut Run,
    requests: &[Reference],
    during: &Located<Timespan>,
) -> Done {
    let during = during.resolve(run)?;
    let mut watched = Vec::new();
    for request in requests {
        watched.push((request.name.clone(), run.sent(request)?.id));
    }
    let broken = watch(run, during, |run| {
        watched.iter().find_map(|(name, sent)| {
            let progress = run.wire().progress(*sent);
            progress.is_settled().then(|| (name.clone(), *sent, progress))
        })
    });
    let Some((name, sent, progress)) = broken.await else { return Ok(()) };
    reached(run, sent, &name.place)?;
    let begun = progress.written.unwrap_or(run.report.at().since);
    let wanted = format!("`{}` to stay without an answer for {}", name.value, words(during));
    let answered = |got: &Arc<ReceivedResponse>| got.response.first.saturating_sub(begun);
    let (kind, seen) = match (&progress.got, progress.ended) {
        (Some(got), _) => {
            let (after, got) = (words(answered(got)), short(got));
            let seen = format!("it was answered {after} after it was sent: {got}");
            (FailureKind::UnexpectedResponse, seen)
        }
        (None, Some(ended)) if ended.by == Side::Client => {
            let why = "its connection was cut by the scenario".to_owned();
            return Err(Stop::Broken(name.place, why));
        }
        _ => (FailureKind::Connection, "its connection was ended".to_owned()),
    };
    run.report.count_from(begun);
    // An answer that was due later is seen here if this machine came late to watch.
    let later = progress.got.as_ref().and_then(|got| answered(got).checked_sub(during));
    let lag = later.and_then(|later| run.lag(begun, later));
    run.fail_in_time(kind, &name.place, wanted, seen, lag)
}

/// Requests were answered in this order.
pub(super) fn order(run: &mut Run, requests: &[Reference]) -> Done {
    for pair in requests.windows(2) {
        let (one, other) = (run.sent(&pair[0])?.clone(), run.sent(&pair[1])?.clone());
        let (Some(first), Some(second)) = (run.got(one.id), run.got(other.id)) else {
            let why = "both must have been answered: await their responses first".to_owned();
            return Err(Stop::Broken(pair[1].name.place.clone(), why));
        };
        if !came_before(run, (&one, &first), (&other, &second)) {
            let (one, other) = (&pair[0].name, &pair[1].name);
            run.report.count_from(second.response.first);
            run.fail(
                FailureKind::Order,
                &other.place,
                format!("`{}` to be answered before `{}`", one.value, other.value),
                format!("`{}` was answered first", other.value),
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_within_20_ms_on_two_connections_has_no_order() {
        let at = Duration::from_millis;
        assert!(is_not_later(at(120), at(100), APART));
        assert!(!is_not_later(at(121), at(100), APART));
        assert!(is_not_later(at(100), at(100), Duration::ZERO));
        assert!(!is_not_later(at(101), at(100), Duration::ZERO));
    }
}
