//! Defects of what is held and what is answered when (XEP-0124 §8).

mod answering;
mod forwarding;
mod pushing;
mod waiting;

use super::{Defect, count, join};

const PARTS: [&[Defect]; 4] =
    [forwarding::DEFECTS, answering::DEFECTS, waiting::DEFECTS, pushing::DEFECTS];

pub(super) const DEFECTS: &[Defect] = &join::<{ count(&PARTS) }>(&PARTS);
