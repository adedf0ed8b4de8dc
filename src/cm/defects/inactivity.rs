//! Defects of silence and pauses (XEP-0124 §10).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
