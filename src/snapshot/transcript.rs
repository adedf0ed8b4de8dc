//! A transcript and its text. `docs/reference/transcript.md` describes the text.

use std::fmt;

use super::tree::Tree;

/// A conversation as it should look at every run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// What belongs together in its order. Between strands there is no order.
    pub strands: Vec<Strand>,
}

/// A session, or what belongs to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strand {
    /// `session 1`, and what else is to be said of all of it.
    pub title: String,
    /// Its exchanges, in the order in which the requests came.
    pub exchanges: Vec<Exchange>,
}

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

/// Why a text is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct NotTranscript {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

const CLIENT: &str = "client:";
const SERVER: &str = "server:";
/// Goes before the title of a strand.
const STRAND: &str = "== ";
/// In the title, goes before what carries a stream.
const OVER: &str = " over ";

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for (number, strand) in self.strands.iter().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            strand.write(&mut out);
        }
        f.write_str(&out)
    }
}

impl Strand {
    /// Appends its text.
    pub fn write(&self, out: &mut String) {
        *out += &format!("{STRAND}{}\n", self.title);
        for exchange in &self.exchanges {
            out.push('\n');
            let Exchange { client, server } = exchange;
            // On a stream, nobody has to answer.
            let one_side = self.is_stream() && (client.is_nothing() || server.is_nothing());
            if !(one_side && client.is_nothing()) {
                client.write(CLIENT, out);
            }
            if !(one_side && server.is_nothing()) {
                server.write(SERVER, out);
            }
        }
    }

    /// Whether WebSocket or TCP carries it: its exchanges are elements, and each side may speak alone.
    pub fn is_stream(&self) -> bool {
        self.title.contains(OVER)
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
    fn is_nothing(&self) -> bool {
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

impl std::str::FromStr for Transcript {
    type Err = NotTranscript;

    fn from_str(text: &str) -> Result<Self, NotTranscript> {
        let mut transcript = Self::default();
        let mut answered = true;
        let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line)).peekable();
        while let Some((number, line)) = lines.next() {
            let wrong = |what: &str| NotTranscript { line: number, what: what.to_owned() };
            if line.is_empty() {
                continue;
            }
            if let Some(title) = line.strip_prefix(STRAND) {
                answered = true;
                let title = title.to_owned();
                transcript.strands.push(Strand { title, exchanges: Vec::new() });
                continue;
            }
            let Some(strand) = transcript.strands.last_mut() else {
                return Err(wrong("a transcript must begin with a line such as `== session 1`"));
            };
            let mut block = Vec::new();
            while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with("  ")) {
                block.push(&next[2..]);
            }
            let is_stream = strand.is_stream();
            let message = |words: &str| {
                let words = words.trim_start().to_owned();
                read(&block, is_stream)
                    .map(|(headers, content)| Message { words, headers, content })
                    .map_err(|(offset, what)| NotTranscript { line: number + 1 + offset, what })
            };
            if let Some(words) = line.strip_prefix(CLIENT) {
                let (client, server) = (message(words)?, Message::default());
                strand.exchanges.push(Exchange { client, server });
                answered = false;
            } else if let Some(words) = line.strip_prefix(SERVER) {
                if answered && is_stream {
                    strand.exchanges.push(Exchange::default());
                    answered = false;
                }
                let exchange = strand.exchanges.last_mut();
                let Some(exchange) = exchange.filter(|_| !answered) else {
                    return Err(wrong("`server:` must follow `client:`"));
                };
                exchange.server = message(words)?;
                answered = true;
            } else {
                return Err(wrong("expected `== `, `client:`, `server:` or an indented line"));
            }
        }
        Ok(transcript)
    }
}

/// Headers.
type Lines = Vec<(String, String)>;

/// Headers and content; an error with the line in the block, from 0.
fn read(block: &[&str], is_stream: bool) -> Result<(Lines, Content), (usize, String)> {
    let mut headers = Vec::new();
    let mut at = 0;
    while let Some(line) = block.get(at).filter(|line| !line.starts_with(['<', '|', ' '])) {
        let (name, value) = line
            .split_once(':')
            .map(|(name, value)| (name, value.trim_start()))
            .ok_or_else(|| (at, "expected a header, an element, or text after `| `".into()))?;
        headers.push((name.to_owned(), value.to_owned()));
        at += 1;
    }
    let rest = &block[at..];
    let content = match rest.first() {
        None => Content::None,
        Some(first) if first.starts_with('|') => {
            let text = |(n, line): (usize, &&str)| {
                let text = line.strip_prefix('|').ok_or((at + n, "expected `| `".into()))?;
                Ok(text.strip_prefix(' ').unwrap_or(text).to_owned())
            };
            Content::Text(rest.iter().enumerate().map(text).collect::<Result<_, _>>()?)
        }
        Some(_) => {
            let text = rest.join("\n");
            let tree = if is_stream { Tree::read_all(&text) } else { Tree::read(&text) };
            Content::Xml(tree.map_err(|what| (at, what))?)
        }
    };
    Ok((headers, content))
}
