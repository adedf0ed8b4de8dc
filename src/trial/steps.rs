//! The steps of a trial, one after the other.

use std::time::Duration;

use super::command::Client;
use super::events::{self, Mark};
use super::looks::{expect, left, needs, received, unsent};
use super::process::Process;
use super::stage::Order;
use super::state::Trial;
use crate::bosh::Condition;
use crate::fault::Fault;
use crate::runner::{Done, StepAt, Stop};
use crate::scenario::matching::FailureKind;
use crate::scenario::{
    ClientStep, ClientStepKind, Located, Place, ServerAct, Template, Timespan, fragment,
};
use crate::xml::Element;
use crate::xmpp::ns;

/// How long a client may take for a login.
const LOGIN: Duration = Duration::from_secs(15);
/// How long a person may take to start a client.
const PERSON: Duration = Duration::from_secs(300);
/// How long a client may take to read a line.
const TOLD: Duration = Duration::from_secs(10);
/// A client that has been told something is looked at so often.
const GLANCE: Duration = Duration::from_millis(100);

/// Runs them.
pub(super) async fn run_steps(trial: &mut Trial<'_>) -> Done {
    let test = trial.test;
    for step in &test.steps {
        // Which of several is broken, a step has to say itself.
        let covers = match (&step.covers, &trial.job.scenario.covers) {
            (none, all) if none.is_empty() && all.len() == 1 => all,
            (own, _) => own,
        };
        let says = step.says.as_ref().map(|says| trial.text(says)).transpose()?;
        let since = trial.now();
        trial.report.begin(StepAt {
            place: step.place.clone(),
            covers: covers.iter().map(|id| id.value.clone()).collect(),
            level: step.level.as_ref().map(|level| level.value),
            says,
            since,
        });
        if does(&step.kind) {
            trial.before = trial.latest;
            trial.latest = since;
        }
        if let Some(name) = &step.name {
            trial.named.insert(name.value.clone(), Mark::at(since));
        }
        trial.found = None;
        run_step(trial, step).await?;
        if let (Some(name), Some(found)) = (&step.name, trial.found) {
            trial.named.insert(name.value.clone(), found);
        }
    }
    Ok(())
}

/// Whether a step does something, and does not only look.
fn does(kind: &ClientStepKind) -> bool {
    matches!(
        kind,
        ClientStepKind::Start
            | ClientStepKind::Login { .. }
            | ClientStepKind::Tell(_)
            | ClientStepKind::Send(_)
            | ClientStepKind::Server(_)
            | ClientStepKind::Fault(_)
    )
}

async fn run_step(trial: &mut Trial<'_>, step: &ClientStep) -> Done {
    match &step.kind {
        ClientStepKind::Start => start(trial, &step.place),
        ClientStepKind::Login { within } => login(trial, step, within.as_ref()).await,
        ClientStepKind::Tell(text) => tell(trial, text).await,
        ClientStepKind::Sent(sent) => expect(trial, sent, &step.place).await,
        ClientStepKind::Unsent { filter, during, since } => {
            unsent(trial, filter, during, since.as_ref(), &step.place).await
        }
        ClientStepKind::Needs { filter, within } => {
            needs(trial, filter, within.as_ref(), step).await
        }
        ClientStepKind::Received { text, times, within } => {
            received(trial, text, times.as_ref(), within.as_ref(), &step.place).await
        }
        ClientStepKind::Send(xml) => {
            let text = xml.text.text(&trial.variables)?;
            let to = {
                let seen = trial.site.watch.lock();
                events::latest(&seen).and_then(|one| one.jid()).map(str::to_owned)
            };
            for mut stanza in elements(&text)? {
                if stanza.attr("to").is_none()
                    && let Some(to) = &to
                {
                    stanza = stanza.with_attr("to", to);
                }
                trial.site.director.order(Order::Send(stanza));
            }
            Ok(())
        }
        ClientStepKind::Server(act) => server(trial, act),
        ClientStepKind::Left { within } => left(trial, within.as_ref(), &step.place).await,
        ClientStepKind::Wait(time) => {
            let time = time.resolve(&trial.variables)?;
            tokio::time::sleep(time).await;
            Ok(())
        }
        ClientStepKind::Fault(fault) => {
            let text = trial.text(fault)?;
            let Some(faults) = &trial.site.faults else { return Ok(()) };
            if text == "none" {
                faults.clear();
                return Ok(());
            }
            let fault = Fault::parse("fault", &text)
                .map_err(|wrong| Stop::Broken(fault.place.clone(), wrong.message))?;
            faults.add(fault);
            Ok(())
        }
        ClientStepKind::Note(text) => {
            let text = trial.text(text)?;
            trial.report.note(&step.place, text);
            Ok(())
        }
    }
}

/// Elements of a scenario, in the namespace of stanzas unless they say otherwise.
fn elements(text: &str) -> Done<Vec<Element>> {
    let text = format!("<x xmlns='{}'>{text}</x>", ns::CLIENT);
    let whole = fragment(&text).map_err(|not| Stop::NotXml(not.to_string()))?;
    let wrapper = whole.children().next();
    Ok(wrapper.map(|wrapper| wrapper.children().cloned().collect()).unwrap_or_default())
}

fn start(trial: &mut Trial<'_>, place: &Place) -> Done {
    if let Some(process) = &mut trial.process
        && process.ended().is_none()
    {
        return Ok(());
    }
    let facts = &trial.site.facts;
    match &trial.bench.client {
        Client::Command(command) => {
            let words = facts.fill(command);
            let site = trial.site;
            let said = if site.page.is_some() { &site.browser } else { &site.said };
            let started = Process::start(&words, &facts.all(), said);
            let process = match started {
                Ok(process) => process,
                Err(error) => {
                    trial.unstarted = Some(error.to_string());
                    let program = words.first().map_or("", String::as_str);
                    let why = format!("cannot start {program}: {error}");
                    return Err(Stop::Broken(place.clone(), why));
                }
            };
            trial.process = Some(process);
        }
        Client::Reference(mutant) => {
            let (clock, facts) = (trial.clock, facts.clone());
            let process =
                Process::reference(facts, *mutant, &trial.bench.trust, clock, &trial.site.said)
                    .map_err(|error| Stop::Broken(place.clone(), error.to_string()))?;
            trial.process = Some(process);
        }
        Client::Person => {
            let trust = facts.ca.as_ref().map(|ca| format!(", trusting the CA {ca},"));
            let trust = trust.unwrap_or_default();
            let what = match &facts.page {
                Some(page) if trial.started => format!("load {page} again"),
                Some(page) => format!("{}: open {page} in a browser", trial.job.name()),
                None if trial.started => "start the client again".to_owned(),
                None => format!(
                    "{}: connect to {}{} and log in as {}@{}, password {}; then wait for what to do next",
                    trial.job.name(),
                    facts.url,
                    trust,
                    facts.user,
                    facts.domain,
                    facts.password
                ),
            };
            (trial.bench.announce)(&what);
        }
    }
    trial.started = true;
    Ok(())
}

async fn login(
    trial: &mut Trial<'_>,
    step: &ClientStep,
    within: Option<&Located<Timespan>>,
) -> Done {
    // Who was told to log in again may have begun by now.
    let since = trial.before;
    let usual = if trial.is_by_hand() { PERSON } else { LOGIN };
    let deadline = trial.deadline(within, usual)?;
    start(trial, &step.place)?;
    let watch = &trial.site.watch;
    let jid = loop {
        let next = deadline.min(watch.now() + GLANCE);
        let found = watch.until(next, |seen| events::logged_in(seen, since)).await;
        let ended = trial.process.as_mut().and_then(Process::ended);
        // What opens a page may leave it to a browser that runs already.
        let ended = ended.filter(|status| trial.site.page.is_none() || !status.success());
        if found.is_some() || watch.now() >= deadline {
            break found;
        }
        if let Some(status) = ended {
            // What it has sent before it ended may not have been looked at.
            watch.settle().await;
            if let Some(jid) = events::logged_in(&watch.lock(), since) {
                break Some(jid);
            }
            let seen = format!("it ended before ({status})");
            return fail_login(trial, step, seen);
        }
    };
    if jid.is_some() {
        return Ok(());
    }
    let seen = events::in_short(&watch.lock(), Mark::at(since));
    fail_login(trial, step, seen)
}

/// A client that does not log in has shown nothing of what a scenario is about, unless the step says what that breaks.
fn fail_login(trial: &mut Trial<'_>, step: &ClientStep, seen: String) -> Done {
    let mut at = trial.report.at().clone();
    if step.covers.is_empty() {
        at.covers = Vec::new();
        trial.report.begin(at);
    }
    trial.fail(FailureKind::Session, &step.place, "the client to log in", seen)
}

async fn tell(trial: &mut Trial<'_>, text: &Located<Template>) -> Done {
    let line = trial.text(text)?;
    if let Some(page) = &trial.site.page {
        let told = tokio::time::timeout(TOLD * trial.bench.patience, page.tell(&line)).await;
        return told.map_err(|_| {
            let why = format!(
                "the page cannot be told `{line}`: it does not ask, as obey() of /xmppscope.js does"
            );
            Stop::Broken(text.place.clone(), why)
        });
    }
    if trial.is_by_hand() {
        (trial.bench.announce)(&format!("have the client do this: {line}"));
        return Ok(());
    }
    let told = match &mut trial.process {
        Some(process) => {
            let told = tokio::time::timeout(TOLD * trial.bench.patience, process.tell(&line));
            told.await.unwrap_or_else(|_| Err(std::io::Error::other("it does not read its stdin")))
        }
        None => Err(std::io::Error::other("it was not started")),
    };
    let Err(error) = told else { return Ok(()) };
    let ended = trial.process.as_mut().and_then(Process::ended);
    let why = ended.map_or_else(|| error.to_string(), |status| format!("it has ended ({status})"));
    Err(Stop::Broken(text.place.clone(), format!("the client cannot be told `{line}`: {why}")))
}

fn server(trial: &Trial<'_>, act: &ServerAct) -> Done {
    let order = match act {
        ServerAct::Terminate(condition) => {
            let condition = condition.as_ref().map(|one| trial.text(one)).transpose()?;
            let condition = condition.and_then(|one| one.parse().ok());
            condition.map_or(Order::Close, |condition: Condition| Order::Fail(condition))
        }
        ServerAct::Error { condition, text } => {
            let mut inner = Element::new(ns::STREAM_ERRORS, &trial.text(condition)?);
            if let Some(text) = text {
                inner = inner.with_text(&trial.text(text)?);
            }
            Order::Error(Element::new(ns::STREAMS, "error").with_child(inner))
        }
        ServerAct::Close => Order::Close,
        ServerAct::Say(xml) => Order::Say(elements(&xml.text.text(&trial.variables)?)?),
    };
    trial.site.director.order(order);
    Ok(())
}
