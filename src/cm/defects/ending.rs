//! Defects of how sessions end, and what is said of it (XEP-0124 §13, §17).

use super::Family;

pub(super) const DEFECTS: Family = &[];
