//! Traces once more: what a client sent goes to a server again, with the overlap and the pauses that it had; or what a server sent, to a
//! client.
//!
//! ```text
//! script   what the clients of a trace did, when, and what it followed
//! player   decides what is sent next: a machine without I/O
//!   Sasl       logs in anew, since what proves a password is in no trace
//!   Heard      learns which value of the server is which of the recording
//! drive    connections to the target for it
//! compare  what differs between the recording and the replay
//! server   the other way round: what the server said, for a client
//! ```

mod compare;
mod drive;
mod heard;
mod http;
mod player;
mod sasl;
mod script;
pub mod server;
#[cfg(test)]
mod tests;
mod texts;

pub use compare::{Compared, compare};
pub use drive::{Replayed, replay};
pub use player::{Settings, Stopped};
pub use script::{CannotReplay, Script};
