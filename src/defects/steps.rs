//! Steps that several defects share: how a request stands to its session, and what marks a response.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::bend::{Bend, Cx, ReplyContext, actions, inputs, replies};
use super::edge::BendHttp;
use crate::bosh::{Body, BodyType, NS};
use crate::cm::backend::{Command, Event, Link};
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::cm::policy::Version;
use crate::cm::reply::{PayloadKind, Reply};
use crate::cm::session::{self, Action, Input, Session, Terms, Token};
use crate::xml::Element;
use crate::xmpp::ns;

/// How a request stands to what its session knows before it has come to it (XEP-0124 §14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the next one.
    Next,
    /// It is ahead of a gap, within the window.
    Ahead,
    /// It is beyond the window.
    Beyond,
    /// It is a repeat of one that has no response yet.
    Waiting,
    /// It is a repeat of one whose response is kept.
    Remembered,
    /// It is older than what is kept.
    Old,
}

/// How a request stands.
pub(super) fn standing(rid: u64, session: &Session) -> Standing {
    let contiguous = session.contiguous();
    if session.waiting().any(|waiting| waiting == rid) {
        Standing::Waiting
    } else if session.remembers(rid) {
        Standing::Remembered
    } else if rid <= contiguous {
        Standing::Old
    } else if rid == contiguous + 1 {
        Standing::Next
    } else if rid - contiguous <= session.terms().requests {
        Standing::Ahead
    } else {
        Standing::Beyond
    }
}

/// The session does not know this request any more, and ends with item-not-found.
pub(super) fn forget(request: &mut session::Request) {
    request.rid = 0;
}

/// Whether a request asks for nothing but what waits for it.
pub(super) fn is_poll(body: &Body) -> bool {
    body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && body.to().is_none()
        && !body.is_restart()
}

/// How many requests are held: taken in, connected, and without a response.
pub(super) fn held(cx: &Cx<'_>, but: Option<Token>) -> u64 {
    let contiguous = cx.session().contiguous();
    let held =
        cx.all_asked().filter(|(token, asked)| Some(*token) != but && asked.rid <= contiguous);
    held.count() as u64
}

/// The requests that wait behind a gap, lowest rid first.
pub(super) fn parked(cx: &Cx<'_>, but: Option<Token>) -> Vec<Token> {
    let contiguous = cx.session().contiguous();
    let mut parked: Vec<_> = cx
        .all_asked()
        .filter(|(token, asked)| Some(*token) != but && asked.rid > contiguous)
        .map(|(token, asked)| (asked.rid, token))
        .collect();
    parked.sort_unstable();
    parked.into_iter().map(|(_, token)| token).collect()
}

/// Whether the version of a session, read as a decimal fraction, is lower than 1.6, as 1.11 is.
pub(super) fn seems_old(terms: &Terms) -> bool {
    let read = |ver: Version| ver.to_string().parse::<f64>().ok();
    terms.ver.and_then(read).is_some_and(|ver| ver < 1.6)
}

/// The session's first stream that is open.
pub(super) fn first_link(cx: &Cx<'_>) -> Option<Link> {
    cx.session().links().next()
}

/// The stanzas of a request, as they are handed to the server.
pub(super) fn stanzas(body: &Body) -> impl Iterator<Item = Element> + '_ {
    body.payloads().map(|payload| {
        let mut payload = payload.clone();
        payload.move_namespace(NS, ns::CLIENT);
        payload
    })
}

/// Whether this is a message.
pub(super) fn is_message(element: &Element) -> bool {
    element.name() == "message"
}

/// Whether a response says that the login has succeeded.
pub(super) fn logs_in(reply: &Reply) -> bool {
    reply.payloads.iter().any(|payload| payload.xml.starts_with("<success"))
}

/// Whether a response carries stanzas and nothing else.
pub(super) fn all_stanzas(reply: &Reply) -> bool {
    reply.payloads.iter().all(|payload| payload.kind == PayloadKind::Stanza)
}

/// Whether a response ends the session with this condition.
pub(super) fn ends_with(reply: &Reply, condition: &str) -> bool {
    reply.is_terminal() && reply.get("condition") == Some(condition)
}

/// Tells responses that repeat an earlier one from those given for the first time.
#[derive(Debug, Default)]
pub(super) struct Given(Option<u64>);

impl Given {
    /// Whether an ordinary response was given before.
    pub(super) fn again(&mut self, rid: Option<u64>, reply: &Reply) -> bool {
        if rid.is_none() || reply.get("type").is_some() {
            return false;
        }
        let again = rid <= self.0;
        self.0 = self.0.max(rid);
        again
    }
}

/// Responses that go out on the connections of each other's requests.
#[derive(Debug, Default)]
pub(super) struct Exchange(HashMap<Token, Token>);

impl Exchange {
    /// From now on the response to the one request goes to the other, and the other way round.
    pub(super) fn exchange(&mut self, one: Token, other: Token) {
        self.0.insert(one, other);
        self.0.insert(other, one);
    }

    /// The response to `token` goes to the request given back.
    pub(super) fn take(&mut self, token: Token) -> Token {
        self.0.remove(&token).unwrap_or(token)
    }

    /// Whether the response to this request goes to another one.
    pub(super) fn is_exchanged(&self, token: Token) -> bool {
        self.0.contains_key(&token)
    }

    /// What comes, as the session has to see it.
    pub(super) fn input(&mut self, input: Input) -> Input {
        match input {
            Input::Gone(token) => Input::Gone(self.take(token)),
            Input::Hurry(token) => Input::Hurry(self.0.get(&token).copied().unwrap_or(token)),
            input => input,
        }
    }

    /// What is done, as the client has to see it.
    pub(super) fn action(&mut self, action: Action) -> Action {
        match action {
            Action::Answer { token, rid, reply } => {
                Action::Answer { token: self.take(token), rid, reply }
            }
            action => action,
        }
    }
}

/// Requests that wait behind a gap get their responses in the wrong order, if there are as many as this.
pub(super) struct Disorder {
    pub(super) parked: usize,
    pub(super) exchange: Exchange,
}

impl Bend for Disorder {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && standing(request.rid, cx.session()) == Standing::Next
        {
            let parked = parked(cx, Some(request.token));
            match *parked.as_slice() {
                [one] if self.parked == 1 => self.exchange.exchange(request.token, one),
                [one, other] if self.parked == 2 => self.exchange.exchange(one, other),
                _ => {}
            }
        }
        cx.pass(self.exchange.input(input));
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        cx.act(self.exchange.action(action));
    }
}

/// A request of which the session hears later: when its time has come, or before the next one.
#[derive(Debug, Default)]
pub(super) struct Back(Option<(session::Request, Duration)>);

impl Back {
    /// Keeps a request back.
    pub(super) fn keep(&mut self, request: session::Request, delay: Duration, cx: &mut Cx<'_>) {
        cx.pass_after(delay, Input::Settle);
        self.0 = Some((request, cx.now + delay));
    }

    /// Lets the session hear of it.
    pub(super) fn release(&mut self, cx: &mut Cx<'_>) {
        if let Some((request, _)) = self.0.take() {
            cx.pass(Input::Request(request));
        }
    }

    /// Lets something come to the session, and before it what was kept back, if that is due.
    pub(super) fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match (&input, &self.0) {
            (Input::Gone(token), Some((request, _))) if request.token == *token => {
                self.0 = None;
                return;
            }
            (Input::Request(_), _) => self.release(cx),
            (Input::Settle, Some((_, due))) if *due <= cx.now => self.release(cx),
            _ => {}
        }
        cx.pass(input);
    }
}

const MARK: &str = "marked";

/// Changes the HTTP responses with the replies of sessions that `picks` picks.
pub(super) fn on_picked(
    parts: &mut Parts,
    picks: fn(&Reply, &ReplyContext<'_>) -> bool,
    change: fn(&mut Response<Bytes>),
) {
    on_chosen(
        parts,
        move || move |reply: &Reply, told: &ReplyContext<'_>| picks(reply, told),
        change,
    );
}

/// Changes the HTTP responses with the replies of sessions that are chosen by what `make` makes for each session.
pub(super) fn on_chosen<F>(
    parts: &mut Parts,
    make: impl Fn() -> F + Send + 'static,
    change: fn(&mut Response<Bytes>),
) where
    F: FnMut(&Reply, &ReplyContext<'_>) -> bool + Send + 'static,
{
    parts.bend(move || {
        let mut chooses = make();
        replies(move |reply, told| {
            if chooses(reply, told) {
                reply.set(MARK, "");
            }
        })
    });
    on_answered(parts, |reply, _| reply.remove(MARK), change);
}

/// Changes the HTTP responses with the replies that `picks` picks, those included that belong to no session.
pub(super) fn on_answered(
    parts: &mut Parts,
    picks: fn(&mut Reply, &Request<Bytes>) -> bool,
    change: fn(&mut Response<Bytes>),
) {
    struct Picked {
        picks: fn(&mut Reply, &Request<Bytes>) -> bool,
        change: fn(&mut Response<Bytes>),
        is_one: bool,
    }
    impl BendHttp for Picked {
        fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
            self.is_one = (self.picks)(&mut answer.reply, request);
        }
        fn leave(&mut self, response: &mut Response<Bytes>, _: Option<&Request<Bytes>>) {
            if std::mem::take(&mut self.is_one) {
                (self.change)(response);
            }
        }
    }
    parts.bend_http(Picked { picks, change, is_one: false });
}

/// Whether an empty response goes out since the wait is over.
pub(super) fn is_timeout(reply: &Reply, told: &ReplyContext<'_>) -> bool {
    let terms = told.session.terms();
    reply.payloads.is_empty()
        && reply.get("type").is_none()
        && !terms.is_polling()
        && told.held() >= terms.wait
}

/// A response without any content.
pub(super) fn empty(response: &mut Response<Bytes>) {
    *response.body_mut() = Bytes::new();
    response.headers_mut().remove(http::header::CONTENT_TYPE);
}

/// The server does not hear that a session is over which ends when something comes that `picks` picks.
pub(super) fn unheard(parts: &mut Parts, picks: fn(&Input, &Cx<'_>) -> bool) {
    struct Unheard {
        picks: fn(&Input, &Cx<'_>) -> bool,
        silent: bool,
    }
    impl Bend for Unheard {
        fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
            self.silent = (self.picks)(&input, cx);
            cx.pass(input);
        }

        fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
            if !self.silent || !matches!(action, Action::Command(_, Command::Close)) {
                cx.act(action);
            }
        }
    }
    parts.bend(move || Box::new(Unheard { picks, silent: false }));
}

/// Messages that come for a client in a pause are lost.
pub(super) fn lost_in_pauses(parts: &mut Parts) {
    parts.bend(|| {
        let mut paused = false;
        inputs(move |input, _| {
            match &input {
                Input::Request(request) => paused = request.body.pause().is_some(),
                Input::Server(_, Event::Element(element)) if paused && is_message(element) => {
                    return None;
                }
                _ => {}
            }
            Some(input)
        })
    });
}

/// Requests that wait behind a gap get no answer when another one is refused, where at least so many may be open.
pub(super) fn unanswered_behind_gaps(parts: &mut Parts, requests: u64) {
    parts.bend(move || {
        actions(move |action, cx| match &action {
            Action::Answer { token, reply, .. }
                if ends_with(reply, "other-request")
                    && cx
                        .asked(*token)
                        .is_some_and(|asked| asked.rid > cx.session().contiguous())
                    && cx.session().terms().requests >= requests =>
            {
                None
            }
            _ => Some(action),
        })
    });
}
