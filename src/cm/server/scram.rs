//! SCRAM (RFC 5802, RFC 7677), the server's side, without channel binding.

use std::num::NonZeroU32;

use crate::xmpp::scram::{Hash, xor};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    gs2: String,
    bare: String,
    /// The user named, unescaped.
    pub(super) user: String,
    /// Whom the client wants to act as.
    pub(super) authzid: Option<String>,
    nonce: String,
}

/// An exchange that waits for the client's final message.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    hash: Hash,
    first: First,
    nonce: String,
    salt: Vec<u8>,
    rounds: NonZeroU32,
    challenge: String,
}

impl First {
    /// Reads `n,,n=user,r=nonce`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ',');
        let (flag, authzid, bare) = (parts.next()?, parts.next()?, parts.next()?);
        // The client may think that we have no channel binding ('y'); it cannot use it ('p').
        if flag != "n" && flag != "y" {
            return None;
        }
        let authzid = match authzid {
            "" => None,
            named => Some(unescape(named.strip_prefix("a=")?)?),
        };
        let mut fields = bare.split(',');
        let user = unescape(fields.next()?.strip_prefix("n=")?)?;
        let nonce = fields.next()?.strip_prefix("r=")?.to_owned();
        let printable = |b: u8| (0x21..=0x7e).contains(&b);
        if user.is_empty() || nonce.is_empty() || !nonce.bytes().all(printable) {
            return None;
        }
        let gs2 = text[..text.len() - bare.len()].to_owned();
        Some(Self { gs2, bare: bare.to_owned(), user, authzid, nonce })
    }
}

/// `=2C` is a comma and `=3D` an equals sign; nothing else begins with one.
fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('=');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (c, rest) = match part.get(..2)? {
            "2C" => (',', &part[2..]),
            "3D" => ('=', &part[2..]),
            _ => return None,
        };
        out.push(c);
        out.push_str(rest);
    }
    Some(out)
}

impl Exchange {
    /// Begins an exchange; the nonce of the server is appended to the client's.
    pub(super) fn new(
        hash: Hash,
        first: First,
        nonce: &str,
        salt: Vec<u8>,
        rounds: NonZeroU32,
    ) -> Self {
        let nonce = format!("{}{nonce}", first.nonce);
        let challenge = format!("r={nonce},s={},i={rounds}", STANDARD.encode(&salt));
        Self { hash, first, nonce, salt, rounds, challenge }
    }

    /// The server's first message.
    pub(super) fn challenge(&self) -> &str {
        &self.challenge
    }

    /// The user that the client named.
    pub(super) fn first(&self) -> &First {
        &self.first
    }

    /// Judges the client's final message: the server's, if the client knows the password.
    ///
    /// # Errors
    /// `None` where the message is no message of SCRAM, `Some(())` where the proof is wrong.
    pub(super) fn verify(&self, last: &str, password: &str) -> Result<String, Option<()>> {
        let (without_proof, proof) = last.rsplit_once(",p=").ok_or(None)?;
        let mut fields = without_proof.split(',');
        let binding = fields.next().and_then(|field| field.strip_prefix("c=")).ok_or(None)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(None)?;
        let proof = STANDARD.decode(proof).map_err(|_| None)?;
        if nonce != self.nonce
            || STANDARD.decode(binding).ok().as_deref() != Some(self.first.gs2.as_bytes())
        {
            return Err(Some(()));
        }
        let auth = format!("{},{},{without_proof}", self.first.bare, self.challenge);
        let salted = self.hash.salted(password, &self.salt, self.rounds);
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let stored = self.hash.of(&client_key);
        let signature = self.hash.hmac(&stored, auth.as_bytes());
        if proof.len() != signature.len() {
            return Err(Some(()));
        }
        let claimed = self.hash.of(&xor(&proof, &signature));
        // Equal hashes of keys that are equal: how long this takes tells nothing of the key.
        if claimed != stored {
            return Err(Some(()));
        }
        let server_key = self.hash.hmac(&salted, b"Server Key");
        Ok(format!("v={}", STANDARD.encode(self.hash.hmac(&server_key, auth.as_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hash: Hash, nonces: (&str, &str), salt: &str, proof: &str, verifier: &str) {
        let first = First::parse(&format!("n,,n=user,r={}", nonces.0)).unwrap();
        let (salt_bytes, rounds) = (STANDARD.decode(salt).unwrap(), NonZeroU32::new(4096).unwrap());
        let exchange = Exchange::new(hash, first, nonces.1, salt_bytes, rounds);
        let nonce = format!("{}{}", nonces.0, nonces.1);
        assert_eq!(exchange.challenge(), format!("r={nonce},s={salt},i=4096"));
        let last = format!("c=biws,r={nonce},p={proof}");
        assert_eq!(exchange.verify(&last, "pencil"), Ok(format!("v={verifier}")));
        assert_eq!(exchange.verify(&last, "pencils"), Err(Some(())));
        assert_eq!(exchange.verify("p=x", "pencil"), Err(None));
        let other = last.replace("biws", "eSws");
        assert_eq!(exchange.verify(&other, "pencil"), Err(Some(())), "another gs2 header");
    }

    #[test]
    fn the_example_of_rfc_5802() {
        check(
            Hash::Sha1,
            ("fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j"),
            "QSXCR+Q6sek8bf92",
            "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        );
    }

    #[test]
    fn the_example_of_rfc_7677() {
        check(
            Hash::Sha256,
            ("rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        );
    }

    #[test]
    fn first_messages() {
        let first = First::parse("y,a=al=2Cice,n=b=3Db,r=abc,ext=1").unwrap();
        assert_eq!((first.user.as_str(), first.authzid.as_deref()), ("b=b", Some("al,ice")));
        for wrong in [
            "",
            "n,,",
            "p=tls-unique,,n=u,r=x",
            "n,,m=1,n=u,r=x",
            "n,,n=u=2,r=x",
            "n,,n=,r=x",
            "n,,n=u,r=",
        ] {
            assert_eq!(First::parse(wrong), None, "{wrong}");
        }
    }
}
