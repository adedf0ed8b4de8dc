//! One trial from its server to its outcome.

use std::sync::Arc;

use super::bench::Bench;
use super::contact::{self, Contact, Tried};
use super::rules::judge;
use super::said::Said;
use super::server::{Plan, Site};
use super::state::Trial;
use super::steps::run_steps;
use crate::clock::Clock;
use crate::defects::{self, Defect};
use crate::diag::{Diagnostic, nearest};
use crate::runner::{Chosen, Done, Ended, Job, Report, StepAt, Stop, conclude};
use crate::scenario::{CLIENT_FACTS, ClientTest, ClientVariables, Scenario, Transport};

/// Of what a client has written, so many lines are told when it fails.
const LINES: usize = 8;

/// Runs one scenario with a client.
pub async fn try_client(bench: &Bench, job: &Job, clock: Clock) -> Tried {
    let scenario = &job.scenario;
    let began = clock.now();
    let mut report = Report::new(StepAt {
        place: scenario.place.clone(),
        covers: scenario.covers.iter().map(|id| id.value.clone()).collect(),
        level: None,
        says: None,
        since: began,
    });
    let mut contact = Contact::Unneeded;
    let (done, events) = match &scenario.client {
        None => {
            let why = "it tests a server, not a client".to_owned();
            (Err(Stop::Skipped(why)), Vec::new())
        }
        Some(test) => match set_up(test, job, clock, bench).await {
            Err(stop) => (Err(stop), Vec::new()),
            Ok((site, variables)) => {
                let mut trial = Trial::new(bench, job, test, variables, &site, clock, &mut report);
                let done = run_steps(&mut trial).await;
                site.watch.settle().await;
                contact = contact::contact(&mut trial);
                let process = trial.process.take();
                let events = site.watch.events();
                judge(&site.watch.lock(), scenario, &mut report);
                let came = contact == Contact::Made;
                let password = &site.facts.password;
                if let Some(process) = process {
                    process.stop().await;
                }
                let done = end(&site.said, came, password, done, scenario, &mut report);
                site.stop().await;
                (done, events)
            }
        },
    };
    let duration = clock.now().saturating_sub(began);
    let (scenario, row, own) = (Arc::clone(scenario), job.row, 0..events.len());
    let chosen = Chosen::default();
    let ended = Ended { scenario, row, done, report, began, duration, chosen, own, events };
    Tried { outcome: conclude(ended), contact }
}

async fn set_up(
    test: &ClientTest,
    job: &Job,
    clock: Clock,
    bench: &Bench,
) -> Done<(Site, ClientVariables)> {
    let none = CLIENT_FACTS.map(|name| (name, String::new()));
    let variables = ClientVariables::of(&job.scenario, job.row, &none)?;
    let carrier = variables.carrier(&test.carrier)?;
    if bench.page.is_some() && carrier == Transport::Tcp {
        return Err(Stop::Skipped("a page cannot use TCP".to_owned()));
    }
    let place = test.carrier.place.clone();
    let defects =
        defects_of(test, &variables).map_err(|wrong| Stop::Broken(place.clone(), wrong.message))?;
    let plan = Plan { test, variables: &variables, carrier, defects: &defects, bench, clock };
    let site = Site::start(&plan)
        .await
        .map_err(|error| Stop::Broken(place, format!("the server cannot be started: {error}")))?;
    let facts = site.facts.all();
    let facts: Vec<(&str, String)> =
        facts.into_iter().filter(|(name, _)| CLIENT_FACTS.contains(name)).collect();
    let variables = ClientVariables::of(&job.scenario, job.row, &facts)?;
    Ok((site, variables))
}

/// What the client cannot do is no failure of it; what it has written is told with one.
fn end(
    said: &Said,
    came: bool,
    password: &str,
    done: Done,
    scenario: &Scenario,
    report: &mut Report,
) -> Done {
    let (cannot, lines) = (said.cannot(), said.lines());
    let failed = done.is_err() || !report.failures().is_empty();
    if let Some(what) = cannot.filter(|_| failed && (!came || report.failures().len() <= 1)) {
        report.forgive();
        return Err(Stop::Skipped(format!("the client cannot {what}")));
    }
    if failed && !lines.is_empty() {
        let last = &lines[lines.len().saturating_sub(LINES)..];
        report.note(
            &scenario.name.place,
            format!("the client wrote:\n{}", last.join("\n").replace(password, "[hidden]")),
        );
    }
    done
}

/// The defects that a scenario wants of the server; a mistake if there is no such defect.
pub(super) fn defects_of(
    test: &ClientTest,
    variables: &ClientVariables,
) -> Result<Vec<&'static Defect>, Box<Diagnostic>> {
    let mut found = Vec::new();
    for name in &test.defects {
        let wanted = name
            .text(variables)
            .map_err(|wrong| Box::new(wrong.place.mistake(wrong.message, "")))?;
        // A row of a sweep may have none.
        if wanted.is_empty() {
            continue;
        }
        let Some(defect) = defects::find(&wanted) else {
            let mut mistake = name.place.mistake(format!("unknown defect `{wanted}`"), "");
            let near = nearest(&wanted, defects::all().map(|defect| defect.name));
            mistake.help = Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`xmppscope cm --list-defects` lists them".to_owned(),
            });
            return Err(Box::new(mistake));
        };
        found.push(defect);
    }
    Ok(found)
}
