//! Writes an element so that it means the same elsewhere: names by namespace, whatever prefixes it came with.

use super::element::{Element, Node};

/// The namespace that the prefix `xml` is always bound to.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What is declared where the element will stand.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The default namespace.
    pub default: &'a str,
    /// Namespaces with their prefixes.
    pub prefixes: &'a [(&'a str, &'a str)],
}

/// Writes `element` to `out`, declaring the namespaces that `scope` lacks.
pub fn write(element: &Element, scope: &Scope<'_>, out: &mut String) {
    let namespace = element.namespace();
    let prefix = prefix_of(namespace, scope).filter(|_| namespace != scope.default);
    out.push('<');
    let name = |out: &mut String| {
        if let Some(prefix) = prefix {
            out.push_str(prefix);
            out.push(':');
        }
        out.push_str(element.name());
    };
    name(out);
    let mut default = scope.default;
    if prefix.is_none() && namespace != scope.default {
        default = namespace;
        attribute("xmlns", namespace, out);
    }
    let mut declared = 0;
    for (namespace, name, value) in element.attributes() {
        if namespace.is_empty() {
            attribute(name, value, out);
        } else if let Some(prefix) = prefix_of(namespace, scope) {
            attribute(&format!("{prefix}:{name}"), value, out);
        } else {
            // Attributes with a namespace are rare: a prefix of its own for each is simplest.
            declared += 1;
            attribute(&format!("xmlns:n{declared}"), namespace, out);
            attribute(&format!("n{declared}:{name}"), value, out);
        }
    }
    if element.nodes().is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    let inside = Scope { default, prefixes: scope.prefixes };
    for node in element.nodes() {
        match node {
            Node::Element(child) => write(child, &inside, out),
            Node::Text { text, .. } => escape(text, false, out),
        }
    }
    out.push_str("</");
    name(out);
    out.push('>');
}

/// Writes an attribute, with a space before it.
pub fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape(value, true, out);
    out.push('\'');
}

fn prefix_of<'a>(namespace: &str, scope: &Scope<'a>) -> Option<&'a str> {
    if namespace == XML {
        return Some("xml");
    }
    scope.prefixes.iter().find(|(known, _)| *known == namespace).map(|(_, prefix)| *prefix)
}

/// White space that a parser would normalise is written as a reference; so is a carriage return everywhere.
fn escape(text: &str, in_attribute: bool, out: &mut String) {
    let mut rest = 0;
    for (place, byte) in text.bytes().enumerate() {
        let reference = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\r' => "&#13;",
            b'\'' if in_attribute => "&apos;",
            b'\n' if in_attribute => "&#10;",
            b'\t' if in_attribute => "&#9;",
            _ => continue,
        };
        out.push_str(&text[rest..place]);
        out.push_str(reference);
        rest = place + 1;
    }
    out.push_str(&text[rest..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    const BODY: Scope<'_> = Scope {
        default: "http://jabber.org/protocol/httpbind",
        prefixes: &[("http://etherx.jabber.org/streams", "stream")],
    };

    fn written(source: &str) -> String {
        let element = parse(source.as_bytes(), &Limits::default()).unwrap();
        let mut out = String::new();
        write(&element, &BODY, &mut out);
        out
    }

    #[test]
    fn names_keep_their_namespace_and_lose_their_prefix() {
        assert_eq!(
            written("<a:iq xmlns:a='jabber:client' id='1'><b xmlns='urn:b'><a:c/></b></a:iq>"),
            "<iq xmlns='jabber:client' id='1'><b xmlns='urn:b'><c xmlns='jabber:client'/></b></iq>"
        );
        assert_eq!(
            written("<s:features xmlns:s='http://etherx.jabber.org/streams'><x/></s:features>"),
            "<stream:features><x xmlns=''/></stream:features>"
        );
    }

    #[test]
    fn attributes_of_other_namespaces_are_declared() {
        assert_eq!(
            written("<m xmlns='jabber:client' xml:lang='de' xmlns:z='urn:z' z:foo='1'/>"),
            "<m xmlns='jabber:client' xml:lang='de' xmlns:n1='urn:z' n1:foo='1'/>"
        );
    }

    #[test]
    fn text_means_the_same_after_it_was_written() {
        let source =
            "<m xmlns='jabber:client' a='&#9;&apos;&quot;&#10;'> &lt;&amp;&gt; &#13; é 🎉</m>";
        let first = parse(source.as_bytes(), &Limits::default()).unwrap();
        let again = written(source);
        let second = parse(again.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(first.text(), second.text());
        assert_eq!(first.attr("a"), second.attr("a"));
    }

    #[test]
    fn what_is_made_here_is_written_as_what_is_read() {
        let made = Element::new("jabber:client", "message")
            .with_attr("to", "a")
            .with_attr("to", "b")
            .with_attr_if("id", None)
            .with_child(Element::new("jabber:client", "body").with_text("1 < 2"));
        let mut out = String::new();
        write(&made, &BODY, &mut out);
        assert_eq!(out, "<message xmlns='jabber:client' to='b'><body>1 &lt; 2</body></message>");
    }
}
