//! Defects of acknowledgements (XEP-0124 §9).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
