//! The embedded XMPP server: what stands behind the connection manager when there is no other (RFC 6120, RFC 6121).
//!
//! A machine without I/O: commands in, events out, at a time that is told. It serves a few accounts that know each
//! other, anonymous users, and one service for rooms; it keeps everything in memory, within [`Setup`]'s bounds.

mod authenticate;
mod backend;
mod carbons;
mod errors;
mod give_back;
mod iq;
mod management;
mod mechanism;
mod muc;
mod presence;
mod route;
mod sasl2;
mod scram;
mod setup;
mod state;
mod streams;
#[cfg(test)]
mod tests;
mod undelivered;

pub use setup::{Account, Password, Setup};
pub use state::Server;
