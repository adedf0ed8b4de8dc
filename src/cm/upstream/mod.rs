//! An XMPP server elsewhere: the connection manager as a translator between HTTP and a TCP stream (XEP-0124 §3).
//!
//! [`stream`] is what is said on one stream, without I/O; each runs in a task of its own, which hands what happens to a
//! queue that [`Upstream`] gives to the session machine.

pub mod address;
mod backend;
mod features;
mod harmless;
mod link;
mod outbox;
mod probe;
mod settings;
pub mod stream;
#[cfg(test)]
mod tests;

pub use backend::{Streams, Upstream};
pub use probe::probe;
pub use settings::Settings;
