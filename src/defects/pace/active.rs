//! Defects of how many requests may be open, and how fast they may follow each other (XEP-0124 §11).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::polls::{is_empty_poll, opened};
use crate::bosh::{Body, BodyType, Condition};
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input, Request, Session, Terms, Token};
use crate::defects::bend::{Bend, Cx, inputs};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{is_message, seems_old, unanswered_behind_gaps};
use crate::xmpp::ns;

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-extra-terminate-in-window",
        "requests answered just before count as open, so that one to end or to pause the session is one too many",
        |parts| {
            in_flight(parts, |body, open, terms| {
                let extra = body.kind() == BodyType::Terminate || body.pause().is_some();
                extra && open > terms.requests
            });
        },
    ),
    defect(
        "bosh-too-many-requests/waits",
        "with `requests` requests behind a gap, the one after them waits as they do",
        |parts| parts.bend(|| Box::<Roomy>::default()),
    ),
    defect(
        "bosh-too-many-requests/alive",
        "with `requests` requests behind a gap, the one after them is refused, and the session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if request.rid
                            > cx.session().contiguous() + cx.session().terms().requests
                            && is_crowded(cx.session()) =>
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
        "bosh-too-many-requests/unanswered",
        "when there are too many requests those that wait behind a gap get no answer",
        |parts| unanswered_behind_gaps(parts, 3),
    ),
    defect(
        "bosh-too-many-not-for-repeats/answered",
        "the third repeat of a request that was answered is called one too many",
        |parts| third_repeat(parts, Session::remembers),
    ),
    defect(
        "bosh-too-many-not-for-repeats/held",
        "the third repeat of a request that is held is called one too many",
        |parts| third_repeat(parts, |session, rid| session.waiting().any(|held| held == rid)),
    ),
    defect(
        "bosh-no-false-overactivity/burst",
        "the tenth request with stanzas in one second is called one too many",
        |parts| {
            judge(
                parts,
                |body| body.payloads().any(|payload| payload.namespace() != ns::SASL),
                |recent, now, _| within(recent, now, SECOND) > 9,
            );
        },
    ),
    defect(
        "bosh-no-false-overactivity/unanswered",
        "the eighth message in one second is called one too many",
        |parts| {
            judge(
                parts,
                |body| body.payloads().any(is_message),
                |recent, now, _| within(recent, now, SECOND) > 7,
            );
        },
    ),
    defect(
        "bosh-no-false-overactivity/polling",
        "in a polling session a request with payloads comes too early after an empty one",
        |parts| {
            parts.bend(|| {
                let mut polled: Option<Duration> = None;
                inputs(move |input, cx| {
                    if let Input::Request(Request { token, rid, body }) = &input
                        && cx.session().terms().is_polling()
                        && *rid > cx.session().contiguous()
                    {
                        let early =
                            polled.is_some_and(|at| cx.now < at + cx.session().terms().polling);
                        polled = is_empty_poll(body).then_some(cx.now);
                        if early && !body.is_empty() {
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
        "bosh-no-requests-attr-no-limit",
        "with a wait of less than five seconds requests is not told, and four more than that in half a second end the session",
        |parts| {
            const SHORT: Duration = Duration::from_secs(5);
            opened(parts, |reply, session| {
                if session.terms().wait < SHORT {
                    reply.remove("requests");
                }
            });
            in_flight(parts, |body, open, terms| {
                terms.wait < SHORT
                    && body.kind() != BodyType::Terminate
                    && body.pause().is_none()
                    && open > terms.requests + 3
            });
        },
    ),
    defect(
        "bosh-too-frequent-requests/condition",
        "as many empty requests as may be, three or more, are answered with bad-request if none is answered between them",
        |parts| {
            parts.bend(|| {
                Box::new(AtOnce {
                    recent: VecDeque::new(),
                    refuse: |token, cx| cx.fail(token, Condition::BadRequest),
                })
            });
        },
    ),
    defect(
        "bosh-too-frequent-requests/alive",
        "of as many empty requests as may be, three or more, the last is refused, and the session lives on",
        |parts| {
            parts.bend(|| {
                Box::new(AtOnce {
                    recent: VecDeque::new(),
                    refuse: |token, cx| cx.refuse(token, Condition::PolicyViolation),
                })
            });
        },
    ),
    defect(
        "bosh-no-polling-attr-no-limit",
        "polling is not told to a client of 1.11, which is taken for older than 1.6, and the tenth empty request in one second ends the session",
        |parts| {
            opened(parts, |reply, session| {
                if !session.terms().is_polling() && seems_old(session.terms()) {
                    reply.remove("polling");
                }
            });
            judge(parts, is_empty_poll, |recent, now, terms| {
                !terms.is_polling() && within(recent, now, SECOND) > 9
            });
        },
    ),
];

/// The third repeat of a request that stands so is called one too many.
fn third_repeat(parts: &mut Parts, stands: fn(&Session, u64) -> bool) {
    parts.bend(move || {
        let mut repeats = HashMap::<u64, u32>::new();
        inputs(move |input, cx| {
            if let Input::Request(Request { token, rid, .. }) = input
                && stands(cx.session(), rid)
            {
                let count = repeats.entry(rid).or_default();
                *count += 1;
                if *count == 3 {
                    cx.fail(token, Condition::PolicyViolation);
                    return None;
                }
            }
            Some(input)
        })
    });
}

const SECOND: Duration = Duration::from_secs(1);

/// How many of these times are not longer ago than `span`.
fn within(times: &VecDeque<Duration>, now: Duration, span: Duration) -> usize {
    times.iter().filter(|&&at| at + span > now).count()
}

/// Refuses as many empty requests as may be open, if they come at once.
struct AtOnce {
    recent: VecDeque<Duration>,
    refuse: fn(Token, &mut Cx<'_>),
}

impl Bend for AtOnce {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(Request { token, rid, body }) = &input
            && *rid > cx.session().contiguous()
        {
            if is_empty_poll(body) {
                self.recent.push_back(cx.now);
            } else {
                self.recent.clear();
            }
            let most = cx.session().terms().requests;
            let count = within(&self.recent, cx.now, Duration::from_millis(100)) as u64;
            if most > 2 && count >= most {
                return (self.refuse)(*token, cx);
            }
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if matches!(action, Action::Answer { .. }) {
            self.recent.clear();
        }
        cx.act(action);
    }
}

/// Ends a session whose new requests of one kind come too fast, as `excess` sees from the times of the latest.
fn judge(
    parts: &mut Parts,
    counts: fn(&Body) -> bool,
    excess: fn(&VecDeque<Duration>, Duration, &Terms) -> bool,
) {
    parts.bend(move || {
        let mut recent = VecDeque::new();
        inputs(move |input, cx| {
            if let Input::Request(Request { token, rid, body }) = &input
                && *rid > cx.session().contiguous()
                && counts(body)
            {
                recent.push_back(cx.now);
                if recent.len() > 32 {
                    recent.pop_front();
                }
                if excess(&recent, cx.now, cx.session().terms()) {
                    cx.fail(*token, Condition::PolicyViolation);
                    return None;
                }
            }
            Some(input)
        })
    });
}

/// Ends a session for a new request that `excess` finds too many: it is told how many are open with it, and counts
/// those as open that were answered with nothing in the last half second. Sessions that poll have no such count.
fn in_flight(parts: &mut Parts, excess: fn(&Body, u64, &Terms) -> bool) {
    parts.bend(move || Box::new(InFlight { excess, answered: VecDeque::new() }));
}

struct InFlight {
    excess: fn(&Body, u64, &Terms) -> bool,
    answered: VecDeque<Duration>,
}

impl Bend for InFlight {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(Request { token, rid, body }) = &input
            && *rid > cx.session().contiguous()
            && !cx.session().terms().is_polling()
        {
            let answered = within(&self.answered, cx.now, SECOND / 2);
            let open = (cx.session().waiting().count() + answered + 1) as u64;
            if (self.excess)(body, open, cx.session().terms()) {
                return cx.fail(*token, Condition::PolicyViolation);
            }
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { token, reply, .. } = &action
            && reply.payloads.is_empty()
            && cx.asked(*token).is_some()
        {
            self.answered.push_back(cx.now);
            if self.answered.len() > 32 {
                self.answered.pop_front();
            }
        }
        cx.act(action);
    }
}

/// Whether nearly as many requests wait behind a gap as may be open, three or more.
fn is_crowded(session: &Session) -> bool {
    session.terms().requests > 2 && parked(session) + 1 >= session.terms().requests
}

/// How many requests wait behind a gap.
fn parked(session: &Session) -> u64 {
    session.waiting().filter(|&rid| rid > session.contiguous()).count() as u64
}

/// Keeps a request that is one beyond the window, with all before it but the first, until it fits.
#[derive(Default)]
struct Roomy(Option<Request>);

impl Bend for Roomy {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let requests = cx.session().terms().requests;
        match input {
            Input::Request(request)
                if self.0.is_none()
                    && request.rid == cx.session().contiguous() + requests + 1
                    && is_crowded(cx.session()) =>
            {
                self.0 = Some(request);
            }
            input => cx.pass(input),
        }
        let last = cx.session().contiguous() + requests;
        if let Some(request) = self.0.take_if(|request| request.rid <= last) {
            cx.pass(Input::Request(request));
        }
    }
}
