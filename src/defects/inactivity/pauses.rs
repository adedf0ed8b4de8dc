//! Pauses (XEP-0124 §10).

use std::time::Duration;

use super::lifetime::{EVER, Lifetime, lives, seconds};
use crate::bosh::Condition;
use crate::cm::parts::Parts;
use crate::cm::reply::Payload;
use crate::cm::session::{Action, Input, Request, Session, Terms, Token};
use crate::defects::bend::{Bend, Cx, actions, changed, inputs, replies, requests};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{is_poll, lost_in_pauses};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-pause-immediate-response/late",
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
        "bosh-pause-immediate-response/two",
        "of two requests that are held a pause has only the older returned at once",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| {
                    let Action::Answer { token, .. } = &action else { return Some(action) };
                    let rid = cx.asked(*token).map_or(0, |asked| asked.rid);
                    let pauses = cx.asked(*token).is_some_and(|asked| asked.body.pause().is_some());
                    let older = cx.all_asked().any(|(_, asked)| asked.rid < rid);
                    let pausing = cx
                        .all_asked()
                        .any(|(_, asked)| asked.rid > rid && asked.body.pause().is_some());
                    if older && pausing && !pauses {
                        cx.act_after(Duration::from_secs(3), action);
                        return None;
                    }
                    Some(action)
                })
            });
        },
    ),
    defect(
        "bosh-pause-immediate-response/second",
        "the second pause of a session is held as any other request",
        |parts| {
            again(parts, |request, _| {
                request.body = changed(&request.body, |body| body.set_attr("", "pause", None));
            });
        },
    ),
    defect(
        "bosh-pause-extends-inactivity/second",
        "the second pause of a session is answered, and leaves inactivity as it is",
        |parts| again(parts, as_long_as_inactivity),
    ),
    defect(
        "bosh-pause-extends-inactivity/polling",
        "in a session that polls a pause is answered, and leaves inactivity as it is",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    if session.terms().is_polling() && request.body.pause().is_some() {
                        as_long_as_inactivity(request, session);
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
        "bosh-pause-no-payload/payloads",
        "the response to a pause carries the payloads that wait",
        |parts| {
            parts.bend(|| Box::<PauseWithPayload>::default());
            lives(parts, |pause, terms| pause.unwrap_or(terms.inactivity));
        },
    ),
    defect(
        "bosh-pause-no-payload/lost",
        "messages that come during a pause are lost",
        lost_in_pauses,
    ),
    defect(
        "bosh-pause-over-maxpause/long",
        "a request for a pause that does not fit into 16 bits is never answered",
        |parts| {
            parts.bend(|| {
                inputs(|input, _| match &input {
                    Input::Request(request)
                        if seconds(&request.body)
                            .is_some_and(|pause| pause.as_secs() > u64::from(u16::MAX)) =>
                    {
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-pause-over-maxpause/alive",
        "a pause longer than maxpause is refused with policy-violation, and the session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.rid == cx.session().contiguous() + 1
                            && seconds(&request.body)
                                .is_some_and(|pause| pause > cx.session().terms().maxpause) =>
                    {
                        cx.refuse(request.token, Condition::PolicyViolation);
                        None
                    }
                    _ => Some(input),
                })
            });
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
    defect("bosh-pause-reset/held", "after a pause no empty request is held any more", |parts| {
        parts.bend(|| {
            let mut paused = false;
            inputs(move |input, cx| match input {
                Input::Request(request) if paused && is_poll(&request.body) => {
                    let token = request.token;
                    cx.pass(Input::Request(request));
                    Some(Input::Hurry(token))
                }
                input => {
                    if let Input::Request(request) = &input {
                        paused |= request.body.pause().is_some();
                    }
                    Some(input)
                }
            })
        });
    }),
    defect(
        "bosh-pause-reset/end",
        "when the time of a pause is over the session ends, though requests have come since",
        |parts| parts.bend(|| Box::<Deadline>::default()),
    ),
    defect(
        "bosh-pause-reset/inactivity",
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
];

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

/// Changes the requests for a pause of a session, all but the first.
fn again(parts: &mut Parts, change: fn(&mut Request, &Session)) {
    parts.bend(move || {
        let mut first = None;
        requests(move |request, session| {
            if request.body.pause().is_some() && *first.get_or_insert(request.rid) != request.rid {
                change(request, session);
            }
        })
    });
}

fn as_long_as_inactivity(request: &mut Request, session: &Session) {
    let usual = session.terms().inactivity.as_secs().to_string();
    request.body = changed(&request.body, |body| body.set_attr("", "pause", Some(&usual)));
}

/// When the latest pause is over, and the session with it.
#[derive(Default)]
struct Deadline(Option<Duration>);

impl Bend for Deadline {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match &input {
            Input::Request(request) => {
                if let Some(pause) = seconds(&request.body) {
                    self.0 = Some(cx.now + pause);
                    cx.wake_after(pause);
                }
            }
            Input::Settle if self.0.is_some_and(|end| end <= cx.now) => {
                let tokens: Vec<Token> = cx.all_asked().map(|(token, _)| token).collect();
                for token in tokens {
                    cx.refuse(token, Condition::ItemNotFound);
                    cx.pass(Input::Gone(token));
                }
                return cx.pass(Input::Shutdown);
            }
            _ => {}
        }
        cx.pass(input);
    }
}
