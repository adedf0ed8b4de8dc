//! Answers that are not what was asked for, over whatever carrier: whose page it is, by the signatures in
//! `signatures.yaml`; which sentence in it decides; and what follows from that for BOSH and WebSocket alike.

mod cause;
mod meaning;
mod saying;
mod sentence;
mod signature;
mod text;
mod whence;
mod whose;

pub(super) use cause::{BACK_END, Carrier, Cause, Refused, shared};
pub use signature::{Meaning, Role};
pub use text::lines;
pub(super) use whence::Whence;
pub use whose::{Page, status};
