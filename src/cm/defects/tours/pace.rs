//! Tours of clients that ask too much or too often (XEP-0124 §11, §12).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
