//! The families of stream management.

use super::{acking, enabling, login, resuming, unresumed};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family =
    &[enabling::DEFECTS, acking::DEFECTS, resuming::DEFECTS, unresumed::DEFECTS, login::DEFECTS];
