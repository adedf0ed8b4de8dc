//! What leaks from one session into another, and what a session depends on beside its sid (XEP-0124 §2).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version, header};

use super::super::bend::{inputs, replies};
use super::super::edge::{BendHttp, bare, body};
use super::super::steps::Given;
use crate::cm::backend::Event;
use crate::cm::machine::Answer;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::Input;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-session-isolation/same-rids",
        "responses are kept for repeats by their rid alone, whatever session it is of",
        |parts| {
            let kept: Arc<Mutex<HashMap<u64, Reply>>> = Arc::default();
            parts.bend(move || {
                let kept = Arc::clone(&kept);
                let mut given = Given::default();
                replies(move |reply, told| {
                    let Some(rid) = told.rid else { return };
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    if !given.again(Some(rid), reply) {
                        kept.insert(rid, reply.clone());
                    } else if let Some(other) = kept.get(&rid) {
                        *reply = other.clone();
                    }
                })
            });
        },
    ),
    defect(
        "bosh-session-isolation/after-an-end",
        "when a client has ended its session the next response to another one says that this has ended too",
        |parts| parts.bend_http(Over(None)),
    ),
    defect(
        "bosh-session-isolation/lost-messages",
        "once a session has failed messages for the others are lost",
        |parts| {
            let failed = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&failed);
            parts.on_answer(move |answer, _| {
                let failed = answer.reply.get("condition").is_some();
                counted.fetch_add(u64::from(failed), Ordering::Relaxed);
            });
            parts.bend(move || {
                let failed = Arc::clone(&failed);
                let before = failed.load(Ordering::Relaxed);
                inputs(move |input, _| {
                    let message = matches!(&input, Input::Server(_, Event::Element(element)) if element.name() == "message");
                    let lost = message && failed.load(Ordering::Relaxed) != before;
                    (!lost).then_some(input)
                })
            });
        },
    ),
    defect(
        "bosh-no-header-dependency/agent",
        "a request of a session with another User-Agent than the one that created it is refused",
        |parts| bound_to(parts, &header::USER_AGENT),
    ),
    defect(
        "bosh-no-header-dependency/forwarded",
        "a request of a session that comes from another address, if X-Forwarded-For is to be believed, is refused",
        |parts| bound_to(parts, &header::HeaderName::from_static("x-forwarded-for")),
    ),
    defect(
        "bosh-http10-compatible/errors",
        "an error for a client that speaks HTTP/1.0 comes in chunks, whose sizes it takes for content",
        |parts| {
            parts.on_text(|text, request| {
                if request.version() == Version::HTTP_10 && text.contains(" condition=") {
                    *text = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
                }
            });
        },
    ),
];

/// The sid of the session that a client has just ended.
struct Over(Option<String>);

impl BendHttp for Over {
    fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
        let sid = body(request).and_then(|body| body.attr("sid").map(str::to_owned));
        if answer.reply.is_terminal() && answer.reply.get("condition").is_none() {
            self.0 = sid;
        } else if sid.is_some() && self.0.take_if(|ended| sid.as_ref() != Some(ended)).is_some() {
            answer.reply.set("type", "terminate");
        }
    }
}

/// Requests of a session need the same header field as the one that created it, or none.
fn bound_to(parts: &mut Parts, name: &header::HeaderName) {
    struct Bound {
        name: header::HeaderName,
        values: HashMap<String, Option<header::HeaderValue>>,
    }
    impl BendHttp for Bound {
        fn enter(&mut self, request: &mut Request<Bytes>) -> Option<Response<Bytes>> {
            let body = body(request)?;
            let known = self.values.get(body.attr("sid")?)?;
            let value = request.headers().get(&self.name);
            (value.is_some() && value != known.as_ref()).then(|| bare(StatusCode::FORBIDDEN))
        }

        fn answer(&mut self, answer: &mut Answer, request: &Request<Bytes>) {
            if let Some(sid) = answer.reply.get("sid") {
                let value = request.headers().get(&self.name).cloned();
                self.values.insert(sid.to_owned(), value);
            }
        }
    }
    parts.bend_http(Bound { name: name.clone(), values: HashMap::new() });
}
