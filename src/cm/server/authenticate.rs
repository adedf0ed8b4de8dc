//! Who is at the other end: SASL (RFC 6120 §6) with ANONYMOUS, PLAIN and SCRAM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::BareJid;
use ring::hmac;

use super::mechanism::{Mechanism, Sasl, offered};
use super::scram::{Exchange, First};
use super::setup::prepared;
use super::state::{Server, State};
use crate::cm::backend::Link;
use crate::xml::Element;
use crate::xmpp::ns;

/// After so many failures the stream ends.
const FAILURES: u8 = 5;
/// The longest payload of an element of SASL, as it is sent: parts of it are kept until the exchange is over.
const PAYLOAD: usize = 16 << 10;

/// How an exchange goes on.
enum Step {
    Challenge(Sasl, String),
    Success(BareJid, Option<String>),
    Failure(&'static str),
}

/// The local part of the address of the user that goes by this name.
fn local_part(name: &str) -> Option<String> {
    let jid = BareJid::new(&format!("{}@localhost", prepared(name)?)).ok()?;
    Some(jid.node()?.to_string())
}

/// The bytes of an element of SASL: base64 without white space, `=` for none.
fn decoded(element: &Element) -> Option<String> {
    let text = element.text();
    if text.len() > PAYLOAD {
        return None;
    }
    let bytes = match text.trim() {
        "=" => Vec::new(),
        text => STANDARD.decode(text).ok()?,
    };
    String::from_utf8(bytes).ok()
}

impl Server {
    /// An element of SASL has come.
    pub(super) fn authenticate(&mut self, link: Link, element: &Element) {
        if let Some(stream) = self.streams.get_mut(&link) {
            stream.asked = None;
        }
        self.exchange(link, element);
    }

    /// An exchange begins or goes on.
    pub(super) fn exchange(&mut self, link: Link, element: &Element) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let State::Fresh(sasl) = &mut stream.state else { return };
        let sasl = std::mem::take(sasl);
        let domain = stream.domain.clone();
        let step = match (element.name(), sasl) {
            ("auth", _) => self.begin(&domain, element),
            ("response", Sasl::Idle) => Step::Failure("malformed-request"),
            ("response", sasl) => match decoded(element) {
                None => Step::Failure("incorrect-encoding"),
                Some(message) => self.go_on(&domain, sasl, &message),
            },
            ("abort", _) => Step::Failure("aborted"),
            _ => return self.stream_error(link, "unsupported-stanza-type"),
        };
        self.take_step(link, step);
    }

    fn begin(&mut self, domain: &str, auth: &Element) -> Step {
        let named = auth.attr("mechanism").unwrap_or_default();
        let Some((_, mechanism)) =
            offered(&self.setup).into_iter().find(|(name, _)| *name == named)
        else {
            return Step::Failure("invalid-mechanism");
        };
        let chosen = Sasl::Chosen(mechanism);
        if auth.text().trim().is_empty() && mechanism != Mechanism::Anonymous {
            return Step::Challenge(chosen, String::new());
        }
        match decoded(auth) {
            None => Step::Failure("incorrect-encoding"),
            Some(message) => self.go_on(domain, chosen, &message),
        }
    }

    fn go_on(&mut self, domain: &str, sasl: Sasl, message: &str) -> Step {
        match sasl {
            Sasl::Idle => Step::Failure("malformed-request"),
            Sasl::Chosen(Mechanism::Anonymous) => {
                let user = self.random.token(12).to_lowercase();
                match BareJid::new(&format!("{user}@{domain}")) {
                    Ok(user) => Step::Success(user, None),
                    Err(_) => Step::Failure("temporary-auth-failure"),
                }
            }
            Sasl::Chosen(Mechanism::Plain) => {
                let parts: Vec<&str> = message.split('\0').collect();
                let [authzid, user, password] = parts[..] else {
                    return Step::Failure("malformed-request");
                };
                if user.is_empty() || password.is_empty() {
                    return Step::Failure("malformed-request");
                }
                let user = local_part(user);
                let right = user.as_deref().and_then(|user| self.password(user));
                let known = self.is_password(right, password);
                Self::verdict(domain, user.filter(|_| known), Some(authzid), None)
            }
            Sasl::Chosen(Mechanism::Scram(hash)) => match First::parse(message) {
                None => Step::Failure("malformed-request"),
                Some(first) => {
                    let nonce = self.random.token(18);
                    let salt = self.salt(&local_part(&first.user).unwrap_or_default());
                    let exchange = Exchange::new(hash, first, &nonce, salt, self.setup.rounds);
                    let challenge = exchange.challenge().to_owned();
                    Step::Challenge(Sasl::Scram(Box::new(exchange)), challenge)
                }
            },
            Sasl::Scram(exchange) => {
                let user = local_part(&exchange.first().user);
                let authzid = exchange.first().authzid.clone();
                // Who is not there is refused as late as who has another password.
                let password = user.as_deref().and_then(|user| self.password(user));
                let judged = exchange.verify(message, password.unwrap_or("\u{0}"));
                match judged {
                    Err(None) => Step::Failure("malformed-request"),
                    Err(Some(())) => Step::Failure("not-authorized"),
                    Ok(proof) => {
                        let user = user.filter(|_| password.is_some());
                        Self::verdict(domain, user, authzid.as_deref(), Some(proof))
                    }
                }
            }
        }
    }

    /// What becomes of a user who has shown to be one, or of somebody who has not.
    fn verdict(
        domain: &str,
        user: Option<String>,
        authzid: Option<&str>,
        last: Option<String>,
    ) -> Step {
        let jid = user.and_then(|user| BareJid::new(&format!("{user}@{domain}")).ok());
        let Some(jid) = jid else {
            return Step::Failure("not-authorized");
        };
        match authzid.filter(|authzid| !authzid.is_empty()).map(BareJid::new) {
            None => Step::Success(jid, last),
            Some(Ok(wanted)) if wanted == jid => Step::Success(jid, last),
            Some(_) => Step::Failure("invalid-authzid"),
        }
    }

    /// The password of a user, by the local part of the address.
    fn password(&self, user: &str) -> Option<&str> {
        let account = self.setup.accounts.iter().find(|account| account.user == user)?;
        Some(account.password.reveal())
    }

    /// Whether a password is the right one. How long this takes tells nothing of the right one: codes made of both with
    /// a key that nobody knows are compared, in constant time; and where there is no right one, the work is the same.
    fn is_password(&self, right: Option<&str>, given: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let given = prepared(given);
        let code = hmac::sign(&key, right.unwrap_or_default().as_bytes());
        let given_bytes = given.as_deref().unwrap_or_default().as_bytes();
        let same = hmac::verify(&key, given_bytes, code.as_ref()).is_ok();
        same && right.is_some() && given.is_some()
    }

    /// A salt for any name, always the same in one run: nothing tells accounts from others.
    fn salt(&self, user: &str) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        hmac::sign(&key, user.as_bytes()).as_ref()[..16].to_vec()
    }

    fn take_step(&mut self, link: Link, step: Step) {
        let Some(stream) = self.streams.get_mut(&link) else { return };
        let namespace = if stream.asked.is_some() { ns::SASL2 } else { ns::SASL };
        let code = |text: &str| if text.is_empty() { String::new() } else { STANDARD.encode(text) };
        let element = |name: &str, text: &str| Element::new(namespace, name).with_text(&code(text));
        match step {
            Step::Challenge(sasl, text) => {
                stream.state = State::Fresh(sasl);
                self.element(link, element("challenge", &text));
            }
            Step::Success(user, last) => {
                stream.anonymous =
                    !self.setup.accounts.iter().any(|account| {
                        user.node().is_some_and(|node| node.as_str() == account.user)
                    });
                let last = last.unwrap_or_default();
                let Some(asked) = stream.asked.take() else {
                    stream.state = State::Known { user, restarted: false };
                    return self.element(link, element("success", &last));
                };
                stream.state = State::Known { user: user.clone(), restarted: true };
                self.succeed(link, &user, &code(&last), &asked);
            }
            Step::Failure(condition) => {
                stream.failures += 1;
                let failures = stream.failures;
                stream.asked = None;
                let condition = Element::new(ns::SASL, condition);
                self.element(link, Element::new(namespace, "failure").with_child(condition));
                if failures >= FAILURES {
                    self.stream_error(link, "policy-violation");
                }
            }
        }
    }
}
