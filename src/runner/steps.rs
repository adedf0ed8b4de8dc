//! The steps of a scenario, one after the other.

use std::pin::Pin;
use std::time::Duration;

use super::asking::{how, route};
use super::judge::Taken;
use super::outcome::Failure;
use super::wire::{Progress, SentId};
use super::world::{Done, StepAt, Stop, World};
use crate::clock::words;
use crate::scenario::matching::{self, Mismatch, Outcome};
use crate::scenario::vars::Value;
use crate::scenario::{
    Action, Located, NoAnswer, Place, Reference, Response, Step, StepKind, Timespan,
};
use crate::trace::How;
use crate::wire::Side;

/// A check of a session that is silent for so long has its request released by another.
const PATIENCE: Duration = Duration::from_millis(500);
/// What is answered at once may take so long.
const AT_ONCE: Duration = Duration::from_secs(5);
/// A response may take so much longer than `wait` before it counts as none.
const BEYOND: Duration = Duration::from_secs(10);

impl World {
    /// Does steps in order.
    pub(super) fn steps<'a>(
        &'a mut self,
        steps: &'a [Step],
    ) -> Pin<Box<dyn Future<Output = Done> + Send + 'a>> {
        Box::pin(async move {
            for step in steps {
                self.step(step).await?;
            }
            Ok(())
        })
    }

    #[allow(clippy::too_many_lines)] // one arm for each kind of step
    async fn step(&mut self, step: &Step) -> Done {
        let covers =
            |covers: &[Located<String>]| covers.iter().map(|id| id.value.clone()).collect();
        let says = match &step.says {
            None => None,
            Some(says) => Some(self.text(says)?),
        };
        self.at = StepAt {
            place: step.place.clone(),
            covers: match &step.covers[..] {
                [] => covers(&self.scenario.covers),
                own => covers(own),
            },
            level: step.level.as_ref().map(|level| level.value),
            says,
            since: self.wire.now(),
        };
        self.pump();
        match &step.kind {
            StepKind::Request(request) => self.request(request, false),
            StepKind::Create(request) => self.request(request, true),
            StepKind::Resend(resend) => self.resend(resend),
            StepKind::Raw(raw) => self.raw(raw),
            StepKind::Together(steps) => self.together(steps).await,
            StepKind::Connect(connect) => {
                let conn = self.wire.connect(route(connect.via.as_ref().map(|via| via.value)));
                self.conns.insert(connect.name.value.clone(), conn);
                self.made(&[conn], &connect.name).await
            }
            StepKind::Disconnect(disconnect) => {
                let conn = self.conn(&disconnect.connection)?;
                let end = disconnect.how.as_ref().map_or(How::Fin, |end| how(end.value));
                self.wire.end(conn, end);
                let wire = self.wire.clone();
                let deadline = self.wire.now() + AT_ONCE;
                wire.until(deadline, || wire.ended(conn)).await;
                Ok(())
            }
            StepKind::Response(response) => self.response(response).await,
            StepKind::Silent { requests, during } => self.silent(requests, during).await,
            StepKind::Disconnected { connection, within, how: end } => {
                let conn = self.conn(connection)?;
                let within = self.span_or(within.as_ref(), AT_ONCE)? + self.target.tolerance.late;
                let ended = self.watch(within, |world| world.wire.ended(conn)).await;
                let demanded = end.as_ref().map(|end| how(end.value));
                let wanted = match demanded {
                    None => "the connection to be ended",
                    Some(How::Fin) => "the connection to be ended in order",
                    Some(How::Reset) => "the connection to be reset",
                };
                match ended {
                    None => {
                        let seen = format!("it is open after {}", words(within));
                        self.fail(&connection.place, wanted, seen)
                    }
                    Some(ended) if ended.by == Side::Client => {
                        self.fail(&connection.place, wanted, "we ended it ourselves")
                    }
                    Some(ended) if demanded.is_some_and(|how| how != ended.how) => {
                        let seen = if ended.how == How::Fin {
                            "it was ended in order"
                        } else {
                            "it was reset"
                        };
                        self.fail(&connection.place, wanted, seen)
                    }
                    Some(_) => Ok(()),
                }
            }
            StepKind::Connected { connection, during } => {
                let conn = self.conn(connection)?;
                let during = self.span_or(during.as_ref(), Duration::ZERO)?;
                match self.watch(during, |world| world.wire.ended(conn)).await {
                    None => Ok(()),
                    Some(ended) => {
                        let after = words(ended.at.saturating_sub(self.at.since));
                        let seen = format!("it was ended after {after}");
                        self.fail(&connection.place, "the connection to stay open", seen)
                    }
                }
            }
            StepKind::Order(requests) => self.order(requests),
            StepKind::Alive { actor, within } => {
                let within = self.span_or(within.as_ref(), AT_ONCE)?;
                let actor = self.actor_named(actor)?;
                self.alive(actor, within).await
            }
            StepKind::Gone { actor, within } => {
                let within = self.span_or(within.as_ref(), AT_ONCE)?;
                let actor = self.actor_named(actor)?;
                self.gone(actor, within).await
            }
            StepKind::Drain(actor) => {
                let actor = self.actor_named(actor)?;
                self.drain(actor).await
            }
            StepKind::Login(actor) => {
                let actor = self.actor_named(actor)?;
                self.open(actor).await
            }
            StepKind::Wait(time) => {
                let time = time.resolve(self)?;
                self.watch(time, |_| None::<()>).await;
                Ok(())
            }
            StepKind::Send { actor, stanza, name } => {
                let actor = self.actor_named(actor)?;
                let text = stanza.value.text(self)?;
                self.give(actor, text).await;
                if let Some(name) = name {
                    self.marks.insert(name.value.clone(), self.wire.now());
                }
                Ok(())
            }
            StepKind::Expect(expect) => self.expect(expect).await,
            StepKind::Unseen { actor, stanza, during } => {
                let actor = self.actor_named(actor)?;
                let during = during.resolve(self)?;
                self.unseen(actor, stanza, during).await
            }
            StepKind::Value { value, expected } => {
                for mismatch in matching::compare_value(value, expected, self)? {
                    self.mismatch(&mismatch, &value.place)?;
                }
                Ok(())
            }
            StepKind::Distinct { variable, bits } => {
                let bits = match bits {
                    None => None,
                    Some(bits) => Some(bits.resolve(self)?),
                };
                let values = self.history.get(&variable.value).cloned().unwrap_or_default();
                for seen in matching::distinct(&values, bits) {
                    let wanted = format!("values of `{}` that can't be guessed", variable.value);
                    self.fail(&variable.place, wanted, seen)?;
                }
                Ok(())
            }
            StepKind::Repeat { times, counting, every, steps } => {
                let times = times.resolve(self)?;
                for n in 1..=times {
                    if let Some(counting) = counting {
                        self.assign(&counting.value, Value::Number(n.into()));
                    }
                    let began = self.wire.now();
                    self.steps(steps).await?;
                    if let Some(every) = every
                        && n < times
                    {
                        let rest = (began + every.resolve(self)?).saturating_sub(self.wire.now());
                        self.watch(rest, |_| None::<()>).await;
                    }
                }
                Ok(())
            }
            StepKind::If { conditions, steps, otherwise, skip } => {
                let mut unmet = None;
                for condition in conditions {
                    if let Some(why) = self.unmet(condition)? {
                        unmet = Some(why);
                        break;
                    }
                }
                match (unmet, skip) {
                    (None, _) => self.steps(steps).await,
                    (Some(_), Some(skip)) => {
                        let why = self.text(skip)?;
                        Err(Stop::Skipped(why))
                    }
                    (Some(_), None) => self.steps(otherwise).await,
                }
            }
            StepKind::Set(assignments) => {
                for assignment in assignments {
                    let value = assignment.value.value.value(self)?;
                    self.assign(&assignment.name.value, value);
                }
                Ok(())
            }
            StepKind::Control { action, name } => {
                let done = self.control(action.value).await;
                if let Some(name) = name {
                    self.marks.insert(name.value.clone(), self.wire.now());
                }
                done
            }
            StepKind::Note(text) => {
                let said = self.text(text)?;
                self.note(&text.place, said);
                Ok(())
            }
        }
    }

    pub(super) fn span_or(
        &self,
        span: Option<&Located<Timespan>>,
        usual: Duration,
    ) -> Done<Duration> {
        Ok(span.map(|span| span.resolve(self)).transpose()?.unwrap_or(usual))
    }

    fn conn(&self, name: &Located<String>) -> Done<super::wire::ConnId> {
        self.conns.get(&name.value).copied().ok_or_else(|| {
            Stop::Broken(name.place.clone(), format!("there is no connection `{}` yet", name.value))
        })
    }

    /// Waits until connections are made.
    async fn made(&mut self, conns: &[super::wire::ConnId], name: &Located<String>) -> Done {
        let wire = self.wire.clone();
        let deadline = self.wire.now() + AT_ONCE;
        let made = wire
            .until(deadline, || {
                let mut all = true;
                for &conn in conns {
                    match wire.connected(conn) {
                        Ok(connected) => all &= connected,
                        Err(why) => return Some(Err(why)),
                    }
                }
                all.then_some(Ok(()))
            })
            .await;
        let why = match made {
            Some(Ok(())) => return Ok(()),
            Some(Err(why)) => why,
            None => format!("not made within {}", words(AT_ONCE)),
        };
        Err(Stop::Broken(name.place.clone(), format!("cannot connect: {why}")))
    }

    /// Sends requests one directly after the other, on connections that are open already.
    async fn together(&mut self, steps: &[Step]) -> Done {
        // As many free connections as there are requests; each takes the first that is free.
        let mut actors = Vec::new();
        for step in steps {
            let actor = match &step.kind {
                StepKind::Request(request) | StepKind::Create(request) => {
                    self.actor(request.by.as_ref())?
                }
                StepKind::Resend(resend) => self.sent(&resend.request).map_or(0, |sent| sent.actor),
                _ => continue,
            };
            actors.push(actor);
        }
        let mut opened = Vec::new();
        for (n, &actor) in actors.iter().enumerate() {
            let wanted = actors[..=n].iter().filter(|&&other| other == actor).count();
            let kept = &self.actors[actor].conns;
            let free = kept.iter().filter(|&&conn| self.wire.is_free(conn)).count();
            // A repeat goes to another connection than its first sending: one to spare.
            for _ in free..=wanted {
                let conn = self.open_conn(actor, None);
                self.actors[actor].conns.push(conn);
                opened.push(conn);
            }
        }
        let name = Located::new(String::new(), self.at.place.clone());
        self.made(&opened, &name).await?;
        let at = self.at.clone();
        for step in steps {
            self.at = at.clone();
            match &step.kind {
                StepKind::Request(request) => self.request(request, false)?,
                StepKind::Create(request) => self.request(request, true)?,
                StepKind::Resend(resend) => self.resend(resend)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at what comes for so long, keeping the polling of actors going, until `look` finds something.
    pub(super) async fn watch<T>(
        &mut self,
        time: Duration,
        mut look: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let wire = self.wire.clone();
        let deadline = wire.now() + time;
        wire.until(deadline, || {
            self.pump();
            look(self)
        })
        .await
    }

    /// How something sent stands when it is answered, or its connection is ended, or the time is over.
    pub(super) async fn settled(&mut self, sent: SentId, time: Duration) -> Progress {
        let settled = self
            .watch(time, |world| {
                let progress = world.wire.progress(sent);
                (progress.got.is_some() || progress.ended.is_some()).then_some(progress)
            })
            .await;
        settled.unwrap_or_else(|| self.wire.progress(sent))
    }

    /// What the last steps gave to connections is on its way.
    pub(super) async fn all_written(&mut self) {
        let all: Vec<SentId> = self.sent.values().flatten().map(|sent| sent.id).collect();
        self.watch(Duration::from_millis(200), |world| {
            let gone = |sent: &SentId| {
                let progress = world.wire.progress(*sent);
                progress.written.is_some() || progress.got.is_some() || progress.ended.is_some()
            };
            all.iter().all(gone).then_some(())
        })
        .await;
    }

    /// When something that is named was done; a request that has just been given to its connection is written first.
    pub(super) async fn time_written(&mut self, reference: &Reference) -> Done<Duration> {
        if !self.marks.contains_key(&reference.name.value) {
            let sent = self.sent(reference)?.id;
            self.watch(AT_ONCE, |world| {
                let progress = world.wire.progress(sent);
                (progress.written.is_some() || progress.ended.is_some()).then_some(())
            })
            .await;
        }
        self.time_of(reference)
    }

    /// How long a response may take if the scenario does not say.
    pub(super) fn patience(&self, actor: usize) -> Duration {
        self.actors[actor].session.wait() + BEYOND
    }

    #[allow(clippy::too_many_lines)] // one demand after the other
    async fn response(&mut self, response: &Response) -> Done {
        let sent = self.sent(&response.request)?.clone();
        let since = match &response.since {
            None => None,
            Some(since) => Some(self.time_written(since).await?),
        };
        let within = match &response.within {
            None => None,
            Some(within) => Some(within.resolve(self)?),
        };
        let late = self.target.tolerance.late + self.round_trip;
        let name = &response.request.name;
        // A response that is too late is waited for a little, to say by how much.
        let limit =
            within.map_or_else(|| self.patience(sent.actor), |within| within + late + AT_ONCE);
        let begun = since.or(self.wire.progress(sent.id).written).unwrap_or(self.at.since);
        let left = (begun + limit).saturating_sub(self.wire.now());
        if let Some(no_answer) = &response.expected.no_answer {
            let limit = within.unwrap_or(limit);
            let left = (begun + limit).saturating_sub(self.wire.now());
            return self.no_answer(&sent, no_answer, left).await;
        }
        let progress = self.settled(sent.id, left).await;
        let begun = since.or(progress.written).unwrap_or(begun);
        self.at.since = begun;
        let Some(got) = progress.got else {
            let how = if progress.ended.is_some() { NoAnswer::Closed } else { NoAnswer::Silent };
            let by_us = progress.ended.is_some_and(|ended| ended.by == Side::Client);
            if !response.expected.any_of.is_empty()
                && !by_us
                && self.wire.connected(sent.conn).is_ok()
            {
                let compared = self.compare_outcome(&response.expected, Outcome::None(how))?;
                if compared.mismatches.is_empty() {
                    return self.taken(compared.taken, "no response");
                }
            }
            let (wanted, seen) = match progress.ended {
                Some(ended) if ended.by == Side::Client => {
                    return Err(Stop::Broken(
                        name.place.clone(),
                        format!(
                            "`{}` can't be answered: its connection was cut by the scenario",
                            name.value
                        ),
                    ));
                }
                Some(ended) => {
                    let after = words(ended.at.saturating_sub(begun));
                    let end = if ended.how == How::Fin { "closed" } else { "reset" };
                    let refused = self.wire.connected(sent.conn).err();
                    if let Some(why) = refused {
                        return Err(Stop::Broken(
                            name.place.clone(),
                            format!("cannot connect: {why}"),
                        ));
                    }
                    (
                        format!("a response to `{}`", name.value),
                        format!("its connection was {end} after {after}, with no response"),
                    )
                }
                None => (
                    format!(
                        "a response to `{}`{}",
                        name.value,
                        within.map_or_else(String::new, |within| format!(
                            " within {}",
                            words(within)
                        ))
                    ),
                    format!(
                        "no answer at all, {} after it was sent",
                        words(self.wire.now().saturating_sub(begun))
                    ),
                ),
            };
            // Nothing that follows can make sense of a response that is not there.
            self.fail(&name.place, wanted, seen)?;
            return Err(Stop::Failed);
        };
        self.took(&response.request, &got);
        let first = got.response.first.saturating_sub(begun);
        let rest = within.filter(|within| first > *within + late);
        if let (Some(within), Some(place)) = (rest, &response.within) {
            let late = self.late(begun, first.saturating_sub(within));
            self.fail_in_time(
                &place.place,
                format!("the response within {}", words(within)),
                format!("it took {}", words(first)),
                late,
            )?;
        }
        if let Some(not_before) = &response.not_before {
            let least = not_before.resolve(self)?;
            if first + self.target.tolerance.early < least {
                self.fail(
                    &not_before.place,
                    format!("the response not before {}", words(least)),
                    format!("it came after {}", words(first)),
                )?;
            }
        }
        if let Some(after) = &response.after {
            let other = self.sent(after)?.id;
            let before = self.got(other);
            let earlier = before.is_some_and(|other| self.came_before(&other, &got));
            if !earlier {
                self.fail(
                    &after.name.place,
                    format!("`{}` to be answered after `{}`", name.value, after.name.value),
                    format!("`{}` was answered first", name.value),
                )?;
            }
        }
        let compared = self.compare(&response.expected, &got)?;
        for mismatch in compared.mismatches {
            self.mismatch(&mismatch, &name.place)?;
        }
        self.taken(compared.taken, &super::judge::short(&got))?;
        self.capture_response(&response.capture, &got)
    }

    /// An alternative came of which something is to be said.
    fn taken(&mut self, taken: Vec<Taken>, seen: &str) -> Done {
        for (place, level, says) in taken {
            let before = self.at.clone();
            match level {
                None => self.note(&place, says.unwrap_or_default()),
                Some(level) => {
                    self.at.level = Some(level);
                    self.at.says = says.or(self.at.says.take());
                    let failed = self.fail(&place, "another response", seen);
                    self.at = before;
                    failed?;
                }
            }
        }
        Ok(())
    }

    /// Something is not as demanded.
    fn mismatch(&mut self, mismatch: &Mismatch, place: &Place) -> Done {
        let place = mismatch.place.as_ref().unwrap_or(place).clone();
        let expected = mismatch.demand();
        self.fail(&place, expected, mismatch.seen.clone())
    }

    /// Whether one response came before another. On two connections near in time that can't be told.
    pub(super) fn came_before(&self, one: &super::wire::Got, other: &super::wire::Got) -> bool {
        one.order < other.order
            || one.response.first <= other.response.first + self.target.tolerance.early
    }

    /// The lag of this machine that could explain a delay.
    fn late(&self, since: Duration, excess: Duration) -> Option<Duration> {
        let lag = self.heart.as_ref()?.lag(since, self.wire.now());
        (lag >= excess).then_some(lag)
    }

    fn fail_in_time(
        &mut self,
        place: &Place,
        expected: String,
        seen: String,
        lag: Option<Duration>,
    ) -> Done {
        let before = self.failures.len();
        let done = self.fail(place, expected, seen);
        if let Some(Failure { lag: noted, .. }) = self.failures.get_mut(before) {
            *noted = lag;
        }
        done
    }

    async fn no_answer(
        &mut self,
        sent: &super::world::Sent,
        wanted: &Located<NoAnswer>,
        time: Duration,
    ) -> Done {
        let progress = self.settled(sent.id, time).await;
        let expected = match wanted.value {
            NoAnswer::Closed => "the connection to be ended without a response",
            NoAnswer::Silent => "no response, and the connection to stay open",
            NoAnswer::Any => "no response",
        };
        match (progress.got, progress.ended, wanted.value) {
            (Some(got), ..) => {
                let seen = format!("it was answered: {}", super::judge::short(&got));
                self.fail(&wanted.place, expected, seen)
            }
            (None, None, NoAnswer::Closed) => {
                self.fail(&wanted.place, expected, format!("it is open after {}", words(time)))
            }
            (None, Some(ended), NoAnswer::Silent) if ended.by == Side::Server => {
                self.fail(&wanted.place, expected, "the connection was ended")
            }
            _ => Ok(()),
        }
    }

    async fn silent(&mut self, requests: &[Reference], during: &Located<Timespan>) -> Done {
        let during = during.resolve(self)?;
        let mut watched = Vec::new();
        for request in requests {
            watched.push((request.name.clone(), self.sent(request)?.id));
        }
        let broken = self
            .watch(during, |world| {
                watched.iter().find_map(|(name, sent)| {
                    let progress = world.wire.progress(*sent);
                    (progress.got.is_some() || progress.ended.is_some())
                        .then(|| (name.clone(), progress))
                })
            })
            .await;
        let Some((name, progress)) = broken else { return Ok(()) };
        let begun = progress.written.unwrap_or(self.at.since);
        let wanted = format!("`{}` to stay without an answer for {}", name.value, words(during));
        let seen = match (&progress.got, progress.ended) {
            (Some(got), _) => format!(
                "it was answered {} after it was sent: {}",
                words(got.response.first.saturating_sub(begun)),
                super::judge::short(got)
            ),
            (None, Some(ended)) if ended.by == Side::Client => {
                return Err(Stop::Broken(
                    name.place,
                    "its connection was cut by the scenario".to_owned(),
                ));
            }
            _ => "its connection was ended".to_owned(),
        };
        self.at.since = begun;
        // An answer that was due later is seen here if this machine came late to watch.
        let answered = progress.got.as_ref().map(|got| got.response.first.saturating_sub(begun));
        let later = answered.and_then(|answered| answered.checked_sub(during));
        let lag = later.and_then(|later| self.late(begun, later));
        self.fail_in_time(&name.place, wanted, seen, lag)
    }

    fn order(&mut self, requests: &[Reference]) -> Done {
        for pair in requests.windows(2) {
            let (first, second) = (self.sent(&pair[0])?.id, self.sent(&pair[1])?.id);
            let (Some(first), Some(second)) = (self.got(first), self.got(second)) else {
                return Err(Stop::Broken(
                    pair[1].name.place.clone(),
                    "both must have been answered: await their responses first".to_owned(),
                ));
            };
            if !self.came_before(&first, &second) {
                let (one, other) = (&pair[0].name, &pair[1].name);
                self.at.since = second.response.first;
                self.fail(
                    &other.place,
                    format!("`{}` to be answered before `{}`", one.value, other.value),
                    format!("`{}` was answered first", other.value),
                )?;
            }
        }
        Ok(())
    }

    /// The next correct rid is answered as usual.
    async fn alive(&mut self, actor: usize, within: Duration) -> Done {
        let place = self.at.place.clone();
        let wanted = "the session to go on: its next rid to be answered";
        let sent = self.ask(actor, &[], "");
        let mut progress = self.settled(sent.id, PATIENCE.min(within)).await;
        if progress.got.is_none() && progress.ended.is_none() {
            // It is held, as it should be; the next one has it answered.
            let next = self.ask(actor, &[], "");
            self.actors[actor].quiet.push(next.id);
            progress = self.settled(sent.id, within).await;
        }
        match progress.got {
            None if progress.ended.is_some() => {
                self.fail(&place, wanted, "its connection was ended without a response")
            }
            None => self.fail(&place, wanted, format!("no answer within {}", words(within))),
            Some(got) => {
                self.take_in(actor, &got);
                match super::judge::terminal(&got) {
                    None if got.response.status == 200 => Ok(()),
                    _ => self.fail(&place, wanted, super::judge::short(&got)),
                }
            }
        }
    }

    /// The next correct rid is answered by item-not-found, or 404.
    async fn gone(&mut self, actor: usize, within: Duration) -> Done {
        let place = self.at.place.clone();
        let wanted = "the session to be over: its next rid to be answered by item-not-found or 404";
        let sent = self.ask(actor, &[], "");
        let progress = self.settled(sent.id, within).await;
        match progress.got {
            Some(got) if super::judge::is_gone(&got) => Ok(()),
            Some(got) => self.fail(&place, wanted, super::judge::short(&got)),
            None if progress.ended.is_some() => {
                self.fail(&place, wanted, "its connection was ended without a response")
            }
            None => self.fail(
                &place,
                wanted,
                format!("the request is held: no answer within {}", words(within)),
            ),
        }
    }

    /// Has the target do something.
    async fn control(&mut self, action: Action) -> Done {
        let place = self.at.place.clone();
        let wire = self.wire.clone();
        if let Some(doing) = wire.control(action) {
            doing.await;
            return Ok(());
        }
        let Some((program, arguments)) =
            self.target.control.get(&action).and_then(|command| command.split_first())
        else {
            return Err(Stop::Skipped("the target has no command for this".to_owned()));
        };
        let done = tokio::process::Command::new(program).args(arguments).output().await;
        match done {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(Stop::Broken(
                place,
                format!(
                    "{program}: {}: {}",
                    output.status,
                    String::from_utf8_lossy(&output.stderr).trim()
                ),
            )),
            Err(error) => Err(Stop::Broken(place, format!("cannot run {program}: {error}"))),
        }
    }
}
