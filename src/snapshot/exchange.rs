//! A request and its response as a transcript shows them, and their text.

use super::tree::Tree;

/// Goes before what the client sent.
pub(super) const CLIENT: &str = "client:";
/// Goes before what it was answered.
pub(super) const SERVER: &str = "server:";

/// A request and its response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the client sent.
    pub client: Message,
    /// What it was answered.
    pub server: Message,
}

/// One side of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// How it was sent, or when it was answered: `again`, `404, held`.
    pub words: String,
    /// Headers that are not as they always are, by name.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub content: Content,
}

/// What a message carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    #[default]
    None,
    /// XML. In a stream, this is any number of elements, in an element without a name.
    Xml(Tree),
    /// Something else, by line.
    Text(Vec<String>),
}

impl Exchange {
    /// Its text, behind an empty line; on a stream, nobody has to answer.
    pub(super) fn text(&self, on_stream: bool) -> String {
        let mut out = String::from("\n");
        let Self { client, server } = self;
        let one_side = on_stream && (client.is_nothing() || server.is_nothing());
        if !(one_side && client.is_nothing()) {
            client.write(CLIENT, &mut out);
        }
        if !(one_side && server.is_nothing()) {
            server.write(SERVER, &mut out);
        }
        out
    }
}

impl Message {
    fn write(&self, who: &str, out: &mut String) {
        out.push_str(who);
        if !self.words.is_empty() {
            out.push(' ');
            out.push_str(&self.words);
        }
        out.push('\n');
        for (name, value) in &self.headers {
            *out += &format!("  {name}: {value}\n");
        }
        match &self.content {
            Content::None => {}
            Content::Xml(tree) => tree.write(2, out),
            Content::Text(lines) => {
                for line in lines {
                    let between = if line.is_empty() { "" } else { " " };
                    *out += &format!("  |{between}{line}\n");
                }
            }
        }
    }

    /// Whether nothing is said of it.
    pub(super) fn is_nothing(&self) -> bool {
        self.words.is_empty() && self.headers.is_empty() && self.content == Content::None
    }

    /// Whether it stands for a response that never came.
    pub fn is_none(&self) -> bool {
        self.words.starts_with("nothing") && self.content == Content::None
    }

    /// The element, if it carries one.
    pub fn xml(&self) -> Option<&Tree> {
        match &self.content {
            Content::Xml(tree) => Some(tree),
            Content::None | Content::Text(_) => None,
        }
    }
}
