//! Defects of rids: their range, their window, and requests that come again (XEP-0124 §14).

mod after;
mod all;
mod copies;
mod gaps;
mod held;
mod replays;
mod window;

pub(super) use all::DEFECTS;
