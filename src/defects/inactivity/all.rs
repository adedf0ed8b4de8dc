//! The defects of this family, in order.

use super::{pauses, silence};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[silence::DEFECTS, pauses::DEFECTS];
