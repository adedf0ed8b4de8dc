//! How a generated defect is switched on.

use super::answers::Answers;
use super::deed::Deed;
use super::frames::{Frames, on_handshake};
use super::http::Http;
use super::one::Generated;
use super::requests::Requests;
use super::shared::{Seen, Shared};
use super::streams::Streams;
use crate::cm::parts::Parts;

impl Generated {
    /// Switches it on in a connection manager that is not put together yet; `seen` tells what came of it.
    pub fn apply(&self, parts: &mut Parts, seen: &Seen) {
        let shared = Shared::new(seen);
        let generated = *self;
        match self.deed {
            Deed::Forwarding(_) | Deed::Unseen(_) => {
                parts.bend(move || Box::new(Requests::new(generated, shared.clone())));
            }
            Deed::Stream(_) => streams(parts, generated, seen),
            Deed::Frame(_) => frames(parts, generated, seen),
            Deed::Nothing => {
                streams(parts, generated, seen);
                frames(parts, generated, seen);
            }
            _ => {
                let own = shared.clone();
                parts.bend(move || Box::new(Answers::new(generated, own.clone())));
                parts.bend_http(Http::new(generated, shared));
            }
        }
    }
}

fn streams(parts: &mut Parts, generated: Generated, seen: &Seen) {
    let seen = seen.clone();
    parts.bend_streams(move || Box::new(Streams::new(generated, seen.clone())));
}

fn frames(parts: &mut Parts, generated: Generated, seen: &Seen) {
    on_handshake(parts, generated, seen);
    let seen = seen.clone();
    parts.bend_frames(move || Box::new(Frames::new(generated, seen.clone())));
}
