//! All requirements, found by id.

use std::collections::HashMap;

use super::readings::Reading;
use super::requirement::{Requirement, Specification};

/// All requirements, in the order of the specifications.
#[derive(Debug)]
pub struct Catalogue {
    pub(super) specifications: Vec<Specification>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) places: HashMap<String, usize>,
    pub(super) readings: Vec<Reading>,
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
}
