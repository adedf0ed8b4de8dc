//! Steps in order: each is given to its group. Those that hold steps of their own are here.

use std::pin::Pin;

use super::{
    connections, control, management, requests, responses, sessions, stanzas, streams, tls, values,
};
use crate::runner::compare::unmet;
use crate::runner::exchange::pump;
use crate::runner::open_stream::authenticate;
use crate::runner::opening::{drain, open};
use crate::runner::report::StepAt;
use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::runner::waiting::rest;
use crate::scenario::{
    Condition, Count, Located, Place, Step, StepKind, Template, Timespan, Value, limits,
};

/// Does steps in order.
pub(in crate::runner) fn run_steps<'a>(
    run: &'a mut Run,
    steps: &'a [Step],
) -> Pin<Box<dyn Future<Output = Done> + Send + 'a>> {
    Box::pin(async move {
        for step in steps {
            turn(run, &step.kind_place).await?;
            begin(run, step)?;
            pump(run);
            run_step(run, step).await?;
        }
        Ok(())
    })
}

/// One more step or round begins; now and then others have a turn.
async fn turn(run: &Run, place: &Place) -> Done {
    match run.spent.step() {
        Ok(false) => Ok(()),
        Ok(true) => {
            tokio::task::yield_now().await;
            Ok(())
        }
        Err(why) => Err(Stop::Broken(place.clone(), why)),
    }
}

/// What the failures of a step need.
fn begin(run: &mut Run, step: &Step) -> Done {
    let covers = |covers: &[Located<String>]| covers.iter().map(|id| id.value.clone()).collect();
    let at = StepAt {
        place: step.place.clone(),
        covers: match &step.covers[..] {
            [] => covers(&run.setting.scenario.covers),
            own => covers(own),
        },
        level: step.level.as_ref().map(|level| level.value),
        says: run.text_of(step.says.as_ref())?,
        since: run.now(),
    };
    run.report.begin(at);
    Ok(())
}

async fn run_step(run: &mut Run, step: &Step) -> Done {
    match &step.kind {
        StepKind::Request(request) => requests::request(run, request, false),
        StepKind::Create(request) => requests::request(run, request, true),
        StepKind::Resend(resend) => requests::resend(run, resend),
        StepKind::Raw(raw) => requests::raw(run, raw),
        StepKind::Together(steps) => requests::together(run, steps).await,
        StepKind::Connect(connect) => connections::connect(run, connect).await,
        StepKind::Disconnect(disconnect) => connections::disconnect(run, disconnect).await,
        StepKind::Disconnected { connection, within, how } => {
            connections::disconnected(run, connection, within.as_ref(), how.as_ref()).await
        }
        StepKind::Connected { connection, during } => {
            connections::connected(run, connection, during.as_ref()).await
        }
        StepKind::Response(response) => responses::response(run, response).await,
        StepKind::Silent { requests, during } => responses::silent(run, requests, during).await,
        StepKind::Order(requests) => responses::order(run, requests),
        StepKind::Alive { actor, within } => sessions::alive(run, actor, within.as_ref()).await,
        StepKind::Gone { actor, within } => sessions::gone(run, actor, within.as_ref()).await,
        StepKind::Drain(actor) => {
            let actor = run.actor_named(actor)?;
            drain(run, actor).await
        }
        StepKind::Login(actor) => {
            let actor = run.actor_named(actor)?;
            open(run, actor).await
        }
        StepKind::Authenticate(actor) => {
            let actor = run.actor_named(actor)?;
            authenticate(run, actor).await
        }
        StepKind::StartTls(actor) => tls::starttls(run, actor).await,
        StepKind::Secured(secured) => tls::secured(run, secured).await,
        StepKind::Enable(manage) => management::enable(run, manage).await,
        StepKind::Resume(manage) => management::resume(run, manage).await,
        StepKind::Handshake(handshake) => streams::handshake(run, handshake),
        StepKind::Open(tag) => streams::open(run, tag).await,
        StepKind::Close(tag) => streams::close(run, tag),
        StepKind::Frame(frame) => streams::frame(run, frame),
        StepKind::Receive(receive) => streams::receive(run, receive).await,
        StepKind::Ended(ended) => streams::ended(run, ended).await,
        StepKind::Lint(ids) => streams::lint(run, ids),
        StepKind::Send { actor, stanza, name } => {
            stanzas::send(run, actor, stanza, name.as_ref()).await
        }
        StepKind::Expect(expect) => stanzas::expect(run, expect).await,
        StepKind::Unseen { actor, stanza, during } => {
            stanzas::unseen(run, actor, stanza, during).await
        }
        StepKind::Value { value, expected } => values::value(run, value, expected),
        StepKind::Distinct { variable, bits } => values::distinct(run, variable, bits.as_ref()),
        StepKind::Set(assignments) => values::set(run, assignments),
        StepKind::Wait(time) => {
            let time = time.resolve(run)?;
            rest(run, time).await;
            Ok(())
        }
        StepKind::Repeat { times, counting, every, steps } => {
            repeat(run, times, counting.as_ref(), every.as_ref(), steps).await
        }
        StepKind::If { conditions, steps, otherwise, skip } => {
            conditional(run, conditions, (steps, otherwise), skip.as_ref()).await
        }
        StepKind::Control { action, name } => {
            control::control(run, action.value, name.as_ref()).await
        }
        StepKind::Note(text) => {
            let said = run.text(text)?;
            run.report.note(&text.place, said);
            Ok(())
        }
    }
}

async fn repeat(
    run: &mut Run,
    times: &Located<Count>,
    counting: Option<&Located<String>>,
    every: Option<&Located<Timespan>>,
    steps: &[Step],
) -> Done {
    let place = &times.place;
    let times = times.resolve(run, limits::REPEAT)?;
    for n in 1..=times {
        turn(run, place).await?;
        if let Some(counting) = counting {
            run.variables.assign(&counting.value, Value::Number(n.into()));
        }
        let began = run.now();
        run_steps(run, steps).await?;
        if let Some(every) = every
            && n < times
        {
            let left = (began + every.resolve(run)?).saturating_sub(run.now());
            rest(run, left).await;
        }
    }
    Ok(())
}

/// The steps if all conditions hold; else the others, unless that is a reason to skip the scenario.
async fn conditional(
    run: &mut Run,
    conditions: &[Located<Condition>],
    (steps, otherwise): (&[Step], &[Step]),
    skip: Option<&Located<Template>>,
) -> Done {
    for condition in conditions {
        if unmet(run, condition)?.is_some() {
            return match skip {
                Some(skip) => Err(Stop::Skipped(run.text(skip)?)),
                None => run_steps(run, otherwise).await,
            };
        }
    }
    run_steps(run, steps).await
}
