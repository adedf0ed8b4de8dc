//! The checks of an endpoint, a file for each family.

pub mod bosh;
mod bosh_held;
mod bosh_lasting;
mod cors;
pub mod discovery;
mod login;
mod places;
pub mod tcp;
pub mod websocket;
