//! Defects: named deviations from one requirement each, off by default, with which checks are proved.
//!
//! A defect is made outside of the strict connection manager: as another value in its [settings](crate::cm::policy), or as a
//! wrapper around what comes to a session and what it wants done ([`bend`]), around HTTP ([`edge`]) or around the server.
//! Families are files, in the order of the specifications' sections. A defect is subtle, as real ones are.

mod acks;
mod all;
pub mod bend;
mod bend_stream;
mod carried;
mod creation;
mod defect;
pub mod edge;
mod ending;
pub mod generated;
mod holding;
mod http;
mod inactivity;
mod keys;
mod later;
mod logins;
mod management;
mod pace;
mod rids;
#[cfg(test)]
mod rig;
mod scram;
mod security;
mod stanzas;
mod steps;
mod streams;
mod tcp;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tours;
mod websocket;
mod without;
mod wrapper;
mod xmpp;

pub use all::{all, find, of};
pub use defect::Defect;
pub use without::WITHOUT;
