//! Runs scenarios against a connection manager, and says which requirements it keeps.
//!
//! A [`Target`] says where it is; without one the embedded reference connection manager serves, in virtual time.

pub mod dial;
pub mod wire;
