//! Tours of how sessions end, and what is said of it (XEP-0124 §13, §17).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
