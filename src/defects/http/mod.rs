//! Defects of HTTP around BOSH (XEP-0124 §2, §4, §5).

mod all;
mod answers;
mod connections;
mod forms;
mod messages;
mod polls;
mod sharing;

pub(super) use all::DEFECTS;
