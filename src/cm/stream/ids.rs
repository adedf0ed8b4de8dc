//! Ids of streams: nobody can guess the next one (RFC 6120 §4.7.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::random::Random;

/// Bytes of an id.
const LENGTH: usize = 12;

/// The ids of one connection's streams.
#[derive(Debug)]
pub struct Ids {
    key: hmac::Key,
    given: u64,
}

impl Ids {
    /// Ids that come from `random`.
    pub fn new(random: &mut dyn Random) -> Self {
        let mut secret = [0; 32];
        random.fill(&mut secret);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), given: 0 }
    }

    /// One that was never given.
    pub(super) fn next(&mut self) -> String {
        self.given += 1;
        let code = hmac::sign(&self.key, &self.given.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&code.as_ref()[..LENGTH])
    }
}
