//! The catalogue: the normative statements of the specifications, each with a stable id (`spec/` at the top of the
//! project, compiled in). It states what is required; what checks it is known elsewhere.

mod catalogue;
mod embedded;
mod read;
mod readings;
mod requirement;
mod select;
#[cfg(test)]
mod tests;
mod words;

pub use catalogue::Catalogue;
pub use embedded::catalogue;
pub use read::SpecError;
pub use readings::Reading;
pub use requirement::{Observable, Requirement, Section, Specification};
pub use select::{Matches, Unknown};
pub use words::{Basis, Level, Mode, Need, Party};
