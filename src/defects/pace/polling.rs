//! Defects of sessions that poll (XEP-0124 §12).

use std::time::Duration;

use super::polls::{is_empty_poll, opened};
use crate::bosh::Condition;
use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::reply::PayloadKind;
use crate::cm::session::{Action, Input, Request, Terms, Token};
use crate::defects::bend::{Bend, Cx, actions, changed, inputs, replies};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::is_message;
use crate::xml::Element;

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-wait0-answers-now/wait-zero",
        "with a wait of 0 an empty response comes three seconds late if hold is not 0 too",
        |parts| {
            hold_back(parts, |terms| {
                (terms.wait.is_zero() && terms.hold > 0).then_some(Duration::from_secs(3))
            });
        },
    ),
    defect(
        "bosh-wait0-answers-now/hold-zero",
        "with a hold of 0 an empty request is held for the time of wait all the same",
        |parts| {
            hold_back(parts, |terms| {
                (terms.hold == 0 && !terms.wait.is_zero()).then_some(terms.wait)
            });
        },
    ),
    defect(
        "bosh-wait0-answers-now/polling-twice",
        "the creation response of a session that polls has the attribute polling twice",
        |parts| {
            opened(parts, |reply, session| {
                if session.terms().is_polling() {
                    let polling = session.terms().polling.as_secs().to_string();
                    reply.attributes.push(("polling".into(), polling));
                }
            });
        },
    ),
    defect(
        "bosh-wait0-answers-now/payloads",
        "in a session that polls a request with messages is answered three seconds late",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| match &action {
                    Action::Answer { token, reply, .. }
                        if cx.session().terms().is_polling()
                            && reply.payloads.is_empty()
                            && cx
                                .asked(*token)
                                .is_some_and(|asked| asked.body.payloads().any(is_message)) =>
                    {
                        cx.act_after(Duration::from_secs(3), action);
                        None
                    }
                    _ => Some(action),
                })
            });
        },
    ),
    defect(
        "bosh-polling-inactivity-higher",
        "the inactivity announced to a session that polls is ten seconds shorter than usual",
        |parts| {
            let usual = parts.policy.inactivity.as_secs();
            polling_inactivity(parts, usual.saturating_sub(10));
        },
    ),
    defect(
        "bosh-polling-inactivity-margin",
        "the inactivity announced to a session that polls is longer than usual by polling, and not by more",
        |parts| {
            let margin = parts.policy.inactivity + parts.policy.polling;
            polling_inactivity(parts, margin.as_secs());
        },
    ),
    defect(
        "bosh-polling-too-frequent/never",
        "empty requests of a session that polls may come as often as the client likes",
        |parts| unpaced(parts, |_, _| true),
    ),
    defect(
        "bosh-polling-too-frequent/hold",
        "empty requests may come as often as the client likes where wait is 0, and hold is not",
        |parts| unpaced(parts, |terms, _| terms.hold > 0),
    ),
    defect(
        "bosh-polling-too-frequent/once",
        "once an empty request has fetched something, they may come as often as the client likes",
        |parts| unpaced(parts, |_, fruitful| fruitful),
    ),
    defect(
        "bosh-polling-too-frequent/alive",
        "an empty request that comes too early is refused with policy-violation, and the session lives on",
        |parts| {
            unpaced(parts, |_, _| true);
            parts.bend(|| {
                Box::new(Polls {
                    early: |poll, now, terms| {
                        poll.carried.is_none() && now < poll.at + terms.polling
                    },
                    refuse: |token, cx| cx.refuse(token, Condition::PolicyViolation),
                    last: None,
                })
            });
        },
    ),
    defect(
        "bosh-polling-too-frequent/short",
        "only polls within 0.7 of the polling interval are too early",
        |parts| {
            unpaced(parts, |_, _| true);
            polls(parts, |poll, now, terms| {
                poll.carried.is_none() && now < poll.at + terms.polling * 7 / 10
            });
        },
    ),
    defect(
        "bosh-polling-too-frequent/condition",
        "an empty request that comes too early ends the session with item-not-found",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let polls = told.session.terms().is_polling()
                        && told.asked.is_some_and(|asked| is_empty_poll(&asked.body));
                    if polls && reply.get("condition") == Some(Condition::PolicyViolation.as_str())
                    {
                        reply.set("condition", Condition::ItemNotFound);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-polling-legal-rate/margin",
        "empty requests of a session that polls have to be 0.3 seconds further apart than told",
        |parts| {
            polls(parts, |poll, now, terms| {
                poll.carried.is_none() && now < poll.at + terms.polling + Duration::from_millis(300)
            });
        },
    ),
    defect(
        "bosh-polling-legal-rate/after-payload",
        "an empty request comes too early though the one before it fetched a stanza",
        |parts| {
            polls(parts, |poll, now, terms| {
                poll.carried == Some(PayloadKind::Stanza) && now < poll.at + terms.polling
            });
        },
    ),
    defect(
        "bosh-polling-legal-rate/after-request",
        "an empty request comes too early though the one before it carried a message",
        |parts| {
            parts.bend(|| {
                let mut carried = None;
                inputs(move |input, cx| {
                    if let Input::Request(Request { token, rid, body }) = &input
                        && cx.session().terms().is_polling()
                        && *rid > cx.session().contiguous()
                    {
                        let before: Option<Duration> = carried.take();
                        if body.payloads().any(is_message) {
                            carried = Some(cx.now);
                        }
                        let polling = cx.session().terms().polling;
                        if is_empty_poll(body) && before.is_some_and(|at| cx.now < at + polling) {
                            cx.fail(*token, Condition::PolicyViolation);
                            return None;
                        }
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-polling-legal-rate/repeat",
        "an empty request that comes again too early is taken for the next one",
        |parts| repeated(parts, false),
    ),
    defect(
        "bosh-polling-legal-rate/anew",
        "the time of polling begins anew when an empty request comes again",
        |parts| repeated(parts, true),
    ),
    defect(
        "bosh-polling-no-attr-no-limit",
        "polling is not told to a session that polls, and is enforced",
        |parts| {
            opened(parts, |reply, session| {
                if session.terms().is_polling() {
                    reply.remove("polling");
                }
            });
        },
    ),
];

/// Tells sessions that poll another inactivity.
fn polling_inactivity(parts: &mut Parts, seconds: u64) {
    parts.bend(move || {
        replies(move |reply, told| {
            if reply.get("sid").is_some() && told.session.terms().is_polling() {
                reply.set("inactivity", seconds);
            }
        })
    });
}

/// Sends the empty responses of some sessions later.
fn hold_back(parts: &mut Parts, delay: fn(&Terms) -> Option<Duration>) {
    parts.bend(move || {
        actions(move |action, cx| match &action {
            Action::Answer { token, reply, .. }
                if reply.payloads.is_empty()
                    && !reply.is_terminal()
                    && cx.asked(*token).is_some() =>
            {
                match delay(cx.session().terms()) {
                    Some(delay) => {
                        cx.act_after(delay, action);
                        None
                    }
                    None => Some(action),
                }
            }
            _ => Some(action),
        })
    });
}

/// The pace is not looked at where `pardons` says so; it is told whether an empty request has fetched something.
fn unpaced(parts: &mut Parts, pardons: fn(&Terms, bool) -> bool) {
    // A request that carries something is never too early; what it carries goes nowhere.
    const NOTHING: &str = "urn:xmppscope:nothing";
    struct Unpaced {
        pardons: fn(&Terms, bool) -> bool,
        fruitful: bool,
    }
    impl Bend for Unpaced {
        fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
            let terms = cx.session().terms();
            if let Input::Request(request) = &mut input
                && terms.is_polling()
                && is_empty_poll(&request.body)
                && (self.pardons)(terms, self.fruitful)
            {
                let nothing = Element::new(NOTHING, "nothing");
                request.body = changed(&request.body, |body| body.push(nothing));
            }
            cx.pass(input);
        }

        fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
            if let Action::Answer { token, reply, .. } = &action {
                let polls = cx.asked(*token).is_some_and(|asked| is_empty_poll(&asked.body));
                self.fruitful |=
                    polls && reply.payloads.iter().any(|it| it.xml.contains("<message"));
            }
            cx.act(action);
        }
    }
    parts.bend(move || Box::new(Unpaced { pardons, fruitful: false }));
    parts.on_command(|_, command| match &command {
        Command::Send(element) if element.namespace() == NOTHING => Vec::new(),
        _ => vec![command],
    });
}

/// An empty request of a session that polls is too early after itself, or, with `anew`, the next one is.
fn repeated(parts: &mut Parts, anew: bool) {
    parts.bend(move || {
        let mut since: Option<Duration> = None;
        inputs(move |input, cx| {
            if let Input::Request(Request { token, rid, body }) = &input
                && cx.session().terms().is_polling()
            {
                let again = *rid <= cx.session().contiguous();
                let early =
                    since.is_some_and(|since| cx.now < since + cx.session().terms().polling);
                if early && again != anew && is_empty_poll(body) {
                    cx.fail(*token, Condition::PolicyViolation);
                    return None;
                }
                since = (is_empty_poll(body) && again == anew).then_some(cx.now);
            }
            Some(input)
        })
    });
}

/// The latest empty request of a session that polls.
struct Poll {
    at: Duration,
    /// What its response carried.
    carried: Option<PayloadKind>,
}

/// Ends a session that polls when `early` says that an empty request comes too early after another one.
fn polls(parts: &mut Parts, early: fn(&Poll, Duration, &Terms) -> bool) {
    parts.bend(move || {
        Box::new(Polls {
            early,
            refuse: |token, cx| cx.fail(token, Condition::PolicyViolation),
            last: None,
        })
    });
}

struct Polls {
    early: fn(&Poll, Duration, &Terms) -> bool,
    refuse: fn(Token, &mut Cx<'_>),
    last: Option<Poll>,
}

impl Bend for Polls {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(Request { token, rid, body }) = &input
            && cx.session().terms().is_polling()
            && *rid > cx.session().contiguous()
        {
            let last = self.last.take();
            if is_empty_poll(body) {
                if last.is_some_and(|poll| (self.early)(&poll, cx.now, cx.session().terms())) {
                    return (self.refuse)(*token, cx);
                }
                self.last = Some(Poll { at: cx.now, carried: None });
            }
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let (Action::Answer { reply, .. }, Some(poll)) = (&action, &mut self.last) {
            poll.carried = reply.payloads.first().map(|payload| payload.kind);
        }
        cx.act(action);
    }
}
