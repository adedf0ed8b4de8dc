//! Defects of key sequences (XEP-0124 §15).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
