//! Defects of several streams in one session (XEP-0124 §16).

use super::Family;

pub(super) const DEFECTS: Family = &[];
