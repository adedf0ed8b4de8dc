//! Tours of several streams in one session (XEP-0124 §16).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
