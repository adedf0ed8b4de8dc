//! Defects of the pace that a client has to keep (XEP-0124 §11, §12).

mod active;
mod polling;

use super::Family;
use super::bend::replies;
use crate::bosh::{Body, BodyType};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::Session;

pub(super) const DEFECTS: Family = &[active::DEFECTS, polling::DEFECTS];

/// Whether a request is empty in the sense of sections 11 and 12: it asks for nothing but what waits.
fn is_empty_poll(body: &Body) -> bool {
    body.is_empty()
        && body.kind() == BodyType::Ordinary
        && body.pause().is_none()
        && !body.is_restart()
}

/// Changes the responses that open a session.
fn opened(parts: &mut Parts, change: fn(&mut Reply, &Session)) {
    parts.bend(move || {
        replies(move |reply, told| {
            if reply.get("sid").is_some() {
                change(reply, told.session);
            }
        })
    });
}
