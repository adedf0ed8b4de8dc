//! The families of stanzas.

use super::{addresses, binding, content, errors, iqs, leaving, local, order};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    binding::DEFECTS,
    addresses::DEFECTS,
    content::DEFECTS,
    iqs::DEFECTS,
    errors::DEFECTS,
    order::DEFECTS,
    local::DEFECTS,
    leaving::DEFECTS,
];
