//! Defects of stanzas (RFC 6120 §7, §8, §10; RFC 6121 §4, §8), which are the same whatever carries a stream: each is on some of the carriers, or on all.

mod addresses;
mod all;
mod between;
mod binding;
mod content;
mod delivery;
mod errors;
mod iqs;
mod leaving;
mod local;
mod order;
mod presence;

pub(super) use all::DEFECTS;
