//! Bending the request that opens a session, and what answers it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::Request;

use crate::bosh::Body;
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::defects::bend::{Bend, ReplyContext, inputs, replies};
use crate::defects::edge::body;

/// The `<body/>` of a request that opens a session.
pub(super) fn creation(request: &Request<Bytes>) -> Option<Body> {
    Body::new(body(request)?).ok().filter(Body::is_creation)
}

/// Bends the sessions whose creation request is as `asks` says.
pub(super) fn bend_if(
    parts: &mut Parts,
    asks: impl Fn(&Body) -> bool + Send + 'static,
    make: fn() -> Box<dyn Bend>,
) {
    // A session is made at once when its request has entered.
    let entered = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&entered);
    parts.on_enter(move |request| {
        asked.store(creation(request).is_some_and(|body| asks(&body)), Ordering::Relaxed);
        None
    });
    parts.bend(move || {
        if entered.load(Ordering::Relaxed) { make() } else { inputs(|input, _| Some(input)) }
    });
}

/// Changes the responses that open a session.
pub(super) fn opened(parts: &mut Parts, change: fn(&mut Reply, &ReplyContext<'_>)) {
    parts.bend(move || {
        replies(move |reply, told| {
            if reply.get("sid").is_some() {
                change(reply, told);
            }
        })
    });
}

/// Changes the responses of a session after the one that opens it.
pub(super) fn later(parts: &mut Parts, change: fn(&mut Reply, &ReplyContext<'_>)) {
    parts.bend(move || {
        replies(move |reply, told| {
            if reply.get("sid").is_none() {
                change(reply, told);
            }
        })
    });
}
