//! Tours of request ids, their window, and repeats (XEP-0124 §14).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
