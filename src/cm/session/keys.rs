//! Key sequences, which protect a session whose requests anybody on the way can read (XEP-0124 §15).

use std::fmt::Write as _;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::bosh::Body;

/// What the next key has to hash to.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    expected: Option<Box<str>>,
}

impl Keys {
    /// A session with a key sequence if its creation request began one.
    pub(super) fn new(newkey: Option<&str>) -> Self {
        Self { expected: newkey.map(Into::into) }
    }

    /// Whether the session has a key sequence.
    pub(super) fn are_used(&self) -> bool {
        self.expected.is_some()
    }

    /// Whether the next request in order has the right key. The sequence goes on with its `newkey`, if it has one.
    pub(super) fn accept(&mut self, request: &Body) -> bool {
        if let Some(expected) = &self.expected {
            let Some(key) = request.key() else { return false };
            if !sha1(key).eq_ignore_ascii_case(expected) {
                return false;
            }
            self.expected = Some(request.newkey().unwrap_or(key).into());
        }
        true
    }
}

/// The SHA-1 of a text in hexadecimal digits.
fn sha1(text: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a string takes everything
        hex
    })
}
