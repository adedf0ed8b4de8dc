//! The catalogue for people: a list of requirements, and all that is known of one.

mod list;
mod one;
#[cfg(test)]
mod tests;

pub use list::{Detail, list};
pub use one::one;
