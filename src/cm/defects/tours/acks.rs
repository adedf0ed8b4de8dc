//! Tours of acknowledgements (XEP-0124 §9).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
