//! Defects of several streams in one session (XEP-0124 §16).

mod all;
mod closing;
mod names;
mod naming;
mod sending;
mod several;

pub(super) use all::DEFECTS;
