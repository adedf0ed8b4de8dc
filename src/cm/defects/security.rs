//! Defects of pipelining and what must not be guessed (XEP-0124 §18, §19).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
