//! What several streams of a session do to each other (XEP-0124 §16.3 to §16.5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::bend::{Bend, Cx, actions, inputs, replies, with_payloads};
use super::names::{adds, requests, terminates, with};
use crate::cm::backend::Event;
use crate::cm::reply::PayloadKind;
use crate::cm::session::{Action, Input};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::body;
use crate::defects::steps::{Given, first_link, is_message, unheard};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-multi-add-opens/features",
        "the features of a stream that was added never come",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.session.links().nth(1).is_some() {
                        reply.payloads.retain(|payload| payload.kind != PayloadKind::Features);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-add-resp-attrs",
        "the response to a request for another stream has the wait of the session",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.asked.is_some_and(|asked| adds(&asked.body)) && !told.creation() {
                        reply.set("wait", told.session.terms().wait.as_secs());
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-version-on-added-streams",
        "the response to a request for another stream has no version",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.asked.is_some_and(|asked| adds(&asked.body)) && !told.creation() {
                        reply.remove("xmpp:version");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/restarted",
        "messages that wait for one stream are lost when another one is restarted",
        |parts| {
            parts.bend(|| {
                let mut lost = false;
                inputs(move |input, cx| {
                    match &input {
                        Input::Request(request) => {
                            lost |=
                                request.body.is_restart() && cx.session().links().nth(1).is_some();
                        }
                        Input::Server(_, Event::Element(element))
                            if is_message(element) && lost =>
                        {
                            lost = false;
                            return None;
                        }
                        _ => {}
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-resend-replays/stream",
        "when a request for another stream comes again, the response has another name",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    let again = given.again(told.rid, reply);
                    if again && told.asked.is_some_and(|asked| adds(&asked.body)) {
                        reply.set("stream", "Kq8sVt2n");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-one-stream-per-body",
        "messages for the second stream that wait for a request come as if they were of the first",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| match input {
                    Input::Server(link, Event::Element(element))
                        if is_message(&element) && cx.all_asked().next().is_none() =>
                    {
                        let first = first_link(cx).unwrap_or(link);
                        Some(Input::Server(first, Event::Element(element)))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-multi-empty-no-stream",
        "with several streams an empty response has the name of one",
        |parts| {
            parts.bend(|| {
                let mut first = None;
                replies(move |reply, told| {
                    if told.creation() {
                        first = reply.get("stream").map(str::to_owned);
                    } else if let Some(first) = &first
                        && told.session.links().nth(1).is_some()
                        && reply.payloads.is_empty()
                        && reply.get("type").is_none()
                        && reply.get("stream").is_none()
                    {
                        reply.set("stream", first);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-multi-empty-stream-ignored/own",
        "an empty request that names a stream gets what waits for another three seconds late",
        |parts| {
            parts.bend(|| {
                actions(|action, cx| {
                    let Action::Answer { token, reply, .. } = &action else { return Some(action) };
                    let asked = cx.asked(*token).filter(|asked| asked.body.is_empty());
                    let named = asked.and_then(|asked| asked.body.stream()).map(str::to_owned);
                    if named.is_some()
                        && reply
                            .get("stream")
                            .is_some_and(|stream| Some(stream) != named.as_deref())
                        && !reply.payloads.is_empty()
                    {
                        cx.act_after(Duration::from_secs(3), action);
                        return None;
                    }
                    Some(action)
                })
            });
        },
    ),
    defect(
        "bosh-multi-unknown-stream/others",
        "payloads for a stream of another session go over the first of the own one",
        |parts| {
            let owners: Arc<Mutex<HashMap<String, String>>> = Arc::default();
            let known = Arc::clone(&owners);
            parts.on_answer(move |answer, request| {
                let asked = body(request).and_then(|body| body.attr("sid").map(str::to_owned));
                let sid = answer.reply.get("sid").map(str::to_owned).or(asked);
                if let (Some(name), Some(sid)) = (answer.reply.get("stream"), sid) {
                    let mut owners = owners.lock().unwrap_or_else(PoisonError::into_inner);
                    owners.insert(name.to_owned(), sid);
                }
            });
            parts.on_body(move |body| {
                let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                let owner = body.attr("stream").and_then(|name| known.get(name));
                if owner.is_some_and(|owner| body.attr("sid") != Some(owner)) {
                    body.set_attr("", "stream", None);
                }
            });
        },
    ),
    defect(
        "bosh-response-same-session/user",
        "a message for one session of a user goes to the others, too",
        |parts| {
            let sent: Arc<Mutex<Vec<Element>>> = Arc::default();
            parts.bend(move || Box::new(Shared { sent: Arc::clone(&sent), seen: 0, user: None }));
        },
    ),
    defect(
        "bosh-multi-close-one/first",
        "to close the first of several streams ends the session",
        |parts| {
            requests(parts, |request, names| {
                let first = names.several() && request.body.stream() == names.first();
                if first && terminates(&request.body) {
                    request.body = with(&request.body, "stream", None);
                }
                None
            });
        },
    ),
    defect(
        "bosh-multi-close-one/server",
        "when one of several streams is closed its server does not hear of it",
        |parts| {
            unheard(parts, |input, _| {
                matches!(input, Input::Request(request)
                    if terminates(&request.body) && request.body.stream().is_some())
            });
        },
    ),
    defect(
        "bosh-terminate-payload-forwarded/stream",
        "what a request carries that closes one of several streams is not handed on",
        |parts| {
            requests(parts, |request, _| {
                if terminates(&request.body) && request.body.stream().is_some() {
                    request.body = with_payloads(&request.body, []);
                }
                None
            });
        },
    ),
    defect(
        "bosh-queued-payload-order/closed",
        "messages that wait for one stream are lost when another one is closed",
        |parts| {
            parts.bend(|| {
                let mut closed = false;
                replies(move |reply, told| {
                    closed |= told.asked.is_some_and(|asked| {
                        terminates(&asked.body) && asked.body.stream().is_some()
                    });
                    if closed && reply.payloads.iter().any(|it| it.xml.starts_with("<message")) {
                        closed = false;
                        reply.payloads.retain(|it| !it.xml.starts_with("<message"));
                    }
                })
            });
        },
    ),
];

/// A session that looks every now and then for what was sent to another session of its user.
struct Shared {
    sent: Arc<Mutex<Vec<Element>>>,
    seen: usize,
    user: Option<String>,
}

impl Bend for Shared {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Input::Server(_, Event::Element(element)) = &input
            && is_message(element)
        {
            if self.seen == sent.len() {
                self.seen += 1;
            }
            sent.push(element.clone());
        }
        let bare = |message: &Element| {
            message.attr("to").and_then(|to| to.split('/').next()).map(str::to_owned)
        };
        let new: Vec<Element> = sent.iter().skip(self.seen).cloned().collect();
        self.seen = sent.len();
        drop(sent);
        if let Some(link) = first_link(cx) {
            for message in new.into_iter().filter(|message| bare(message) == self.user) {
                cx.pass(Input::Server(link, Event::Element(message)));
            }
        }
        if matches!(input, Input::Settle) && cx.all_asked().next().is_some() {
            cx.wake_after(Duration::from_millis(200));
        }
        cx.pass(input);
    }

    fn go(&mut self, action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { reply, .. } = &action {
            for payload in &reply.payloads {
                let jid = payload.xml.split("<jid>").nth(1);
                let bare = jid.and_then(|jid| jid.split(['/', '<']).next());
                if let Some(bare) = bare {
                    self.user = Some(bare.to_owned());
                }
            }
        }
        cx.act(action);
    }
}
