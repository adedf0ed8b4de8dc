//! Which exchange of one strand is which of the other; and the same for elements in an element.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// So many pairs are looked at one by one; of more, only those near what is the same in both.
const CELLS: usize = 1 << 18;
/// What is left over where nothing is the same is compared in parts of so many.
const PART: usize = 256;

/// What is the same, and what is only in one: `(Some, Some)` is a pair, and each list keeps its order.
pub(super) type Pairs = Vec<(Option<usize>, Option<usize>)>;

/// What two exchanges have in common is known by numbers that are equal where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    /// The request but its rid.
    pub(super) request: u64,
    /// What kind of request it is.
    pub(super) request_kind: u64,
    /// The response.
    pub(super) response: u64,
    /// What kind of response it is.
    pub(super) response_kind: u64,
    /// The rid of the request.
    pub(super) rid: Option<i64>,
    /// An empty poll, or another request that says nothing.
    pub(super) poll: bool,
}

impl Keys {
    /// All of the exchange but the rid: equal where request and response are.
    pub(super) fn whole(&self) -> u64 {
        self.request.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.response
    }
}

/// How much two exchanges look like the same; 0 if they are surely not.
fn score(old: Keys, new: Keys) -> u32 {
    if old.whole() == new.whole() {
        return 120; // more than two that are merely of a kind
    }
    let response = match () {
        () if old.response == new.response => 30,
        () if old.response_kind == new.response_kind => 20,
        () => 0,
    };
    match () {
        () if old.request == new.request => 50 + response,
        () if old.request_kind == new.request_kind => 30 + response,
        () if old.response == new.response => 10,
        () if old.poll || new.poll => 5,
        () => 0,
    }
}

/// Aligns exchanges.
pub(super) fn exchanges(old: &[Keys], new: &[Keys]) -> Pairs {
    let mut pairs = Pairs::new();
    within(old, new, 0..old.len(), 0..new.len(), 0, &mut pairs);
    pairs
}

/// By what larger gaps are divided, one after another.
const LEVELS: [fn(&Keys) -> u64; 3] = [|k| k.whole(), |k| k.request, |k| k.request_kind];

fn within(
    old: &[Keys],
    new: &[Keys],
    mut left: Range<usize>,
    mut right: Range<usize>,
    level: usize,
    pairs: &mut Pairs,
) {
    while !left.is_empty()
        && !right.is_empty()
        && old[left.start].whole() == new[right.start].whole()
    {
        pairs.push((Some(left.start), Some(right.start)));
        left.start += 1;
        right.start += 1;
    }
    let (old_end, new_end) = (left.end, right.end);
    while !left.is_empty()
        && !right.is_empty()
        && old[left.end - 1].whole() == new[right.end - 1].whole()
    {
        left.end -= 1;
        right.end -= 1;
    }
    let same = (left.end..old_end).zip(right.end..new_end);
    if left.len() * right.len() <= CELLS {
        let scores = |i: usize, j: usize| score(old[left.start + i], new[right.start + j]);
        let found = best(left.len(), right.len(), scores);
        let offset = |(i, j): (Option<usize>, Option<usize>)| {
            (i.map(|i| left.start + i), j.map(|j| right.start + j))
        };
        pairs.extend(found.into_iter().map(offset));
    } else if let Some(key) = LEVELS.get(level) {
        let (mut i, mut j) = (left.start, right.start);
        for (a, b) in anchors(&old[left.clone()], &new[right.clone()], key) {
            let (a, b) = (left.start + a, right.start + b);
            within(old, new, i..a, j..b, level + 1, pairs);
            pairs.push((Some(a), Some(b)));
            (i, j) = (a + 1, b + 1);
        }
        within(old, new, i..left.end, j..right.end, level + 1, pairs);
    } else {
        let parts = left.len().max(right.len()).div_ceil(PART);
        let part = |all: &Range<usize>, n: usize| all.start + all.len() * n / parts;
        for n in 0..parts {
            let (left, right) =
                (part(&left, n)..part(&left, n + 1), part(&right, n)..part(&right, n + 1));
            within(old, new, left, right, level, pairs);
        }
    }
    pairs.extend(same.map(|(i, j)| (Some(i), Some(j))));
}

/// What both have in the same order. Only what is in both at all is looked at: the rest would make it slow for nothing.
fn anchors(old: &[Keys], new: &[Keys], key: impl Fn(&Keys) -> u64) -> Vec<(usize, usize)> {
    let mut known: HashMap<u64, u8> = HashMap::new();
    for (keys, bit) in [(old, 1), (new, 2)] {
        for keys in keys {
            *known.entry(key(keys)).or_default() |= bit;
        }
    }
    let common = |all: &[Keys]| -> (Vec<usize>, Vec<u64>) {
        let keys = all.iter().map(&key).enumerate();
        keys.filter(|(_, key)| known.get(key) == Some(&3)).unzip()
    };
    let ((left, old), (right, new)) = (common(old), common(new));
    let mut anchors = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            anchors.extend((0..len).map(|n| (left[old_index + n], right[new_index + n])));
        }
    }
    anchors
}

/// The pairs whose scores have the greatest sum. What has the score 0 is never paired.
///
/// For lists too long to look at all pairs, what stands at the same place is paired.
pub(super) fn best(old: usize, new: usize, score: impl Fn(usize, usize) -> u32) -> Pairs {
    if old * new > CELLS {
        let pair = |n: usize| match (n < old, n < new) {
            (true, true) if score(n, n) > 0 => vec![(Some(n), Some(n))],
            (true, true) => vec![(Some(n), None), (None, Some(n))],
            (true, false) => vec![(Some(n), None)],
            _ => vec![(None, Some(n))],
        };
        return (0..old.max(new)).flat_map(pair).collect();
    }
    let wide = new + 1;
    let mut sums = vec![0u32; (old + 1) * wide];
    for i in (0..old).rev() {
        for j in (0..new).rev() {
            let pair = match score(i, j) {
                0 => 0,
                score => score + sums[(i + 1) * wide + j + 1],
            };
            sums[i * wide + j] = pair.max(sums[(i + 1) * wide + j]).max(sums[i * wide + j + 1]);
        }
    }
    let mut pairs = Pairs::with_capacity(old.max(new));
    let (mut i, mut j) = (0, 0);
    while i < old && j < new {
        let sum = sums[i * wide + j];
        let score = score(i, j);
        if score > 0 && sum == score + sums[(i + 1) * wide + j + 1] {
            pairs.push((Some(i), Some(j)));
            (i, j) = (i + 1, j + 1);
        } else if sum == sums[(i + 1) * wide + j] {
            pairs.push((Some(i), None));
            i += 1;
        } else {
            pairs.push((None, Some(j)));
            j += 1;
        }
    }
    pairs.extend((i..old).map(|i| (Some(i), None)));
    pairs.extend((j..new).map(|j| (None, Some(j))));
    pairs
}
