//! Transcripts: a conversation as it should look at every run, to be approved and compared.
//!
//! A [`Transcript`] is made from any trace. What varies from run to run is replaced by names that keep identity, XML is
//! written in one way, and times become words that mean something.

mod approve;
mod content;
mod diff;
mod exchange;
mod file;
mod make;
mod names;
mod naming;
mod shelf;
mod streams;
#[cfg(test)]
mod tests;
mod transcript;
mod tree;

pub use approve::{Pending, Standing, Update, approved, compare, pending, reject, waiting};
pub use content::element as hidden;
pub use diff::{
    Change, Diff, ExchangeDiff, Part, Phrase, Place, Sign, StrandDiff, What, diff, inline,
};
pub use exchange::{Content, Exchange, Message};
pub use file::{APPROVED, PENDING, Snapshot, SnapshotError};
pub use make::{Maker, transcript};
pub use names::{Varying, shape};
pub use naming::Naming;
pub use transcript::{Exchanges, NotTranscript, Strand, Transcript};
pub use tree::{Leaf, Tree};
