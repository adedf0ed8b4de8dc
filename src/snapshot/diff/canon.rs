//! What is compared of a text: names without their numbers, rids as the distance from that of their own request.

use crate::snapshot::names::split;
use crate::snapshot::{Content, Exchange, Leaf, Message, Tree};

/// Stands around the kind of a name. In texts it is escaped.
const NAME: char = '\0';

/// A name in a text: its kind and its number.
pub(super) type Name<'a> = (&'a str, i64);

/// A text in pieces: what stands between names, and names.
enum Piece<'a> {
    Text(&'a str),
    Name(Name<'a>),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((kind, number, behind)) = split(rest)
            && let Ok(number) = number.parse::<i64>()
        {
            rest = behind;
            return Some(Piece::Name((kind, number)));
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find('[').map_or(rest.len(), |at| first + at);
        let (text, behind) = rest.split_at(end);
        rest = behind;
        Some(Piece::Text(text))
    })
}

/// The names in a text, in their order; rids are none, they are compared as numbers.
pub(super) fn names(text: &str) -> impl Iterator<Item = Name<'_>> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Name(name) if name.0 != "rid" => Some(name),
        Piece::Name(_) | Piece::Text(_) => None,
    })
}

/// The number in `[rid+7]`, if a text is that and nothing else.
pub(super) fn rid(text: &str) -> Option<i64> {
    let (kind, number, behind) = split(text)?;
    (kind == "rid" && behind.is_empty()).then(|| number.parse().ok())?
}

/// The rid of a request.
pub(super) fn own_rid(exchange: &Exchange) -> Option<i64> {
    rid(exchange.client.xml()?.attr("rid")?)
}

/// Writes what is compared of texts that belong to a request with this rid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Canon {
    /// The rid.
    pub(super) own: Option<i64>,
}

impl Canon {
    /// For all texts of an exchange.
    pub(super) fn of(exchange: &Exchange) -> Self {
        Self { own: own_rid(exchange) }
    }

    /// Of a text.
    pub(super) fn text(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.put(text, &mut out);
        out
    }

    fn put(self, text: &str, out: &mut String) {
        if !text.contains('[') {
            return escape(text, out);
        }
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => escape(text, out),
                Piece::Name(("rid", number)) => match self.own {
                    // Any number may stand in a text.
                    Some(own) => {
                        let distance = i128::from(number) - i128::from(own);
                        *out += &format!("{NAME}rid{distance:+}{NAME}");
                    }
                    None => *out += &format!("{NAME}rid={number}{NAME}"),
                },
                Piece::Name((kind, _)) => {
                    out.push(NAME);
                    out.push_str(kind);
                    out.push(NAME);
                }
            }
        }
    }

    /// Of a request, without its rid.
    pub(super) fn request(self, message: &Message) -> String {
        self.message(message, true)
    }

    /// Of a response.
    pub(super) fn response(self, message: &Message) -> String {
        self.message(message, false)
    }

    fn message(self, message: &Message, request: bool) -> String {
        let mut out = String::new();
        self.put(&message.words, &mut out);
        for (name, value) in &message.headers {
            out.push('\n');
            out.push_str(name);
            out.push_str(": ");
            self.put(value, &mut out);
        }
        match &message.content {
            Content::None => {}
            Content::Xml(tree) => {
                out.push_str("\n<");
                self.tree(tree, request, &mut out);
            }
            Content::Text(lines) => {
                for line in lines {
                    out.push_str("\n| ");
                    self.put(line, &mut out);
                }
            }
        }
        out
    }

    /// Of an element.
    pub(super) fn element(self, tree: &Tree) -> String {
        let mut out = String::new();
        self.tree(tree, false, &mut out);
        out
    }

    /// Of a node.
    pub(super) fn leaf(self, leaf: &Leaf) -> String {
        match leaf {
            Leaf::Element(tree) => self.element(tree),
            Leaf::Text(text) => format!("\"{}", self.text(text)),
        }
    }

    fn tree(self, tree: &Tree, without_rid: bool, out: &mut String) {
        out.push('<');
        out.push_str(&tree.name);
        for (name, value) in &tree.attributes {
            if without_rid && name == "rid" && rid(value).is_some() {
                out.push(NAME);
                out.push_str("rid");
                continue;
            }
            out.push('\n');
            out.push_str(name);
            out.push('=');
            self.put(value, out);
        }
        out.push('>');
        for node in &tree.nodes {
            match node {
                Leaf::Element(child) => self.tree(child, false, out),
                Leaf::Text(text) => {
                    out.push('"');
                    self.put(text, out);
                }
            }
        }
        out.push('/');
    }
}

/// Writes a text so that nothing in it is taken for what stands between texts.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            NAME => out.push_str("\\0"),
            '\\' | '<' | '>' | '"' | '/' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
}

/// All names of an exchange, in the order in which they stand there.
pub(super) fn names_of<'a>(exchange: &'a Exchange, out: &mut Vec<Name<'a>>) {
    for message in [&exchange.client, &exchange.server] {
        out.extend(names(&message.words));
        for (_, value) in &message.headers {
            out.extend(names(value));
        }
        match &message.content {
            Content::None => {}
            Content::Xml(tree) => names_in(tree, out),
            Content::Text(lines) => lines.iter().for_each(|line| out.extend(names(line))),
        }
    }
}

fn names_in<'a>(tree: &'a Tree, out: &mut Vec<Name<'a>>) {
    for (_, value) in &tree.attributes {
        out.extend(names(value));
    }
    for node in &tree.nodes {
        match node {
            Leaf::Element(child) => names_in(child, out),
            Leaf::Text(text) => out.extend(names(text)),
        }
    }
}
