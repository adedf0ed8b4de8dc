//! Finding requirements by what a person types: an id, a section, a specification.

use std::fmt;

use super::catalogue::Catalogue;
use super::requirement::{Requirement, Section, Specification};
use crate::diag::nearest;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matches<'a> {
    /// The requirement of that id.
    One(&'a Requirement),
    /// The requirements of a section, or of sections with the same number or anchor in several specifications.
    Section(Vec<&'a Requirement>),
    /// All requirements of a specification.
    Specification(Vec<&'a Requirement>),
}

/// There is nothing of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What was asked for.
    pub wanted: String,
    /// What was probably meant.
    pub meant: Vec<String>,
}

impl std::error::Error for Unknown {}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no requirement or section {:?}", self.wanted)?;
        match self.meant.as_slice() {
            [] => f.write_str("; `xmppscope spec` lists them"),
            [one] => write!(f, "; did you mean {one}?"),
            [most @ .., last] => {
                write!(f, "; did you mean {} or {last}?", most.join(", "))
            }
        }
    }
}

impl Catalogue {
    /// Finds an id (`bosh-rid-window`), a section by number or anchor (`14.3`, `rids-broken`), a specification
    /// (`xep-0124`), or a section of one (`xep-0124#14.3`). Sections hold those within them.
    pub fn find(&self, wanted: &str) -> Result<Matches<'_>, Unknown> {
        let text = wanted.trim().to_lowercase();
        if let Some(requirement) = self.get(&text) {
            return Ok(Matches::One(requirement));
        }
        if let Some(specification) = self.specifications.iter().find(|known| known.is(&text)) {
            let all = self.iter().filter(|r| r.spec == specification.id);
            return Ok(Matches::Specification(all.collect()));
        }
        let (spec, section) = match text.split_once(['#', ' ', '§']) {
            Some((spec, section)) => (spec, section.trim_start_matches(['#', ' ', '§']).trim()),
            None => ("", text.as_str()),
        };
        let specifications = self.specifications.iter().filter(|s| spec.is_empty() || s.is(spec));
        let places: Vec<_> = specifications
            .filter_map(|s| Some((s, s.sections.iter().find(|known| known.is(section))?)))
            .collect();
        if places.is_empty() {
            return Err(Unknown { wanted: wanted.to_owned(), meant: self.meant(&text) });
        }
        let within = |r: &&Requirement| {
            places
                .iter()
                .any(|(s, section)| r.spec == s.id && is_within(&r.section.number, &section.number))
        };
        Ok(Matches::Section(self.iter().filter(within).collect()))
    }

    /// The requirements of a section and of the sections within it.
    pub fn in_section<'a>(
        &'a self,
        spec: &'a str,
        number: &'a str,
    ) -> impl Iterator<Item = &'a Requirement> {
        self.iter().filter(move |r| r.spec == spec && is_within(&r.section.number, number))
    }

    /// What a person may have meant: the nearest name, or else ids that hold the word.
    fn meant(&self, text: &str) -> Vec<String> {
        let mut names: Vec<String> = self.iter().map(|r| r.id.clone()).collect();
        for specification in &self.specifications {
            names.push(specification.id.clone());
            for section in &specification.sections {
                names.push(format!("{}#{}", specification.id, section.anchor));
                names.push(section.anchor.clone());
            }
        }
        let section = text.rsplit(['#', ' ', '§']).next().unwrap_or(text);
        if section.starts_with(|c: char| c.is_ascii_digit()) {
            return Vec::new(); // one number is as near as another
        }
        if let Some(near) = nearest(text, names.iter().map(String::as_str)) {
            return vec![near.to_owned()];
        }
        let holds = |name: &&Requirement| text.len() > 2 && name.id.contains(text);
        self.iter().filter(holds).take(3).map(|r| r.id.clone()).collect()
    }
}

impl Specification {
    /// Whether a person means this one: `xep-0124`, `XEP0124`, `124`.
    fn is(&self, text: &str) -> bool {
        fn bare(text: &str) -> String {
            text.chars().filter(char::is_ascii_alphanumeric).collect()
        }
        fn number(text: &str) -> &str {
            text.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_start_matches('0')
        }
        let (own, said) = (bare(&self.id), bare(text));
        said == own || !said.is_empty() && said.trim_start_matches('0') == number(&own)
    }
}

impl Section {
    fn is(&self, text: &str) -> bool {
        self.number.eq_ignore_ascii_case(text.trim_end_matches('.'))
            || self.anchor.eq_ignore_ascii_case(text)
    }
}

/// Whether a section is another one, or lies within it: 14.3 within 14, but 14.3 not within 1.
fn is_within(number: &str, outer: &str) -> bool {
    number.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
