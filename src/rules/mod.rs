//! The checks over a trace: who broke which rule, in words. One file per family.
//!
//! A [`Rule`] is a small state machine: it is shown every event with what the [`Story`](crate::trace::Story) makes of
//! it, may ask to be woken at a later time, and reports [`Finding`]s. To add one, write a type that implements
//! [`Rule`] in the file of its family and name it in `all.rs`.

mod all;
mod cors;
mod counts;
mod crowd;
mod endpoint;
mod finding;
mod grant;
mod hold;
mod http;
mod judge;
mod kinds;
mod lint;
mod login;
mod memory;
mod moment;
mod pace;
#[cfg(test)]
pub(crate) mod playbook;
mod resend;
mod rid;
mod rule;
mod seen;
mod session;
mod silence;
mod status;
mod words;
mod xml;

pub use counts::Counts;
pub use finding::{Finding, Findings, Level, Party};
pub use judge::Judge;
pub use kinds::{KINDS, Kind, about};
pub use moment::Moment;
pub use rule::Rule;
pub use seen::Seen;
