//! Defects of HTTP around BOSH (XEP-0124 §2, §4, §5).

mod all;
mod answers;
mod connections;
mod forms;
mod kinds;
mod messages;
mod polls;
mod sharing;
mod timing;

pub(super) use all::DEFECTS;
