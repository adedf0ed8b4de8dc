//! What a client does so that a defect is seen, a file a family.

pub(super) mod acks;
mod answers;
pub(super) mod creation;
pub(super) mod ending;
mod forms;
pub(super) mod holding;
pub(super) mod http;
pub(super) mod inactivity;
pub(super) mod keys;
mod kinds;
pub(super) mod pace;
pub(super) mod rids;
pub(super) mod security;
mod stanzas;
pub(super) mod streams;
pub(super) mod wrapper;
pub(super) mod xmpp;
