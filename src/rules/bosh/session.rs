//! How sessions end: which side ends them, with which condition, and what is sent afterwards (XEP-0124 §13 and §17).

use std::time::Duration;

use super::answer::{Answer, age, conflict, misplaced_stream_error, recoverable, sentence};
use super::node::Node;
use super::resend::{Fate, Refused, Resends};
use super::terms::requests;
use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::{self, BodyType, Condition};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::words::rid;
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::stream::conflicts::Conflicts;
use crate::rules::stream::said;
use crate::rules::words::short;
use crate::trace::{BoshRequest, Exchange, Session, SessionId, Story};

/// A request may cross the end of its session on the network.
const CROSSING: Duration = Duration::from_secs(1);

/// Judges the ends of sessions.
#[derive(Debug, Default)]
pub struct Ends {
    sessions: PerSession<Box<State>>,
    conflicts: Conflicts,
    /// Up to this exchange, requests may have passed without being recorded.
    unseen: u64,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened, in any order
struct State {
    /// The client has requested the end.
    asked: Option<TerminateRequest>,
    /// When the connection manager ended it, and on which connection it did so first.
    over: Option<(Duration, u64)>,
    /// The first exchange that began after either end.
    after: Option<u64>,
    /// It was reported what a response to such an exchange means.
    explained: bool,
    /// The cause was reported.
    told: bool,
    /// It was reported that a request came after that.
    late: bool,
    /// A response other than an error came before.
    good: bool,
    /// The node that the session lives on.
    node: Node,
    /// The last exchange, and the highest rid before it.
    rids: (u64, u64),
    /// The highest rid.
    highest: u64,
    /// Since when no request is open.
    free: Option<Duration>,
    /// For this long, nothing was open before this exchange.
    idle: Option<(u64, Duration)>,
    /// Requests that may be sent again.
    resends: Resends,
}

/// The client's request to end the session.
#[derive(Debug, Clone, Copy)]
struct TerminateRequest {
    rid: Option<u64>,
    at: Duration,
}

impl Rule for Ends {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let (_, gone) = moment.gone();
        for (exchange, asked) in moment.abandoned() {
            self.free(asked.session, gone, moment.story);
            if let Some(state) = self.sessions.get(asked.session) {
                state.resends.settle(exchange.number, Fate::Cut);
            }
        }
        if moment.hides_requests() {
            self.unseen = moment.story.exchanges();
        }
        match moment.bosh() {
            Some(BoshView::Request(request)) => {
                let state = self.sessions.of(request.session.id, moment.story);
                state.resends.keep(&request);
                state.node.request(&request);
                state.request(&request, found);
            }
            Some(BoshView::Response(view)) => {
                self.free(view.session.id, view.at, moment.story);
                let state = self.sessions.of(view.session.id, moment.story);
                if view.http.content.cut {
                    state.resends.settle(view.exchange.number, Fate::Cut);
                }
                if let Some(body) = view.body() {
                    let conflict = state
                        .over
                        .is_none()
                        .then(|| conflict(&view, body, moment.story, &mut self.conflicts));
                    let conflict = conflict.flatten();
                    let answer = Answer { view, body, unseen: self.unseen, conflict };
                    let before = found.len();
                    state.answer(&answer, found);
                    if answer.conflict.is_some()
                        && let Some(jid) = view.session.jid()
                    {
                        found.thread(before, &format!("conflict {jid}"));
                    }
                }
            }
            None => {}
        }
    }
}

impl Ends {
    /// Notes when the last open request of a session is gone.
    fn free(&mut self, id: SessionId, at: Duration, story: &Story) {
        let link = story.session(id).and_then(Session::bosh);
        if link.is_some_and(|link| link.open.is_empty()) {
            self.sessions.of(id, story).free = Some(at);
        }
    }
}

impl State {
    fn request(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let RequestView { body, exchange, asks, .. } = request;
        self.rids = (exchange.number, self.highest);
        self.highest = self.highest.max(asks.rid.unwrap_or_default());
        let free = self.free.take();
        self.idle = free.map(|since| (exchange.number, exchange.at.saturating_sub(since)));
        if self.goes_on(exchange, asks, found) {
            return;
        }
        if asks.terminates && self.asked.is_none() {
            self.asked = Some(TerminateRequest { rid: asks.rid, at: exchange.at });
            let condition = body.text("condition");
            let condition = condition.map(|c| format!(" ({})", short(c))).unwrap_or_default();
            let words = format!("The client ends the session{condition}.");
            found.add(&kinds::CLIENT_TERMINATES, None, Level::Note, Party::Nobody, words);
        }
    }

    /// Whether a request comes after the end. A request that was under way at that moment is not the client's fault.
    fn goes_on(&mut self, exchange: &Exchange, asks: &BoshRequest, found: &mut Findings) -> bool {
        // Only a rid after that of its own terminate was sent after it.
        let own = self.asked.filter(|asked| asked.rid.is_some() && asks.rid > asked.rid);
        if own.is_none() && self.over.is_none() {
            return false;
        }
        if own.is_some() || self.asked.is_none() {
            self.after.get_or_insert(exchange.number);
        }
        let (end, since, crossing) = match (own, self.over) {
            (Some(asked), _) => {
                let rid = asked.rid.unwrap_or_default();
                let end = format!("the client had ended the session (rid {rid})");
                (end, asked.at, false)
            }
            (None, Some((over, conn))) => {
                let crossing = exchange.at.saturating_sub(over) < CROSSING && exchange.conn != conn;
                ("the session had ended".to_owned(), over, crossing)
            }
            (None, None) => return false,
        };
        // A terminate, or a copy of an earlier request, requests nothing new.
        let harmless = asks.terminates || self.resends.is_copy(exchange);
        if crossing || (harmless && self.asked.is_some()) || std::mem::replace(&mut self.late, true)
        {
            return true;
        }
        let words = format!(
            "{} was sent {} after {end}; expect item-not-found. The client has to create a new \
             session.",
            rid(exchange),
            words(exchange.at.saturating_sub(since)),
        );
        let id = "bosh-client-session-over";
        found.add(&kinds::SESSION_OVER, id, Level::Warning, Party::Client, words);
        true
    }

    fn answer(&mut self, answer: &Answer<'_>, found: &mut Findings) {
        let ResponseView { at, http, exchange, .. } = answer.view;
        match answer.body.kind() {
            BodyType::Terminate => {
                let first = self.over.is_none();
                self.over.get_or_insert((at, exchange.conn));
                if self.after.is_some_and(|after| exchange.number >= after) {
                    self.consequence(answer, found);
                } else if first || !self.told {
                    self.terminated(answer, first, found);
                }
            }
            // With another status, that is what counts (§17.3).
            BodyType::Error if http.status == 200 => recoverable(answer, found),
            BodyType::Error => {}
            BodyType::Ordinary | BodyType::Other(_) => {
                self.good = true;
                self.node.learn(&answer.view);
                if http.status == 200 && !http.content.cut {
                    self.resends.settle(exchange.number, Fate::Answered);
                }
            }
        }
        if self.over.is_none() || answer.body.kind() != BodyType::Terminate {
            misplaced_stream_error(answer, found);
        }
    }

    /// The session was over when this request arrived.
    fn consequence(&mut self, answer: &Answer<'_>, found: &mut Findings) {
        if std::mem::replace(&mut self.explained, true) {
            return;
        }
        let condition = match answer.body.condition() {
            Some(Ok(condition)) => condition.to_string(),
            _ => "terminate".to_owned(),
        };
        let words = format!(
            "{} got {condition}, because the session had already ended: a consequence, not the \
             cause.",
            rid(answer.view.exchange)
        );
        found.add(&kinds::TERMINATED, None, Level::Note, Party::Nobody, words);
    }

    /// Why the connection manager must not refuse this copy of an earlier request, if so.
    fn refused_again(&self, answer: &Answer<'_>) -> Option<String> {
        let (ResponseView { exchange, link, .. }, unseen) = (answer.view, answer.unseen);
        // Another back end cannot know the earlier request.
        if self.node.moved(&answer.view).is_some() {
            return None;
        }
        let idle = self.idle.filter(|(number, _)| *number == exchange.number);
        let silent = idle.map(|(_, idle)| idle).unwrap_or_default();
        let refused = Refused { exchange, link, silent, highest: self.highest, unseen };
        self.resends.explain(&refused)
    }

    /// The connection manager ends the session.
    fn terminated(&mut self, answer: &Answer<'_>, first: bool, found: &mut Findings) {
        let (body, exchange) = (answer.body, answer.view.exchange);
        let condition = match body.condition() {
            None if self.asked.is_some() || !first => return,
            None => {
                let words = format!(
                    "The connection manager ended the session{} without giving a reason.",
                    age(&answer.view)
                );
                let error =
                    answer.stream_error().map(|error| format!(" {error}")).unwrap_or_default();
                let words = words + &error + &answer.quoted();
                let party = answer.party().unwrap_or(Party::Server);
                return found.add(&kinds::TERMINATED, None, Level::Warning, party, words);
            }
            Some(Err(unknown)) => {
                self.told = true;
                let words = format!(
                    "The connection manager ended the session{} with condition '{}', which BOSH \
                     does not define.",
                    age(&answer.view),
                    short(&unknown.0)
                );
                let id = "bosh-condition-registered";
                return found.add(&kinds::TERMINATED, id, Level::Error, Party::Server, words);
            }
            Some(Ok(condition)) => condition,
        };
        // What happened to other requests when the client ended the session, or after the cause was reported.
        if !first && (self.asked.is_some() || condition == Condition::OtherRequest) {
            return;
        }
        self.told = condition != Condition::OtherRequest;
        if self.asked.is_some() && condition == Condition::ItemNotFound {
            let words = format!(
                "{} ends the session, which the connection manager does not know (any more): item-not-found. Nothing is lost \
                 by that.",
                rid(exchange)
            );
            return found.add(&kinds::TERMINATED, None, Level::Note, Party::Nobody, words);
        }
        // What the trace shows says more than the general meaning of the condition.
        let refused = match condition {
            Condition::ItemNotFound => self.refused_again(answer),
            _ => None,
        };
        let server_errs = refused.is_some();
        let moved = match condition {
            Condition::ItemNotFound if !server_errs => self.node.moved(&answer.view),
            _ => None,
        };
        let is_moved = moved.is_some() && !self.expired(&answer.view);
        let message = answer.message();
        let by_text = || said::or_general(&message, condition.as_str(), condition.explain());
        let why = refused
            .or_else(|| match condition {
                Condition::ItemNotFound => self.not_found(&answer.view),
                _ => answer.detail(condition),
            })
            .or_else(|| by_text().map(sentence))
            .unwrap_or_default();
        let words = format!(
            "The session ended{} with {condition} (in response to {}).{}{why}{}",
            age(&answer.view),
            rid(exchange),
            if why.is_empty() { "" } else { " " },
            answer.quoted()
        );
        if server_errs {
            let id = "bosh-resend-replays";
            return found.add(&kinds::TERMINATED, id, Level::Error, Party::Server, words);
        }
        let party = match condition.party() {
            _ if condition == Condition::RemoteStreamError && answer.party().is_some() => {
                answer.party().unwrap_or(Party::Server)
            }
            _ if is_moved => Party::Between,
            // It is how a server moves its clients.
            _ if condition == Condition::SeeOtherUri => Party::Nobody,
            _ if condition == Condition::ItemNotFound && self.in_order(&answer.view) => {
                Party::Nobody
            }
            bosh::Party::Client => Party::Client,
            bosh::Party::ConnectionManager | bosh::Party::Server => Party::Server,
            bosh::Party::Unclear => Party::Nobody,
        };
        let level = match condition {
            Condition::OtherRequest | Condition::SeeOtherUri => Level::Note,
            _ => Level::Error,
        };
        found.add(&kinds::TERMINATED, condition.requirement(), level, party, words);
    }

    /// Whether the rid lies outside of what the connection manager can accept.
    fn beyond(&self, response: &ResponseView<'_>) -> Option<String> {
        let (rid, before) = (response.asked.rid?, self.rids.1);
        let requests = requests(response.link)?;
        if self.rids.0 != response.exchange.number || before == 0 {
            return None;
        }
        if rid > before.saturating_add(requests) {
            return Some(format!(
                "The rid is beyond the window: the highest rid before was {before}, and \
                 requests={requests}."
            ));
        }
        (rid.saturating_add(requests) <= before).then(|| {
            format!(
                "The rid is too old: the highest rid before was {before}, and requests={requests}."
            )
        })
    }

    /// How long no request was open before this one.
    fn idle(&self, response: &ResponseView<'_>) -> Duration {
        let idle = self.idle.filter(|(number, _)| *number == response.exchange.number);
        idle.map(|(_, idle)| idle).unwrap_or_default()
    }

    /// Whether the session had expired before this request.
    fn expired(&self, response: &ResponseView<'_>) -> bool {
        let limit = response.link.inactivity().map(Duration::from_secs);
        limit.is_some_and(|limit| self.idle(response) >= limit)
    }

    /// Whether nothing about the request explains that the session is not known: it began in this trace, its rid is the
    /// next one, and the client was not silent for long.
    fn in_order(&self, response: &ResponseView<'_>) -> bool {
        let next = self.rids.0 == response.exchange.number
            && response.asked.rid == self.rids.1.checked_add(1);
        self.good
            && next
            && response.link.granted.is_some()
            && !self.expired(response)
            && !self.resends.is_copy(response.exchange)
    }

    /// What this trace shows about the cause of item-not-found.
    fn not_found(&self, view: &ResponseView<'_>) -> Option<String> {
        let link = view.link;
        let idle = self.idle(view);
        if self.expired(view) {
            return Some(format!(
                "The client had no request open for {}, and inactivity is {} s, so the \
                 session had expired (hidden tab, suspended computer, slow page).",
                words(idle),
                link.inactivity().unwrap_or_default()
            ));
        }
        if let Some(moved) = self.node.moved(view) {
            return Some(moved);
        }
        if self.in_order(view) {
            return Some(format!(
                "The rid is the next one, and the client had no request open for only {}: \
                 neither explains it. The connection manager has lost the session, as after \
                 a restart, or another node has answered.",
                words(idle)
            ));
        }
        self.beyond(view).or_else(|| {
            let fresh = !self.good && link.asked.is_none();
            fresh.then(|| {
                "The trace does not contain the creation of this session, and the \
                 connection manager does not know it (any more)."
                    .to_owned()
            })
        })
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
