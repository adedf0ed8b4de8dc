//! The steps that look for something: what the client sends, does not send, and what of it arrives.

use std::time::Duration;

use super::events::{self, Mark};
use super::state::Trial;
use super::watch::Seen;
use crate::clock::words;
use crate::diag::counted;
use crate::runner::{Done, Stop};
use crate::scenario::matching::FailureKind;
use crate::scenario::{ClientStep, Count, Located, Place, Sent, Template, Timespan, limits};

/// How long a client may take for anything.
const WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to use what a scenario is about.
const NEEDED: Duration = Duration::from_secs(3);
/// What has come to the other user is looked at so often.
const GLANCE: Duration = Duration::from_millis(50);

pub(super) async fn expect(trial: &mut Trial<'_>, sent: &Sent, place: &Place) -> Done {
    let filter = trial.filter(&sent.filter)?;
    let since = trial.since(sent.since.as_ref());
    let times = sent.times.as_ref();
    let times = times.map(|times| times.resolve(&trial.variables, limits::REPEAT)).transpose()?;
    let times = usize::try_from(times.unwrap_or(1)).unwrap_or(usize::MAX);
    let deadline = trial.deadline(sent.within.as_ref(), WITHIN)?;
    let after = sent.after.as_ref().map(|after| after.resolve(&trial.variables)).transpose()?;
    let found = |seen: &Seen| {
        let all = events::sent(seen, &filter, since);
        (all.len() >= times).then_some(all)
    };
    let began = trial.now();
    let what = trial.text(&sent.filter)?;
    let Some(all) = trial.site.watch.until(deadline, found).await else {
        let (count, short) = {
            let seen = trial.site.watch.lock();
            (events::sent(&seen, &filter, since).len(), events::in_short(&seen, since))
        };
        let within = words(deadline.saturating_sub(began));
        let (expected, seen) = if times == 1 {
            (format!("a message from the client that matches `{what}` within {within}"), short)
        } else {
            let expected =
                format!("{times} messages from the client that match `{what}` within {within}");
            (expected, format!("{}; {short}", counted(count, "matching message")))
        };
        return trial.fail(FailureKind::NotSent, place, expected, seen);
    };
    let first = all.first().copied().unwrap_or_default();
    trial.found = all.get(times.saturating_sub(1)).copied();
    if let Some(after) = after
        && first.at < since.at + after
    {
        let expected = format!("no message that matches `{what}` before {}", words(after));
        let seen = format!("one after {}", words(first.at.saturating_sub(since.at)));
        return trial.fail(FailureKind::Early, place, expected, seen);
    }
    Ok(())
}

pub(super) async fn unsent(
    trial: &mut Trial<'_>,
    filter: &Located<Template>,
    during: &Located<Timespan>,
    since: Option<&Located<String>>,
    place: &Place,
) -> Done {
    let what = trial.text(filter)?;
    let filter = trial.filter(filter)?;
    let since = trial.since(since);
    let deadline = trial.now() + during.resolve(&trial.variables)?;
    let found = |seen: &Seen| events::sent(seen, &filter, since).first().copied();
    let Some(found) = trial.site.watch.until(deadline, found).await else { return Ok(()) };
    let short = events::in_short(&trial.site.watch.lock(), since);
    let expected = format!("nothing from the client that matches `{what}`");
    let seen = format!("it came after {}; {short}", words(found.at.saturating_sub(since.at)));
    trial.fail(FailureKind::Sent, place, expected, seen)
}

pub(super) async fn left(
    trial: &mut Trial<'_>,
    within: Option<&Located<Timespan>>,
    place: &Place,
) -> Done {
    let since = Mark::at(trial.latest);
    let deadline = trial.deadline(within, WITHIN)?;
    trial.found = trial.site.watch.until(deadline, |seen| events::left(seen, since)).await;
    if trial.found.is_some() {
        return Ok(());
    }
    let short = events::in_short(&trial.site.watch.lock(), since);
    trial.fail(FailureKind::Session, place, "the client to end its session in order", short)
}

/// What the client does not use, it cannot be tested in.
pub(super) async fn needs(
    trial: &Trial<'_>,
    filter: &Located<Template>,
    within: Option<&Located<Timespan>>,
    step: &ClientStep,
) -> Done {
    let what = trial.text(filter)?;
    let filter = trial.filter(filter)?;
    let deadline = trial.deadline(within, NEEDED)?;
    let found = |seen: &Seen| events::sent(seen, &filter, Mark::default()).first().copied();
    if trial.site.watch.until(deadline, found).await.is_some() {
        return Ok(());
    }
    let says = step.says.as_ref().map(|says| trial.text(says)).transpose()?;
    Err(Stop::Skipped(says.unwrap_or_else(|| format!("the client sends nothing like `{what}`"))))
}

pub(super) async fn received(
    trial: &mut Trial<'_>,
    text: &Located<Template>,
    times: Option<&Located<Count>>,
    within: Option<&Located<Timespan>>,
    place: &Place,
) -> Done {
    let text = trial.text(text)?;
    let times = times.map(|times| times.resolve(&trial.variables, limits::REPEAT)).transpose()?;
    let times = usize::try_from(times.unwrap_or(1)).unwrap_or(usize::MAX);
    let deadline = trial.deadline(within, WITHIN)?;
    let mailbox = &trial.site.mailbox;
    while mailbox.count(&text) < times && trial.now() < deadline {
        tokio::time::sleep(GLANCE).await;
    }
    let count = mailbox.count(&text);
    if count == times {
        return Ok(());
    }
    let expected = format!("the message \"{text}\" to come to the other user {}", often(times));
    let seen = format!("it came {}", often(count));
    trial.fail(FailureKind::NotSent, place, expected, seen)
}

/// How often, in words.
fn often(times: usize) -> String {
    match times {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}
