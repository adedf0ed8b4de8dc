//! Defects of what a client asks for when it opens a session (XEP-0124 §7.1).

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{self, HeaderName};
use http::{HeaderValue, StatusCode};

use super::openings::{bend_if, creation};
use crate::bosh::Condition;
use crate::cm::backend::Command;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input};
use crate::defects::bend::{Bend, actions, inputs};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::{body, text};

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-creation-with-payload",
        "a creation request with a payload gets an empty body: neither a session nor a refusal",
        |parts| {
            parts.on_answer(|answer, request| {
                if creation(request).is_some_and(|body| !body.is_empty()) {
                    answer.reply = Reply::empty();
                }
            });
        },
    ),
    defect(
        "bosh-cm-creation-attr-defaults/wait",
        "a creation request without wait is never answered",
        |parts| bend_if(parts, |body| body.wait().is_none(), silent),
    ),
    defect(
        "bosh-cm-creation-attr-defaults/bare",
        "a creation request with no more than rid and to is answered with HTTP 500",
        |parts| {
            parts.on_leave(|response, request| {
                let told = ["wait", "hold", "ver"];
                let bare = request.and_then(creation).is_some_and(|body| {
                    body.lang().is_none() && told.iter().all(|name| body.text(name).is_none())
                });
                if bare {
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    response.body_mut().clear();
                }
            });
        },
    ),
    defect(
        "bosh-resp-from/client",
        "where a client sends `from`, the response repeats it",
        |parts| {
            parts.on_answer(|answer, request| {
                let from = creation(request).and_then(|body| body.text("from").map(str::to_owned));
                if let Some(from) = from.filter(|_| answer.reply.get("from").is_some()) {
                    answer.reply.set("from", from);
                }
            });
        },
    ),
    defect(
        "bosh-cm-forwards-lang",
        "every stream is opened in English, whatever language the client declared",
        |parts| {
            parts.on_command(|_, mut command| {
                if let Command::Open(opening) = &mut command {
                    opening.lang = opening.lang.take().map(|_| "en".to_owned());
                }
                vec![command]
            });
        },
    ),
    defect(
        "bosh-ver-format",
        "versions are compared as decimal fractions, so that 1.2 is taken for later than 1.11",
        |parts| {
            let own = parts.policy.ver.to_string();
            parts.on_answer(move |answer, request| {
                let Some(body) = creation(request) else { return };
                let decimal = |text: &str| text.parse::<f64>().unwrap_or_default();
                if answer.reply.get("ver").is_some()
                    && let Some(asked) = body.text("ver")
                {
                    let lower = if decimal(asked) < decimal(&own) { asked } else { &own };
                    answer.reply.set("ver", lower);
                }
            });
        },
    ),
    defect(
        "bosh-ver-minor-multidigit",
        "a version whose minor part has three digits is refused as a bad request",
        |parts| {
            parts.on_body(|body| {
                let minor = body.attr("ver").and_then(|ver| ver.split('.').nth(1));
                if minor.is_some_and(|minor| minor.len() > 2) {
                    body.set_attr("", "ver", Some(""));
                }
            });
        },
    ),
    defect(
        "bosh-route-may-be-ignored/hangs",
        "a creation request with a route is never answered",
        |parts| bend_if(parts, |body| body.text("route").is_some(), silent),
    ),
    defect(
        "bosh-route-may-be-ignored/bad-gateway",
        "a route to another host than the domain is answered with HTTP 502",
        |parts| {
            parts.on_leave(|response, request| {
                let Some(body) = request.and_then(creation) else { return };
                let host = body.text("route").map(|route| route.split(':').nth(1));
                if host.is_some_and(|host| host != body.to()) {
                    *response.status_mut() = StatusCode::BAD_GATEWAY;
                    response.body_mut().clear();
                }
            });
        },
    ),
    defect(
        "bosh-to-is-domain/host",
        "the domain is taken from the Host header, where that is a name with a dot",
        |parts| {
            parts.on_enter(|request| {
                let host = request.headers().get(header::HOST)?.to_str().ok()?;
                let host = host.split(':').next()?.to_owned();
                creation(request)
                    .filter(|_| host.contains('.') && host.parse::<IpAddr>().is_err())?;
                let mut body = body(request)?;
                body.set_attr("", "to", Some(&host));
                *request.body_mut() = text(&body);
                None
            });
        },
    ),
    defect(
        "bosh-content-honoured/creation-only",
        "the Content-Type that the client chose is that of the creation response alone",
        |parts| {
            parts.on_answer(|answer, request| {
                if creation(request).is_none() {
                    answer.content = None;
                }
            });
        },
    ),
    defect(
        "bosh-content-honoured/terminal",
        "the response that ends a session has not the Content-Type that the client chose",
        |parts| {
            parts.on_answer(|answer, _| {
                if answer.reply.is_terminal() {
                    answer.content = None;
                }
            });
        },
    ),
    defect(
        "bosh-content-honoured/injection",
        "what follows a line break in content becomes further headers of the response",
        injection,
    ),
    defect(
        "bosh-content-type-default/html",
        "a response without payloads is text/html, as the connection manager's pages are",
        |parts| {
            parts.on_answer(|answer, _| {
                if answer.content.is_none() && answer.reply.payloads.is_empty() {
                    answer.content = Some("text/html; charset=utf-8".into());
                }
            });
        },
    ),
    defect(
        "bosh-content-type-default/charset",
        "the response that ends a session names no charset",
        |parts| {
            parts.on_answer(|answer, _| {
                if answer.content.is_none() && answer.reply.is_terminal() {
                    answer.content = Some("text/xml".into());
                }
            });
        },
    ),
    defect(
        "bosh-cm-unknown-sid/empty-body",
        "a request of a session that never was gets an empty body instead of item-not-found",
        |parts| {
            let mut known = HashSet::new();
            parts.on_answer(move |answer, request| {
                if let Some(sid) = answer.reply.get("sid") {
                    known.insert(sid.to_owned());
                } else if answer.reply.get("condition") == Some(Condition::ItemNotFound.as_str())
                    && body(request).is_some_and(|body| {
                        body.attr("sid").is_some_and(|sid| !known.contains(sid))
                    })
                {
                    answer.reply = Reply::empty();
                }
            });
        },
    ),
    defect(
        "bosh-cm-unknown-sid/empty-sid",
        "a request with an empty sid is taken for one that opens a session",
        |parts| {
            parts.on_body(|body| {
                if body.attr("sid") == Some("") {
                    body.set_attr("", "sid", None);
                }
            });
        },
    ),
    defect(
        "bosh-cm-unknown-sid/long-sid",
        "a sid of more than 255 characters is answered with HTTP 500",
        |parts| {
            parts.on_leave(|response, request| {
                let body = request.and_then(body);
                let long =
                    |body: crate::xml::Element| body.attr("sid").is_some_and(|sid| sid.len() > 255);
                if body.is_some_and(long) {
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    response.body_mut().clear();
                }
            });
        },
    ),
    defect(
        "bosh-creation-idempotence",
        "the sessions of a creation request that was sent twice never end of inactivity",
        undying_twins,
    ),
];

/// Nothing is ever answered.
pub(super) fn silent() -> Box<dyn Bend> {
    actions(|action, _| match action {
        Action::Answer { .. } => None,
        action => Some(action),
    })
}

/// Lets the lines of `content` after its first into the head of the response.
fn injection(parts: &mut Parts) {
    parts.on_leave(|response, request| {
        let Some(body) = request.and_then(creation) else { return };
        for line in body.text("content").unwrap_or_default().lines().skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            if let (Ok(name), Ok(value)) =
                (name.trim().parse::<HeaderName>(), HeaderValue::from_str(value.trim()))
            {
                response.headers_mut().insert(name, value);
            }
        }
    });
    parts.on_body(|body| {
        let first = body.attr("content").and_then(|content| content.lines().next());
        if let Some(first) = first.map(str::to_owned) {
            body.set_attr("", "content", Some(&first));
        }
    });
}

/// Two sessions of one creation request, byte for byte, are kept for the client, which knows one of them.
fn undying_twins(parts: &mut Parts) {
    type Seen = (HashMap<bytes::Bytes, u32>, bytes::Bytes);
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let entering = Arc::clone(&seen);
    parts.on_enter(move |request| {
        if creation(request).is_some() {
            let mut seen = entering.lock().unwrap_or_else(PoisonError::into_inner);
            let content = request.body().clone();
            *seen.0.entry(content.clone()).or_default() += 1;
            seen.1 = content;
        }
        None
    });
    parts.bend(move || {
        let own = seen.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let seen = Arc::clone(&seen);
        inputs(move |input, cx| {
            let idle = cx.session().waiting().next().is_none();
            let twins = seen.lock().unwrap_or_else(PoisonError::into_inner).0.get(&own).copied();
            let kept = idle && twins.is_some_and(|count| count > 1);
            (!kept || !matches!(input, Input::Settle)).then_some(input)
        })
    });
}
