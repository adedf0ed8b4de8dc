//! Defects of how a session ends, and of what tells of it (XEP-0124 §13, §17).

mod client;
mod conditions;
mod recoverable;
mod status;

use super::{Defect, count, join};

const PARTS: [&[Defect]; 4] =
    [client::DEFECTS, status::DEFECTS, conditions::DEFECTS, recoverable::DEFECTS];

pub(super) const DEFECTS: &[Defect] = &join::<{ count(&PARTS) }>(&PARTS);
