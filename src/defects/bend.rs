//! How a session is made to deviate: what comes to it and what it wants done passes through a [`Bend`], which may
//! change, hold back, repeat or drop it. The session itself knows nothing of it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::later::Later;
use crate::bosh::{Body, Condition};
use crate::cm::machine::Conduct;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Request, Session, Token};
use crate::xml::Element;

/// What makes one session deviate. By default everything passes as it is.
pub trait Bend: Send {
    /// Something comes to the session.
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        cx.pass(input);
    }

    /// The session wants something done.
    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        cx.act(action);
    }
}

/// A request that waits for its response.
#[derive(Debug, Clone)]
pub struct PendingRequest {
    /// Its rid.
    pub rid: u64,
    /// When it came.
    pub at: Duration,
    /// Its content.
    pub body: Body,
}

/// What waits for its time.
#[derive(Debug)]
enum Waiting {
    Act(Action),
    Pass(Input),
    /// Nothing: it is asked to decide.
    Wake,
}

/// A session and what stands around it, at one time.
pub struct Cx<'a> {
    /// The time.
    pub now: Duration,
    inner: &'a mut dyn Conduct,
    wanted: VecDeque<Action>,
    out: &'a mut Vec<Action>,
    later: &'a mut Later<Waiting>,
    asked: &'a HashMap<Token, PendingRequest>,
    answered: u64,
}

impl Cx<'_> {
    /// The session.
    pub fn session(&self) -> &Session {
        self.inner.session()
    }

    /// Lets something come to the session; what it wants done goes through [`Bend::go`] afterwards.
    pub fn pass(&mut self, input: Input) {
        let mut actions = Vec::new();
        self.inner.handle(input, self.now, &mut actions);
        self.wanted.extend(actions);
    }

    /// Does something.
    pub fn act(&mut self, action: Action) {
        self.out.push(action);
    }

    /// Answers a request.
    pub fn answer(&mut self, token: Token, reply: Reply) {
        let rid = self.asked.get(&token).map(|asked| asked.rid);
        self.act(Action::Answer { token, rid, reply });
    }

    /// Ends the session in the eyes of one request alone.
    pub fn refuse(&mut self, token: Token, condition: Condition) {
        let mut reply = Reply::terminate(Some(condition));
        reply.legacy = Some(condition).filter(|_| self.session().terms().ver.is_none());
        self.answer(token, reply);
    }

    /// Ends the session for what one request did, as a broken rule does: the others are told that it was another one.
    pub fn fail(&mut self, token: Token, condition: Condition) {
        let culprit = self.asked.get(&token).map(|asked| asked.rid);
        let mut actions = Vec::new();
        self.inner.handle(Input::Broken(token), self.now, &mut actions);
        for action in &mut actions {
            if let Action::Answer { token: to, rid, reply } = action
                && *to == token
            {
                *rid = culprit;
                reply.set("condition", condition.as_str());
                reply.legacy = reply.legacy.map(|_| condition);
            }
        }
        self.wanted.extend(actions);
    }

    /// Asks the session to decide later.
    pub fn wake_after(&mut self, delay: Duration) {
        self.keep(delay, Waiting::Wake);
    }

    /// Does something later.
    pub fn act_after(&mut self, delay: Duration, action: Action) {
        self.keep(delay, Waiting::Act(action));
    }

    /// Lets something come to the session later.
    pub fn pass_after(&mut self, delay: Duration, input: Input) {
        self.keep(delay, Waiting::Pass(input));
    }

    fn keep(&mut self, delay: Duration, what: Waiting) {
        self.later.keep(self.now + delay, what);
    }

    /// A request that waits for its response.
    pub fn asked(&self, token: Token) -> Option<&PendingRequest> {
        self.asked.get(&token)
    }

    /// All requests that wait for their response, with their tokens, in no order.
    pub fn all_asked(&self) -> impl Iterator<Item = (Token, &PendingRequest)> {
        self.asked.iter().map(|(token, asked)| (*token, asked))
    }

    /// How many responses were sent before; the creation response is the first.
    pub fn answered(&self) -> u64 {
        self.answered
    }
}

/// A session with what bends it.
pub struct BentSession {
    inner: Box<dyn Conduct>,
    bend: Box<dyn Bend>,
    later: Later<Waiting>,
    asked: HashMap<Token, PendingRequest>,
    answered: u64,
    /// When it was last asked to decide. What was due then and still is was held back, and wakes nobody again.
    asked_to_decide: Option<Duration>,
    /// The session is over; what waits for its time keeps it known.
    ended: bool,
}

impl BentSession {
    /// Bends a session.
    pub fn new(inner: Box<dyn Conduct>, bend: Box<dyn Bend>) -> Self {
        Self {
            inner,
            bend,
            later: Later::default(),
            asked: HashMap::new(),
            answered: 0,
            asked_to_decide: None,
            ended: false,
        }
    }

    fn run(
        &mut self,
        now: Duration,
        out: &mut Vec<Action>,
        act: impl FnOnce(&mut dyn Bend, &mut Cx<'_>),
    ) {
        let mut done = Vec::new();
        let mut cx = Cx {
            now,
            inner: &mut *self.inner,
            wanted: VecDeque::new(),
            out: &mut done,
            later: &mut self.later,
            asked: &self.asked,
            answered: self.answered,
        };
        act(&mut *self.bend, &mut cx);
        while let Some(action) = cx.wanted.pop_front() {
            self.bend.go(action, &mut cx);
        }
        for action in done {
            match &action {
                Action::Answer { token, .. } => {
                    self.asked.remove(token);
                    self.answered += 1;
                }
                Action::Ended => {
                    self.ended = true;
                    continue;
                }
                Action::Command(..) => {}
            }
            out.push(action);
        }
    }
}

impl Parts {
    /// Every session is bent by what `make` makes for it.
    pub fn bend(&mut self, make: impl Fn() -> Box<dyn Bend> + Send + 'static) {
        self.wrap_sessions(move |inner| Box::new(BentSession::new(inner, make())));
    }
}

impl Conduct for BentSession {
    fn handle(&mut self, input: Input, now: Duration, out: &mut Vec<Action>) {
        let over = self.ended;
        while let Some(waiting) = self.later.take(now) {
            match waiting {
                Waiting::Act(action) => self.run(now, out, |_, cx| cx.act(action)),
                Waiting::Pass(input) => self.run(now, out, |_, cx| cx.pass(input)),
                Waiting::Wake => {}
            }
        }
        match &input {
            Input::Settle => self.asked_to_decide = Some(now),
            Input::Request(Request { token, rid, body }) => {
                let asked = PendingRequest { rid: *rid, at: now, body: body.clone() };
                self.asked.insert(*token, asked);
            }
            Input::Gone(token) => {
                self.asked.remove(token);
            }
            _ => {}
        }
        match input {
            // Only an answer that waits for its time keeps the session known.
            Input::Request(Request { token, .. }) | Input::Broken(token) if over => {
                self.run(now, out, |_, cx| cx.refuse(token, Condition::ItemNotFound));
            }
            input => self.run(now, out, |bend, cx| bend.come(input, cx)),
        }
        let waits = self.later.all().any(|waiting| matches!(waiting, Waiting::Act(_)));
        if self.ended && !waits {
            out.push(Action::Ended);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        let inner = self.inner.deadline().filter(|due| Some(*due) > self.asked_to_decide);
        [inner, self.later.due()].into_iter().flatten().min()
    }

    fn session(&self) -> &Session {
        self.inner.session()
    }
}

/// What is known of a response that is about to go out.
pub struct ReplyContext<'a> {
    /// The request it answers, if that named a rid.
    pub asked: Option<&'a PendingRequest>,
    /// Its rid.
    pub rid: Option<u64>,
    /// How many responses went out before; nothing but the creation response has 0.
    pub nth: u64,
    /// The time.
    pub now: Duration,
    /// The session.
    pub session: &'a Session,
}

impl ReplyContext<'_> {
    /// Whether this is the creation response.
    pub fn creation(&self) -> bool {
        self.nth == 0
    }

    /// How long its request was held.
    pub fn held(&self) -> Duration {
        self.asked.map_or(Duration::ZERO, |asked| self.now.saturating_sub(asked.at))
    }
}

/// Changes every response of a session before it goes out.
pub fn replies(
    change: impl FnMut(&mut Reply, &ReplyContext<'_>) + Send + 'static,
) -> Box<dyn Bend> {
    struct Replies<F>(F);
    impl<F: FnMut(&mut Reply, &ReplyContext<'_>) + Send> Bend for Replies<F> {
        fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
            let Action::Answer { token, rid, mut reply } = action else { return cx.act(action) };
            let told = ReplyContext {
                asked: cx.asked(token),
                rid,
                nth: cx.answered(),
                now: cx.now,
                session: cx.session(),
            };
            (self.0)(&mut reply, &told);
            cx.act(Action::Answer { token, rid, reply });
        }
    }
    Box::new(Replies(change))
}

/// Changes every request of a session before it comes to it, the creation request excepted, which has come already.
pub fn requests(change: impl FnMut(&mut Request, &Session) + Send + 'static) -> Box<dyn Bend> {
    struct Requests<F>(F);
    impl<F: FnMut(&mut Request, &Session) + Send> Bend for Requests<F> {
        fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
            if let Input::Request(request) = &mut input {
                (self.0)(request, cx.session());
            }
            cx.pass(input);
        }
    }
    Box::new(Requests(change))
}

/// Decides on everything that comes: what is given back passes.
pub fn inputs(
    change: impl FnMut(Input, &mut Cx<'_>) -> Option<Input> + Send + 'static,
) -> Box<dyn Bend> {
    struct Inputs<F>(F);
    impl<F: FnMut(Input, &mut Cx<'_>) -> Option<Input> + Send> Bend for Inputs<F> {
        fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
            if let Some(input) = (self.0)(input, cx) {
                cx.pass(input);
            }
        }
    }
    Box::new(Inputs(change))
}

/// Decides on everything that is to be done: what is given back is done.
pub fn actions(
    change: impl FnMut(Action, &mut Cx<'_>) -> Option<Action> + Send + 'static,
) -> Box<dyn Bend> {
    struct Actions<F>(F);
    impl<F: FnMut(Action, &mut Cx<'_>) -> Option<Action> + Send> Bend for Actions<F> {
        fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
            if let Some(action) = (self.0)(action, cx) {
                cx.act(action);
            }
        }
    }
    Box::new(Actions(change))
}

/// A body with other attributes or content.
pub fn changed(body: &Body, change: impl FnOnce(&mut Element)) -> Body {
    let mut element = body.element().clone();
    change(&mut element);
    Body::new(element).unwrap_or_else(|_| body.clone())
}

/// A body with the same attributes and these elements alone.
pub fn with_payloads(body: &Body, payloads: impl IntoIterator<Item = Element>) -> Body {
    let old = body.element();
    let mut element = Element::new(old.namespace(), old.name());
    for (namespace, name, value) in old.attributes() {
        element.set_attr(namespace, name, Some(value));
    }
    payloads.into_iter().for_each(|payload| element.push(payload));
    Body::new(element).unwrap_or_else(|_| body.clone())
}
