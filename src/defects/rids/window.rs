//! The range of rids, gaps, and the window (XEP-0124 §14.1, §14.2).

use std::time::Duration;

use crate::bosh::Condition;
use crate::cm::backend::Command;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::{Bend, Cx, inputs, replies, requests};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{
    Disorder, Exchange, Standing, ends_with, first_link, forget, parked, standing, stanzas,
};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-cm-rid-64bit/2-31",
        "a session whose rid comes to 2^31 is ended as if the rid were out of its window",
        |parts| {
            const LAST: u64 = i32::MAX as u64;
            parts.bend(|| {
                requests(|request, session| {
                    if session.contiguous() <= LAST && request.rid > LAST {
                        forget(request);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cm-rid-64bit/2-32-ack",
        "acknowledgements and reports of rids from 2^32 on are cut to 32 bits",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    for name in ["ack", "report"] {
                        let rid = reply.get(name).and_then(|rid| rid.parse::<u64>().ok());
                        if let Some(rid) = rid {
                            reply.set(name, rid % (1 << 32));
                        }
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cm-rid-64bit/2-32-next",
        "a rid is the next one if its lowest 32 bits are those of the next",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    let next = session.contiguous() + 1;
                    if request.rid & u64::from(u32::MAX) == next & u64::from(u32::MAX) {
                        request.rid = next;
                    }
                })
            });
        },
    ),
    defect(
        "bosh-cm-rid-64bit/2-52-repeat",
        "a repeat of a rid from 2^52 on is taken for one of the rid before it",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    let repeated = standing(request.rid, session) == Standing::Remembered;
                    if repeated && request.rid >= 1 << 52 {
                        request.rid -= 1;
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-gap-not-answered/answered",
        "a request ahead of a gap is answered with an empty body after a second",
        |parts| parts.bend(|| Box::new(Impatient)),
    ),
    defect(
        "bosh-rid-gap-not-answered/forwarded",
        "the payloads of a request ahead of a gap are handed on before the gap is closed",
        |parts| parts.bend(|| Box::new(Forward::default())),
    ),
    defect(
        "bosh-rid-window/one-less",
        "the rid that is `requests` above the last one is rejected as if it were out of the window",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    let ahead = standing(request.rid, session) == Standing::Ahead;
                    if ahead && request.rid - session.contiguous() == session.terms().requests {
                        forget(request);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-window/last-of-three",
        "where three requests or more may be open the last rid of the window is rejected",
        |parts| {
            parts.bend(|| {
                requests(|request, session| {
                    let most = session.terms().requests;
                    if most > 2 && request.rid == session.contiguous() + most {
                        forget(request);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-window/forgotten",
        "a request ahead of a gap is taken in, but forgotten before the gap is closed",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if standing(request.rid, cx.session()) == Standing::Ahead =>
                    {
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-terminates/one-more",
        "the first rid above the window waits as if it were within it",
        |parts| parts.bend(|| Box::new(Beyond::default())),
    ),
    defect(
        "bosh-rid-out-of-window-terminates/condition",
        "a rid up to 1024 above the window, but for the first, ends the session with bad-request in place of item-not-found",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let last = told.session.contiguous() + told.session.terms().requests;
                    let beyond = told
                        .asked
                        .is_some_and(|asked| (last + 2..=last + 1024).contains(&asked.rid));
                    if beyond && ends_with(reply, "item-not-found") {
                        reply.set("condition", "bad-request");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-session-dead/alive",
        "a rid above the window is refused with item-not-found, but its session lives on",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if standing(request.rid, cx.session()) == Standing::Beyond =>
                    {
                        cx.refuse(request.token, Condition::ItemNotFound);
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-rid-out-of-window-session-dead/held",
        "when a rid above the window ends a session its held requests get no answer",
        |parts| parts.bend(|| Box::new(Deserted(false))),
    ),
    defect(
        "bosh-rid-gap-multi/lost",
        "there is room for one request ahead of a gap, and a second one is lost",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match &input {
                    Input::Request(request)
                        if standing(request.rid, cx.session()) == Standing::Ahead
                            && !parked(cx, Some(request.token)).is_empty() =>
                    {
                        None
                    }
                    _ => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-rid-gap-multi/order",
        "of two requests that waited behind a gap the later one is answered first",
        |parts| {
            parts.bend(|| Box::new(Disorder { parked: 2, exchange: Exchange::default() }));
        },
    ),
];

/// Answers what waits behind a gap after a second.
struct Impatient;

const PATIENCE: Duration = Duration::from_secs(1);

impl Bend for Impatient {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match &input {
            Input::Request(request) if standing(request.rid, cx.session()) == Standing::Ahead => {
                cx.pass_after(PATIENCE, Input::Settle);
            }
            Input::Settle => {
                let late =
                    |token: &_| cx.asked(*token).is_some_and(|asked| asked.at + PATIENCE <= cx.now);
                for token in parked(cx, None).into_iter().filter(late).collect::<Vec<_>>() {
                    cx.answer(token, Reply::empty());
                    cx.pass(Input::Gone(token));
                }
            }
            _ => {}
        }
        cx.pass(input);
    }
}

/// Hands on at once what waits behind a gap, and not again when the session does.
#[derive(Default)]
struct Forward {
    sent: Vec<Element>,
}

impl Bend for Forward {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && standing(request.rid, cx.session()) == Standing::Ahead
            && let Some(link) = first_link(cx)
        {
            for stanza in stanzas(&request.body) {
                self.sent.push(stanza.clone());
                cx.act(Action::Command(link, Command::Send(stanza)));
            }
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Command(_, Command::Send(element)) = &action
            && let Some(sent) = self.sent.iter().position(|sent| sent == element)
        {
            self.sent.remove(sent);
            return;
        }
        cx.act(action);
    }
}

/// The first request above the window, until it is within it.
#[derive(Default)]
struct Beyond(Option<Request>);

impl Bend for Beyond {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match input {
            Input::Request(request)
                if standing(request.rid, cx.session()) == Standing::Beyond
                    && standing(request.rid.saturating_sub(1), cx.session())
                        != Standing::Beyond =>
            {
                self.0 = Some(request);
            }
            Input::Gone(token) if self.0.as_ref().is_some_and(|beyond| beyond.token == token) => {
                self.0 = None;
            }
            input => cx.pass(input),
        }
        let within = |beyond: &mut Request| standing(beyond.rid, cx.session()) != Standing::Beyond;
        if let Some(request) = self.0.take_if(within) {
            cx.pass(Input::Request(request));
        }
    }
}

/// Whether a rid above the window has just come.
struct Deserted(bool);

impl Bend for Deserted {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.0 = matches!(&input, Input::Request(request)
            if standing(request.rid, cx.session()) == Standing::Beyond);
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if !matches!(&action, Action::Answer { reply, .. }
            if self.0 && ends_with(reply, "other-request"))
        {
            cx.act(action);
        }
    }
}
