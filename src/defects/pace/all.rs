//! The defects of this family, in order.

use super::{active, polling};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[active::DEFECTS, polling::DEFECTS];
