//! XML in the one way a transcript writes it: names by namespace, attributes by name, an element a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::bosh::{NS, XBOSH};
use crate::diag::sanitise::{is_command, is_unsafe};
use crate::xml::{self, Element, Limits};
use crate::xmpp::ns;

/// What needs no declaration in a transcript.
const PREFIXES: [(&str, &str); 3] = [(ns::XML, "xml"), (XBOSH, "xmpp"), (ns::STREAMS, "stream")];

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tree {
    /// Its name, with a prefix where the namespace has a known one. Without a name, it stands for the elements in it.
    pub name: String,
    /// Its attributes by name. A namespace that is not that of the element around it is the attribute `xmlns`.
    pub attributes: Vec<(String, String)>,
    /// What is in it, without the white space between elements.
    pub nodes: Vec<Leaf>,
}

/// What is in an element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// An element.
    Element(Tree),
    /// Character data.
    Text(String),
}

impl Leaf {
    /// As it is written on a line.
    fn text(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Element(tree) => tree.inline(&mut out),
            Self::Text(text) => escape(text, &mut out),
        }
        out
    }
}

impl Tree {
    /// The element as it would be written at the top of a transcript: where nothing is said, the namespace is that of
    /// BOSH's `<body/>`.
    pub fn of(element: &Element) -> Self {
        Self::within(element, NS)
    }

    fn within(element: &Element, around: &str) -> Self {
        let mut attributes: Vec<(String, String)> = Vec::new();
        let mut inside = around;
        let name = if let Some(prefix) = prefix(element.namespace()) {
            format!("{prefix}:{}", element.name())
        } else {
            inside = element.namespace();
            element.name().to_owned()
        };
        // Namespaces without a prefix of ours are numbered by name: neither prefixes nor order matter.
        let foreign: BTreeSet<&str> = element
            .attributes()
            .map(|(namespace, ..)| namespace)
            .filter(|namespace| !namespace.is_empty() && prefix(namespace).is_none())
            .collect();
        let foreign: Vec<&str> = foreign.into_iter().collect();
        for (number, namespace) in foreign.iter().enumerate() {
            attributes.push((format!("xmlns:n{}", number + 1), (*namespace).to_owned()));
        }
        for (namespace, name, value) in element.attributes() {
            let name = match (prefix(namespace), foreign.binary_search(&namespace)) {
                (Some(prefix), _) => format!("{prefix}:{name}"),
                (None, Ok(number)) => format!("n{}:{name}", number + 1),
                (None, Err(_)) => name.to_owned(),
            };
            attributes.push((name, value.to_owned()));
        }
        if inside != around {
            attributes.push(("xmlns".to_owned(), inside.to_owned()));
        }
        attributes.sort();
        let blank = |node: &xml::Node| node.text().is_some_and(|text| text.trim_ascii().is_empty());
        let only_elements = element.children().next().is_some();
        let nodes = element
            .nodes()
            .iter()
            .filter(|node| !(only_elements && blank(node)))
            .map(|node| match node {
                xml::Node::Element(child) => Leaf::Element(Self::within(child, inside)),
                xml::Node::Text { text, .. } => Leaf::Text(text.as_str().to_owned()),
            })
            .collect();
        let mut tree = Self { name, attributes, nodes };
        if tree.has_no_order() {
            tree.nodes.sort_by_cached_key(Leaf::text);
        }
        tree
    }

    /// Whether the order of what is in it means nothing, and some servers change it with each start.
    fn has_no_order(&self) -> bool {
        let namespace = self.attr("xmlns").unwrap_or_default();
        let named = matches!(
            (&*self.name, namespace),
            ("stream:features", _) | ("mechanisms", ns::SASL) | ("query", ns::DISCO_INFO)
        );
        named && self.nodes.iter().all(|node| matches!(node, Leaf::Element(_)))
    }

    /// Reads what [`Tree::write`] has written. An error says what is wrong with it, without a place.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut all = Self::read_all(text)?.nodes;
        match (all.pop(), all.is_empty()) {
            (Some(Leaf::Element(only)), true) => Ok(only),
            _ => Err("expected one element".to_owned()),
        }
    }

    /// Reads any number of elements, into an element without a name.
    pub fn read_all(text: &str) -> Result<Self, String> {
        let mut whole = format!("<x xmlns='{NS}'");
        for (namespace, prefix) in &PREFIXES[1..] {
            let _ = write!(whole, " xmlns:{prefix}='{namespace}'");
        }
        let _ = write!(whole, ">{text}</x>");
        // What was read of the wire may have more declarations here, and characters as references.
        let Limits { depth, attributes, nodes, bytes } = Limits::default();
        let limits = Limits {
            depth: depth + 1,
            attributes: 2 * attributes + 8,
            nodes: 2 * nodes,
            bytes: 8 * bytes,
        };
        let root = xml::parse(whole.as_bytes(), &limits).map_err(|error| error.kind.to_string())?;
        if !root.text().trim().is_empty() {
            return Err("expected elements".to_owned());
        }
        let nodes = root.children().map(|child| Leaf::Element(Self::of(child))).collect();
        Ok(Self { nodes, ..Self::default() })
    }

    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The elements in it.
    pub fn children(&self) -> impl Iterator<Item = &Tree> {
        self.nodes.iter().filter_map(|node| match node {
            Leaf::Element(child) => Some(child),
            Leaf::Text(_) => None,
        })
    }

    /// Its own character data.
    pub fn text(&self) -> String {
        self.nodes
            .iter()
            .filter_map(|node| match node {
                Leaf::Text(text) => Some(text.as_str()),
                Leaf::Element(_) => None,
            })
            .collect()
    }

    /// Appends it, each of its lines behind `margin` spaces.
    pub fn write(&self, margin: usize, out: &mut String) {
        if self.name.is_empty() {
            return self.children().for_each(|child| child.write(margin, out));
        }
        let _ = write!(out, "{:margin$}", "");
        let mixed = self.nodes.iter().any(|node| matches!(node, Leaf::Text(_)));
        if mixed || self.nodes.is_empty() {
            self.inline(out);
            out.push('\n');
            return;
        }
        self.start(out);
        out.push_str(">\n");
        for child in self.children() {
            child.write(margin + 2, out);
        }
        let _ = writeln!(out, "{:margin$}</{}>", "", self.name);
    }

    /// It and all in it on one line.
    pub fn inline(&self, out: &mut String) {
        self.start(out);
        if self.nodes.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for node in &self.nodes {
            match node {
                Leaf::Element(child) => child.inline(out),
                Leaf::Text(text) => escape(text, out),
            }
        }
        let _ = write!(out, "</{}>", self.name);
    }

    /// The start tag without its end.
    pub fn start(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            attribute(name, value, out);
        }
    }
}

fn prefix(namespace: &str) -> Option<&'static str> {
    PREFIXES.iter().find(|(known, _)| *known == namespace).map(|(_, prefix)| *prefix)
}

/// Line ends are written as references: a text stays on its line. So is what a terminal would obey.
fn escape(text: &str, out: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            '#' if is_command(&text[at..]) => out.push_str("&#35;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push('\t'),
            _ if is_unsafe(c) => {
                let _ = write!(out, "&#x{:x};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
}

/// An attribute, with a space before it.
fn attribute(name: &str, value: &str, out: &mut String) {
    let mut written = String::new();
    escape(value, &mut written);
    let _ = write!(out, " {name}='{}'", written.replace('\'', "&apos;").replace('\t', "&#9;"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(source: &str) -> Tree {
        Tree::of(&xml::parse(source.as_bytes(), &Limits::default()).unwrap())
    }

    fn written(source: &str) -> String {
        let mut out = String::new();
        tree(source).write(0, &mut out);
        out
    }

    #[test]
    fn neither_prefixes_nor_the_order_of_attributes_nor_white_space_matter() {
        let one = written(
            "<body xmlns='http://jabber.org/protocol/httpbind' wait='1' hold='2' xmlns:a='urn:xmpp:xbosh' \
             a:version='1.0'>\n <m:message xmlns:m='jabber:client' to='b' xml:lang='en'><m:body>1\n2 &lt;\
             </m:body></m:message> </body>",
        );
        assert_eq!(
            one,
            "<body hold='2' wait='1' xmpp:version='1.0'>\n  \
             <message to='b' xml:lang='en' xmlns='jabber:client'>\n    \
             <body>1&#10;2 &lt;</body>\n  </message>\n</body>\n"
        );
        let again = Tree::read(&one).unwrap();
        let mut twice = String::new();
        again.write(0, &mut twice);
        assert_eq!(twice, one);
    }

    #[test]
    fn namespaces_do_matter() {
        assert_eq!(written("<body/>"), "<body xmlns=''/>\n");
        assert_eq!(
            written("<s:features xmlns:s='http://etherx.jabber.org/streams'><x/></s:features>"),
            "<stream:features>\n  <x xmlns=''/>\n</stream:features>\n"
        );
        let foreign =
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:z='urn:z' z:a='1' b='2'/>";
        assert_eq!(written(foreign), "<body b='2' n1:a='1' xmlns:n1='urn:z'/>\n");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for source in [
            "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:z='urn:z' z:a='1' b='&#10;&apos;'/>",
            "<a><b xmlns='urn:b'> x <c/> y </b></a>",
            "<body xmlns='http://jabber.org/protocol/httpbind'>lost <iq xmlns='jabber:client'/></body>",
        ] {
            let first = tree(source);
            let mut text = String::new();
            first.write(4, &mut text);
            assert_eq!(Tree::read(&text).unwrap(), first);
        }
        assert!(Tree::read("<a/><b/>").is_err() && Tree::read("").is_err());
        assert!(Tree::read("<a>").is_err());
    }
}
