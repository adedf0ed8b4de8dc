//! The defects of this family, in order.

use super::{client, conditions, recoverable, status};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[client::DEFECTS, status::DEFECTS, conditions::DEFECTS, recoverable::DEFECTS];
