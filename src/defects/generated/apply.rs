//! How a generated defect is switched on.

use super::answers::Answers;
use super::deed::Deed;
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
            Deed::Stream(_) | Deed::Streams => {
                let seen = seen.clone();
                parts.bend_streams(move || Box::new(Streams::new(generated, seen.clone())));
            }
            _ => {
                let own = shared.clone();
                parts.bend(move || Box::new(Answers::new(generated, own.clone())));
                parts.bend_http(Http::new(generated, shared));
            }
        }
    }
}
