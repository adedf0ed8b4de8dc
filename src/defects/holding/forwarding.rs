//! What a client sends reaches the server (XEP-0124 §8).

use std::time::Duration;

use crate::cm::backend::{Command, Link};
use crate::cm::session::{Action, Input};
use crate::defects::bend::{Bend, Cx};
use crate::defects::defect::{Defect, defect};
use crate::defects::steps::{Standing, held, parked, standing};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-forward-asap/while-held",
        "an iq of type get for the server that comes while another request is held is handed on six seconds later",
        |parts| parts.bend(|| Box::new(Slow::default())),
    ),
    defect(
        "bosh-forward-asap/after-response",
        "of several payloads in a request only the first is handed on before the request is answered",
        |parts| parts.bend(|| Box::new(AfterResponse::default())),
    ),
    defect(
        "bosh-forward-in-rid-order",
        "payloads that wait behind a gap are handed on before those of the request that closes it",
        |parts| parts.bend(|| Box::new(Overtaken::default())),
    ),
];

#[derive(Default)]
struct Slow {
    held: bool,
    until: Duration,
}

impl Bend for Slow {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        self.held = matches!(&input, Input::Request(request) if held(cx, Some(request.token)) > 0);
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        let Action::Command(_, command) = &action else { return cx.act(action) };
        if let Command::Send(element) = command
            && self.held
            && (element.name(), element.attr("type")) == ("iq", Some("get"))
            && element.attr("to").is_none_or(|to| !to.contains('@'))
        {
            self.until = cx.now + Duration::from_secs(6);
        }
        // What follows keeps its place.
        if self.until > cx.now {
            cx.act_after(self.until.saturating_sub(cx.now), action);
        } else {
            cx.act(action);
        }
    }
}

#[derive(Default)]
struct AfterResponse {
    rid: u64,
    /// How many payloads of the present request are handed on.
    seen: usize,
    /// No other is taken in with it.
    alone: bool,
    kept: Vec<(Link, Command)>,
}

impl AfterResponse {
    fn hand_on(&mut self, cx: &mut Cx<'_>) {
        for (link, command) in self.kept.drain(..) {
            cx.act(Action::Command(link, command));
        }
    }
}

impl Bend for AfterResponse {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input {
            self.seen = 0;
            self.alone = parked(cx, Some(request.token)).is_empty();
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        match action {
            Action::Command(link, command @ Command::Send(_)) => {
                self.seen += 1;
                if self.seen > 1 && self.alone {
                    self.rid = cx.session().contiguous();
                    return self.kept.push((link, command));
                }
                self.hand_on(cx);
                cx.act(Action::Command(link, command));
            }
            Action::Answer { rid: Some(rid), .. } if rid < self.rid => cx.act(action),
            action => {
                self.hand_on(cx);
                cx.act(action);
            }
        }
    }
}

#[derive(Default)]
struct Overtaken {
    first: usize,
    kept: Vec<Action>,
}

impl Bend for Overtaken {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        match &input {
            Input::Request(request)
                if standing(request.rid, cx.session()) == Standing::Next
                    && !parked(cx, Some(request.token)).is_empty() =>
            {
                self.first = request.body.payloads().count();
            }
            Input::Settle => {
                self.first = 0;
                self.kept.drain(..).for_each(|action| cx.act(action));
            }
            _ => {}
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if self.first > 0 && matches!(action, Action::Command(_, Command::Send(_))) {
            self.first -= 1;
            self.kept.push(action);
        } else {
            cx.act(action);
        }
    }
}
