//! Exchanges of a long trace: the latest are in memory, the others in a temporary file without a name.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use super::exchange::{Content, Exchange, Message};
use super::tree::{Leaf, Tree};

/// About so many bytes of exchanges stay in memory.
const ROOM: usize = 8 << 20;

/// Exchanges by number.
#[derive(Debug, Default)]
pub struct Shelf {
    slots: Vec<Slot>,
    /// About so many bytes are in memory.
    bytes: usize,
    /// Which slot is put away next.
    hand: usize,
    /// The one that was given away to be changed: its weight is to be taken again.
    changed: Option<usize>,
    file: Option<File>,
    /// The length of the file.
    end: u64,
    /// Why something could not be put away or got back.
    error: Mutex<Option<io::Error>>,
}

#[derive(Debug)]
enum Slot {
    Memory { exchange: Box<Exchange>, weight: u32 },
    File { at: u64, length: u32 },
}

impl Shelf {
    /// Adds an exchange; gives its number.
    pub(super) fn add(&mut self, exchange: Exchange) -> usize {
        let number = self.slots.len();
        self.slots.push(Slot::File { at: 0, length: 0 });
        self.set(number, exchange);
        number
    }

    /// An exchange, to look at.
    pub(super) fn get(&self, number: usize) -> Cow<'_, Exchange> {
        match &self.slots[number] {
            Slot::Memory { exchange, .. } => Cow::Borrowed(exchange),
            Slot::File { at, length } => Cow::Owned(self.read(*at, *length)),
        }
    }

    /// An exchange, to change it.
    pub(super) fn get_mut(&mut self, number: usize) -> &mut Exchange {
        if let Slot::File { at, length } = self.slots[number] {
            let exchange = self.read(at, length);
            self.set(number, exchange);
        }
        self.weigh();
        self.changed = Some(number);
        match &mut self.slots[number] {
            Slot::Memory { exchange, .. } => exchange,
            Slot::File { .. } => unreachable!("it was got back, and is the one that is kept"),
        }
    }

    /// Puts another in the place of an exchange.
    pub(super) fn set(&mut self, number: usize, exchange: Exchange) {
        self.weigh();
        if let Slot::Memory { weight, .. } = &self.slots[number] {
            self.bytes -= *weight as usize;
        }
        let weight = weight(&exchange);
        self.bytes += weight as usize;
        self.slots[number] = Slot::Memory { exchange: Box::new(exchange), weight };
        self.put_away(number);
    }

    /// Takes the weight again of what was changed.
    fn weigh(&mut self) {
        let Some(number) = self.changed.take() else { return };
        if let Slot::Memory { exchange, weight } = &mut self.slots[number] {
            self.bytes -= *weight as usize;
            *weight = self::weight(exchange);
            self.bytes += *weight as usize;
        }
    }

    /// Gives back what was meant for more exchanges.
    pub(super) fn close(&mut self) {
        self.weigh();
        self.slots.shrink_to_fit();
    }

    /// Why something is missing, if so.
    pub(super) fn check(&self) -> io::Result<()> {
        let mut error = self.error.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        error.take().map_or(Ok(()), Err)
    }

    /// Makes room, but not by this one.
    fn put_away(&mut self, kept: usize) {
        let mut looked = 0;
        while self.bytes > ROOM && looked < self.slots.len() {
            looked += 1;
            let number = self.hand % self.slots.len();
            self.hand = number + 1;
            let Slot::Memory { exchange, weight } = &self.slots[number] else { continue };
            if number == kept {
                continue;
            }
            let bytes = written(exchange);
            let (weight, length) = (*weight as usize, bytes.len() as u32);
            if let Err(error) = self.append(&bytes) {
                // It stays in memory, and whoever reads all of it is told.
                self.fail(error);
                return;
            }
            self.slots[number] = Slot::File { at: self.end, length };
            self.end += u64::from(length);
            self.bytes -= weight;
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all_at(bytes, self.end)
    }

    fn read(&self, at: u64, length: u32) -> Exchange {
        let mut bytes = vec![0; length as usize];
        let Some(file) = &self.file else { return Exchange::default() };
        match file.read_exact_at(&mut bytes, at) {
            Ok(()) => Reader(&bytes).exchange().unwrap_or_default(),
            Err(error) => {
                self.fail(error);
                Exchange::default()
            }
        }
    }

    fn fail(&self, error: io::Error) {
        let mut first = self.error.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        first.get_or_insert(error);
    }
}

/// About how much memory an exchange takes.
fn weight(exchange: &Exchange) -> u32 {
    let message = |message: &Message| {
        let headers: usize =
            message.headers.iter().map(|(name, value)| 64 + name.len() + value.len()).sum();
        let content = match &message.content {
            Content::None => 0,
            Content::Xml(tree) => tree_weight(tree),
            Content::Text(lines) => lines.iter().map(|line| 24 + line.len()).sum(),
        };
        100 + message.words.len() + headers + content
    };
    u32::try_from(message(&exchange.client) + message(&exchange.server)).unwrap_or(u32::MAX)
}

fn tree_weight(tree: &Tree) -> usize {
    let attributes = tree.attributes.iter().map(|(name, value)| 64 + name.len() + value.len());
    let nodes = tree.nodes.iter().map(|node| match node {
        Leaf::Element(tree) => tree_weight(tree),
        Leaf::Text(text) => 100 + text.len(),
    });
    100 + tree.name.len() + attributes.sum::<usize>() + nodes.sum::<usize>()
}

/// An exchange as bytes: texts and lists behind their lengths, variants as numbers.
fn written(exchange: &Exchange) -> Vec<u8> {
    let mut out = Vec::new();
    for message in [&exchange.client, &exchange.server] {
        text(&message.words, &mut out);
        pairs(&message.headers, &mut out);
        match &message.content {
            Content::None => out.push(0),
            Content::Xml(root) => {
                out.push(1);
                tree(root, &mut out);
            }
            Content::Text(lines) => {
                out.push(2);
                length(lines.len(), &mut out);
                for line in lines {
                    text(line, &mut out);
                }
            }
        }
    }
    out
}

fn length(length: usize, out: &mut Vec<u8>) {
    out.extend((length as u32).to_le_bytes());
}

fn text(text: &str, out: &mut Vec<u8>) {
    length(text.len(), out);
    out.extend(text.as_bytes());
}

fn pairs(pairs: &[(String, String)], out: &mut Vec<u8>) {
    length(pairs.len(), out);
    for (name, value) in pairs {
        text(name, out);
        text(value, out);
    }
}

fn tree(element: &Tree, out: &mut Vec<u8>) {
    text(&element.name, out);
    pairs(&element.attributes, out);
    length(element.nodes.len(), out);
    for node in &element.nodes {
        match node {
            Leaf::Element(child) => {
                out.push(0);
                tree(child, out);
            }
            Leaf::Text(data) => {
                out.push(1);
                text(data, out);
            }
        }
    }
}

/// Reads what [`written`] has made; nothing, if it is not that.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn exchange(mut self) -> Option<Exchange> {
        Some(Exchange { client: self.message()?, server: self.message()? })
    }

    fn message(&mut self) -> Option<Message> {
        let (words, headers) = (self.text()?, self.pairs()?);
        let content = match self.byte()? {
            0 => Content::None,
            1 => Content::Xml(self.tree()?),
            _ => Content::Text(self.list(Self::text)?),
        };
        Some(Message { words, headers, content })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn length(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*first) as usize)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.length()?).map(|_| one(self)).collect()
    }

    fn pairs(&mut self) -> Option<Vec<(String, String)>> {
        self.list(|reader| Some((reader.text()?, reader.text()?)))
    }

    fn tree(&mut self) -> Option<Tree> {
        let (name, attributes) = (self.text()?, self.pairs()?);
        let nodes = self.list(|reader| {
            Some(match reader.byte()? {
                0 => Leaf::Element(reader.tree()?),
                _ => Leaf::Text(reader.text()?),
            })
        })?;
        Some(Tree { name, attributes, nodes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(number: usize) -> Exchange {
        let text = format!(
            "== session 1\n\nclient: again\n  accept: {number}\n  <body rid='[rid+1]'>\n    <a x='é'>{}</a>\n    <b/>\n  </body>\nserver: held\n  | one\n  | two\n",
            "long ".repeat(200)
        );
        let transcript: crate::snapshot::Transcript = text.parse().unwrap();
        transcript.strands[0].exchanges.get(0).into_owned()
    }

    #[test]
    fn exchanges_come_back_as_they_went() {
        let mut shelf = Shelf::default();
        let count = 2 * ROOM / weight(&exchange(0)) as usize;
        for number in 0..count {
            assert_eq!(shelf.add(exchange(number)), number);
        }
        assert!(shelf.end > 0 && shelf.bytes <= ROOM, "{} {}", shelf.end, shelf.bytes);
        for number in [0, 1, count / 2, count - 1] {
            assert_eq!(*shelf.get(number), exchange(number));
            "changed".clone_into(&mut shelf.get_mut(number).server.words);
        }
        for number in 0..count {
            // What grows while it is here weighs more when it goes.
            let lines = vec!["x".repeat(1000); 4];
            shelf.get_mut(number).client.content = Content::Text(lines);
        }
        let here = |slot: &Slot| matches!(slot, Slot::Memory { .. });
        let kept = shelf.slots.iter().filter(|slot| here(slot)).count();
        assert!(kept < ROOM / 4000 + 2, "{kept} of {count} are in memory");
        assert_eq!(shelf.get(1).server.words, "changed");
        shelf.set(1, exchange(7));
        assert_eq!(*shelf.get(1), exchange(7));
        shelf.check().unwrap();
    }
}
