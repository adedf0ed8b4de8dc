//! What differs between two exchanges that are the same one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

use super::align::{Pairs, best};
use super::canon::{Canon, Name, names, rid};
use super::change::{Change, What};
use super::words;
use crate::snapshot::{Content, Exchange, Leaf, Message, Tree};
use crate::wire::Side;

/// Headers or attributes, by name.
type Named = [(String, String)];

/// So many elements are named when their order is told.
const NAMED: usize = 4;
/// More than any number of nodes that only look alike.
const SAME: u32 = 1 << 20;

/// What was found.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    old: Canon,
    new: Canon,
    /// The differences.
    pub(super) changes: Vec<Change>,
    /// Names that stand at the same place.
    pub(super) links: Vec<Link<'a>>,
    /// Stanzas that came or went, with the change that says it.
    pub(super) carried: Vec<Carried>,
}

/// Two names that stand at the same place.
#[derive(Debug)]
pub(super) struct Link<'a> {
    pub(super) old: Name<'a>,
    pub(super) new: Name<'a>,
    pub(super) side: Side,
    pub(super) subject: String,
    /// An attribute, a header or a text.
    pub(super) part: String,
}

/// A stanza that is in one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) canon: String,
    pub(super) words: String,
    pub(super) side: Side,
    pub(super) gained: bool,
    /// The number of the change that says it; none if the whole exchange came or went.
    pub(super) change: Option<usize>,
}

/// Where something stands.
#[derive(Clone, Copy)]
struct At<'s> {
    side: Side,
    subject: &'s str,
}

impl<'a> Comparison<'a> {
    /// Compares. With `swapped`, what the responses carry is said elsewhere.
    pub(super) fn of(old: &'a Exchange, new: &'a Exchange, swapped: bool) -> Self {
        let (changes, links, carried) = (Vec::new(), Vec::new(), Vec::new());
        let mut found = Self { old: Canon::of(old), new: Canon::of(new), changes, links, carried };
        found.message(Side::Client, &old.client, &new.client, false);
        found.message(Side::Server, &old.server, &new.server, swapped);
        found
    }

    fn say(&mut self, at: At<'_>, what: What, old: Option<String>, new: Option<String>) {
        let subject = at.subject.to_owned();
        self.changes.push(Change { side: Some(at.side), subject, what, old, new });
    }

    /// Whether texts say the same; names in them are noted if they do.
    fn same(&mut self, at: At<'_>, part: &str, old: &'a str, new: &'a str) -> bool {
        if !old.contains('[') && !new.contains('[') {
            return old == new;
        }
        if self.old.text(old) != self.new.text(new) {
            return false;
        }
        self.link(at, part, old, new);
        true
    }

    fn link(&mut self, at: At<'_>, part: &str, old: &'a str, new: &'a str) {
        for (old, new) in names(old).zip(names(new)) {
            let (subject, part) = (at.subject.to_owned(), part.to_owned());
            self.links.push(Link { old, new, side: at.side, subject, part });
        }
    }

    fn message(&mut self, side: Side, old: &'a Message, new: &'a Message, swapped: bool) {
        let at = At { side, subject: "" };
        self.manner(at, &old.words, &new.words);
        self.named(at, What::Header, (&old.headers, &new.headers), false);
        match (&old.content, &new.content) {
            (Content::Xml(old), Content::Xml(new)) => {
                self.tag(at, old, new, side == Side::Client);
                if !swapped {
                    self.nodes(at, old, new, true);
                }
            }
            (Content::Text(old), Content::Text(new)) => self.lines(at, old, new),
            (Content::None, Content::None) => {}
            (before, after) => {
                // Where there is no response at all, it need not be said that there is nothing in it. On a stream, the
                // elements that came or went say that.
                let comes_or_goes = |one: &Content, other: &Content| {
                    *one == Content::None
                        && matches!(other, Content::Xml(tree) if tree.name.is_empty())
                };
                let said = comes_or_goes(before, after) || comes_or_goes(after, before);
                if !said && !old.is_none() && !new.is_none() {
                    let values = [before, after].map(|content| Some(words::contents(content)));
                    let [before, after] = values;
                    self.say(at, What::Content, before, after);
                }
                self.all(at, before, false);
                self.all(at, after, true);
            }
        }
    }

    fn manner(&mut self, at: At<'_>, old: &'a str, new: &'a str) {
        if self.same(at, "words", old, new) {
            return;
        }
        let (old, new) = (Manner::of(old, at.side), Manner::of(new, at.side));
        let usual = |status: &str| matches!(status, "" | "200");
        if old.status != new.status && !(usual(old.status) && usual(new.status)) {
            let value = |status: &str| (!status.is_empty()).then(|| status.to_owned());
            self.say(at, What::Status, value(old.status), value(new.status));
        }
        if old.timing != new.timing {
            let value = |timing: &str| match timing {
                "" => None,
                timing => Some(timing.to_owned()),
            };
            self.say(at, What::Timing, value(&old.timing), value(&new.timing));
        }
        let (before, after) = (self.old, self.new);
        let canon = |canon: Canon, all: &[&str]| -> HashSet<String> {
            all.iter().map(|word| canon.text(word)).collect()
        };
        let (had, has) = (canon(before, &old.others), canon(after, &new.others));
        for word in old.others.iter().filter(|word| !has.contains(&before.text(word))) {
            self.say(at, What::Manner, Some(format!("\"{word}\"")), None);
        }
        for word in new.others.iter().filter(|word| !had.contains(&after.text(word))) {
            self.say(at, What::Manner, None, Some(format!("\"{word}\"")));
        }
    }

    /// Headers, or attributes. The rid of a `request` is told of elsewhere.
    fn named(
        &mut self,
        at: At<'_>,
        what: fn(String) -> What,
        (old, new): (&'a Named, &'a Named),
        request: bool,
    ) {
        for (old, new) in by_name(old, new) {
            match (old, new) {
                (Some((name, old)), Some((_, new))) => {
                    let are_rids = request && name == "rid" && rid(old).and(rid(new)).is_some();
                    if !are_rids && !self.same(at, name, old, new) {
                        let (old, new) = (old.clone(), new.clone());
                        self.say(at, what(name.clone()), Some(old), Some(new));
                    }
                }
                (Some((name, value)), None) => {
                    self.say(at, what(name.clone()), Some(value.clone()), None);
                }
                (None, Some((name, value))) => {
                    self.say(at, what(name.clone()), None, Some(value.clone()));
                }
                (None, None) => {}
            }
        }
    }

    /// The name and the attributes of an element.
    fn tag(&mut self, at: At<'_>, old: &'a Tree, new: &'a Tree, request: bool) {
        if old.name != new.name {
            self.say(at, What::Root, Some(words::tag(old)), Some(words::tag(new)));
        }
        self.named(at, What::Attribute, (&old.attributes, &new.attributes), request);
    }

    /// What is in an element; with `stanzas`, it is the body.
    fn nodes(&mut self, at: At<'_>, old: &'a Tree, new: &'a Tree, stanzas: bool) {
        let canon = |canon: Canon, tree: &Tree| -> Vec<String> {
            tree.nodes.iter().map(|node| canon.leaf(node)).collect()
        };
        let (before, after) = (canon(self.old, old), canon(self.new, new));
        let Siblings { together, moved, lost, gained } =
            Siblings::of(&old.nodes, &new.nodes, &before, &after);
        if !moved.is_empty() {
            self.order(at, old, new, &moved);
        }
        for (i, j) in together.into_iter().chain(moved) {
            match (&old.nodes[i], &new.nodes[j]) {
                (Leaf::Element(a), Leaf::Element(b)) => {
                    let subject = subject(at, (old, a), b, stanzas);
                    self.element(At { subject: &subject, ..at }, a, b);
                }
                (Leaf::Text(a), Leaf::Text(b)) if !self.same(at, "text", a, b) => {
                    self.say(at, What::Text, Some(a.clone()), Some(b.clone()));
                }
                _ => {}
            }
        }
        for i in lost {
            self.alone(at, &old.nodes[i], &before[i], false, stanzas);
        }
        for j in gained {
            self.alone(at, &new.nodes[j], &after[j], true, stanzas);
        }
    }

    /// All stanzas of a content that is in one alone.
    fn all(&mut self, at: At<'_>, content: &Content, gained: bool) {
        let Content::Xml(body) = content else { return };
        let canon = if gained { self.new } else { self.old };
        for node in &body.nodes {
            self.alone(at, node, &canon.leaf(node), gained, true);
        }
    }

    fn element(&mut self, at: At<'_>, old: &'a Tree, new: &'a Tree) {
        self.tag(at, old, new, false);
        self.nodes(at, old, new, false);
    }

    /// A node that is in one alone.
    fn alone(&mut self, at: At<'_>, node: &Leaf, canon: &str, gained: bool, stanza: bool) {
        let put = |value: String| if gained { (None, Some(value)) } else { (Some(value), None) };
        match node {
            Leaf::Text(text) => {
                let (old, new) = put(text.clone());
                self.say(at, What::Text, old, new);
            }
            Leaf::Element(tree) if stanza => {
                let words = words::stanza(tree, true);
                let mut text = String::new();
                tree.inline(&mut text);
                let (old, new) = put(text);
                self.say(At { subject: &words, ..at }, What::Stanza, old, new);
                let change = Some(self.changes.len() - 1);
                let (canon, side) = (canon.to_owned(), at.side);
                self.carried.push(Carried { canon, words, side, gained, change });
            }
            Leaf::Element(tree) => {
                let (old, new) = put(words::whole(tree));
                self.say(at, What::Element, old, new);
            }
        }
    }

    fn order(&mut self, at: At<'_>, old: &Tree, new: &Tree, moved: &[(usize, usize)]) {
        let name = |node: &Leaf| match node {
            Leaf::Element(tree) => words::stanza(tree, true),
            Leaf::Text(text) => words::quoted(text),
        };
        let all = |tree: &Tree| Some(tree.nodes.iter().map(name).collect::<Vec<_>>().join(", "));
        if old.nodes.len().max(new.nodes.len()) <= NAMED {
            self.say(at, What::Order, all(old), all(new));
            return;
        }
        for &(i, j) in moved {
            let place = |n: usize| Some(format!("{} at place {}", name(&old.nodes[i]), n + 1));
            self.say(at, What::Order, place(i), Some(format!("place {}", j + 1)));
        }
    }

    fn lines(&mut self, at: At<'_>, old: &'a [String], new: &'a [String]) {
        let canon = |canon: Canon, all: &[String]| -> Vec<String> {
            all.iter().map(|line| canon.text(line)).collect()
        };
        let (before, after) = (canon(self.old, old), canon(self.new, new));
        let score = |i: usize, j: usize| if before[i] == after[j] { 3 } else { 1 };
        for (i, j) in best(old.len(), new.len(), score) {
            let (i, j) = (i.map(|i| old[i].as_str()), j.map(|j| new[j].as_str()));
            if let (Some(i), Some(j)) = (i, j)
                && self.same(at, "text", i, j)
            {
                continue;
            }
            self.say(at, What::Text, i.map(str::to_owned), j.map(str::to_owned));
        }
    }
}

/// How an element that is in both is called: a stanza in words, an element in it by the way to it.
fn subject(at: At<'_>, (parent, old): (&Tree, &Tree), new: &Tree, stanza: bool) -> String {
    if stanza {
        let body = |tree: &Tree| tree.children().find(|c| c.name == "body").map(Tree::text);
        return words::stanza(old, body(old) == body(new) && old.text() == new.text());
    }
    let mut name = old.name.clone();
    let of_this_name = |tree: &&Tree| tree.name == old.name;
    if parent.children().filter(of_this_name).count() > 1 {
        let number = parent.children().filter(of_this_name).position(|c| std::ptr::eq(c, old));
        name += &format!("[{}]", number.unwrap_or_default() + 1);
    }
    if at.subject.is_empty() { name } else { format!("{} › {name}", at.subject) }
}

/// Which node of an element is which.
struct Siblings {
    /// In both, in the same order.
    together: Vec<(usize, usize)>,
    /// In both and the same, but at another place.
    moved: Vec<(usize, usize)>,
    lost: Vec<usize>,
    gained: Vec<usize>,
}

impl Siblings {
    /// What is the same is paired first, wherever it stands: only the rest may have become something else.
    fn of(old: &[Leaf], new: &[Leaf], before: &[String], after: &[String]) -> Self {
        let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let rest = (&before[same..], &after[same..]);
        let end = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(a, b)| a == b).count();
        let mut left: Vec<usize> = (same..old.len() - end).collect();
        let mut right: Vec<usize> = (same..new.len() - end).collect();
        let equal = |i: usize, j: usize| u32::from(before[left[i]] == after[right[j]]);
        let (_, mut lost, mut gained) =
            parted(&best(left.len(), right.len(), equal), &left, &right);
        let mut moved = take_equal(&mut lost, &mut gained, |i| &*before[i], |j| &*after[j]);
        let (went, came): (HashSet<usize>, HashSet<usize>) = moved.iter().copied().unzip();
        left.retain(|i| !went.contains(i));
        right.retain(|j| !came.contains(j));
        let kinds = |nodes: &[Leaf], at: &[usize]| -> Vec<Kind> {
            at.iter().map(|&n| Kind::of(&nodes[n])).collect()
        };
        let (left_kinds, right_kinds) = (kinds(old, &left), kinds(new, &right));
        let score = |i: usize, j: usize| {
            let is_same = before[left[i]] == after[right[j]];
            if is_same { SAME } else { left_kinds[i].likeness(&right_kinds[j]) }
        };
        let (found, mut lost, mut gained) =
            parted(&best(left.len(), right.len(), score), &left, &right);
        // In lists too long for all pairs to be looked at, some is left.
        moved.extend(take_equal(&mut lost, &mut gained, |i| &*before[i], |j| &*after[j]));
        let mut together: Vec<_> = (0..same).map(|n| (n, n)).collect();
        together.extend(found);
        together.extend((old.len() - end..old.len()).zip(new.len() - end..new.len()));
        Self { together, moved, lost, gained }
    }
}

/// Pairs of places in lists as what stands there: pairs, and what is in one alone.
fn parted(
    pairs: &Pairs,
    left: &[usize],
    right: &[usize],
) -> (Vec<(usize, usize)>, Vec<usize>, Vec<usize>) {
    let (mut both, mut lost, mut gained) = (Vec::new(), Vec::new(), Vec::new());
    for &(i, j) in pairs {
        match (i.map(|i| left[i]), j.map(|j| right[j])) {
            (Some(i), Some(j)) => both.push((i, j)),
            (i, j) => {
                lost.extend(i);
                gained.extend(j);
            }
        }
    }
    (both, lost, gained)
}

/// What a changed node may be known by.
enum Kind {
    Text,
    Element { tag: String, name: String, identity: String },
}

impl Kind {
    fn of(node: &Leaf) -> Self {
        match node {
            Leaf::Text(_) => Self::Text,
            Leaf::Element(tree) => Self::Element {
                tag: tree.name.clone(),
                name: words::name(tree),
                identity: words::identity(tree),
            },
        }
    }

    /// How much two nodes that are not the same look like one that was changed; 0 if they surely are not.
    fn likeness(&self, other: &Self) -> u32 {
        match (self, other) {
            (Self::Element { identity: a, .. }, Self::Element { identity: b, .. }) if a == b => 45,
            (Self::Element { name: a, .. }, Self::Element { name: b, .. }) if a == b => 20,
            (Self::Element { tag: a, .. }, Self::Element { tag: b, .. }) if a == b => 12,
            (Self::Text, Self::Text) => 20,
            _ => 0,
        }
    }
}

/// Takes out of two lists what is in both, by what is the same of it.
pub(super) fn take_equal<K: Eq + Hash>(
    old: &mut Vec<usize>,
    new: &mut Vec<usize>,
    old_key: impl Fn(usize) -> K,
    new_key: impl Fn(usize) -> K,
) -> Vec<(usize, usize)> {
    let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
    for &j in &*new {
        waiting.entry(new_key(j)).or_default().push_back(j);
    }
    let mut both = Vec::new();
    old.retain(|&i| match waiting.get_mut(&old_key(i)).and_then(VecDeque::pop_front) {
        Some(j) => {
            both.push((i, j));
            false
        }
        None => true,
    });
    let taken: HashSet<usize> = both.iter().map(|(_, j)| *j).collect();
    new.retain(|j| !taken.contains(j));
    both
}

type Pair<'a> = (Option<&'a (String, String)>, Option<&'a (String, String)>);

/// Pairs of the same name; of those that are there several times, in their order.
fn by_name<'a>(old: &'a [(String, String)], new: &'a [(String, String)]) -> Vec<Pair<'a>> {
    let mut left: HashMap<&str, VecDeque<&(String, String)>> = HashMap::new();
    for item in new {
        left.entry(&item.0).or_default().push_back(item);
    }
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    for item in old {
        pairs.push((Some(item), left.get_mut(&*item.0).and_then(VecDeque::pop_front)));
    }
    for item in new {
        let rest = left.get_mut(&*item.0);
        if let Some(rest) = rest
            && rest.front().is_some_and(|first| std::ptr::eq(*first, item))
        {
            rest.pop_front();
            pairs.push((None, Some(item)));
        }
    }
    pairs
}

/// The words of a message by what they say.
struct Manner<'a> {
    status: &'a str,
    timing: String,
    others: Vec<&'a str>,
}

impl<'a> Manner<'a> {
    fn of(words: &'a str, side: Side) -> Self {
        let mut manner = Self { status: "", timing: String::new(), others: Vec::new() };
        for part in words.split(", ").filter(|part| !part.is_empty()) {
            let is_timing = side == Side::Server
                && (part.starts_with("held")
                    || part.starts_with("nothing")
                    || part.ends_with(" left")
                    || part == "at once"
                    || part == "before the request was complete");
            if side == Side::Server && part.bytes().all(|byte| byte.is_ascii_digit()) {
                manner.status = part;
            } else if is_timing {
                let glue = if manner.timing.is_empty() { "" } else { ", " };
                manner.timing += &format!("{glue}{part}");
            } else {
                manner.others.push(part);
            }
        }
        let answered = side == Side::Server && !manner.timing.starts_with("nothing");
        if manner.status.is_empty() && answered {
            manner.status = "200";
        }
        manner
    }
}
