//! What both sides of SCRAM compute alike (RFC 5802 §3, RFC 7677): keys, proofs and signatures.

use std::num::NonZeroU32;

use ring::{digest, hmac, pbkdf2};

/// What a server may ask a client to hash at most: a hostile one would have it hash for hours.
pub const MOST_ITERATIONS: u32 = 1_000_000;

/// A hash that SCRAM is used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SCRAM-SHA-1.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512, which is registered, and described alike.
    Sha512,
}

/// What the two sides prove with that they know the password.
pub struct Proofs {
    /// `ClientProof`.
    pub client: Vec<u8>,
    /// `ServerSignature`.
    pub server: Vec<u8>,
}

impl Hash {
    /// That of a mechanism, with or without channel binding.
    pub fn of_mechanism(name: &str) -> Option<Self> {
        match name.strip_suffix("-PLUS").unwrap_or(name) {
            "SCRAM-SHA-1" => Some(Self::Sha1),
            "SCRAM-SHA-256" => Some(Self::Sha256),
            "SCRAM-SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The proofs of an exchange, whose `AuthMessage` this is.
    pub fn proofs(
        self,
        password: &str,
        salt: &[u8],
        iterations: NonZeroU32,
        exchange: &str,
    ) -> Proofs {
        let salted = self.salted(password, salt, iterations);
        let sign = |key: &[u8]| self.hmac(key, exchange.as_bytes());
        let key = self.hmac(&salted, b"Client Key");
        let client = xor(&key, &sign(&self.of(&key)));
        Proofs { client, server: sign(&self.hmac(&salted, b"Server Key")) }
    }

    /// H of a key: what a server may store of it.
    pub fn of(self, key: &[u8]) -> Vec<u8> {
        digest::digest(self.digest(), key).as_ref().to_vec()
    }

    /// HMAC with a key.
    pub fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), data).as_ref().to_vec()
    }

    /// Hi: the password, hashed with its salt so many times.
    pub fn salted(self, password: &str, salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let mut salted = vec![0; self.digest().output_len()];
        pbkdf2::derive(algorithm, iterations, salt, password.as_bytes(), &mut salted);
        salted
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// An attribute of a message, such as `r` of `r=nonce,s=salt,i=4096`.
pub fn attribute<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
}

/// How often a server wants the password hashed.
///
/// # Errors
/// In words, if that is no number or more than is done.
pub fn iterations(text: &str) -> Result<NonZeroU32, String> {
    let number = text.parse::<NonZeroU32>().ok();
    number.filter(|number| number.get() <= MOST_ITERATIONS).ok_or_else(|| {
        format!("{text:?} iterations are asked for; 1 to {MOST_ITERATIONS} are done")
    })
}

/// The bytes of one text, each combined with that of the other by exclusive or: from key to proof and back.
pub fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}
