//! How a stream is opened, where that is not as usual.

use super::acts::Carrier;
use super::script::{ABSENT, Pairs};
use super::values::Values;
use crate::snapshot::Tree;
use crate::xmpp::ns;

/// The attributes of a stream header that are not the usual ones. One without a value is left away.
pub(super) fn attributes(header: &Tree, carrier: Carrier, values: &Values) -> Pairs {
    let namespace = if carrier == Carrier::Tcp { ns::CLIENT } else { ns::FRAMING };
    let usual = [("xmlns", namespace), ("to", "${domain}"), ("version", "1.0")];
    let mut own = Pairs::new();
    for (name, value) in &header.attributes {
        let value = if name.starts_with("xmlns") { value.clone() } else { values.text(value) };
        let is_usual = usual.iter().any(|(known, usual)| known == name && *usual == value);
        if !is_usual {
            own.push((name.clone(), value));
        }
    }
    for (name, _) in usual {
        if header.attr(name).is_none() {
            own.push((name.to_owned(), ABSENT.to_owned()));
        }
    }
    own
}
