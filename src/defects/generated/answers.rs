//! Answers of sessions that go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::deed::{Carriage, Deed, State, Timing};
use super::one::Generated;
use super::place::Place;
use super::shared::Shared;
use super::wrong::Wrong;
use crate::bosh::{Body, BodyType, Condition};
use crate::cm::backend::Command;
use crate::cm::reply::{Payload, PayloadKind, Reply};
use crate::cm::session::{Action, Input, Request, Token};
use crate::defects::bend::{Bend, Cx, PendingRequest};
use crate::defects::steps::{Standing, standing};

/// A session whose answers go wrong at one place.
pub(super) struct Answers {
    generated: Generated,
    shared: Shared,
    /// How often each place came.
    came: BTreeMap<Place, u32>,
    /// The rids that were answered.
    answered: BTreeSet<u64>,
    /// What the next new answer comes after.
    after: Option<Place>,
    /// The attributes of the latest answer.
    before: BTreeMap<String, String>,
    /// Payloads for the next response.
    kept: Vec<Payload>,
    /// Responses that go with the next request.
    waiting: Vec<Action>,
    /// A response that goes after the next one.
    swapped: Option<Action>,
    /// Whether it is over, or goes on though it is over.
    fate: Option<Fate>,
    /// Since when a timer runs that nothing stops.
    doomed: Option<Duration>,
    /// What became of the timer and the window.
    timer: Option<State>,
    /// When the latest answer went out.
    latest: Duration,
    /// Whether a terminal response went out.
    told: bool,
    /// Rids whose response is not kept, or not as it was.
    forgotten: BTreeSet<u64>,
    /// A request beyond the window.
    beyond: Option<Request>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Dead,
    Alive,
}

impl Answers {
    pub(super) fn new(generated: Generated, shared: Shared) -> Self {
        Self {
            generated,
            shared,
            came: BTreeMap::new(),
            answered: BTreeSet::new(),
            after: None,
            before: BTreeMap::new(),
            kept: Vec::new(),
            waiting: Vec::new(),
            swapped: None,
            fate: None,
            doomed: None,
            timer: None,
            latest: Duration::ZERO,
            told: false,
            forgotten: BTreeSet::new(),
            beyond: None,
        }
    }

    /// All that an answer is.
    fn places(&self, reply: &Reply, asked: Option<&PendingRequest>, cx: &Cx<'_>) -> Vec<Place> {
        let body = asked.map(|asked| &asked.body);
        if cx.answered() == 0 && reply.get("sid").is_some() {
            return vec![Place::Creation];
        }
        if asked.is_some_and(|asked| self.answered.contains(&asked.rid)) && !reply.is_terminal() {
            return vec![Place::Replayed];
        }
        if reply.get("type") == Some("error") {
            return vec![Place::OlderCopy];
        }
        let mut places = Vec::new();
        if cx.session().terms().acks && reply.get("stream").is_some() {
            places.push(Place::OneOfStreams);
        }
        if reply.is_terminal() {
            let closed = reply.payloads.iter().any(|it| it.kind == PayloadKind::StreamError);
            places.push(match reply.get("condition") {
                _ if reply.legacy.is_some() => Place::LegacyRefusal,
                _ if closed => Place::StreamClosed,
                None => Place::Farewell,
                Some("other-request") => Place::OtherRequest,
                Some("system-shutdown") => Place::ShutDown,
                Some("remote-stream-error") => Place::StreamClosed,
                Some(_) => Place::Refusal,
            });
            return places;
        }
        if cx.all_asked().any(|(_, asked)| asked.body.kind() == BodyType::Terminate) {
            places.push(Place::BesideFarewell);
            return places;
        }
        places.extend(body.and_then(of_body));
        if reply.get("report").is_some() {
            places.push(Place::Reported);
        }
        let held = asked.map_or(Duration::ZERO, |asked| cx.now.saturating_sub(asked.at));
        let terms = cx.session().terms();
        if terms.is_polling() {
            places.push(Place::Polled);
        } else if !reply.payloads.is_empty() {
            places.push(if held.is_zero() { Place::Prompt } else { Place::Delivered });
        } else if held >= terms.wait {
            places.push(Place::WaitOver);
        } else if body.and_then(of_body).is_none() {
            places.push(Place::Released);
        }
        match cx.answered() {
            1 => places.push(Place::Second),
            2 => places.push(Place::Third),
            _ => {}
        }
        places.extend(self.after);
        places
    }

    /// Remembers an answer for those that follow.
    fn learn(&mut self, places: &[Place], rid: Option<u64>, reply: &Reply, now: Duration) {
        if places != [Place::OlderCopy] {
            self.answered.extend(rid);
        }
        self.told |= reply.is_terminal();
        self.latest = now;
        self.before = reply
            .attributes
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        self.after = match places {
            [Place::Replayed] => Some(Place::AfterReplay),
            [Place::OlderCopy] => Some(Place::AfterOlderCopy),
            _ if places.contains(&Place::Paused) => Some(Place::AfterPause),
            _ if places.contains(&Place::Restarted) => Some(Place::AfterRestart),
            _ => None,
        };
    }

    /// Whether this time it goes wrong.
    fn strikes(&mut self, places: &[Place]) -> bool {
        for place in places {
            let came = self.came.entry(*place).or_default();
            *came += 1;
            self.shared.seen.visit(*place, *came);
        }
        let came =
            self.came.get(&self.generated.place).filter(|_| places.contains(&self.generated.place));
        came.is_some_and(|came| self.generated.turn.has_come(came - 1))
    }

    fn go_wrong(&mut self, token: Token, rid: Option<u64>, mut reply: Reply, cx: &mut Cx<'_>) {
        let answer = |reply| Action::Answer { token, rid, reply };
        match self.generated.deed {
            Deed::Attribute(name, wrong) => {
                if make_wrong(&mut reply, name, wrong, &self.before) {
                    self.shared.seen.fires();
                }
                cx.act(answer(reply));
            }
            Deed::Payloads(Carriage::Anyway) => {
                let body = cx.asked(token).map(|asked| asked.body.clone());
                let link = cx.session().links().next();
                for payload in body.iter().flat_map(Body::payloads) {
                    let mut payload = payload.clone();
                    payload.move_namespace(crate::bosh::NS, crate::xmpp::ns::CLIENT);
                    if let Some(link) = link {
                        self.shared.seen.fires();
                        cx.act(Action::Command(link, Command::Send(payload)));
                    }
                }
                cx.act(answer(reply));
            }
            Deed::Payloads(carriage) => {
                let payloads = std::mem::take(&mut reply.payloads);
                let before = payloads.clone();
                reply.payloads = self.carry(carriage, payloads, cx);
                if reply.payloads != before {
                    self.shared.seen.fires();
                }
                cx.act(answer(reply));
            }
            Deed::Http(_) => {
                self.shared.lock().marked.insert(token);
                cx.act(answer(reply));
            }
            Deed::Timing(timing) => {
                self.shared.seen.fires();
                match timing {
                    Timing::Late => cx.act_after(Duration::from_secs(2), answer(reply)),
                    Timing::VeryLate => cx.act_after(Duration::from_secs(8), answer(reply)),
                    Timing::WithNextRequest => self.waiting.push(answer(reply)),
                    Timing::Swapped if self.swapped.is_none() => {
                        self.swapped = Some(answer(reply));
                    }
                    Timing::Swapped => cx.act(answer(reply)),
                    Timing::Never => {}
                }
            }
            Deed::State(State::KeptEmpty) if reply.payloads.is_empty() => cx.act(answer(reply)),
            Deed::State(state) => {
                self.stand(state, rid, cx);
                cx.act(answer(reply));
            }
            Deed::Forwarding(_)
            | Deed::Unseen(_)
            | Deed::Stream(_)
            | Deed::Frame(_)
            | Deed::Nothing => {
                cx.act(answer(reply));
            }
        }
    }

    fn carry(
        &mut self,
        carriage: Carriage,
        mut payloads: Vec<Payload>,
        cx: &Cx<'_>,
    ) -> Vec<Payload> {
        match carriage {
            Carriage::Lost => payloads.clear(),
            Carriage::LastLost => drop(payloads.pop()),
            Carriage::Doubled => payloads.extend(payloads.clone()),
            Carriage::Reversed => payloads.reverse(),
            Carriage::Late => self.kept.append(&mut payloads),
            Carriage::Elsewhere => {
                let sid = cx.session().sid();
                let astray = payloads.drain(..).map(|payload| (sid.clone(), payload));
                self.shared.lock().astray.extend(astray);
            }
            Carriage::NamespaceLost => {
                for payload in &mut payloads {
                    payload.xml = payload.xml.replacen(" xmlns='jabber:client'", "", 1).into();
                }
            }
            Carriage::Trimmed => {
                for payload in &mut payloads {
                    payload.xml = trimmed(&payload.xml).into();
                }
            }
            Carriage::Anyway => {}
        }
        payloads
    }

    fn stand(&mut self, state: State, rid: Option<u64>, cx: &Cx<'_>) {
        self.shared.seen.fires();
        match state {
            State::Dead => self.fate = Some(Fate::Dead),
            State::Alive => self.fate = Some(Fate::Alive),
            State::OthersDead => {
                self.shared.lock().spared = Some(cx.session().sid().clone());
            }
            State::TimerRuns => {
                self.doomed.get_or_insert(cx.now + cx.session().terms().inactivity);
            }
            State::NotKept | State::KeptEmpty => self.forgotten.extend(rid),
            State::TimerShort | State::TimerStopped | State::WindowNarrow | State::WindowWide => {
                self.timer = Some(state);
            }
        }
    }

    /// Whether the session is over before it should be.
    fn is_dead(&mut self, cx: &Cx<'_>) -> bool {
        let sid = cx.session().sid();
        let condemned = self.shared.lock().spared.as_ref().is_some_and(|spared| spared != sid);
        let short = self.timer == Some(State::TimerShort)
            && cx.now.saturating_sub(self.latest) > cx.session().terms().inactivity / 2
            && cx.all_asked().count() <= 1;
        if condemned || short || self.doomed.is_some_and(|doomed| doomed <= cx.now) {
            self.fate = Some(Fate::Dead);
        }
        self.fate == Some(Fate::Dead)
    }

    /// A request comes: gives it back if it is for the session.
    fn request(&mut self, request: Request, cx: &mut Cx<'_>) -> Option<Request> {
        let token = request.token;
        if self.is_dead(cx) {
            cx.refuse(token, Condition::ItemNotFound);
            return None;
        }
        if self.fate == Some(Fate::Alive) && cx.session().is_dead() {
            cx.answer(token, Reply::empty());
            return None;
        }
        let stands = standing(request.rid, cx.session());
        let (contiguous, requests) = (cx.session().contiguous(), cx.session().terms().requests);
        let ahead = request.rid.saturating_sub(contiguous);
        if stands == Standing::Remembered
            && self.forgotten.contains(&request.rid)
            && self.generated.deed == Deed::State(State::NotKept)
        {
            cx.fail(token, Condition::ItemNotFound);
            return None;
        }
        if self.timer == Some(State::WindowNarrow) && ahead == requests && ahead > 1 {
            cx.fail(token, Condition::ItemNotFound);
            return None;
        }
        if self.timer == Some(State::WindowWide) && ahead == requests + 1 {
            self.beyond = Some(request);
            return None;
        }
        Some(request)
    }
}

impl Bend for Answers {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match input {
            Input::Request(request) => {
                for action in std::mem::take(&mut self.waiting) {
                    cx.act(action);
                }
                let Some(request) = self.request(request, cx) else { return };
                cx.pass(Input::Request(request));
                if let Some(request) = self.beyond.take() {
                    let session = cx.session();
                    if request.rid <= session.contiguous() + session.terms().requests {
                        cx.pass(Input::Request(request));
                    } else {
                        self.beyond = Some(request);
                    }
                }
            }
            Input::Gone(token) => {
                self.after = Some(Place::AfterCut);
                cx.pass(Input::Gone(token));
            }
            input => cx.pass(input),
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let Action::Answer { token, rid, mut reply } = action else {
            let lives = self.fate == Some(Fate::Alive)
                || self.timer == Some(State::TimerStopped) && !self.told;
            if action == Action::Ended && lives {
                self.fate = Some(Fate::Alive);
                return;
            }
            return cx.act(action);
        };
        self.shared.lock().of_sessions.insert(token);
        let places = self.places(&reply, cx.asked(token), cx);
        if places == [Place::Replayed]
            && rid.is_some_and(|rid| self.forgotten.contains(&rid))
            && self.generated.deed == Deed::State(State::KeptEmpty)
        {
            reply.payloads.clear();
        }
        if !reply.is_terminal() && places != [Place::Replayed] && places != [Place::OlderCopy] {
            reply.payloads.splice(..0, std::mem::take(&mut self.kept));
            self.take_strays(&mut reply, cx);
        }
        let seen = reply.clone();
        let earlier = self.swapped.take();
        if self.strikes(&places) {
            if let Some(action) = earlier {
                cx.act(action);
            }
            self.go_wrong(token, rid, reply, cx);
        } else {
            cx.act(Action::Answer { token, rid, reply });
            if let Some(action) = earlier {
                cx.act(action);
            }
        }
        self.learn(&places, rid, &seen, cx.now);
    }
}

impl Answers {
    fn take_strays(&self, reply: &mut Reply, cx: &Cx<'_>) {
        let mut common = self.shared.lock();
        let sid = cx.session().sid();
        let (own, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut common.astray).into_iter().partition(|(from, _)| from == sid);
        common.astray = own;
        reply.payloads.extend(others.into_iter().map(|(_, payload)| payload));
    }
}

/// What a request makes of its response.
fn of_body(body: &Body) -> Option<Place> {
    if body.pause().is_some() {
        Some(Place::Paused)
    } else if body.is_restart() {
        Some(Place::Restarted)
    } else if body.newkey().is_some() {
        Some(Place::KeySwitched)
    } else if body.to().is_some() && body.is_empty() {
        Some(Place::StreamAdded)
    } else {
        None
    }
}

/// Makes an attribute wrong, and tells whether it is another one now.
pub(super) fn make_wrong(
    reply: &mut Reply,
    name: &'static str,
    wrong: Wrong,
    before: &BTreeMap<String, String>,
) -> bool {
    let old = reply.get(name).map(str::to_owned);
    let number = old.as_deref().and_then(|old| old.parse::<u64>().ok());
    let new = match (wrong, &old) {
        (Wrong::Added(value), None) => Some(value.to_owned()),
        (Wrong::Added(_), Some(_)) | (_, None) => return false,
        (Wrong::Missing, Some(_)) => {
            return reply.remove(name);
        }
        (Wrong::Lower, Some(_)) => number.and_then(|it| it.checked_sub(1)).map(|it| it.to_string()),
        (Wrong::Higher, Some(_)) => number.map(|number| (number + 1).to_string()),
        (Wrong::Stale, Some(_)) => before.get(name).cloned(),
        (Wrong::Empty, Some(_)) => Some(String::new()),
        (Wrong::Capitals, Some(old)) => Some(old.to_uppercase()),
        (Wrong::Other, Some(_)) => Some("other".to_owned()),
    };
    let Some(new) = new.filter(|new| Some(new) != old.as_ref()) else { return false };
    reply.set(name, new);
    true
}

/// Without the last character of its last text.
fn trimmed(xml: &str) -> String {
    let ends = xml.match_indices("</").filter(|(at, _)| !xml[..*at].ends_with('>'));
    let Some((end, _)) = ends.last() else { return xml.to_owned() };
    let start = xml[..end].char_indices().next_back().map_or(end, |(at, _)| at);
    if xml[..end].ends_with(';') {
        return xml.to_owned(); // not into a reference
    }
    format!("{}{}", &xml[..start], &xml[end..])
}
