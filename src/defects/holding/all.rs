//! The defects of this family, in order.

use super::{answering, forwarding, pushing, waiting};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[forwarding::DEFECTS, answering::DEFECTS, waiting::DEFECTS, pushing::DEFECTS];
