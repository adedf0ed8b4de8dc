//! Sessions without a request (XEP-0124 §10).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::lifetime::{EVER, GRACE, Lifetime, is_idle, lives, seconds};
use crate::bosh::Condition;
use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Terms, Token};
use crate::defects::bend::{Bend, Cx, inputs, replies};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::body;
use crate::defects::steps::{first_link, is_message, seems_old, stanzas, unheard};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
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
        "bosh-inactivity-terminate/unused",
        "a session that is not used after its creation never ends",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    let unused = is_idle(cx) && cx.answered() == 1;
                    Some(input).filter(|input| !unused || !matches!(input, Input::Settle))
                })
            });
        },
    ),
    defect(
        "bosh-inactivity-terminate/polling",
        "a session that polls never ends, unless it is paused",
        |parts| {
            lives(parts, |pause, terms| {
                let usual = if terms.is_polling() { EVER } else { terms.inactivity };
                pause.unwrap_or(usual)
            });
        },
    ),
    defect(
        "bosh-inactivity-terminate/server",
        "a session without a request ends, and its server does not hear of it",
        |parts| unheard(parts, |input, _| matches!(input, Input::Settle)),
    ),
    defect(
        "bosh-inactivity-terminate/broken",
        "a session does not end of inactivity where the connection of its last request broke",
        |parts| {
            parts.bend(|| {
                let mut broken = false;
                inputs(move |input, cx| {
                    match &input {
                        Input::Gone(_) => broken = true,
                        Input::Request(_) => broken = false,
                        _ => {}
                    }
                    let over = broken && cx.all_asked().next().is_none();
                    Some(input).filter(|input| !over || !matches!(input, Input::Settle))
                })
            });
        },
    ),
    defect(
        "bosh-inactivity-not-early/polling",
        "a longer inactivity is announced to a session that polls, and the usual one is in force",
        |parts| {
            let usual = parts.policy.inactivity;
            parts.bend(move || {
                Box::new(Lifetime::new(move |pause: Option<Duration>, terms: &Terms| {
                    pause.unwrap_or(terms.inactivity.min(usual))
                }))
            });
        },
    ),
    defect(
        "bosh-inactivity-not-early/unused",
        "a session that is not used after its creation ends when half of inactivity is over",
        |parts| {
            parts.bend(|| {
                let mut created = None;
                inputs(move |input, cx| {
                    let created = *created.get_or_insert(cx.now);
                    let half = cx.session().terms().inactivity / 2;
                    if cx.answered() <= 1 && matches!(input, Input::Settle) {
                        if is_idle(cx) && cx.now >= created + half {
                            cx.pass(Input::Shutdown);
                            return None;
                        }
                        cx.wake_after(half);
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-inactivity-not-early/by-two-seconds",
        "a session without a request ends two seconds before inactivity is over",
        |parts| {
            lives(parts, |pause, terms| {
                pause.unwrap_or(terms.inactivity.saturating_sub(Duration::from_secs(2)))
            });
        },
    ),
    defect(
        "bosh-inactivity-counts-from-last-response/request",
        "inactivity counts from the last request, not from its response",
        |parts| {
            parts.bend(|| {
                Box::new(
                    Lifetime::new(|pause: Option<Duration>, terms: &Terms| {
                        pause.unwrap_or(terms.inactivity)
                    })
                    .counted_from_request(),
                )
            });
        },
    ),
    defect(
        "bosh-inactivity-counts-from-last-response/held",
        "inactivity goes on while a request is held, and ends the session",
        |parts| {
            parts.bend(|| Box::<Unstopped>::default());
        },
    ),
    defect(
        "bosh-inactivity-then-not-found/policy-violation",
        "a request after the end by inactivity gets policy-violation, if it is not the first of its session",
        |parts| {
            after_the_end(parts, true, |_| {
                Some(Reply::terminate(Some(Condition::PolicyViolation)))
            });
        },
    ),
    defect(
        "bosh-inactivity-then-not-found/empty-body",
        "a request after the end by inactivity gets an empty body, as if the session lived",
        |parts| after_the_end(parts, false, |_| Some(Reply::empty())),
    ),
    defect(
        "bosh-inactivity-then-not-found/end",
        "a session that has ended of inactivity can be ended by its client",
        |parts| {
            after_the_end(parts, false, |body| {
                (body.attr("type") == Some("terminate")).then(|| Reply::terminate(None))
            });
        },
    ),
    defect(
        "bosh-inactivity-then-not-found/forwarded",
        "a request after the end by inactivity is refused, but its messages are handed on",
        |parts| {
            lives(parts, |_, _| EVER);
            parts.bend(|| Box::<Undead>::default());
        },
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
];

const MINUTE: Duration = Duration::from_secs(60);

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

/// A session that is over when its time is, but still has its stream.
#[derive(Default)]
struct Undead {
    since: Duration,
    pause: Option<Duration>,
}

impl Bend for Undead {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let Input::Request(request) = &input else { return cx.pass(input) };
        let limit = self.pause.unwrap_or(cx.session().terms().inactivity) + GRACE;
        if !is_idle(cx) || cx.now < self.since + limit {
            self.pause = seconds(&request.body);
            return cx.pass(input);
        }
        if let Some(link) = first_link(cx) {
            for message in stanzas(&request.body).filter(is_message) {
                cx.act(Action::Command(link, Command::Send(message)));
            }
        }
        cx.refuse(request.token, Condition::ItemNotFound);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if matches!(action, Action::Answer { .. }) {
            self.since = cx.now;
        }
        cx.act(action);
    }
}

/// Answers requests that name a session which has ended of inactivity: any, or one that was `used` after its creation.
fn after_the_end(parts: &mut Parts, used: bool, reply: fn(&Element) -> Option<Reply>) {
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
        if body.attr("sid").is_some_and(|sid| known.contains(sid))
            && let Some(reply) = reply(&body)
        {
            answer.reply = reply;
        }
    });
}
