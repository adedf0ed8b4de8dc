//! Defects of clients that ask too much or too often (XEP-0124 §11, §12).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
