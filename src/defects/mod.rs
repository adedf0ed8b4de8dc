//! Defects: named deviations from one requirement each, off by default, with which checks are proved.
//!
//! A defect is made outside of the strict connection manager: as another value in its [settings](super::policy), or as a
//! wrapper around what comes to a session and what it wants done ([`bend`]), around HTTP ([`edge`]) or around the server.
//! Families are files, in the order of the specifications' sections. A defect is subtle, as real ones are.

mod acks;
pub mod bend;
mod creation;
pub mod edge;
mod ending;
mod holding;
mod http;
mod inactivity;
mod keys;
mod pace;
mod rids;
#[cfg(test)]
mod rig;
mod security;
mod steps;
mod streams;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tours;
mod without;
mod wrapper;
mod xmpp;

use super::parts::Parts;

pub use without::WITHOUT;

/// A way in which the reference connection manager can be made to break a requirement.
#[derive(Clone, Copy)]
pub struct Defect {
    /// The requirement's id, with `/variant` where it has several.
    pub name: &'static str,
    /// What goes wrong, in one line.
    pub says: &'static str,
    pub(super) apply: fn(&mut Parts),
}

impl std::fmt::Debug for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Defect").field(&self.name).finish()
    }
}

impl Defect {
    /// The requirement that it breaks.
    pub fn requirement(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }
}

/// Defects of one subject, in parts that are files.
type Family = &'static [&'static [Defect]];

/// The families, in the order of the specifications.
const FAMILIES: [Family; 13] = [
    http::DEFECTS,
    wrapper::DEFECTS,
    creation::DEFECTS,
    holding::DEFECTS,
    acks::DEFECTS,
    inactivity::DEFECTS,
    pace::DEFECTS,
    ending::DEFECTS,
    rids::DEFECTS,
    keys::DEFECTS,
    streams::DEFECTS,
    security::DEFECTS,
    xmpp::DEFECTS,
];

/// All defects.
pub fn all() -> impl Iterator<Item = &'static Defect> {
    FAMILIES.into_iter().flatten().copied().flatten()
}

/// The defect of this name.
pub fn find(name: &str) -> Option<&'static Defect> {
    all().find(|defect| defect.name == name)
}

/// The defects that break this requirement.
pub fn of(requirement: &str) -> impl Iterator<Item = &'static Defect> + use<'_> {
    all().filter(move |defect| defect.requirement() == requirement)
}

const fn defect(name: &'static str, says: &'static str, apply: fn(&mut Parts)) -> Defect {
    Defect { name, says, apply }
}
