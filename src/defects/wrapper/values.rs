//! How values of requests are read, and how many documents a response is (XEP-0124 §2, §6, §22).

use http::StatusCode;

use crate::bosh::NS;
use crate::cm::parts::Parts;
use crate::defects::bend::{replies, requests};
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::{body, text};
use crate::defects::steps::{Standing, ends_with, forget, standing};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-schema-attr-types/zeros",
        "a number of a request that begins with a zero is none",
        |parts| unread(parts, |number| number.len() > 1 && number.starts_with('0')),
    ),
    defect(
        "bosh-schema-attr-types/plus",
        "a number of a request with a plus sign is none",
        |parts| unread(parts, |number| number.contains('+')),
    ),
    defect(
        "bosh-schema-attr-types/spaces",
        "a number of a request with white space around it is none",
        |parts| unread(parts, |number| number.trim() != number),
    ),
    defect(
        "bosh-cond-bad-request/large",
        "a request for a session with a wait beyond 65535 is answered with 500",
        |parts| {
            parts.on_leave(|response, request| {
                let wait = request.and_then(body).and_then(|body| body.attr("wait")?.parse().ok());
                if wait.is_some_and(|wait: u128| wait > 65535) {
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    response.body_mut().clear();
                }
            });
        },
    ),
    defect(
        "bosh-body-namespace/name",
        "a root of BOSH's namespace is taken for a body, whatever its name",
        |parts| {
            parts.on_enter(|request| {
                let root = body(request)?;
                if root.namespace() == NS && root.name() != "body" {
                    let mut renamed = Element::new(NS, "body");
                    for (namespace, name, value) in root.attributes() {
                        renamed.set_attr(namespace, name, Some(value));
                    }
                    *request.body_mut() = text(&renamed);
                }
                None
            });
        },
    ),
    defect(
        "bosh-single-body-root/several",
        "messages that come together come in a body each, in one response",
        |parts| {
            parts.on_text(|text, _| {
                let second = text.match_indices("<message").nth(1).map(|(at, _)| at);
                if let Some(at) = second.filter(|_| !text.contains("xmlns:stream")) {
                    text.insert_str(at, &format!("</body><body xmlns='{NS}'>"));
                }
            });
        },
    ),
    defect(
        "bosh-xml-namespaces/children",
        "elements within a message lose their namespace if that is a URN of XMPP",
        |parts| {
            parts.on_text(|text, _| {
                const URN: &str = " xmlns='urn:xmpp:";
                while let Some(at) = text
                    .find("<message")
                    .and_then(|from| text[from..].find(URN).map(|at| from + at))
                {
                    let end = text[at + URN.len()..].find('\'').map_or(0, |end| end + 1);
                    text.replace_range(at..at + URN.len() + end, "");
                }
            });
        },
    ),
    defect("bosh-type-values/policy", "a policy-violation has the type `terminated`", |parts| {
        parts.bend(|| {
            replies(|reply, _| {
                if ends_with(reply, "policy-violation") {
                    reply.set("type", "terminated");
                }
            })
        });
    }),
    defect(
        "bosh-response-buffer-size/restart",
        "when a stream is restarted the responses before are forgotten",
        |parts| {
            parts.bend(|| {
                let mut restart = None;
                requests(move |request, session| {
                    let kept = standing(request.rid, session) == Standing::Remembered;
                    if request.body.is_restart() {
                        restart = restart.max(Some(request.rid));
                    } else if kept && Some(request.rid) < restart {
                        forget(request);
                    }
                })
            });
        },
    ),
];

/// Numbers of requests that are written so are no numbers.
fn unread(parts: &mut Parts, which: fn(&str) -> bool) {
    parts.on_body(move |body| {
        for name in ["rid", "wait", "hold", "ack", "pause"] {
            if body.attr(name).is_some_and(which) {
                body.set_attr("", name, Some("-"));
            }
        }
    });
}
