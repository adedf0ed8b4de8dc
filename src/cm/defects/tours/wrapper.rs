//! Tours of the `<body/>` wrapper (XEP-0124 §6, §22; XEP-0206 §2).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
