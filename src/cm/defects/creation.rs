//! Defects of opening a session (XEP-0124 §7).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
