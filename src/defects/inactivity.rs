//! Defects of inactivity and pauses (XEP-0124 §10).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::bend::{Bend, Cx, actions, changed, inputs, replies};
use super::defect::{Family, defect};
use super::edge::body;
use super::steps::seems_old;
use crate::bosh::{Body, Condition};
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, Reply};
use crate::cm::session::{Action, Input, Request, Terms, Token};

pub(super) const DEFECTS: Family = &[&[
    defect(
        "bosh-inactivity-terminate/never",
        "a session without a request never ends, unless it is paused",
        |parts| lives(parts, |pause, _| pause.unwrap_or(EVER)),
    ),
    defect(
        "bosh-inactivity-terminate/late",
        "a session without a request lives for a minute more than inactivity",
        |parts| lives(parts, |pause, terms| pause.unwrap_or(terms.inactivity + MINUTE)),
    ),
    defect(
        "bosh-inactivity-not-early",
        "a session without a request ends two seconds before inactivity is over",
        |parts| {
            lives(parts, |pause, terms| {
                pause.unwrap_or(terms.inactivity.saturating_sub(Duration::from_secs(2)))
            });
        },
    ),
    defect(
        "bosh-inactivity-counts-from-last-response",
        "inactivity goes on while a request is held, and ends the session",
        |parts| {
            parts.bend(|| Box::<Unstopped>::default());
        },
    ),
    defect(
        "bosh-inactivity-then-not-found/policy-violation",
        "a request after the end by inactivity gets policy-violation, if it is not the first of its session",
        |parts| {
            after_the_end(parts, true, || Reply::terminate(Some(Condition::PolicyViolation)));
        },
    ),
    defect(
        "bosh-inactivity-then-not-found/empty-body",
        "a request after the end by inactivity gets an empty body, as if the session lived",
        |parts| after_the_end(parts, false, Reply::empty),
    ),
    defect(
        "bosh-no-inactivity-limit",
        "inactivity is not told to a client of 1.11, which is taken for older than 1.6, and is in force all the same",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if seems_old(told.session.terms()) {
                        reply.remove("inactivity");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-pause-immediate-response",
        "the response to a pause comes three seconds late",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| {
                    let pauses =
                        |token| cx.asked(token).is_some_and(|asked| asked.body.pause().is_some());
                    match &action {
                        Action::Answer { token, reply, .. }
                            if pauses(*token) && !reply.is_terminal() =>
                        {
                            cx.act_after(Duration::from_secs(3), action);
                            None
                        }
                        _ => Some(action),
                    }
                })
            });
        },
    ),
    defect(
        "bosh-pause-extends-inactivity/ignored",
        "a pause is answered, and the session ends when inactivity is over",
        |parts| lives(parts, |_, terms| terms.inactivity),
    ),
    defect(
        "bosh-pause-extends-inactivity/endless",
        "a session that is paused lives for ever",
        |parts| lives(parts, |pause, terms| pause.map_or(terms.inactivity, |_| EVER)),
    ),
    defect(
        "bosh-pause-no-payload",
        "the response to a pause carries the payloads that wait",
        |parts| {
            parts.bend(|| Box::<PauseWithPayload>::default());
            lives(parts, |pause, terms| pause.unwrap_or(terms.inactivity));
        },
    ),
    defect(
        "bosh-pause-over-maxpause/granted",
        "a pause of up to five times maxpause is granted",
        |parts| {
            let told = parts.policy.maxpause.as_secs();
            parts.policy.maxpause *= 5;
            parts.bend(move || {
                replies(move |reply, _| {
                    if reply.get("maxpause").is_some() {
                        reply.set("maxpause", told);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-pause-over-maxpause/unanswered",
        "a request for a pause longer than maxpause, by no more than half of it, is never answered",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if seconds(&request.body).is_some_and(|pause| {
                            let maxpause = cx.session().terms().maxpause;
                            pause > maxpause && pause <= maxpause * 3 / 2
                        }) =>
                    {
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-pause-reset",
        "when a pause is over its length is what a session lives for without a request, if it is more than inactivity",
        |parts| {
            parts.bend(|| {
                let mut longest = Duration::ZERO;
                Box::new(Lifetime::new(move |pause: Option<Duration>, terms: &Terms| {
                    longest = longest.max(pause.unwrap_or_default());
                    pause.unwrap_or(terms.inactivity.max(longest))
                }))
            });
        },
    ),
]];

const MINUTE: Duration = Duration::from_secs(60);
const EVER: Duration = Duration::from_secs(365 * 24 * 3600);
/// What the strict session adds before it ends.
const GRACE: Duration = Duration::from_millis(500);

/// The pause that a request asks for.
fn seconds(body: &Body) -> Option<Duration> {
    body.pause()?.ok().map(Duration::from_secs)
}

fn is_idle(cx: &Cx<'_>) -> bool {
    cx.session().waiting().next().is_none()
}

/// How long sessions live without a request is decided by `limit`, from the pause in force and the terms.
fn lives(parts: &mut Parts, limit: fn(Option<Duration>, &Terms) -> Duration) {
    parts.bend(move || Box::new(Lifetime::new(limit)));
}

/// Ends a session without a request at another time than the strict one does.
struct Lifetime<F> {
    limit: F,
    since: Duration,
    pause: Option<Duration>,
}

impl<F> Lifetime<F> {
    fn new(limit: F) -> Self {
        Self { limit, since: Duration::ZERO, pause: None }
    }
}

impl<F: FnMut(Option<Duration>, &Terms) -> Duration + Send> Bend for Lifetime<F> {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && request.rid > cx.session().contiguous()
        {
            self.pause = seconds(&request.body);
        }
        let settle = matches!(input, Input::Settle);
        if !settle || !is_idle(cx) {
            cx.pass(input);
            if settle && is_idle(cx) {
                // It has just answered the last request.
                cx.wake_after((self.limit)(self.pause, cx.session().terms()) + GRACE);
            }
            return;
        }
        let end = self.since + (self.limit)(self.pause, cx.session().terms()) + GRACE;
        if cx.now < end {
            return cx.wake_after(end.saturating_sub(cx.now));
        }
        cx.pass(input);
        if !cx.session().is_dead() {
            cx.pass(Input::Shutdown);
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if matches!(action, Action::Answer { .. }) {
            self.since = cx.now;
        }
        cx.act(action);
    }
}

/// Counts inactivity from the last response, whether or not a request is held.
#[derive(Default)]
struct Unstopped {
    since: Option<Duration>,
    paused: bool,
}

impl Bend for Unstopped {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input {
            if std::mem::take(&mut self.paused) {
                self.since = Some(cx.now);
            }
            self.paused = request.body.pause().is_some();
        }
        let since = *self.since.get_or_insert(cx.now);
        if is_idle(cx) || self.paused || !matches!(input, Input::Settle) {
            return cx.pass(input);
        }
        let end = since + cx.session().terms().inactivity + GRACE;
        if cx.now < end {
            cx.wake_after(end.saturating_sub(cx.now));
            return cx.pass(input);
        }
        let mut tokens: Vec<Token> = cx.all_asked().map(|(token, _)| token).collect();
        tokens.sort_unstable();
        for token in tokens {
            cx.refuse(token, Condition::ItemNotFound);
            cx.pass(Input::Gone(token));
        }
        cx.pass(Input::Shutdown);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if matches!(action, Action::Answer { .. }) {
            self.since = Some(cx.now);
        }
        cx.act(action);
    }
}

/// Answers a pause with payloads: those that wait, and those that a request before it would get.
#[derive(Default)]
struct PauseWithPayload {
    pausing: Option<Token>,
    taken: Vec<Payload>,
}

impl Bend for PauseWithPayload {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match input {
            Input::Request(Request { token, rid, body })
                if seconds(&body).is_some_and(|pause| {
                    pause > Duration::ZERO && pause <= cx.session().terms().maxpause
                }) =>
            {
                let body = changed(&body, |body| body.set_attr("", "pause", None));
                self.pausing = Some(token);
                cx.pass(Input::Request(Request { token, rid, body }));
                cx.pass(Input::Hurry(token));
            }
            input => cx.pass(input),
        }
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &mut action {
            if self.pausing == Some(*token) {
                self.pausing = None;
                reply.payloads.splice(..0, self.taken.drain(..));
            } else if self.pausing.is_some() {
                self.taken.append(&mut reply.payloads);
            }
        }
        cx.act(action);
    }
}

/// Answers requests that name a session which has ended of inactivity: any, or one that was `used` after its creation.
fn after_the_end(parts: &mut Parts, used: bool, reply: fn() -> Reply) {
    let ended: Arc<Mutex<HashSet<Arc<str>>>> = Arc::default();
    let known = Arc::clone(&ended);
    parts.bend(move || {
        let ended = Arc::clone(&ended);
        inputs(move |input, cx| {
            if !is_idle(cx) || !matches!(input, Input::Settle) {
                return Some(input);
            }
            cx.pass(input);
            if cx.session().is_dead() && (!used || cx.answered() > 1) {
                let sid = Arc::clone(cx.session().sid());
                ended.lock().unwrap_or_else(PoisonError::into_inner).insert(sid);
            }
            None
        })
    });
    parts.on_answer(move |answer, request| {
        let Some(body) = body(request) else { return };
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if body.attr("sid").is_some_and(|sid| known.contains(sid)) {
            answer.reply = reply();
        }
    });
}
