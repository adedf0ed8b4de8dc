//! Defects of the pace that a client has to keep (XEP-0124 §11, §12).

mod active;
mod all;
mod polling;
mod polls;

pub(super) use all::DEFECTS;
