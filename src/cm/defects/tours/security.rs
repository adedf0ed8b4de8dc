//! Tours of pipelining and what must not be guessed (XEP-0124 §18, §19).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
