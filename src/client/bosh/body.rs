//! The `<body/>` of a request (XEP-0124 §6), as an element and as the text that is sent.

use crate::bosh::{NS, XBOSH};
use crate::xml::{Element, Node, Scope, write, write_attribute};
use crate::xmpp::ns;

/// The prefixes that the text declares where they are used.
const PREFIXES: [(&str, &str); 2] = [(ns::STREAMS, "stream"), (XBOSH, "xmpp")];

/// A request of a session. Without a `sid` it is one that opens a session.
pub fn body(rid: u64, sid: Option<&str>) -> Element {
    Element::new(NS, "body").with_attr("rid", &rid.to_string()).with_attr_if("sid", sid)
}

/// The text of a `<body/>`: payloads keep their namespaces, whatever prefixes they came with.
pub fn to_xml(body: &Element) -> String {
    let used = |namespace: &str| {
        let of = |element: &Element| {
            element.namespace() == namespace || element.attributes().any(|(of, ..)| of == namespace)
        };
        of(body) || body.descendants().any(of)
    };
    let mut out = String::from("<body");
    write_attribute("xmlns", NS, &mut out);
    for (namespace, prefix) in PREFIXES.iter().filter(|(namespace, _)| used(namespace)) {
        write_attribute(&format!("xmlns:{prefix}"), namespace, &mut out);
    }
    for (namespace, name, value) in body.attributes() {
        let prefix = match namespace {
            ns::XML => "xml:",
            XBOSH => "xmpp:",
            _ => "",
        };
        write_attribute(&format!("{prefix}{name}"), value, &mut out);
    }
    if body.nodes().is_empty() {
        return out + "/>";
    }
    out.push('>');
    for payload in body.nodes().iter().filter_map(Node::element) {
        write(payload, &Scope { default: NS, prefixes: &PREFIXES }, &mut out);
    }
    out + "</body>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_declares_what_its_content_needs() {
        assert_eq!(
            to_xml(&body(7, Some("a'b"))),
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='7' sid='a&apos;b'/>"
        );
        let mut restart = body(8, Some("s"));
        restart.set_attr(ns::XML, "lang", Some("en"));
        restart.set_attr(XBOSH, "restart", Some("true"));
        restart.push(Element::new(ns::STREAMS, "error").with_child(Element::new("urn:x", "y")));
        assert_eq!(
            to_xml(&restart),
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:stream='http://etherx.jabber.org/streams' \
             xmlns:xmpp='urn:xmpp:xbosh' rid='8' sid='s' xml:lang='en' xmpp:restart='true'>\
             <stream:error><y xmlns='urn:x'/></stream:error></body>"
        );
    }
}
