//! Empty requests, and the terms that pace them.

use crate::bosh::{Body, BodyType};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::Session;
use crate::defects::bend::replies;

/// Whether a request is empty in the sense of sections 11 and 12: it asks for nothing but what waits.
pub(super) fn is_empty_poll(body: &Body) -> bool {
    body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
}

/// Changes the responses that open a session.
pub(super) fn opened(parts: &mut Parts, change: fn(&mut Reply, &Session)) {
    parts.bend(move || {
        replies(move |reply, told| {
            if reply.get("sid").is_some() {
                change(reply, told.session);
            }
        })
    });
}
