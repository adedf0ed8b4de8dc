//! Tours of opening a session (XEP-0124 §7).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
