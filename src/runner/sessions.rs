//! Sessions that the scenario does not spell out: opening, logging in, draining, and the polling of actors that send and
//! expect stanzas.

use std::sync::Arc;
use std::time::Duration;

use super::actor::Arrived;
use super::judge;
use super::wire::{Got, SentId};
use super::world::{Done, Sent, Stop, World, attributes};
use crate::client::{Login, Step};
use crate::clock::words;
use crate::scenario::matching;
use crate::scenario::{Expect, Located, Opened, Reference, Xml};
use crate::xml::{Element, Scope, write};
use crate::xmpp::ns;

/// A step of a login may take so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// So long a client that sends stanzas waits for one of its requests to be answered, if as many are open as may be.
const ROOM: Duration = Duration::from_secs(5);
/// Requests of one client that nobody orders are sent so far apart.
const APART: Duration = Duration::from_millis(20);
/// So many requests are drained at most.
const MOST: usize = 50;
/// The id of stanzas that find out whether something is owed.
const PING: &str = "drain-";

impl World {
    /// Opens all sessions that are to be open at the start.
    pub(super) async fn open_all(&mut self) -> Done {
        for actor in 0..self.actors.len() {
            let terms = self.actors[actor].terms.as_ref();
            if terms.is_some_and(|terms| terms.opened.value == Opened::AtStart) {
                self.open(actor).await?;
            }
        }
        Ok(())
    }

    /// Opens the session of an actor if it has none, logs in, and drains.
    pub(super) async fn open(&mut self, actor: usize) -> Done {
        if self.actors[actor].terms.is_none() {
            return self.broken("this actor has no session to open");
        }
        let who = self.login_of(actor)?;
        if self.actors[actor].session.sid.is_none() {
            let sent = self.ask_for_session(actor)?;
            let got = self.answered(&sent, "the session to be created").await?;
            self.created(actor, &got);
            if self.actors[actor].session.sid.is_none() {
                return self.broken(&format!("no session was created: {}", judge::short(&got)));
            }
        }
        match who {
            None => self.drain(actor).await?,
            Some(who) => self.log_in(actor, who).await?,
        }
        if self.actors[actor].terms.as_ref().is_some_and(|terms| terms.polls) {
            self.actors[actor].ready = true;
            self.give(actor, "<presence xmlns='jabber:client'/>".to_owned()).await;
        }
        Ok(())
    }

    fn broken<T>(&self, why: &str) -> Done<T> {
        Err(Stop::Broken(self.at.place.clone(), why.to_owned()))
    }

    /// The response to a request of ours that the scenario does not judge.
    async fn answered(&mut self, sent: &Sent, what: &str) -> Done<Arc<Got>> {
        let time = PATIENCE.max(self.patience(sent.actor));
        let progress = self.settled(sent.id, time).await;
        if let Some(got) = progress.got {
            return Ok(got);
        }
        if let Err(why) = self.wire.connected(sent.conn) {
            return self.broken(&format!("cannot connect: {why}"));
        }
        let seen = match progress.ended {
            Some(_) => "its connection was ended".to_owned(),
            None => format!("no answer within {}", words(time)),
        };
        self.broken(&format!("setting up, expected {what}; {seen}"))
    }

    async fn log_in(&mut self, actor: usize, who: crate::client::Who) -> Done {
        let mut login = Login::new(who, self.token(24));
        let mut rounds = 0;
        loop {
            let mut next = Step::Wait;
            while let Some(arrived) = self.actors[actor].inbox.pop_front() {
                match login.take(&arrived.element) {
                    Step::Wait => {}
                    step => {
                        next = step;
                        break;
                    }
                }
            }
            rounds += 1;
            if rounds > MOST {
                return self.broken("the login does not come to an end");
            }
            let sent = match next {
                Step::Done(jid) => {
                    self.session(actor).jid = Some(jid);
                    break;
                }
                Step::Failed(why) => return self.broken(&format!("cannot log in: {why}")),
                Step::Wait => self.ask(actor, &[], ""),
                Step::Send(element) => {
                    let mut text = String::new();
                    write(&element, &Scope { default: crate::bosh::NS, prefixes: &[] }, &mut text);
                    self.ask(actor, &[], &text)
                }
                Step::Restart => {
                    let to = self.domain_of(&self.actors[actor]);
                    // It would be another language than the client's if the restart named one of its own.
                    let lang = self.session(actor).asked("xml:lang").map(str::to_owned);
                    let mut attributes = vec![("to", to.as_str()), ("xmpp:restart", "true")];
                    attributes.extend(lang.as_deref().map(|lang| ("xml:lang", lang)));
                    self.ask(actor, &attributes, "")
                }
            };
            let got = self.answered(&sent, "the login to go on").await?;
            self.take_in(actor, &got);
            if judge::terminal(&got).is_some() {
                return self.broken(&format!(
                    "the session ended during the login: {}",
                    judge::short(&got)
                ));
            }
        }
        self.drain(actor).await
    }

    /// Sends requests until the server owes nothing: the features have come, or an answer that stands behind all else.
    pub(super) async fn drain(&mut self, actor: usize) -> Done {
        let mut asked: Option<String> = None;
        for _ in 0..MOST {
            let session = self.session(actor);
            let done = match (&session.jid, &asked) {
                (None, _) => session.featured || session.over,
                (Some(_), None) => false,
                (Some(_), Some(id)) => self.pinged(actor, id),
            };
            if done {
                return Ok(());
            }
            let sent = if self.actors[actor].session.jid.is_some() && asked.is_none() {
                let session = self.session(actor);
                session.pings += 1;
                let id = format!("{PING}{}", session.pings);
                let ping = format!(
                    "<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='{}'/></iq>",
                    ns::PING
                );
                asked = Some(id);
                self.ask(actor, &[], &ping)
            } else {
                let rest = self.rest(actor);
                self.watch(rest, |_| None::<()>).await;
                self.ask(actor, &[], "")
            };
            let got = self.answered(&sent, "the session to be drained").await?;
            self.take_in(actor, &got);
            if judge::terminal(&got).is_some() {
                return self.broken(&format!(
                    "the session ended while it was drained: {}",
                    judge::short(&got)
                ));
            }
        }
        self.broken("the server does not come to an end")
    }

    /// Whether the answer to a ping is there; it is taken away.
    fn pinged(&mut self, actor: usize, id: &str) -> bool {
        let inbox = &mut self.actors[actor].inbox;
        let place = inbox.iter().position(|arrived| {
            arrived.element.name() == "iq" && arrived.element.attr("id") == Some(id)
        });
        place.is_some_and(|place| inbox.remove(place).is_some())
    }

    /// Before its next empty request a polling client waits so long.
    fn rest(&self, actor: usize) -> Duration {
        let session = &self.actors[actor].session;
        if !session.polls() {
            return Duration::ZERO;
        }
        let polling = session.granted("polling").and_then(|polling| polling.parse().ok());
        Duration::from_secs(polling.unwrap_or(0))
    }

    /// A response came to a request that has a name.
    pub(super) fn took(&mut self, reference: &Reference, got: &Got) {
        let Ok(sent) = self.sent(reference) else { return };
        if sent.taken {
            return;
        }
        let (id, actor, creates) = (sent.id, sent.actor, sent.creates);
        if let Some(all) = self.sent.get_mut(&reference.name.value)
            && let Some(sent) = all.iter_mut().find(|sent| sent.id == id)
        {
            sent.taken = true;
        }
        if creates {
            self.created(actor, got);
        } else {
            self.take_in(actor, got);
        }
    }

    /// A session was granted.
    fn created(&mut self, actor: usize, got: &Got) {
        let Some(body) = judge::body(got) else { return };
        if self.advertised.is_empty() {
            self.advertised = attributes(body.element());
        }
        let session = self.session(actor);
        session.sid = body.sid().map(str::to_owned);
        session.granted = Some(body);
        self.take_in(actor, got);
    }

    /// Takes what a response brought.
    pub(super) fn take_in(&mut self, actor: usize, got: &Got) {
        let Some(body) = judge::body(got) else { return };
        let at = got.at;
        for element in body.payloads() {
            if element.is(ns::STREAMS, "features") {
                self.session(actor).featured = true;
            }
            if element.is(ns::STREAMS, "error") {
                self.session(actor).over = true;
            }
            // Some leave the namespace of stanzas away; XEP-0206 §2 tolerates it.
            let mut element = element.clone();
            if matches!(element.name(), "message" | "presence" | "iq") {
                element.move_namespace(crate::bosh::NS, ns::CLIENT);
            }
            self.actors[actor].inbox.push_back(Arrived { at, element });
        }
        if judge::terminal(got).is_some() {
            self.session(actor).over = true;
        }
    }

    /// Sends stanzas for an actor that polls, once it may send another request. The one before it has a little time to
    /// arrive: on two connections the later one could be first, and not every connection manager bears that.
    pub(super) async fn give(&mut self, actor: usize, stanzas: String) {
        let deadline = self.wire.now() + ROOM;
        loop {
            let left = deadline.saturating_sub(self.wire.now());
            let most = self.actors[actor].session.requests().max(1);
            let room = |world: &mut Self| (world.actors[actor].quiet.len() < most).then_some(());
            if self.watch(left, room).await.is_none() {
                break;
            }
            let quiet = &self.actors[actor].quiet;
            let now = self.wire.now();
            let age = |sent: &SentId| match self.wire.progress(*sent).written {
                Some(written) => now.saturating_sub(written),
                None => Duration::ZERO,
            };
            let rest = APART.saturating_sub(quiet.last().map_or(APART, age));
            if rest.is_zero() || left.is_zero() {
                break;
            }
            self.watch(rest, |_| None::<()>).await;
        }
        let sent = self.ask(actor, &[], &stanzas);
        self.actors[actor].quiet.push(sent.id);
    }

    /// Keeps a request open for each actor that polls, and takes in what its requests bring.
    pub(super) fn pump(&mut self) {
        for actor in 0..self.actors.len() {
            let quiet = std::mem::take(&mut self.actors[actor].quiet);
            let mut open = Vec::new();
            for sent in quiet {
                let progress = self.wire.progress(sent);
                match progress.got {
                    Some(got) => self.take_in(actor, &got),
                    None if progress.ended.is_some() => {}
                    None => open.push(sent),
                }
            }
            self.actors[actor].quiet = open;
            let polls = self.actors[actor].terms.as_ref().is_some_and(|terms| terms.polls);
            let session = &self.actors[actor].session;
            if polls
                && self.actors[actor].ready
                && session.jid.is_some()
                && !session.over
                && self.actors[actor].quiet.is_empty()
            {
                let sent = self.ask(actor, &[], "");
                self.actors[actor].quiet.push(sent.id);
            }
        }
    }

    /// Awaits a stanza.
    pub(super) async fn expect(&mut self, expect: &Expect) -> Done {
        let actor = self.actor_named(&expect.actor)?;
        let within = self.span_or(expect.within.as_ref(), PATIENCE)?;
        let since = match &expect.since {
            None => self.at.since,
            Some(since) => self.time_written(since).await?,
        };
        let wanted = self.pattern(&expect.stanza)?;
        let limit = within + self.target.tolerance.late + self.round_trip;
        let left = (since + limit).saturating_sub(self.wire.now());
        let next = expect.next;
        let found = self
            .watch(left, |world| {
                let inbox = &mut world.actors[actor].inbox;
                let place = inbox
                    .iter()
                    .position(|arrived| matching::matches_any(&wanted, &arrived.element))?;
                if next && place > 0 {
                    return Some(Err(inbox[0].element.clone()));
                }
                inbox.remove(place).map(Ok)
            })
            .await;
        let place = &expect.stanza.place;
        match found {
            Some(Ok(arrived)) => {
                // It may have come while another step was waited for.
                let took = arrived.at.saturating_sub(since);
                if expect.within.is_some() && took > limit {
                    let seen = format!("it came after {}", words(took));
                    self.fail(place, format!("this stanza within {}", words(within)), seen)?;
                }
                self.capture_stanza(&expect.capture, &arrived.element)
            }
            Some(Err(other)) => {
                let seen = format!(
                    "another stanza came before it: {}",
                    matching::element_in_short(&other)
                );
                self.fail(place, "this stanza to be the next", seen)
            }
            None => {
                let inbox: Vec<_> = self.actors[actor].inbox.iter().collect();
                let came: Vec<&Element> = inbox.iter().map(|arrived| &arrived.element).collect();
                let found = matching::differences(&expect.stanza, &came, self)?;
                self.fail(place, format!("{} within {}", found.expected, words(within)), found.seen)
            }
        }
    }

    /// Sees that no such stanza comes.
    pub(super) async fn unseen(
        &mut self,
        actor: usize,
        stanza: &Located<Xml>,
        during: Duration,
    ) -> Done {
        let wanted = self.pattern(stanza)?;
        let found = self
            .watch(during, |world| {
                let inbox = &world.actors[actor].inbox;
                let found =
                    inbox.iter().find(|arrived| matching::matches_any(&wanted, &arrived.element));
                found.cloned()
            })
            .await;
        match found {
            None => Ok(()),
            Some(arrived) => {
                let after = words(arrived.at.saturating_sub(self.at.since));
                let seen = format!(
                    "it came after {after}: {}",
                    matching::element_in_short(&arrived.element)
                );
                self.fail(&stanza.place, format!("no such stanza for {}", words(during)), seen)
            }
        }
    }

    /// Stanzas as patterns.
    fn pattern(&self, stanza: &Located<Xml>) -> Done<Element> {
        Ok(stanza.value.elements(self)?)
    }
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
