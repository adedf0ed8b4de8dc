//! The defects of this family, in order.

use super::{after, copies, gaps, held, replays, window};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    window::DEFECTS,
    gaps::DEFECTS,
    replays::DEFECTS,
    copies::DEFECTS,
    held::DEFECTS,
    after::DEFECTS,
];
