//! Tours of what is held and what is answered when (XEP-0124 §8).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
