//! Sources of random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// A source of random bytes.
pub trait Random: Send {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);

    /// A text made of so many random bytes, of letters, digits, `-` and `_`.
    fn token(&mut self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.fill(&mut random);
        URL_SAFE_NO_PAD.encode(random)
    }
}

/// The operating system's generator.
#[derive(Debug)]
pub struct Secure(SystemRandom);

impl Default for Secure {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Random for Secure {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the operating system has random bytes");
    }
}

/// The same bytes on every run, for tests: nothing here is secret.
#[derive(Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // splitmix64
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)) as u8;
        }
    }
}
