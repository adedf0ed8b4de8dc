//! The defects of this family, in order.

use super::{answers, connections, forms, kinds, messages, polls, sharing, timing};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    connections::DEFECTS,
    polls::DEFECTS,
    messages::DEFECTS,
    answers::DEFECTS,
    forms::DEFECTS,
    sharing::DEFECTS,
    kinds::DEFECTS,
    timing::DEFECTS,
];
