//! What a restart leaves as it was, and what is not told as it came (XEP-0206 §2, §5 to §7).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::bend::{changed, inputs, replies, requests, with_payloads};
use super::super::edge::body;
use super::super::steps::{Given, Standing, forget, is_poll, standing};
use super::restarts::bound;
use super::streams::has_bind;
use crate::bosh::XBOSH;
use crate::cm::backend::{Backend, Command, Event, Link};
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind, Reply};
use crate::cm::session::Input;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "xbosh-restart-same-session/repeated",
        "the answer to a repeated restart request is empty",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    let restarts = told.asked.is_some_and(|asked| asked.body.is_restart());
                    if given.again(told.rid, reply) && restarts {
                        reply.payloads.clear();
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-restart-same-session/inactivity",
        "after a restart a session ends when half of inactivity has passed",
        |parts| {
            parts.bend(|| {
                let (mut restarted, mut last) = (false, None);
                inputs(move |mut input, cx| {
                    if let Input::Request(request) = &mut input {
                        let most = cx.session().terms().inactivity / 2;
                        if restarted && last.is_some_and(|last| cx.now > last + most) {
                            forget(request);
                        }
                        restarted |= request.body.is_restart();
                        last = Some(cx.now);
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "xbosh-restart-same-session/end",
        "between a restart and the next request the client cannot end its session",
        |parts| {
            parts.bend(|| {
                let mut restarted = false;
                requests(move |request, _| {
                    if std::mem::take(&mut restarted) {
                        request.body =
                            changed(&request.body, |body| body.set_attr("", "type", None));
                    }
                    restarted = request.body.is_restart();
                })
            });
        },
    ),
    defect(
        "xbosh-restart-same-session/window",
        "after a restart a request that arrives early is refused",
        |parts| {
            parts.bend(|| {
                let mut restarted = false;
                inputs(move |mut input, cx| {
                    if let Input::Request(request) = &mut input {
                        if restarted && standing(request.rid, cx.session()) == Standing::Ahead {
                            forget(request);
                        }
                        restarted |= request.body.is_restart();
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "bosh-long-polling/after-restart",
        "after a restart no empty request is held",
        |parts| {
            parts.bend(|| {
                let mut restarted = false;
                inputs(move |input, cx| {
                    let Input::Request(request) = &input else { return Some(input) };
                    let (token, polls) = (request.token, is_poll(&request.body));
                    restarted |= request.body.is_restart();
                    if restarted && polls {
                        cx.pass(input);
                        return Some(Input::Hurry(token));
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "xbosh-cm-restart-boolean/local-name",
        "an attribute restart asks for a restart, whatever namespace it is of",
        |parts| {
            parts.on_body(|body| {
                let asks = body.attributes().any(|(namespace, name, value)| {
                    namespace != XBOSH && name == "restart" && value == "true"
                });
                if asks {
                    body.set_attr(XBOSH, "restart", Some("true"));
                }
            });
        },
    ),
    defect(
        "xbosh-cm-restart-boolean/anything",
        "xmpp:restart asks for a restart whatever its value is, but for false",
        |parts| {
            parts.on_body(|body| {
                if body.attr_ns(XBOSH, "restart").is_some_and(|value| value != "false") {
                    body.set_attr(XBOSH, "restart", Some("true"));
                }
            });
        },
    ),
    defect(
        "xbosh-restart-features-forwarded/held",
        "a restart that comes while a request is held is done four seconds later",
        |parts| {
            parts.bend(|| {
                inputs(|input, cx| {
                    let Input::Request(request) = &input else { return Some(input) };
                    if request.body.is_restart() && cx.session().waiting().next().is_some() {
                        cx.pass_after(Duration::from_secs(4), input);
                        return None;
                    }
                    Some(input)
                })
            });
        },
    ),
    defect(
        "xbosh-restart-support/second-login",
        "after a login that failed another one is not sent on",
        |parts| {
            parts.bend(|| {
                let mut failed = false;
                requests(move |request, _| {
                    let auth = |payload: &Element| payload.is(ns::SASL, "auth");
                    if request.body.payloads().any(auth) && std::mem::replace(&mut failed, true) {
                        request.body = with_payloads(&request.body, []);
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-bind-roundtrip/first",
        "every client gets the address that was bound first",
        |parts| {
            let mut first = None;
            parts.on_event(move |_, event| {
                let Event::Element(iq) = &event else { return Some(event) };
                let Some(jid) = bound(iq) else { return Some(event) };
                let first = first.get_or_insert(jid);
                let jid = Element::new(ns::BIND, "jid").with_text(first);
                let result = Element::new(ns::CLIENT, "iq")
                    .with_attr("type", "result")
                    .with_attr_if("id", iq.attr("id"))
                    .with_child(Element::new(ns::BIND, "bind").with_child(jid));
                Some(Event::Element(result))
            });
        },
    ),
    defect(
        "xbosh-bind-roundtrip/to",
        "results are to the address that was bound last, whoever asked",
        |parts| {
            let mut last = None;
            parts.on_event(move |_, event| {
                let Event::Element(mut iq) = event else { return Some(event) };
                if let Some(jid) = bound(&iq) {
                    last = Some(jid);
                } else if iq.is(ns::CLIENT, "iq")
                    && iq.attr("type") == Some("result")
                    && iq.attr("to").is_some()
                {
                    iq.set_attr("", "to", last.as_deref());
                }
                Some(Event::Element(iq))
            });
        },
    ),
    defect(
        "xbosh-bind-roundtrip/sent-on",
        "a stanza for somebody reaches them before its client has logged in",
        |parts| {
            parts.wrap_backend(|inner| {
                Box::new(Early {
                    inner,
                    links: HashMap::new(),
                    known: HashSet::new(),
                    events: VecDeque::new(),
                })
            });
        },
    ),
    defect(
        "xbosh-features-stream-ns/second",
        "the prefix of the features after a restart is declared on them instead of on the wrapper",
        |parts| {
            parts.on_text(|text, _| {
                if text.contains("<stream:features") && text.contains("xmpp-bind") {
                    let declaration = format!(" xmlns:stream='{}'", ns::STREAMS);
                    let without = text.replacen(&declaration, "", 1);
                    let own = format!("<stream:features{declaration}");
                    *text = without.replacen("<stream:features", &own, 1);
                }
            });
        },
    ),
    defect(
        "xbosh-body-content-kinds",
        "the features after a restart come together with a presence of the server",
        |parts| {
            changing(parts, |reply| {
                let bind = |payload: &Payload| {
                    payload.kind == PayloadKind::Features
                        && payload.element().is_some_and(|features| has_bind(&features))
                };
                if reply.payloads.iter().any(bind) {
                    let presence = Element::new(ns::CLIENT, "presence");
                    reply.payloads.push(Payload::new(&presence));
                }
            });
        },
    ),
    defect(
        "xbosh-stream-error-last",
        "the error of a stream comes before the stanzas that waited",
        |parts| {
            changing(parts, |reply| {
                reply.payloads.sort_by_key(|it| it.kind != PayloadKind::StreamError);
            });
        },
    ),
    defect(
        "xbosh-remote-stream-error-content/bare",
        "of the error of a stream only the content is sent, as before version 1.1",
        |parts| {
            changing(parts, |reply| {
                for payload in &mut reply.payloads {
                    if payload.kind == PayloadKind::StreamError
                        && let Some(error) = payload.element()
                        && let Some(condition) = error.children().next()
                    {
                        *payload = Payload::new(condition);
                    }
                }
            });
        },
    ),
    defect(
        "bosh-cond-remote-stream-error",
        "remote-stream-error comes without the error of the stream, if stanzas come with it",
        |parts| {
            changing(parts, |reply| {
                if reply.payloads.len() > 1 {
                    reply.payloads.retain(|it| it.kind != PayloadKind::StreamError);
                }
            });
        },
    ),
    defect(
        "xbosh-recipient-unavailable-iq/left",
        "an iq for a client that has ended its session itself is not answered",
        |parts| {
            let mut links: HashMap<Link, String> = HashMap::new();
            let left = Arc::new(Mutex::new(HashSet::new()));
            let gone = Arc::clone(&left);
            let ended = Arc::new(Mutex::new(HashSet::new()));
            let closing = Arc::clone(&ended);
            parts.on_command(move |link, command| {
                if matches!(command, Command::Close) {
                    closing.lock().unwrap_or_else(PoisonError::into_inner).insert(link);
                }
                vec![command]
            });
            parts.on_event(move |link, event| {
                let Event::Element(element) = &event else { return Some(event) };
                if let Some(jid) = bound(element) {
                    links.insert(link, jid);
                }
                let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                let mut gone = gone.lock().unwrap_or_else(PoisonError::into_inner);
                gone.extend(ended.drain().filter_map(|link: Link| links.remove(&link)));
                let from = element.attr("from").unwrap_or_default();
                let lost = element.name() == "iq"
                    && element.attr("type") == Some("error")
                    && gone.contains(from);
                (!lost).then_some(event)
            });
        },
    ),
    defect(
        "bosh-terminal-condition",
        "the answer to a held request that is replaced by its repeat has the condition undefined-condition",
        |parts| {
            changing(parts, |reply| {
                if reply.get("type") == Some("error") {
                    reply.set("condition", "undefined-condition");
                }
            });
        },
    ),
    defect(
        "bosh-report-only-with-acks/repeat",
        "the answer to a repeat reports it, though the client acknowledges nothing",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    let acks = told.session.terms().client_acks;
                    if given.again(told.rid, reply)
                        && !acks
                        && let Some(rid) = told.rid
                    {
                        reply.set("report", rid);
                        reply.set("time", 0);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-resp-charsets",
        "the names in charsets have more than one space between them",
        |parts| {
            changing(parts, |reply| {
                if let Some(charsets) = reply.get("charsets").map(|names| names.replace(' ', "  "))
                {
                    reply.set("charsets", charsets);
                }
            });
        },
    ),
    defect(
        "bosh-resp-mandatory-attrs-only-once/errors",
        "a response that ends a session with a condition tells its sid",
        |parts| {
            parts.on_answer(|answer, request| {
                if answer.reply.get("condition").is_some()
                    && let Some(sid) =
                        body(request).and_then(|body| body.attr("sid").map(str::to_owned))
                {
                    answer.reply.set("sid", sid);
                }
            });
        },
    ),
    defect(
        "bosh-no-character-data/replaced",
        "text stands in the answer to a held request that is replaced by its repeat",
        |parts| {
            changing(parts, |reply| {
                if reply.get("type") == Some("error") {
                    reply.payloads.push(Payload {
                        kind: PayloadKind::Stanza,
                        xml: "This request was sent again.".into(),
                    });
                }
            });
        },
    ),
    defect(
        "bosh-no-character-data/delivered",
        "behind a message stands the number of its bytes",
        |parts| {
            changing(parts, |reply| {
                let size = reply.payloads.last().filter(|it| it.xml.starts_with("<message"));
                if let Some(size) = size.map(|message| message.xml.len()) {
                    reply
                        .payloads
                        .push(Payload { kind: PayloadKind::Stanza, xml: size.to_string().into() });
                }
            });
        },
    ),
    defect(
        "bosh-cm-malformed-xml/lossy",
        "bytes that are no UTF-8 are replaced by U+FFFD, and the request is taken",
        |parts| {
            parts.on_enter(|request| {
                let plain = !request.headers().contains_key(http::header::CONTENT_ENCODING);
                if plain && std::str::from_utf8(request.body()).is_err() {
                    let text = String::from_utf8_lossy(request.body()).into_owned();
                    *request.body_mut() = text.into();
                }
                None
            });
        },
    ),
];

/// Changes every response of every session.
fn changing(parts: &mut Parts, change: fn(&mut Reply)) {
    parts.bend(move || replies(move |reply, _| change(reply)));
}

/// Hands on what comes before the login.
struct Early {
    inner: Box<dyn Backend>,
    links: HashMap<String, Link>,
    known: HashSet<Link>,
    events: VecDeque<(Link, Event)>,
}

impl Backend for Early {
    fn command(&mut self, link: Link, command: Command, now: Duration) {
        if let Command::Send(stanza) = &command
            && !self.known.contains(&link)
            && let Some(to) = stanza.attr("to").and_then(|to| self.links.get(to))
        {
            self.events.push_back((*to, Event::Element(stanza.clone())));
        }
        self.inner.command(link, command, now);
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        let (link, event) = self.events.pop_front().or_else(|| self.inner.next())?;
        if let Event::Element(element) = &event {
            if element.is(ns::SASL, "success") {
                self.known.insert(link);
            }
            if let Some(jid) = bound(element) {
                self.links.insert(jid, link);
            }
        }
        Some((link, event))
    }

    fn behind(&self) -> Option<&dyn Backend> {
        Some(&*self.inner)
    }

    fn behind_mut(&mut self) -> Option<&mut dyn Backend> {
        Some(&mut *self.inner)
    }
}
