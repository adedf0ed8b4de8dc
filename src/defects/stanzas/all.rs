//! The families of stanzas.

use super::{addresses, binding, content, delivery, errors, iqs, leaving, local, order, presence};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    binding::DEFECTS,
    addresses::DEFECTS,
    content::DEFECTS,
    iqs::DEFECTS,
    errors::DEFECTS,
    order::DEFECTS,
    local::DEFECTS,
    presence::DEFECTS,
    leaving::DEFECTS,
    delivery::DEFECTS,
];
