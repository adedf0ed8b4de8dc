//! Traces as scenarios: what was seen once, in the language in which it can be run again.
//!
//! ```text
//! acts      what each session did, in order: elements, requests, responses, ends      reader   finds it in a trace
//! lawful    what of a client's messages can be said as it is
//! cast      who acts: actors, accounts, addresses, and which values stand for them
//! login     what of it a `login` step does by itself
//! sends     a client's elements as they are sent again     patterns   a server's elements as they are expected
//! values    what stands in the place of a value
//! making    what all sessions share while their acts become steps      counts   of stream management
//! opening   how a stream is opened
//! stanzas   steps of sessions in which only stanzas matter
//! requests  steps of sessions of BOSH whose requests matter
//! write     the file      tidy   without what nothing in it needs
//! ```
//!
//! [`shrink()`] takes messages out of a trace for as long as it still shows what somebody looks for.

mod acts;
mod cast;
mod counts;
mod covers;
mod lawful;
mod learned;
mod login;
mod making;
mod opening;
mod patterns;
mod reader;
mod renumber;
mod requests;
mod script;
mod shrink;
mod stanzas;
#[cfg(test)]
mod tests;
mod tidy;
mod values;
mod whole;
mod write;

pub use renumber::rewritten;
pub use shrink::{Shrinking, Shrunk, shrink};
pub use values::Values;
pub use whole::{CannotRecord, Recorded, Wishes, record};
