//! Defects of stanzas (RFC 6120 §7, §8, §10), which are the same whatever carries a stream: each is on some of the carriers, or on all.

mod addresses;
mod all;
mod between;
mod binding;
mod content;
mod errors;
mod iqs;
mod leaving;
mod local;
mod order;

pub(super) use all::DEFECTS;
