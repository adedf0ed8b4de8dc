//! What differs, as a table: each kind of difference once, with how often it was seen, and where first.

use std::collections::BTreeMap;

use super::document::{Compared, Document};
use crate::report::markdown::code;
use crate::snapshot::{Sign, shape};

/// A kind of difference.
#[derive(Debug, Default)]
struct Kind<'a> {
    count: usize,
    /// The files that it was seen in, in order.
    files: Vec<&'a str>,
}

/// The table. Differences are of one kind if the same is said of them, whatever sids, ids and rids they have.
pub fn markdown(old: &str, new: &str, documents: &[Document]) -> String {
    let mut kinds: BTreeMap<(String, char), Kind<'_>> = BTreeMap::new();
    for document in documents {
        let name = document.name.as_deref().unwrap_or_default();
        let mut add = |sign: Sign, words: &str| {
            let kind = kinds.entry((shape(words), sign.mark())).or_default();
            kind.count += 1;
            if kind.files.last() != Some(&name) {
                kind.files.push(name);
            }
        };
        match &document.compared {
            Compared::OnlyOld => add(Sign::Removed, "no such conversation"),
            Compared::OnlyNew => add(Sign::Added, "a conversation of its own"),
            Compared::Both(diff) => {
                for strand in &diff.strands {
                    if strand.sign() != Sign::Changed {
                        add(strand.sign(), "a session");
                    }
                    for change in &strand.changes {
                        add(change.sign(), &change.words());
                    }
                    for exchange in &strand.exchanges {
                        if exchange.sign() != Sign::Changed {
                            let words = format!("exchange: {}", exchange.request);
                            add(exchange.sign(), &words);
                        }
                        for change in &exchange.changes {
                            add(change.sign(), &change.words());
                        }
                    }
                }
            }
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, kind)| std::cmp::Reverse(kind.files.len()));
    let differ = documents.iter().filter(|document| document.differs()).count();
    let mut text = format!(
        "{differ} of {} conversations of {} are others in {}.\n\n| files | times | | what | first in |\n|--:|--:|---|---|---|\n",
        documents.len(),
        code(old),
        code(new)
    );
    for ((words, mark), Kind { count, files }) in kinds {
        // Two files that were compared have no names.
        let first = files.first().filter(|name| !name.is_empty());
        text += &format!(
            "| {} | {count} | {mark} | {} | {} |\n",
            files.len(),
            code(&words),
            first.map(|name| code(name)).unwrap_or_default()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_has_no_meaning() {
        let name = Some("a|`<img src=x>`".to_owned());
        let text = markdown("old", "new", &[Document { name, compared: Compared::OnlyOld }]);
        assert!(text.contains("| `a\\|'<img src=x>'` |\n"), "{text}");
    }
}
