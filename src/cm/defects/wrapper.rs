//! Defects of the `<body/>` wrapper (XEP-0124 §6, §22; XEP-0206 §2).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
