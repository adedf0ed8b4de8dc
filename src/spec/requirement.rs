//! What the catalogue lists: specifications, their sections, and what these demand.

use super::words::{Basis, Level, Mode, Need, Party};

/// A specification of which requirements are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// Its name, such as `xep-0124`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The version that was read.
    pub version: String,
    /// Where it is published.
    pub url: String,
    /// Its sections in order, as far as they matter.
    pub sections: Vec<Section>,
}

/// A section of a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its number, such as `14.3`.
    pub number: String,
    /// The name of its anchor.
    pub anchor: String,
    /// Its title.
    pub title: String,
}

/// One normative statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its id: kebab case, never changed.
    pub id: String,
    /// The specification's name.
    pub spec: String,
    /// Where it stands.
    pub section: Section,
    /// How strongly it is demanded.
    pub level: Level,
    /// Whom it binds.
    pub party: Party,
    /// What is demanded, in our words.
    pub rule: String,
    /// How it is seen.
    pub observable: Observable,
    /// Whether passing traffic is enough to judge it.
    pub passive: bool,
    /// What a check needs beyond a URL and a domain.
    pub needs: Vec<Need>,
    /// Where the statement is taken from.
    pub basis: Basis,
    /// In which ways it can be checked; none where it can't be seen.
    pub modes: Vec<Mode>,
}

/// Whether the keeping of a requirement is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observable {
    /// It is, in this way.
    How(String),
    /// It is not, for this reason.
    No(String),
}

impl Specification {
    /// Its name as it is written in text: `XEP-0124`, `RFC 7395`.
    pub fn name(&self) -> String {
        let name = self.id.to_uppercase();
        match name.strip_prefix("RFC") {
            Some(number) => format!("RFC {number}"),
            None => name,
        }
    }

    /// Where a section is read.
    pub fn link(&self, section: &Section) -> String {
        format!("{}#{}", self.url, section.anchor)
    }
}
