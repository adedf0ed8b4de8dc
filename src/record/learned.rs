//! Values that one side hears from the other: ids that a client draws get readable names, and what it repeats of a server is
//! captured where it is first heard.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::acts::{Acts, received, sent};
use super::cast::Cast;
use super::login::Login;
use super::script::Pairs;
use super::values::{is_drawn, literal};
use crate::snapshot::{Leaf, Tree};
use crate::trace::SessionId;

/// Which element of which act.
type Where = (usize, usize);

/// What is captured of which element.
#[derive(Debug, Default)]
pub(super) struct Learned {
    captures: HashMap<Where, Pairs>,
}

/// Where a server has said a value first.
struct Heard {
    at: Where,
    path: String,
}

impl Learned {
    /// Learns from all acts, and tells `cast` what is written for which value.
    pub(super) fn of(acts: &Acts, cast: &mut Cast, logins: &BTreeMap<SessionId, Login>) -> Self {
        let mut learned = Self::default();
        let (mut heard, mut said) = (HashMap::new(), HashSet::new());
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for (number, act) in acts.acts.iter().enumerate() {
            let Some(login) = logins.get(&act.session) else { continue };
            for element in sent(act).filter(|element| !login.takes(element)) {
                each_value(element, "", &mut |value, _, _| {
                    if let Some(Heard { at, path }) = heard.remove(value) {
                        if cast.values.of(value).is_some() {
                            return;
                        }
                        let variable = numbered(&mut counts, "id");
                        cast.values.word(value, format!("${{{variable}}}"));
                        learned.captures.entry(at).or_default().push((variable, path));
                    }
                    said.insert(value.to_owned());
                });
                if let Some(id) = element.attr("id")
                    && cast.values.of(id).is_none()
                {
                    let name = if is_drawn(id) {
                        numbered(&mut counts, what(element))
                    } else {
                        literal(id)
                    };
                    cast.values.word(id, name);
                }
            }
            for (place, element) in received(act).enumerate() {
                if login.takes(element) {
                    continue;
                }
                each_value(element, "", &mut |value, path, attribute| {
                    let fits = match attribute {
                        Some(name) => matches!(name, "id" | "sid" | "url" | "previd"),
                        None => path.ends_with("bind/jid") || is_drawn(value),
                    };
                    if fits && !said.contains(value) {
                        let at = (number, place);
                        heard
                            .entry(value.to_owned())
                            .or_insert_with(|| Heard { at, path: path.to_owned() });
                    }
                });
            }
        }
        learned
    }

    /// What is captured of an element: variables and their places.
    pub(super) fn captures(&self, act: usize, element: usize) -> Pairs {
        self.captures.get(&(act, element)).cloned().unwrap_or_default()
    }
}

/// `name-1`, `name-2`
fn numbered(counts: &mut BTreeMap<String, u32>, name: &str) -> String {
    let count = counts.entry(name.to_owned()).or_default();
    *count += 1;
    format!("{name}-{count}")
}

/// What a stanza is about, in a word.
pub(super) fn what(element: &Tree) -> &str {
    let local = |name: &'_ str| name.rsplit_once(':').map_or(0, |(prefix, _)| prefix.len() + 1);
    let element = match (&*element.name, element.children().next()) {
        ("iq", Some(child)) => child,
        _ => element,
    };
    let name = &element.name[local(&element.name)..];
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain { name } else { "stanza" }
}

/// Each value in an element: with its place as a capture names it, and the attribute that holds it.
fn each_value(element: &Tree, path: &str, take: &mut dyn FnMut(&str, &str, Option<&str>)) {
    for (name, value) in &element.attributes {
        if !name.starts_with("xmlns") && !name.contains(':') {
            take(value, &format!("{path}@{name}"), Some(name));
        }
    }
    for node in &element.nodes {
        match node {
            Leaf::Text(text) if !path.is_empty() => take(text.trim(), path, None),
            Leaf::Text(_) => {}
            Leaf::Element(child) => {
                let name = child.name.rsplit(':').next().unwrap_or(&child.name);
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                each_value(child, &path, take);
            }
        }
    }
}
