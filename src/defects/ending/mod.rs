//! Defects of how a session ends, and of what tells of it (XEP-0124 §13, §17).

mod all;
mod client;
mod conditions;
mod recoverable;
mod status;

pub(super) use all::DEFECTS;
