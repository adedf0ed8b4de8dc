//! What of a server's offers is for the client of a connection manager.

use crate::xml::Element;
use crate::xmpp::ns;

/// The features without what is a matter of the connection between the connection manager and the server: TLS and
/// compression (XEP-0206 §8), and what binds a login to its channel (RFC 5802 §6, XEP-0440), which is not the client's.
pub(super) fn for_client(features: &Element) -> Element {
    let kept =
        features.children().filter_map(|feature| match (feature.namespace(), feature.name()) {
            (ns::TLS | ns::COMPRESS_FEATURE | ns::CHANNEL_BINDING, _) => None,
            (ns::SASL, "mechanisms") | (ns::SASL2, "authentication") => {
                let offer = with_children(
                    feature,
                    feature.children().filter(|child| !binds(child)).cloned(),
                );
                let usable = offer.children().any(|child| child.name() == "mechanism");
                usable.then_some(offer)
            }
            _ => Some(feature.clone()),
        });
    with_children(features, kept)
}

/// A mechanism that needs channel binding.
fn binds(child: &Element) -> bool {
    child.namespace() == ns::CHANNEL_BINDING
        || child.name() == "mechanism" && child.text().trim().ends_with("-PLUS")
}

/// The same element with other children, and without the white space between them.
fn with_children(element: &Element, children: impl Iterator<Item = Element>) -> Element {
    let mut copy = Element::new(element.namespace(), element.name());
    for (namespace, name, value) in element.attributes() {
        copy.set_attr(namespace, name, Some(value));
    }
    children.for_each(|child| copy.push(child));
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, Scope, parse, write};

    #[test]
    fn only_what_a_client_can_use_is_left() {
        let features = parse(
            b"<s:features xmlns:s='http://etherx.jabber.org/streams'> \
              <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
              <compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression>\
              <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1-PLUS</mechanism>\
              <mechanism>SCRAM-SHA-1</mechanism><hostname xmlns='urn:xmpp:domain-based-name:1'>a</hostname></mechanisms>\
              <sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'/>\
              <authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1-PLUS</mechanism></authentication>\
              <ver xmlns='urn:xmpp:features:rosterver'/></s:features>",
            &Limits::default(),
        );
        let mut out = String::new();
        let scope = Scope { default: ns::CLIENT, prefixes: &[(ns::STREAMS, "stream")] };
        write(&for_client(&features.unwrap()), &scope, &mut out);
        assert_eq!(
            out,
            "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>SCRAM-SHA-1</mechanism><hostname xmlns='urn:xmpp:domain-based-name:1'>a</hostname>\
             </mechanisms><ver xmlns='urn:xmpp:features:rosterver'/></stream:features>"
        );
    }
}
