//! The catalogue: every normative statement of the specifications, each with a stable id (`spec/` at the top of the
//! project, compiled in). It states what is demanded; what checks it is known elsewhere.

mod read;
mod readings;
mod select;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use read::SpecError;
pub use readings::Reading;
pub use select::{Found, Unknown};
pub use words::{Basis, Level, Mode, Need, Party};

/// The files of the catalogue.
const FILES: [&str; 2] =
    [include_str!("../../spec/bosh.yaml"), include_str!("../../spec/websocket.yaml")];
/// How the contested ones are read.
const READINGS: &str = include_str!("../../spec/readings.md");

/// The catalogue that is compiled in; read at the first use.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        Catalogue::read(&FILES, READINGS)
            .expect("what is compiled in does not change, and a test has read it")
    });
    &CATALOGUE
}

/// All requirements, in the order of the specifications.
#[derive(Debug)]
pub struct Catalogue {
    specifications: Vec<Specification>,
    requirements: Vec<Requirement>,
    places: HashMap<String, usize>,
    readings: Vec<Reading>,
}

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

impl Catalogue {
    /// The requirement with this id.
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.places.get(id).map(|&place| &self.requirements[place])
    }

    /// All requirements, in the order of the specifications and their sections.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter()
    }

    /// The specifications, in order.
    pub fn specifications(&self) -> &[Specification] {
        &self.specifications
    }

    /// The specification with this name.
    pub fn specification(&self, id: &str) -> Option<&Specification> {
        self.specifications.iter().find(|specification| specification.id == id)
    }

    /// How this requirement is read, where that is contested.
    pub fn readings<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Reading> {
        self.readings.iter().filter(move |reading| reading.concerns.iter().any(|other| other == id))
    }

    /// The requirements of a section and of the sections within it.
    pub fn in_section<'a>(
        &'a self,
        spec: &'a str,
        number: &'a str,
    ) -> impl Iterator<Item = &'a Requirement> {
        self.iter().filter(move |r| r.spec == spec && select::is_within(&r.section.number, number))
    }
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

#[cfg(test)]
mod tests;
