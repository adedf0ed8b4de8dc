//! The families of stream management.

use super::{acking, enabling, logins, resuming};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[enabling::DEFECTS, acking::DEFECTS, resuming::DEFECTS, logins::DEFECTS];
