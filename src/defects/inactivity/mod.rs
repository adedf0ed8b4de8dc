//! Defects of inactivity and pauses (XEP-0124 §10).

mod all;
mod lifetime;
mod pauses;
mod silence;

pub(super) use all::DEFECTS;
