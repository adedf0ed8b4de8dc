//! The defects of this family, in order.

use super::{closing, naming, sending, several};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[naming::DEFECTS, sending::DEFECTS, closing::DEFECTS, several::DEFECTS];
