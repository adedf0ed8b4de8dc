//! SASL mechanisms: which are offered, and how far an exchange has come.

use super::scram::Exchange;
use super::setup::Setup;
use crate::xml::Element;
use crate::xmpp::ns;
use crate::xmpp::scram::Hash;

/// An exchange under way.
#[derive(Debug, Default)]
pub(super) enum Sasl {
    /// None.
    #[default]
    Idle,
    /// A mechanism was chosen, its first message has not come.
    Chosen(Mechanism),
    /// SCRAM waits for the client's final message.
    Scram(Box<Exchange>),
}

/// A mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Anonymous,
    Plain,
    Scram(Hash),
}

/// Those that an account logs in with.
const ACCOUNTS: [(&str, Mechanism); 3] = [
    ("SCRAM-SHA-256", Mechanism::Scram(Hash::Sha256)),
    ("SCRAM-SHA-1", Mechanism::Scram(Hash::Sha1)),
    ("PLAIN", Mechanism::Plain),
];

pub(super) fn offered(setup: &Setup) -> Vec<(&'static str, Mechanism)> {
    let mut offered = Vec::new();
    if !setup.accounts.is_empty() {
        offered.extend(ACCOUNTS);
    }
    if setup.anonymous {
        offered.push(("ANONYMOUS", Mechanism::Anonymous));
    }
    offered
}

/// The feature that lists them.
pub(super) fn mechanisms(setup: &Setup) -> Element {
    let mut feature = Element::new(ns::SASL, "mechanisms");
    for (name, _) in offered(setup) {
        feature.push(Element::new(ns::SASL, "mechanism").with_text(name));
    }
    feature
}
