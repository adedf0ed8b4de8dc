//! Defects of what is held and what is answered when (XEP-0124 §8).

mod answering;
mod forwarding;
mod pushing;
mod waiting;

use super::Family;

pub(super) const DEFECTS: Family =
    &[forwarding::DEFECTS, answering::DEFECTS, waiting::DEFECTS, pushing::DEFECTS];
