//! Which strand of one transcript is which of the other. Between strands there is no order.

use std::collections::HashMap;

use super::align::Keys;
use super::canon::{Canon, own_rid};
use super::numbers::Numbers;
use super::words;
use crate::snapshot::{Content, Exchange, Strand, Transcript};

/// Of more pairs than this, strands are paired as they stand.
const PAIRS: usize = 1 << 16;
/// What has less in common is another session, out of 1000.
const LIKE: usize = 100;

/// A strand with what its exchanges have in common with others.
pub(super) struct Keyed<'a> {
    pub(super) strand: &'a Strand,
    pub(super) keys: Vec<Keys>,
}

impl<'a> Keyed<'a> {
    /// All strands of a transcript.
    pub(super) fn all(numbers: &Numbers, transcript: &'a Transcript) -> Vec<Self> {
        let strand = |strand: &'a Strand| {
            let keys = strand.exchanges.iter().map(|exchange| keys(numbers, &exchange)).collect();
            Self { strand, keys }
        };
        transcript.strands.iter().map(strand).collect()
    }

    fn is_session(&self) -> bool {
        self.strand.title.starts_with("session")
    }

    /// A number for all of it.
    fn whole(&self, numbers: &Numbers) -> u64 {
        let whole: Vec<u64> = self.keys.iter().map(Keys::whole).collect();
        numbers.of((title(&self.strand.title), whole))
    }
}

fn keys(numbers: &Numbers, exchange: &Exchange) -> Keys {
    let canon = Canon::of(exchange);
    let request = numbers.of(canon.request(&exchange.client));
    let response = numbers.of(canon.response(&exchange.server));
    let poll = match &exchange.client.content {
        Content::None => true,
        Content::Xml(body) => body.nodes.is_empty() && body.attr("type").is_none(),
        Content::Text(_) => false,
    };
    Keys {
        request,
        response,
        request_kind: numbers.of(words::kind(&exchange.client)),
        response_kind: numbers.of(words::kind(&exchange.server)),
        rid: own_rid(exchange),
        poll,
    }
}

/// The title without the number.
pub(super) fn title(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let number = word.trim_end_matches(',');
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { &word[number.len()..] } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Pairs, and what is in one alone; in the order of the old one, what came behind it.
pub(super) fn pair(
    numbers: &Numbers,
    old: &[Keyed<'_>],
    new: &[Keyed<'_>],
) -> Vec<(Option<usize>, Option<usize>)> {
    let mut partner: Vec<Option<usize>> = vec![None; old.len()];
    let mut taken = vec![false; new.len()];
    let mut same: HashMap<u64, Vec<usize>> = HashMap::new();
    for (j, strand) in new.iter().enumerate().rev() {
        same.entry(strand.whole(numbers)).or_default().push(j);
    }
    for (i, strand) in old.iter().enumerate() {
        let known = same.get_mut(&strand.whole(numbers));
        if let Some(j) = known.and_then(Vec::pop) {
            partner[i] = Some(j);
            taken[j] = true;
        }
    }
    let mut left: Vec<usize> = (0..old.len()).filter(|i| partner[*i].is_none()).collect();
    let mut right: Vec<usize> = (0..new.len()).filter(|j| !taken[*j]).collect();
    for (i, j) in similar(old, new, &left, &right) {
        partner[i] = Some(j);
        taken[j] = true;
    }
    left.retain(|i| partner[*i].is_none());
    right.retain(|j| !taken[*j]);
    // The only one left on both sides is the same one, however much it has changed.
    for kind in [true, false] {
        let of = |all: &[Keyed<'_>], rest: &[usize]| -> Vec<usize> {
            rest.iter().copied().filter(|n| all[*n].is_session() == kind).collect()
        };
        if let ([i], [j]) = (&of(old, &left)[..], &of(new, &right)[..]) {
            partner[*i] = Some(*j);
            taken[*j] = true;
        }
    }
    let mut pairs: Vec<_> = partner.into_iter().enumerate().map(|(i, j)| (Some(i), j)).collect();
    pairs.extend((0..new.len()).filter(|j| !taken[*j]).map(|j| (None, Some(j))));
    pairs
}

fn similar(
    old: &[Keyed<'_>],
    new: &[Keyed<'_>],
    left: &[usize],
    right: &[usize],
) -> Vec<(usize, usize)> {
    let fits = |i: usize, j: usize| old[i].is_session() == new[j].is_session();
    if let ([i], [j]) = (left, right) {
        // There is no choice.
        return if fits(*i, *j) { vec![(*i, *j)] } else { Vec::new() };
    }
    if left.len() * right.len() > PAIRS {
        return left
            .iter()
            .copied()
            .zip(right.iter().copied())
            .filter(|&(i, j)| fits(i, j))
            .collect();
    }
    let bags = |all: &[Keyed<'_>], some: &[usize]| -> Vec<Bag> {
        some.iter().map(|n| Bag::of(&all[*n].keys)).collect()
    };
    let (old_bags, new_bags) = (bags(old, left), bags(new, right));
    let mut scored = Vec::new();
    for (a, &i) in left.iter().enumerate() {
        for (b, &j) in right.iter().enumerate() {
            let score = old_bags[a].likeness(&new_bags[b]);
            if fits(i, j) && score >= LIKE {
                scored.push((score, i, j));
            }
        }
    }
    scored.sort_by_key(|&(score, i, j)| (usize::MAX - score, i.abs_diff(j), i, j));
    let (mut before, mut after) = (vec![false; old.len()], vec![false; new.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in scored {
        if !before[i] && !after[j] {
            (before[i], after[j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs
}

/// What is in a strand, without order.
struct Bag {
    counts: HashMap<(u8, u64), usize>,
    size: usize,
}

impl Bag {
    fn of(keys: &[Keys]) -> Self {
        let mut counts = HashMap::new();
        for keys in keys {
            for key in
                [(0, keys.whole()), (1, keys.request), (2, keys.response), (3, keys.request_kind)]
            {
                *counts.entry(key).or_default() += 1;
            }
        }
        Self { counts, size: 4 * keys.len() }
    }

    /// Out of 1000.
    fn likeness(&self, other: &Self) -> usize {
        let common = |(key, count): (&(u8, u64), &usize)| {
            other.counts.get(key).map_or(0, |found| *count.min(found))
        };
        let shared: usize = self.counts.iter().map(common).sum();
        let like = 2000 * shared / (self.size + other.size).max(1);
        // One that broke off is still like the beginning of the other.
        let part = 500 * shared / self.size.min(other.size).max(1);
        like.max(part)
    }
}
