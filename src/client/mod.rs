//! An XMPP client as machines without I/O. The [`Login`] says what to send to get from stream features to a bound resource,
//! whatever carries the stream; [`bosh`] holds the client of a carrier.
//!
//! [`Management`] is the client's part of stream management.
//!
//! None of them knows the others: whoever drives them hands over what came, and feeds what one of them says to the other.

pub mod bosh;
mod login;
#[cfg(test)]
mod login_tests;
mod management;
mod scram;

pub use login::{Login, Mechanism, Step, Who};
pub use management::{Managed, Management};
