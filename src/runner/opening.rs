//! Sessions that the scenario does not spell out: opening, logging in, draining, and leaving.

use std::sync::Arc;
use std::time::Duration;

use super::creation::ask_for_session;
use super::exchange::{ask, created, reached, take_in, with_content};
use super::give::give;
use super::judge;
use super::ledger::SentRequest;
use super::open_stream::{Far, drain_stream, goodbye, open_stream};
use super::pace::ask_in_pace;
use super::run::Run;
use super::setting_up::{MOST, PATIENCE, PING, broken, login_of, pinged};
use super::stop::Done;
use super::waiting::{patience, rest, settled};
use super::wire::{ConnId, ReceivedResponse};
use crate::client::bosh::Grant;
use crate::client::{Login, Step, Who};
use crate::clock::words;
use crate::scenario::Opened;
use crate::xml::Element;
use crate::xmpp::ns;

/// Whoever leaves waits so long for the last responses.
const GOODBYE: Duration = Duration::from_secs(1);

/// Opens all sessions that are to be open at the start.
pub(super) async fn open_all(run: &mut Run) -> Done {
    for actor in 0..run.cast.len() {
        let terms = run.cast.get(actor).terms();
        if terms.is_some_and(|terms| terms.opened.value == Opened::AtStart) {
            open(run, actor).await?;
        }
    }
    Ok(())
}

/// Opens the session of an actor if it has none, logs in, and drains.
pub(super) async fn open(run: &mut Run, actor: usize) -> Done {
    if run.cast.get(actor).terms().is_none() {
        return broken(run, "this actor has no session to open");
    }
    let who = login_of(run, actor)?;
    if run.cast.get(actor).stream().is_some() {
        return open_stream(run, actor, who, Far::Bound).await;
    }
    if run.cast.get(actor).link().book().sid().is_none() {
        let sent = ask_for_session(run, actor)?;
        let got = answered(run, &sent, "the session to be created").await?;
        created(run, actor, &got);
        if run.cast.get(actor).link().book().sid().is_none() {
            return broken(run, &format!("no session was created: {}", judge::short(&got)));
        }
    }
    match who {
        None => drain(run, actor).await?,
        Some(who) => log_in(run, actor, who).await?,
    }
    if run.cast.get(actor).terms().is_some_and(|terms| terms.polls) {
        run.cast.get_mut(actor).link_mut().automate();
        give(run, actor, "<presence xmlns='jabber:client'/>").await;
    }
    Ok(())
}

/// The response to a request of ours that the scenario does not judge.
async fn answered(run: &mut Run, sent: &SentRequest, what: &str) -> Done<Arc<ReceivedResponse>> {
    let time = PATIENCE.max(patience(run, sent.actor));
    let progress = settled(run, sent.id, time).await;
    if let Some(got) = progress.got {
        return Ok(got);
    }
    let place = run.report.at().place.clone();
    reached(run, sent.id, &place)?;
    let seen = match progress.ended {
        Some(_) => "its connection was ended".to_owned(),
        None => format!("no answer within {}", words(time)),
    };
    broken(run, &format!("setting up, expected {what}; {seen}"))
}

async fn log_in(run: &mut Run, actor: usize, who: Who) -> Done {
    let mut login = Login::new(who, run.chance.token(24));
    let mut rounds = 0;
    let mut asked = run.now();
    loop {
        let mut next = Step::Wait;
        while let Some(arrived) = run.cast.get_mut(actor).inbox_mut().pop_front() {
            let element = &arrived.element;
            match login.take(element) {
                Step::Wait if is_sasl(element) && element.namespace() != ns::SASL => {
                    let (name, namespace) = (element.name(), element.namespace());
                    let why = format!("cannot log in: <{name}/> came in the namespace {namespace}");
                    return broken(run, &why);
                }
                Step::Wait => {}
                step => {
                    next = step;
                    break;
                }
            }
        }
        if next == Step::Wait {
            rounds += 1;
        } else {
            (rounds, asked) = (0, run.now());
        }
        let time = patience(run, actor);
        let sent = match next {
            Step::Done(jid) => {
                run.cast.get_mut(actor).bind(jid);
                break;
            }
            Step::Failed(why) => return broken(run, &format!("cannot log in: {why}")),
            Step::Wait if rounds > MOST || run.now() > asked + time => {
                let waited = words(run.now().saturating_sub(asked));
                return broken(
                    run,
                    &format!("cannot log in: what has to follow has not come within {waited}"),
                );
            }
            Step::Wait => ask_in_pace(run, actor).await,
            Step::Send(element) => ask(run, actor, |book| {
                let mut body = book.draft();
                body.push(&element);
                body
            }),
            Step::Restart => {
                let to = run.domain_of(actor);
                ask(run, actor, |book| book.restart().with("to", to))
            }
        };
        let got = answered(run, &sent, "the login to go on").await?;
        take_in(run, actor, &got);
        if judge::terminal(&got).is_some() {
            let short = judge::short(&got);
            return broken(run, &format!("the session ended during the login: {short}"));
        }
    }
    drain(run, actor).await
}

/// Whether this is called as an answer of SASL is.
fn is_sasl(element: &Element) -> bool {
    matches!(element.name(), "success" | "failure" | "challenge")
}

/// Sends requests until the server owes nothing: the features have come, or an answer that stands behind all else, or nothing
/// for longer than a request is held.
pub(super) async fn drain(run: &mut Run, actor: usize) -> Done {
    if run.cast.get(actor).stream().is_some() {
        return drain_stream(run, actor).await;
    }
    let mut asked: Option<String> = None;
    let end = run.now() + patience(run, actor);
    for _ in 0..MOST {
        let drained = run.cast.get(actor);
        let bound = drained.jid().is_some();
        let done = match &asked {
            _ if !bound => drained.has_features() || drained.link().is_over(),
            None => false,
            Some(id) => pinged(run, actor, id) || run.now() > end,
        };
        if done {
            return Ok(());
        }
        if run.now() > end {
            return broken(run, "the features of the stream do not come");
        }
        let sent = if bound && asked.is_none() {
            let id = format!("{PING}{}", run.cast.get_mut(actor).next_number());
            let ping = format!(
                "<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='{}'/></iq>",
                ns::PING
            );
            asked = Some(id);
            ask(run, actor, with_content(&ping))
        } else {
            // What is owed may need a moment, for which a request of a client that polls does not wait.
            let grant = run.cast.get(actor).link().book().grant();
            let polling = grant.and_then(Grant::polling).unwrap_or_default();
            rest(run, polling).await;
            ask_in_pace(run, actor).await
        };
        let got = answered(run, &sent, "the session to be drained").await?;
        take_in(run, actor, &got);
        if judge::terminal(&got).is_some() {
            let short = judge::short(&got);
            return broken(run, &format!("the session ended while it was drained: {short}"));
        }
    }
    broken(run, "the server does not come to an end")
}

/// Ends the sessions that are still alive, as a guest should.
pub(super) async fn leave(run: &mut Run) {
    let mut last = Vec::new();
    for actor in 0..run.cast.len() {
        if run.cast.get(actor).link().is_alive() {
            let sent = ask(run, actor, |book| book.draft().with("type", "terminate"));
            last.push(sent.id);
        }
    }
    let streams = goodbye(run);
    let wire = run.wire().clone();
    let answered = |id: &u64| wire.progress(*id).is_settled();
    let deadline = wire.now() + GOODBYE;
    let over = |conn: &ConnId| wire.ended(*conn).is_some();
    let done = || (last.iter().all(answered) && streams.iter().all(over)).then_some(());
    wire.until(deadline, done).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::runner::{Verdict, embedded_target, jobs, run_embedded};
    use crate::scenario::load_texts;
    use crate::trace::Fact;

    /// A restart that names another language makes the server forget what the client declared.
    #[test]
    fn a_restart_keeps_the_language_of_the_client() {
        let text = "name: a login\ncovers: bosh-cm-forwards-lang\nsteps:\n  - alive:\n\
                    session: { login: anonymous, lang: de }\n";
        let files = [("login.yaml".into(), text.to_owned())];
        let loaded = load_texts(files, &|_| unreachable!("nothing is used"));
        let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
        let outcome = run_embedded(&jobs(&scenarios)[0], &Arc::new(embedded_target()), &[]);
        assert_eq!(outcome.verdict, Verdict::Passed);
        let restarts = outcome.events.iter().filter_map(|event| match &event.fact {
            Fact::Request(request) => {
                let text = String::from_utf8_lossy(&request.content.bytes).into_owned();
                text.contains("restart='true'").then_some(text)
            }
            _ => None,
        });
        let restarts: Vec<String> = restarts.collect();
        assert_eq!(restarts.len(), 1);
        assert!(restarts[0].contains("xml:lang='de'"), "{}", restarts[0]);
    }
}
