//! Defects of how a session ends, and of what tells of it (XEP-0124 §13, §17).

mod client;
mod conditions;
mod recoverable;
mod status;

use super::Family;

pub(super) const DEFECTS: Family =
    &[client::DEFECTS, status::DEFECTS, conditions::DEFECTS, recoverable::DEFECTS];
