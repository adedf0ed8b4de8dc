//! Sessions that are mixed up with each other, or known by less than their sid (XEP-0124 §7).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::HeaderName;
use http::{Request, Response};

use super::ids::tokens;
use super::openings::{bend_if, creation};
use super::request::silent;
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::{BendHttp, body, text};
use crate::defects::keys::sha1;

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-content-honoured/latest",
        "the Content-Type that a client chose is that of all sessions until another one is created",
        |parts| {
            let mut latest = None;
            parts.on_answer(move |answer, request| {
                if creation(request).is_some() {
                    latest.clone_from(&answer.content);
                } else {
                    answer.content.clone_from(&latest);
                }
            });
        },
    ),
    defect(
        "bosh-content-type-default/after-chosen",
        "what belongs to no session has the Content-Type that the latest client chose",
        |parts| {
            let mut chosen = None;
            parts.on_answer(move |answer, _| {
                if answer.content.is_some() {
                    chosen.clone_from(&answer.content);
                } else if answer.reply.get("condition") == Some("item-not-found") {
                    answer.content.clone_from(&chosen);
                }
            });
        },
    ),
    defect(
        "bosh-cm-creation-attr-defaults/hold",
        "a creation request without hold is never answered",
        |parts| bend_if(parts, |body| body.text("hold").is_none(), silent),
    ),
    defect(
        "bosh-to-is-domain/forwarded",
        "the domain is taken from X-Forwarded-Host, where there is one",
        |parts| {
            parts.on_enter(|request| {
                let name = HeaderName::from_static("x-forwarded-host");
                let host = request.headers().get(name)?.to_str().ok()?.to_owned();
                creation(request)?;
                let mut body = body(request)?;
                body.set_attr("", "to", Some(&host));
                *request.body_mut() = text(&body);
                None
            });
        },
    ),
    defect(
        "bosh-cm-unknown-sid/prefix",
        "a sid that begins with that of a session is taken for it",
        |parts| likened(parts, |known, sid| sid.starts_with(known)),
    ),
    defect("bosh-cm-unknown-sid/case", "sids are compared without regard to case", |parts| {
        likened(parts, |known, sid| sid.eq_ignore_ascii_case(known));
    }),
    defect(
        "bosh-cm-unknown-sid/terms",
        "a request with an unknown sid that has the attributes of a creation request opens a session",
        |parts| {
            parts.on_body(|body| {
                if body.attr("sid").is_some() && body.attr("hold").is_some() {
                    body.set_attr("", "sid", None);
                }
            });
        },
    ),
    defect(
        "bosh-resp-wait-bounded/longest",
        "the wait told is the longest that was granted to anybody",
        |parts| longest(parts, "wait"),
    ),
    defect(
        "bosh-resp-hold-bounded/longest",
        "the hold told is the highest that was granted to anybody",
        |parts| longest(parts, "hold"),
    ),
    defect("bosh-sid-unpredictable/digest", "a sid is a digest of the creation request", |parts| {
        let latest: Arc<Mutex<Bytes>> = Arc::default();
        let entered = Arc::clone(&latest);
        parts.on_enter(move |request| {
            let content = request.body().clone();
            *entered.lock().unwrap_or_else(PoisonError::into_inner) = content;
            None
        });
        tokens(parts, move |_, _| {
            let content = latest.lock().unwrap_or_else(PoisonError::into_inner);
            sha1(&String::from_utf8_lossy(&content))
        });
    }),
    defect("bosh-charsets-nmtoken", "the names in charsets are separated by commas", |parts| {
        parts.on_answer(|answer, _| {
            if let Some(charsets) = answer.reply.get("charsets") {
                let listed = charsets.replace(' ', ", ");
                answer.reply.set("charsets", listed);
            }
        });
    }),
    defect("bosh-resp-accept/spaces", "the codings in accept are separated by spaces", |parts| {
        parts.on_answer(|answer, _| {
            if let Some(accept) = answer.reply.get("accept") {
                let listed = accept.replace(',', " ");
                answer.reply.set("accept", listed);
            }
        });
    }),
    defect(
        "bosh-resp-ack-announces",
        "ack in the response that creates a session is that of the next request",
        |parts| {
            parts.on_answer(|answer, _| {
                let ack = answer.reply.get("ack").and_then(|ack| ack.parse::<u64>().ok());
                if let Some(ack) = ack.filter(|_| answer.reply.get("sid").is_some()) {
                    answer.reply.set("ack", ack + 1);
                }
            });
        },
    ),
];

/// The highest number that was ever told is told to everybody from then on; who polls must know that it does.
fn longest(parts: &mut Parts, name: &'static str) {
    let mut highest = 0;
    parts.on_answer(move |answer, _| {
        if let Some(Ok(told)) = answer.reply.get(name).map(str::parse::<u64>) {
            highest = told.max(highest);
            answer.reply.set(name, highest);
        }
    });
}

/// A sid that is not known is taken for one that is like it.
fn likened(parts: &mut Parts, like: fn(&str, &str) -> bool) {
    struct Likened {
        known: HashSet<String>,
        like: fn(&str, &str) -> bool,
    }
    impl BendHttp for Likened {
        fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
            let mut body = body(request)?;
            let sid = body.attr("sid")?.to_owned();
            if !self.known.contains(&sid) {
                let known = self.known.iter().find(|known| (self.like)(known, &sid))?.clone();
                body.set_attr("", "sid", Some(&known));
                *request.body_mut() = text(&body);
            }
            None
        }

        fn answer(&mut self, answer: &mut Answer, _: &Request<Bytes>) {
            self.known.extend(answer.reply.get("sid").map(str::to_owned));
        }
    }
    parts.bend_http(Likened { known: HashSet::new(), like });
}
