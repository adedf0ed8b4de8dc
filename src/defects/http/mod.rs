//! Defects of HTTP around BOSH (XEP-0124 §2, §4, §5).

mod connections;
mod messages;
mod polls;

use super::Family;

pub(super) const DEFECTS: Family = &[connections::DEFECTS, polls::DEFECTS, messages::DEFECTS];
