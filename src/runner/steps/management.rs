//! `enable`, `resume`: stream management (XEP-0198), as far as a scenario needs it and does not test it.

use std::time::Duration;

use super::streams::{attributes, named};
use crate::clock::words;
use crate::runner::carried::stream;
use crate::runner::compare::capture_stanza;
use crate::runner::open_stream::authenticate;
use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::runner::waiting::watch;
use crate::scenario::matching::{self, FailureKind, element_in_short};
use crate::scenario::{Manage, Reference};
use crate::xml::Element;
use crate::xmpp::ns;

/// The answer may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has a stream managed, so that it can be resumed.
pub(super) async fn enable(run: &mut Run, manage: &Manage) -> Done {
    let actor = run.actor_named(&manage.actor)?;
    let own = attributes(run, &manage.attributes)?;
    let wire = run.wire().clone();
    stream(run, actor, &manage.actor.name.place)?.enable(&wire, &own);
    named(run, manage.name.as_ref());
    let wanted = Element::new(ns::SM3, "enabled");
    let Some(enabled) = answer(run, &manage.actor, &wanted).await? else { return Ok(()) };
    let asked = own.iter().find(|(name, _)| name == "resume").map(|(_, value)| value.as_deref());
    if asked.is_none() && run.cast.get(actor).stream().and_then(|stream| stream.previd()).is_none()
    {
        return Err(Stop::Skipped("it resumes no streams".to_owned()));
    }
    capture_stanza(run, &manage.capture, &enabled)
}

/// Authenticates on a stream, and resumes there the one that was managed.
pub(super) async fn resume(run: &mut Run, manage: &Manage) -> Done {
    let actor = run.actor_named(&manage.actor)?;
    let place = &manage.actor.name.place;
    let own = attributes(run, &manage.attributes)?;
    let known = run.cast.get(actor).stream().and_then(|stream| stream.previd());
    let said = own.iter().find(|(name, _)| name == "previd");
    let previd = said.map_or(known, |(_, value)| value.as_deref()).map(str::to_owned);
    if said.is_none() && previd.is_none() {
        let why = "there is no stream to resume: `enable` comes before `resume`";
        return Err(Stop::Broken(place.clone(), why.to_owned()));
    }
    authenticate(run, actor).await?;
    let wire = run.wire().clone();
    stream(run, actor, place)?.resume(&wire, &own);
    named(run, manage.name.as_ref());
    let wanted = Element::new(ns::SM3, "resumed").with_attr_if("previd", previd.as_deref());
    let Some(resumed) = answer(run, &manage.actor, &wanted).await? else { return Ok(()) };
    capture_stanza(run, &manage.capture, &resumed)
}

/// The answer of stream management that is like this one. Nothing if another one came, or none, which is a failure by then.
async fn answer(run: &mut Run, actor: &Reference, wanted: &Element) -> Done<Option<Element>> {
    let number = run.actor_named(actor)?;
    let answered = watch(run, PATIENCE, |run| {
        let inbox = run.cast.get_mut(number).inbox_mut();
        let place = inbox.iter().position(|arrived| {
            arrived.element.is(ns::SM3, wanted.name()) || arrived.element.is(ns::SM3, "failed")
        })?;
        inbox.remove(place).map(|arrived| arrived.element)
    });
    let seen = match answered.await {
        Some(element) if matching::matches(wanted, &element) => return Ok(Some(element)),
        Some(element) => element_in_short(&element),
        None => format!("none came within {}", words(PATIENCE)),
    };
    let wanted = element_in_short(wanted);
    run.fail(FailureKind::Stanza, &actor.name.place, wanted, seen)?;
    Ok(None)
}
