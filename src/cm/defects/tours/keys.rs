//! Tours of key sequences (XEP-0124 §15).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
