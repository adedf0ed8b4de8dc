//! The defects of this family, in order.

use super::{coding, ids, mixing, request, response, terms};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    request::DEFECTS,
    ids::DEFECTS,
    terms::DEFECTS,
    response::DEFECTS,
    coding::DEFECTS,
    mixing::DEFECTS,
];
