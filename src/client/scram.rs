//! SCRAM (RFC 5802, RFC 7677), the client's side, without channel binding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::xmpp::scram::{Hash, iterations};

/// The header that says: no channel binding, and nobody else to act as.
const GS2: &str = "n,,";

/// The client's first message sent, the server's awaited.
#[derive(Clone)]
pub(super) struct First {
    hash: Hash,
    bare: String,
    nonce: String,
    password: String,
}

/// The client's final message sent: what the server has to prove.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Expected(Vec<u8>);

impl First {
    /// Begins an exchange. The nonce is printable ASCII without a comma, and never used twice.
    pub(super) fn new(hash: Hash, user: &str, password: &str, nonce: &str) -> Self {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={user},r={nonce}");
        Self { hash, bare, nonce: nonce.to_owned(), password: password.to_owned() }
    }

    /// The client's first message.
    pub(super) fn message(&self) -> String {
        format!("{GS2}{}", self.bare)
    }

    /// Answers the server's first message with the client's final one, and tells what the server must prove then.
    ///
    /// # Errors
    /// What is wrong with the message, in words.
    pub(super) fn answer(&self, challenge: &str) -> Result<(String, Expected), String> {
        let mut fields = challenge.split(',');
        let mut field = |name: &str| {
            fields.next().and_then(|field| field.strip_prefix(name)).ok_or_else(|| {
                format!("the server's first message of SCRAM lacks {name:?} in its place")
            })
        };
        let (nonce, salt, asked) = (field("r=")?, field("s=")?, field("i=")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the server's nonce does not extend the client's".to_owned());
        }
        let salt = STANDARD.decode(salt).map_err(|_| "the salt is not base64".to_owned())?;
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(GS2));
        let auth = format!("{},{challenge},{without_proof}", self.bare);
        let proofs = self.hash.proofs(&self.password, &salt, iterations(asked)?, &auth);
        let last = format!("{without_proof},p={}", STANDARD.encode(proofs.client));
        Ok((last, Expected(proofs.server)))
    }
}

impl Expected {
    /// Judges the server's final message: only who knows the password can sign it.
    ///
    /// # Errors
    /// What is wrong with the message, in words.
    pub(super) fn check(&self, last: &str) -> Result<(), String> {
        let first = last.split(',').next().unwrap_or_default();
        if let Some(error) = first.strip_prefix("e=") {
            return Err(format!("the server refuses the proof: {error}"));
        }
        let signature = first.strip_prefix("v=").and_then(|text| STANDARD.decode(text).ok());
        match signature {
            Some(signature) if signature == self.0 => Ok(()),
            Some(_) => {
                Err("the server's signature is wrong: it does not know the password".to_owned())
            }
            None => Err("the server did not prove that it knows the password".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hash: Hash, nonce: &str, challenge: &str, proof: &str, verifier: &str) {
        let first = First::new(hash, "user", "pencil", nonce);
        assert_eq!(first.message(), format!("n,,n=user,r={nonce}"));
        let (last, expected) = first.answer(challenge).unwrap_or_else(|words| panic!("{words}"));
        assert!(last.starts_with("c=biws,r=") && last.ends_with(&format!(",p={proof}")), "{last}");
        assert_eq!(expected.check(&format!("v={verifier}")), Ok(()));
        assert!(expected.check("v=AAAA").unwrap_err().contains("wrong"));
        assert!(expected.check("").unwrap_err().contains("did not prove"));
        assert!(expected.check("e=invalid-proof").unwrap_err().ends_with("invalid-proof"));
    }

    #[test]
    fn the_example_of_rfc_5802() {
        check(
            Hash::Sha1,
            "fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        );
    }

    #[test]
    fn the_example_of_rfc_7677() {
        check(
            Hash::Sha256,
            "rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        );
    }

    /// The same with SHA-512, by another implementation: Python's hashlib.
    #[test]
    fn the_example_with_sha_512() {
        check(
            Hash::Sha512,
            "rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
            "ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==",
        );
    }

    #[test]
    fn a_message_that_cannot_be_trusted_is_refused() {
        let first = First::new(Hash::Sha1, "a=b,c", "x", "mine");
        assert_eq!(first.message(), "n,,n=a=3Db=2Cc,r=mine");
        for (challenge, words) in [
            ("r=mine,s=AAAA,i=4096", "nonce"),
            ("r=other,s=AAAA,i=4096", "nonce"),
            ("m=ext,r=mine1,s=AAAA,i=4096", "\"r=\""),
            ("r=mine1,s=?,i=4096", "salt"),
            ("r=mine1,s=AAAA,i=0", "iterations"),
            ("r=mine1,s=AAAA,i=99999999", "iterations"),
            ("r=mine1,s=AAAA", "\"i=\""),
        ] {
            let error = first.answer(challenge).err().unwrap_or_default();
            assert!(error.contains(words), "{challenge}: {error:?}");
        }
    }
}
