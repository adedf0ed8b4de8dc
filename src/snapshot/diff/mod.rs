//! What differs between two transcripts, in words.
//!
//! Strands are paired, then their exchanges, then what these carry. Names such as `[id-3]` are numbered in the order in
//! which they appear: they are compared by whether the same ones stand for the same in both. Rids are compared by how
//! far they are from each other.

mod align;
mod both;
mod canon;
mod change;
mod compare;
mod inline;
mod numbers;
#[cfg(test)]
mod properties;
mod renaming;
mod strands;
#[cfg(test)]
mod tests;
mod transcripts;
mod words;

pub use change::{Change, Diff, ExchangeDiff, Phrase, Place, Sign, StrandDiff, What};
pub use inline::{Part, inline};
pub use transcripts::diff;
