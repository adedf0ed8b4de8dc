//! What comes for a client reaches it, at once and in order (XEP-0124 §8).

use std::time::Duration;

use crate::cm::backend::Event;
use crate::cm::session::{Action, Input};
use crate::defects::bend::{Bend, Cx, replies};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{
    Back, Given, Standing, all_stanzas, held, is_message, is_poll, standing,
};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-queued-payload-order/swapped",
        "of three or more stanzas in one response the last two change places",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if let [.., _, _, _] = reply.payloads.as_slice()
                        && all_stanzas(reply)
                    {
                        let last = reply.payloads.len() - 1;
                        reply.payloads.swap(last - 1, last);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/kinds",
        "in a response messages come before all else",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if all_stanzas(reply) {
                        reply.payloads.sort_by_key(|it| !it.xml.starts_with("<message"));
                    }
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/overtaken",
        "a presence that no request waits for is overtaken by what comes within half a second",
        |parts| parts.bend(|| Box::new(Overtaken)),
    ),
    defect(
        "bosh-queued-payload-order/lost",
        "a response carries four stanzas at most, and the rest is lost",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if all_stanzas(reply) {
                        reply.payloads.truncate(4);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/twice",
        "of several messages that waited for a request the last comes again with the next response",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                let mut again = None;
                replies(move |reply, told| {
                    if given.again(told.rid, reply) || reply.is_terminal() {
                        return;
                    }
                    if let Some(message) = again.take() {
                        reply.payloads.insert(0, message);
                    } else if told.held().is_zero()
                        && reply.payloads.len() > 1
                        && reply.payloads.iter().all(|payload| payload.xml.starts_with("<message"))
                    {
                        again = reply.payloads.last().cloned();
                    }
                })
            });
        },
    ),
    defect(
        "bosh-push-asap/held",
        "a message for a client whose request is held reaches it two seconds later",
        |parts| parts.bend(|| Box::new(Late::default())),
    ),
    defect(
        "bosh-push-asap/queued",
        "a message that came while no request was open reaches an empty request two seconds late",
        |parts| parts.bend(|| Box::new(Overlooked::default())),
    ),
];

#[derive(Default)]
struct Late {
    until: Duration,
}

impl Bend for Late {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let Input::Server(_, event) = &input else { return cx.pass(input) };
        let message = matches!(event, Event::Element(element) if is_message(element));
        if message && self.until <= cx.now && held(cx, None) > 0 {
            self.until = cx.now + Duration::from_secs(2);
        }
        // What follows keeps its place.
        if self.until > cx.now {
            cx.pass_after(self.until.saturating_sub(cx.now), input);
        } else {
            cx.pass(input);
        }
    }
}

/// Presence of somebody else comes late, where nothing is held.
struct Overtaken;

impl Bend for Overtaken {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let presence =
            matches!(&input, Input::Server(_, Event::Element(it)) if it.name() == "presence");
        if presence && held(cx, None) == 0 {
            cx.pass_after(Duration::from_millis(500), input);
        } else {
            cx.pass(input);
        }
    }
}

/// A message waits of which the session is not reminded when a request comes.
#[derive(Default)]
struct Overlooked {
    waits: bool,
    back: Back,
}

impl Bend for Overlooked {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match input {
            Input::Request(request)
                if standing(request.rid, cx.session()) == Standing::Next
                    && std::mem::take(&mut self.waits)
                    && is_poll(&request.body) =>
            {
                self.back.keep(request, Duration::from_secs(2), cx);
            }
            input => {
                if let Input::Server(_, Event::Element(element)) = &input {
                    self.waits |= is_message(element) && cx.all_asked().next().is_none();
                }
                self.back.come(input, cx);
            }
        }
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if matches!(&action, Action::Answer { reply, .. } if !reply.payloads.is_empty()) {
            self.waits = false;
        }
        cx.act(action);
    }
}
