//! Traces as scenarios: what was seen once, in the language in which it can be run again.
//!
//! ```text
//! acts      what each session did, in order: elements, requests, responses, ends
//! cast      who acts: actors, accounts, addresses, and which values stand for them
//! login     what of it a `login` step does by itself
//! sends     a client's elements as they are sent again     patterns   a server's elements as they are expected
//! values    what stands in the place of a value
//! stanzas   steps of sessions in which only stanzas matter
//! requests  steps of sessions of BOSH whose requests matter
//! write     the file
//! ```
//!
//! [`shrink()`] takes messages out of a trace for as long as it still shows what somebody looks for.

mod acts;
mod cast;
mod covers;
mod learned;
mod login;
mod patterns;
mod renumber;
mod requests;
mod script;
mod shrink;
mod stanzas;
#[cfg(test)]
mod tests;
mod values;
mod whole;
mod write;

pub use renumber::rewritten;
pub use shrink::{Shrinking, Shrunk, shrink};
pub use values::Values;
pub use whole::{CannotRecord, Recorded, Wishes, record};
