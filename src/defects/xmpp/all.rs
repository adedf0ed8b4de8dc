//! The defects of this family, in order.

use super::{away, renewals, restarts, streams};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[streams::DEFECTS, restarts::DEFECTS, away::DEFECTS, renewals::DEFECTS];
