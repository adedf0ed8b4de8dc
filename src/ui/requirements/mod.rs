//! The catalogue for people: a list of requirements, and all that is known of one.

mod list;
mod one;

pub use list::{Detail, list};
pub use one::one;

use crate::cm::keeps::Keeps;
use crate::report::requirements::Checked;

/// What the reference connection manager does, in a word.
fn in_a_word(checked: &Checked<'_>) -> &'static str {
    match checked.keeps {
        Some(Keeps::Kept) => "kept",
        Some(Keeps::NotOffered(_)) => "no",
        Some(Keeps::NotApplicable(_)) => "n/a",
        None => "",
    }
}

#[cfg(test)]
mod tests;
