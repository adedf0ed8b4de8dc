//! The streams of a session as its client names them, and requests bent by them.

use crate::bosh::{Body, BodyType, Condition};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input, Request};
use crate::defects::bend::{Bend, Cx, changed};

/// Whether a request asks for nothing but what waits, or for another stream if it says where.
pub(super) fn is_poll(body: &Body) -> bool {
    body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
}

/// Whether a request asks for another stream.
pub(super) fn adds(body: &Body) -> bool {
    is_poll(body) && body.to().is_some()
}

pub(super) fn terminates(body: &Body) -> bool {
    body.kind() == BodyType::Terminate
}

/// A request with another value of an attribute, or without it.
pub(super) fn with(body: &Body, attribute: &str, value: Option<&str>) -> Body {
    changed(body, |body| body.set_attr("", attribute, value))
}

/// The streams of a session as its client knows them.
#[derive(Default)]
pub(super) struct Names {
    /// Those that are open, oldest first.
    pub(super) open: Vec<String>,
    /// Those that the client has closed.
    pub(super) closed: Vec<String>,
    /// Those that an error has closed.
    pub(super) failed: Vec<String>,
}

impl Names {
    pub(super) fn first(&self) -> Option<&str> {
        self.open.first().map(String::as_str)
    }

    pub(super) fn several(&self) -> bool {
        self.open.len() > 1
    }

    /// Whether a request names a stream that its session never had.
    pub(super) fn lack(&self, body: &Body) -> bool {
        let known = |name| [&self.open, &self.closed, &self.failed].into_iter().any(has(name));
        body.stream().is_some_and(|name| !known(name))
    }

    pub(super) fn asked(&mut self, body: &Body) {
        if terminates(body)
            && let Some(name) = body.stream()
        {
            move_name(&mut self.open, &mut self.closed, name);
        }
    }

    pub(super) fn told(&mut self, reply: &Reply) {
        let Some(name) = reply.get("stream") else { return };
        if reply.is_terminal() {
            move_name(&mut self.open, &mut self.failed, name);
        } else if ![&self.open, &self.closed, &self.failed].into_iter().any(has(name)) {
            self.open.push(name.to_owned());
        }
    }
}

pub(super) fn has(name: &str) -> impl Fn(&Vec<String>) -> bool + '_ {
    move |names| names.iter().any(|known| known == name)
}

pub(super) fn move_name(from: &mut Vec<String>, to: &mut Vec<String>, name: &str) {
    if let Some(place) = from.iter().position(|known| known == name) {
        to.push(from.remove(place));
    }
}

/// Changes requests by what their client knows of its streams; with a condition the request ends the session.
pub(super) fn requests(parts: &mut Parts, change: fn(&mut Request, &Names) -> Option<Condition>) {
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
