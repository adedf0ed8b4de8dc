//! The defects of this family, in order.

use super::{coding, ids, request, response, terms};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[request::DEFECTS, ids::DEFECTS, terms::DEFECTS, response::DEFECTS, coding::DEFECTS];
