//! Tours of silence and pauses (XEP-0124 §10).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
