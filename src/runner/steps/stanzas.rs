//! `send`, `expect`, `unseen`: stanzas, whatever carries them.

use std::time::Duration;

use crate::clock::words;
use crate::runner::compare::capture_stanza;
use crate::runner::give::give;
use crate::runner::open_stream::say;
use crate::runner::run::Run;
use crate::runner::stop::Done;
use crate::runner::waiting::{time_written, watch};
use crate::scenario::matching::{self, FailureKind, element_in_short};
use crate::scenario::{Expect, Located, Reference, Timespan, Xml};
use crate::xml::Element;

/// A stanza may take so long if the scenario does not say.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends stanzas.
pub(super) async fn send(
    run: &mut Run,
    actor: &Reference,
    stanza: &Located<Xml>,
    name: Option<&Located<String>>,
) -> Done {
    let actor = run.actor_named(actor)?;
    if run.cast.get(actor).stream().is_some() {
        for element in pattern(run, stanza)?.children() {
            say(run, actor, element);
        }
    } else {
        let text = stanza.value.text(run)?;
        give(run, actor, &text).await;
    }
    if let Some(name) = name {
        run.variables.mark(&name.value, run.setting.wire.now());
    }
    Ok(())
}

/// Awaits a stanza.
pub(super) async fn expect(run: &mut Run, expect: &Expect) -> Done {
    let actor = run.actor_named(&expect.actor)?;
    let within = run.span_or(expect.within.as_ref(), PATIENCE)?;
    let since = match &expect.since {
        None => run.report.at().since,
        Some(since) => time_written(run, since).await?,
    };
    let wanted = pattern(run, &expect.stanza)?;
    let limit = within + run.target().tolerance.late + run.setting.round_trip;
    let left = (since + limit).saturating_sub(run.now());
    let next = expect.next;
    let found = watch(run, left, |run| {
        let inbox = run.cast.get_mut(actor).inbox_mut();
        let place =
            inbox.iter().position(|arrived| matching::matches_any(&wanted, &arrived.element))?;
        if next && place > 0 {
            return Some(Err(inbox[0].element.clone()));
        }
        inbox.remove(place).map(Ok)
    });
    let found = found.await;
    let place = &expect.stanza.place;
    match found {
        Some(Ok(arrived)) => {
            // It may have come while another step was waited for.
            let took = arrived.at.saturating_sub(since);
            if expect.within.is_some() && took > limit {
                let seen = format!("it came after {}", words(took));
                run.fail(
                    FailureKind::Late,
                    place,
                    format!("this stanza within {}", words(within)),
                    seen,
                )?;
            }
            capture_stanza(run, &expect.capture, &arrived.element)
        }
        Some(Err(other)) => {
            let seen = format!("another stanza came before it: {}", element_in_short(&other));
            run.fail(FailureKind::Order, place, "this stanza to be the next", seen)
        }
        None => {
            let inbox = run.cast.get(actor).inbox();
            let came: Vec<&Element> = inbox.iter().map(|arrived| &arrived.element).collect();
            let found = matching::differences(&expect.stanza, &came, run)?;
            let wanted = format!("{} within {}", found.expected, words(within));
            run.fail(found.subject.kind(), place, wanted, found.seen)
        }
    }
}

/// Sees that no such stanza comes.
pub(super) async fn unseen(
    run: &mut Run,
    actor: &Reference,
    stanza: &Located<Xml>,
    during: &Located<Timespan>,
) -> Done {
    let actor = run.actor_named(actor)?;
    let during = during.resolve(run)?;
    let wanted = pattern(run, stanza)?;
    let found = watch(run, during, |run| {
        let mut inbox = run.cast.get(actor).inbox().iter();
        inbox.find(|arrived| matching::matches_any(&wanted, &arrived.element)).cloned()
    });
    let Some(arrived) = found.await else { return Ok(()) };
    let after = words(arrived.at.saturating_sub(run.report.at().since));
    let seen = format!("it came after {after}: {}", element_in_short(&arrived.element));
    run.fail(
        FailureKind::UnexpectedStanza,
        &stanza.place,
        format!("no such stanza for {}", words(during)),
        seen,
    )
}

/// Stanzas as patterns.
fn pattern(run: &Run, stanza: &Located<Xml>) -> Done<Element> {
    Ok(stanza.value.elements(run)?)
}
