//! The mistakes of what was read: the first hundred, however many there are.

use std::ops::Deref;
use std::sync::Arc;

use super::{Diagnostic, nearest};

/// The mistakes that are kept: nobody reads more of them, and each takes memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    kept: Vec<Diagnostic>,
    more: bool,
}

impl Mistakes {
    /// This many are kept.
    pub const MOST: usize = 100;

    /// Notes one, if it is new and there is room for it.
    pub fn push(&mut self, mistake: Diagnostic) {
        if self.kept.contains(&mistake) {
            return;
        }
        if self.is_full() {
            self.more = true;
        } else {
            self.kept.push(mistake);
        }
    }

    /// Notes all of these.
    pub fn append(&mut self, other: Self) {
        self.more |= other.more;
        for mistake in other.kept {
            self.push(mistake);
        }
    }

    /// Leaves out those for which it is not so.
    pub fn retain(&mut self, holds: impl FnMut(&Diagnostic) -> bool) {
        self.kept.retain(holds);
    }

    /// Whether no more are kept.
    pub fn is_full(&self) -> bool {
        self.kept.len() >= Self::MOST
    }

    /// Whether there are more than are kept.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// The help for a further mistake; it is only looked for as long as there is room for one.
    pub fn help(&self, look: impl FnOnce() -> String) -> String {
        if self.is_full() { String::new() } else { look() }
    }

    /// The help for a mistyped word: the candidate that is nearest to it, or else these words.
    pub fn suggest<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl FnOnce() -> String,
    ) -> String {
        self.help(|| match nearest(word, candidates) {
            Some(near) => format!("did you mean `{near}`?"),
            None => otherwise(),
        })
    }

    /// Shows this text in the place of a source, which is as long.
    pub fn show(&mut self, source: &Arc<str>, shown: &Arc<str>) {
        for mistake in self.kept.iter_mut().filter(|mistake| Arc::ptr_eq(&mistake.source, source)) {
            mistake.source = Arc::clone(shown);
        }
    }

    /// In the order of their files and places.
    pub fn sort(&mut self) {
        self.kept.sort_by(|a, b| (&a.name, a.span.start).cmp(&(&b.name, b.span.start)));
    }
}

impl Deref for Mistakes {
    type Target = [Diagnostic];

    fn deref(&self) -> &[Diagnostic] {
        &self.kept
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_are_kept_and_that_there_are_more_is_known() {
        let at = |place: usize| Diagnostic {
            message: "wrong".to_owned(),
            name: "a.yaml".to_owned(),
            source: "a".into(),
            span: place..place + 1,
            label: String::new(),
            help: None,
        };
        let one = at(Mistakes::MOST);
        let mut mistakes = Mistakes::default();
        for place in 0..Mistakes::MOST {
            mistakes.push(at(place));
            // Two checks may come upon the same.
            mistakes.push(at(place));
            assert_eq!((mistakes.len(), mistakes.has_more()), (place + 1, false));
        }
        assert!(mistakes.is_full() && !mistakes.has_more());
        assert_eq!(mistakes.suggest("wrng", ["wrong"], String::new), "");
        mistakes.push(one.clone());
        assert!(mistakes.has_more());
        let mut all = Mistakes::default();
        all.push(one);
        assert_eq!(all.suggest("wrng", ["wrong"], String::new), "did you mean `wrong`?");
        all.append(mistakes);
        assert_eq!((all.len(), all.has_more()), (Mistakes::MOST, true));
    }
}
