//! A transcript and its text. `docs/reference/transcript.md` describes the text.

use std::borrow::Cow;
use std::sync::Arc;
use std::{fmt, io};

use super::exchange::{CLIENT, Content, Exchange, Message, SERVER};
use super::shelf::Shelf;
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
    pub exchanges: Exchanges,
}

/// Exchanges in their order; of many, most are in a temporary file.
#[derive(Debug, Clone, Default)]
pub struct Exchanges {
    shelf: Arc<Shelf>,
    numbers: Vec<usize>,
}

impl Exchanges {
    /// Those of a shelf that have these numbers.
    pub(super) fn of(shelf: Arc<Shelf>, numbers: Vec<usize>) -> Self {
        Self { shelf, numbers }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The one at this place.
    pub fn get(&self, place: usize) -> Cow<'_, Exchange> {
        self.shelf.get(self.numbers[place])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, Exchange>> {
        self.numbers.iter().map(|number| self.shelf.get(*number))
    }
}

impl FromIterator<Exchange> for Exchanges {
    fn from_iter<I: IntoIterator<Item = Exchange>>(all: I) -> Self {
        let mut shelf = Shelf::default();
        let numbers = all.into_iter().map(|exchange| shelf.add(exchange)).collect();
        Self::of(Arc::new(shelf), numbers)
    }
}

impl PartialEq for Exchanges {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(one, other)| one == other)
    }
}

impl Eq for Exchanges {}

/// Why a text is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct NotTranscript {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Goes before the title of a strand.
const STRAND: &str = "== ";
/// In the title, goes before what carries a stream.
const OVER: &str = " over ";

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, strand) in self.strands.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            writeln!(f, "{STRAND}{}", strand.title)?;
            for exchange in strand.exchanges.iter() {
                f.write_str(&exchange.text(strand.is_stream()))?;
            }
        }
        Ok(())
    }
}

impl Transcript {
    /// Sees that all of it could be kept: a temporary file holds what is not in memory.
    pub fn check(&self) -> io::Result<()> {
        self.strands.iter().try_for_each(|strand| strand.exchanges.shelf.check())
    }
}

impl Strand {
    /// Whether WebSocket or TCP carries it: its exchanges are elements, and each side may speak alone.
    pub fn is_stream(&self) -> bool {
        self.title.contains(OVER)
    }
}

impl std::str::FromStr for Transcript {
    type Err = NotTranscript;

    fn from_str(text: &str) -> Result<Self, NotTranscript> {
        let mut shelf = Shelf::default();
        // The title of each strand, and its exchanges on the shelf.
        let mut strands: Vec<(String, Vec<usize>)> = Vec::new();
        let mut answered = true;
        let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line)).peekable();
        while let Some((number, line)) = lines.next() {
            let wrong = |what: &str| NotTranscript { line: number, what: what.to_owned() };
            if line.is_empty() {
                continue;
            }
            if let Some(title) = line.strip_prefix(STRAND) {
                answered = true;
                strands.push((title.to_owned(), Vec::new()));
                continue;
            }
            let Some((title, exchanges)) = strands.last_mut() else {
                return Err(wrong("a transcript must begin with a line such as `== session 1`"));
            };
            let mut block = Vec::new();
            while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with("  ")) {
                block.push(&next[2..]);
            }
            let is_stream = title.contains(OVER);
            let message = |words: &str| {
                let words = words.trim_start().to_owned();
                read(&block, is_stream)
                    .map(|(headers, content)| Message { words, headers, content })
                    .map_err(|(offset, what)| NotTranscript { line: number + 1 + offset, what })
            };
            if let Some(words) = line.strip_prefix(CLIENT) {
                let (client, server) = (message(words)?, Message::default());
                exchanges.push(shelf.add(Exchange { client, server }));
                answered = false;
            } else if let Some(words) = line.strip_prefix(SERVER) {
                if answered && is_stream {
                    exchanges.push(shelf.add(Exchange::default()));
                    answered = false;
                }
                let exchange = exchanges.last().copied();
                let Some(exchange) = exchange.filter(|_| !answered) else {
                    return Err(wrong("`server:` must follow `client:`"));
                };
                shelf.get_mut(exchange).server = message(words)?;
                answered = true;
            } else {
                return Err(wrong("expected `== `, `client:`, `server:` or an indented line"));
            }
        }
        let shelf = Arc::new(shelf);
        let strand = |(title, numbers)| Strand {
            title,
            exchanges: Exchanges::of(Arc::clone(&shelf), numbers),
        };
        Ok(Self { strands: strands.into_iter().map(strand).collect() })
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
