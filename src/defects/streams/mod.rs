//! Defects of several streams in one session (XEP-0124 §16).

mod closing;
mod naming;
mod sending;

use super::Family;
use super::bend::{Bend, Cx, changed};
use crate::bosh::{Body, BodyType, Condition};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Request};

pub(super) const DEFECTS: Family = &[naming::DEFECTS, sending::DEFECTS, closing::DEFECTS];

/// Whether a request asks for nothing but what waits, or for another stream if it says where.
fn is_poll(body: &Body) -> bool {
    body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
}

/// Whether a request asks for another stream.
fn adds(body: &Body) -> bool {
    is_poll(body) && body.to().is_some()
}

fn terminates(body: &Body) -> bool {
    body.kind() == BodyType::Terminate
}

/// A request with another value of an attribute, or without it.
fn with(body: &Body, attribute: &str, value: Option<&str>) -> Body {
    changed(body, |body| body.set_attr("", attribute, value))
}

/// The streams of a session as its client knows them.
#[derive(Default)]
struct Names {
    /// Those that are open, oldest first.
    open: Vec<String>,
    /// Those that the client has closed.
    closed: Vec<String>,
    /// Those that an error has closed.
    failed: Vec<String>,
}

impl Names {
    fn first(&self) -> Option<&str> {
        self.open.first().map(String::as_str)
    }

    fn several(&self) -> bool {
        self.open.len() > 1
    }

    /// Whether a request names a stream that its session never had.
    fn lack(&self, body: &Body) -> bool {
        let known = |name| [&self.open, &self.closed, &self.failed].into_iter().any(has(name));
        body.stream().is_some_and(|name| !known(name))
    }

    fn asked(&mut self, body: &Body) {
        if terminates(body)
            && let Some(name) = body.stream()
        {
            move_name(&mut self.open, &mut self.closed, name);
        }
    }

    fn told(&mut self, reply: &Reply) {
        let Some(name) = reply.get("stream") else { return };
        if reply.is_terminal() {
            move_name(&mut self.open, &mut self.failed, name);
        } else if ![&self.open, &self.closed, &self.failed].into_iter().any(has(name)) {
            self.open.push(name.to_owned());
        }
    }
}

fn has(name: &str) -> impl Fn(&Vec<String>) -> bool + '_ {
    move |names| names.iter().any(|known| known == name)
}

fn move_name(from: &mut Vec<String>, to: &mut Vec<String>, name: &str) {
    if let Some(place) = from.iter().position(|known| known == name) {
        to.push(from.remove(place));
    }
}

/// Changes requests by what their client knows of its streams; with a condition the request ends the session.
fn requests(parts: &mut Parts, change: fn(&mut Request, &Names) -> Option<Condition>) {
    struct Requests {
        names: Names,
        change: fn(&mut Request, &Names) -> Option<Condition>,
    }
    impl Bend for Requests {
        fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
            if let Input::Request(request) = &mut input {
                let condition = (self.change)(request, &self.names);
                self.names.asked(&request.body);
                if let Some(condition) = condition {
                    return cx.fail(request.token, condition);
                }
            }
            cx.pass(input);
        }

        fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
            if let Action::Answer { reply, .. } = &action {
                self.names.told(reply);
            }
            cx.act(action);
        }
    }
    parts.bend(move || Box::new(Requests { names: Names::default(), change }));
}
