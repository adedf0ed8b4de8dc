//! Defects of what is held and what is answered when (XEP-0124 §8).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
