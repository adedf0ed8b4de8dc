//! Defects of HTTP around BOSH (XEP-0124 §2, §4, §5).

mod all;
mod answers;
mod connections;
mod messages;
mod polls;

pub(super) use all::DEFECTS;
