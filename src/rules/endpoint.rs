//! Paths of BOSH: which exchanges have to be BOSH, even if they do not look like it.

use std::collections::HashSet;

use crate::trace::{Exchange, Message, Reading};
use crate::wire::Side;

/// Paths remembered, apart from those with the usual names.
const REMEMBERED: usize = 64;

/// The paths of BOSH: those with the usual names, and those that carried BOSH before.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    paths: HashSet<String>,
}

impl Endpoints {
    /// Learns from a message.
    pub(super) fn learn(&mut self, message: &Message) {
        if let (Side::Client, Reading::Body(_), Some(exchange)) =
            (message.from, &message.reading, &message.exchange)
            && self.paths.len() < REMEMBERED
            && !self.knows(&exchange.target)
        {
            self.paths.insert(path(&exchange.target).to_owned());
        }
    }

    /// Whether this target is a path of BOSH.
    pub(super) fn knows(&self, target: &str) -> bool {
        let path = path(target);
        let last = path.trim_end_matches('/').rsplit('/').next();
        matches!(last, Some("http-bind" | "bosh")) || self.paths.contains(path)
    }

    /// Whether this exchange has to be BOSH: it is, or it is a POST to a path of BOSH.
    pub(super) fn expects(&self, exchange: &Exchange) -> bool {
        exchange.is_bosh() || (exchange.method == "POST" && self.knows(&exchange.target))
    }
}

fn path(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or(target)
}
