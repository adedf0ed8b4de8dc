//! One BOSH session as a machine without I/O: what comes in is an [`Input`] and the time, what goes out are
//! [`Action`]s and the next [deadline](Session::deadline) (XEP-0124 §7–§17, XEP-0206).
//!
//! Inputs are taken in as they come; who is answered, and with what, is decided at [`Input::Settle`], when all
//! that happens at one time has been taken in.

mod answering;
mod creation;
mod ending;
#[cfg(test)]
mod histories;
mod keys;
mod message;
mod receiving;
mod replays;
mod state;
mod streams;
#[cfg(test)]
mod tests;

pub use creation::Terms;
pub use message::{Action, Input, LINKS, Request, Token};
pub use state::Session;
