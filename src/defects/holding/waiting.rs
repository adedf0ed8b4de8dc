//! How many requests are held, and for how long (XEP-0124 §8).

use std::time::Duration;

use crate::bosh::BodyType;
use crate::cm::backend::Event;
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::{Bend, Cx, inputs};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::body;
use crate::defects::steps::{Back, Standing, held, is_message, is_poll, logs_in, standing};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-long-polling/before-login",
        "an empty request is answered at once until the client has logged in",
        |parts| parts.bend(|| Box::new(Unheld::new(true))),
    ),
    defect(
        "bosh-long-polling/after-payloads",
        "an empty request that follows a response with payloads is held for two seconds only",
        |parts| parts.bend(|| Box::new(Unheld::new(false))),
    ),
    defect(
        "bosh-long-polling/older",
        "when a message comes while two requests are held, the older is answered empty and the newer with it",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    if let Input::Server(_, Event::Element(element)) = &input
                        && is_message(element)
                        && held(cx, None) > 1
                        && let Some((oldest, _)) = cx.all_asked().min_by_key(|(_, asked)| asked.rid)
                    {
                        cx.pass(Input::Hurry(oldest));
                        cx.pass(Input::Settle);
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-wait-not-exceeded/late",
        "an idle request is answered four seconds after its wait is over",
        |parts| stretch(parts, |wait| wait + 4),
    ),
    defect(
        "bosh-wait-not-exceeded/long",
        "a wait from ten seconds to less than thirty is exceeded by half of it",
        |parts| {
            stretch(parts, |wait| if (10..30).contains(&wait) { wait * 3 / 2 } else { wait });
        },
    ),
    defect(
        "bosh-wait-not-much-early/early",
        "of a wait of ten seconds or more only two fifths are used",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    let wait = cx.session().terms().wait;
                    if let Input::Request(request) = &input
                        && wait >= Duration::from_secs(10)
                    {
                        cx.pass_after(wait * 2 / 5, Input::Hurry(request.token));
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-hold-not-exceeded/late",
        "where a request that brings nothing back exceeds a `hold` of more than one the oldest is released two seconds later",
        |parts| parts.bend(|| Box::new(More { back: Back::default(), late: true })),
    ),
    defect(
        "bosh-hold-not-exceeded/one-more",
        "a request more than `hold` that brings nothing back is held without releasing the oldest",
        |parts| parts.bend(|| Box::new(More { back: Back::default(), late: false })),
    ),
    defect(
        "bosh-poll-same-as-payload",
        "a request that carries presence or messages and is the next is not held though an empty one is",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    if let Input::Request(request) = &input
                        && !request.body.is_empty()
                        && standing(request.rid, cx.session()) == Standing::Next
                        && request
                            .body
                            .payloads()
                            .all(|payload| matches!(payload.name(), "presence" | "message"))
                    {
                        let hurry = Input::Hurry(request.token);
                        cx.pass(input);
                        cx.pass(hurry);
                        return None;
                    }
                    Some(input)
                })
            });
        },
    ),
];

/// A session waits for longer than it announces.
fn stretch(parts: &mut Parts, stretched: fn(u64) -> u64) {
    let most = parts.policy.wait.as_secs();
    parts.policy.wait = Duration::from_secs(stretched(most));
    parts.on_body(move |body| {
        let asked = body.attr("wait").and_then(|wait| wait.parse().ok());
        if let Some(wait @ 1..) = asked
            && body.attr("sid").is_none()
        {
            body.set_attr("", "wait", Some(&stretched(wait).to_string()));
        }
    });
    parts.on_answer(move |answer, request| {
        let asked = body(request).and_then(|body| body.attr("wait")?.parse::<u64>().ok());
        if answer.reply.get("wait").is_some() {
            answer.reply.set("wait", asked.unwrap_or(most).min(most));
        }
    });
}

/// Whether this request brings nothing back, empty or with messages alone, and comes while as many are held as may be.
fn exceeds(request: &Request, cx: &Cx<'_>) -> bool {
    let terms = cx.session().terms();
    let mut payloads = request.body.payloads();
    let ordinary = request.body.kind() == BodyType::Ordinary;
    (is_poll(&request.body) || ordinary && payloads.all(|payload| payload.name() == "message"))
        && standing(request.rid, cx.session()) == Standing::Next
        && !terms.is_polling()
        && held(cx, Some(request.token)) == terms.hold
}

/// Empty requests are not held, depending on what was before.
struct Unheld {
    before_login: bool,
    logged_in: bool,
    fruitful: bool,
}

impl Unheld {
    fn new(before_login: bool) -> Self {
        Self { before_login, logged_in: false, fruitful: false }
    }
}

impl Bend for Unheld {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let Input::Request(request) = &input else { return cx.pass(input) };
        let hurry = Input::Hurry(request.token);
        let poll = is_poll(&request.body);
        cx.pass(input);
        if poll && self.before_login && !self.logged_in {
            cx.pass(hurry);
        } else if poll && !self.before_login && self.fruitful {
            cx.pass_after(Duration::from_secs(2), hurry);
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { reply, .. } = &action {
            self.fruitful = !reply.payloads.is_empty();
            self.logged_in |= logs_in(reply);
        }
        cx.act(action);
    }
}

/// The request that is one too many, of which the session does not know yet.
struct More {
    back: Back,
    /// It hears of it soon.
    late: bool,
}

impl Bend for More {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match input {
            Input::Request(request)
                if exceeds(&request, cx) && (!self.late || cx.session().terms().hold > 1) =>
            {
                self.back.release(cx);
                let wait = cx.session().terms().wait;
                if !self.late {
                    cx.pass_after(wait, Input::Hurry(request.token));
                }
                self.back.keep(request, if self.late { Duration::from_secs(2) } else { wait }, cx);
            }
            input => self.back.come(input, cx),
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let answered = matches!(action, Action::Answer { .. });
        cx.act(action);
        if answered {
            self.back.release(cx);
        }
    }
}
