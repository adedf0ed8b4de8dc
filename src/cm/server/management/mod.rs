//! Stream management (XEP-0198): what was sent is kept until the client has acknowledged it, and a stream outlives its
//! connection until it is resumed on another.

mod account;
mod elements;
mod fronts;
mod resumptions;
mod sleep;

pub(super) use account::Managed;
pub(super) use elements::{Resumption, failed};
pub(super) use fronts::Fronts;
pub(super) use resumptions::Resumptions;
