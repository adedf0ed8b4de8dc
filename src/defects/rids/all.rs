//! The defects of this family, in order.

use super::{held, replays, window};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[window::DEFECTS, replays::DEFECTS, held::DEFECTS];
