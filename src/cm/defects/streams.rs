//! Defects of several streams in one session (XEP-0124 §16).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
