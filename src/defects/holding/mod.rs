//! Defects of what is held and what is answered when (XEP-0124 §8).

mod all;
mod answering;
mod forwarding;
mod pushing;
mod waiting;

pub(super) use all::DEFECTS;
