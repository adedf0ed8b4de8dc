//! Defects of how sessions end, and what is said of it (XEP-0124 §13, §17).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
