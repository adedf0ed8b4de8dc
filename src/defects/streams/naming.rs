//! Whether there can be several streams, and what they are called (XEP-0124 §16.1 to §16.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::bend::{Bend, Cx, inputs, replies};
use super::names::{adds, requests, with};
use crate::bosh::Condition;
use crate::cm::parts::Parts;
use crate::cm::session::{Action, Input};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-multi-advertise/late",
        "the response that creates a session has no stream, and later ones with payloads have one",
        |parts| {
            requests(parts, |request, _| {
                if adds(&request.body) {
                    request.body = with(&request.body, "to", None);
                }
                None
            });
            parts.bend(|| {
                let mut name = None;
                replies(move |reply, told| {
                    if told.creation() {
                        name = reply.get("stream").map(str::to_owned);
                        reply.remove("stream");
                    } else if let Some(name) = name.as_ref().filter(|_| !reply.payloads.is_empty())
                        && !reply.is_terminal()
                    {
                        reply.set("stream", name);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-advertise/without-features",
        "a creation response without features has no stream",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.creation() && reply.payloads.is_empty() {
                        reply.remove("stream");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-stream-name/counter",
        "the name of a stream is the one before it and one more",
        |parts| {
            let next = Arc::new(AtomicU64::new(1));
            parts.bend(move || {
                let next = Arc::clone(&next);
                Box::new(Renamed::new(move |_| next.fetch_add(1, Ordering::Relaxed).to_string()))
            });
        },
    ),
    defect(
        "bosh-multi-stream-name/repeated",
        "the streams of every session have the same names",
        |parts| {
            const NAMES: [&str; 8] = [
                "mBv0Qw3s", "Yx7hT2Kd", "p4ZrLf9U", "E8ncJaW1", "gS5iOt6X", "H2uVyNe0", "b9QkMj4R",
                "Lz3PdFo7",
            ];
            parts.bend(|| Box::new(Renamed::new(|index| NAMES[index % NAMES.len()].to_owned())));
        },
    ),
    defect(
        "bosh-multi-unsupported-ignored/refused",
        "no other stream is offered, and an empty request that asks for one is refused",
        |parts| {
            parts.policy.streams = 1;
            requests(parts, |request, _| adds(&request.body).then_some(Condition::BadRequest));
        },
    ),
    defect(
        "bosh-multi-unsupported-ignored/at-once",
        "no other stream is offered, and an empty request that asks for one is not held",
        |parts| {
            parts.policy.streams = 1;
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Request(request) if adds(&request.body) => {
                        let token = request.token;
                        cx.pass(Input::Request(request));
                        Some(Input::Hurry(token))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-multi-add-opens/ignored",
        "several streams are offered, and a request for another one is held as one for payloads",
        |parts| {
            requests(parts, |request, _| {
                if adds(&request.body) {
                    request.body = with(&request.body, "to", None);
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-add-opens/first-name",
        "the response to a request for another stream has the name of the first one",
        first_name,
    ),
    defect(
        "bosh-multi-add-opens/without-features",
        "the response to a request for another stream has no name if it has no features",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.asked.is_some_and(|asked| adds(&asked.body))
                        && reply.payloads.is_empty()
                    {
                        reply.remove("stream");
                    }
                })
            });
        },
    ),
];

fn first_name(parts: &mut Parts) {
    parts.bend(|| {
        let mut first = None;
        replies(move |reply, told| {
            if told.creation() {
                first = reply.get("stream").map(str::to_owned);
            } else if told.asked.is_some_and(|asked| adds(&asked.body))
                && let Some(first) = &first
                && reply.get("stream").is_some()
            {
                reply.set("stream", first);
            }
        })
    });
}

/// Gives the streams of a session other names, by their order.
struct Renamed<F> {
    make: F,
    /// What the session calls a stream, and what the client does.
    names: Vec<(String, String)>,
}

impl<F: FnMut(usize) -> String> Renamed<F> {
    fn new(make: F) -> Self {
        Self { make, names: Vec::new() }
    }

    fn told(&mut self, real: &str) -> String {
        if let Some((_, told)) = self.names.iter().find(|(known, _)| known == real) {
            return told.clone();
        }
        let told = (self.make)(self.names.len());
        self.names.push((real.to_owned(), told.clone()));
        told
    }
}

impl<F: FnMut(usize) -> String + Send> Bend for Renamed<F> {
    fn come(&mut self, mut input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &mut input
            && let Some(name) = request.body.stream()
            && let Some((real, _)) = self.names.iter().find(|(_, told)| told == name)
        {
            request.body = with(&request.body, "stream", Some(real));
        }
        cx.pass(input);
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { reply, .. } = &mut action
            && let Some(real) = reply.get("stream").map(str::to_owned)
        {
            reply.set("stream", self.told(&real));
        }
        cx.act(action);
    }
}
