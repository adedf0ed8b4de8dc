//! What differs between two transcripts, in words.
//!
//! Strands are paired, then their exchanges, then what these carry. Names such as `[id-3]` are numbered in the order in
//! which they appear: they are compared by whether the same ones stand for the same in both. Rids are compared by how
//! far they are from each other.

mod align;
mod both;
mod canon;
mod change;
mod compare;
mod inline;
#[cfg(test)]
mod properties;
mod renaming;
mod strands;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

use align::Keys;
use both::Both;
use canon::Canon;
pub use change::{Change, Diff, ExchangeDiff, Phrase, Place, Sign, StrandDiff, What};
pub use inline::{Part, inline};
use renaming::Renaming;
use strands::Keyed;

use super::{Content, Exchange, Strand, Transcript};

/// What differs.
pub fn diff(old: &Transcript, new: &Transcript) -> Diff {
    let mut numbers = Numbers::default();
    let mut keyed = |transcript| numbers.keyed(transcript);
    let (old, new): (Vec<_>, Vec<_>) = (keyed(old), keyed(new));
    let mut found = Vec::new();
    for (i, j) in strands::pair(&old, &new) {
        found.push(match (i.map(|i| &old[i]), j.map(|j| &new[j])) {
            (Some(old), Some(new)) => Found::Both(Both::of(old, new)),
            (Some(old), None) => Found::Old(old.strand),
            (None, Some(new)) => Found::New(new.strand),
            (None, None) => continue,
        });
    }
    let mut renaming = Renaming::default();
    for found in &found {
        if let Found::Both(both) = found {
            both.vote(&mut renaming);
        }
    }
    renaming.decide();
    Diff { strands: found.into_iter().filter_map(|found| found.finish(&renaming)).collect() }
}

/// Numbers that are equal for texts that are equal.
#[derive(Default)]
struct Numbers(HashMap<String, u32>);

impl Numbers {
    fn of(&mut self, text: String) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(text).or_insert(next)
    }

    fn keyed<'a>(&mut self, transcript: &'a Transcript) -> Vec<Keyed<'a>> {
        let strand = |strand: &'a Strand| {
            let keys = strand.exchanges.iter().map(|exchange| self.keys(exchange)).collect();
            Keyed { strand, keys }
        };
        transcript.strands.iter().map(strand).collect()
    }

    fn keys(&mut self, exchange: &Exchange) -> Keys {
        let canon = Canon::of(exchange);
        let request = canon.request(&exchange.client);
        let response = canon.response(&exchange.server);
        let poll = match &exchange.client.content {
            Content::None => true,
            Content::Xml(body) => body.nodes.is_empty() && body.attr("type").is_none(),
            Content::Text(_) => false,
        };
        Keys {
            whole: self.of(format!("{request}\0\0{response}")),
            request: self.of(request),
            response: self.of(response),
            request_kind: self.of(words::kind(&exchange.client)),
            response_kind: self.of(words::kind(&exchange.server)),
            poll,
        }
    }
}

enum Found<'a> {
    Both(Both<'a>),
    Old(&'a Strand),
    New(&'a Strand),
}

impl Found<'_> {
    fn finish(self, renaming: &Renaming<'_>) -> Option<StrandDiff> {
        let (old, new, strand) = match self {
            Self::Both(both) => return both.finish(renaming),
            Self::Old(strand) => (Some(strand.title.clone()), None, strand),
            Self::New(strand) => (None, Some(strand.title.clone()), strand),
        };
        let length = strand.exchanges.len();
        Some(StrandDiff { old, new, length, changes: Vec::new(), exchanges: Vec::new() })
    }
}
