//! Defects of stream management (XEP-0198), on every stream without BOSH.

mod acking;
mod all;
mod elements;
mod enabling;
mod login;
mod resuming;

pub(super) use all::DEFECTS;
