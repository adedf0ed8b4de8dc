//! The families of stanzas.

use super::{addresses, content, errors, iqs, local, order};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    addresses::DEFECTS,
    content::DEFECTS,
    iqs::DEFECTS,
    errors::DEFECTS,
    order::DEFECTS,
    local::DEFECTS,
];
