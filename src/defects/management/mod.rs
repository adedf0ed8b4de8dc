//! Defects of stream management (XEP-0198), and of logins that enable it (XEP-0388), on every stream without BOSH.

mod acking;
mod all;
mod elements;
mod enabling;
mod login;
mod resuming;
mod unresumed;

pub(super) use all::DEFECTS;
