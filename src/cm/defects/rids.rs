//! Defects of request ids, their window, and repeats (XEP-0124 §14).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
