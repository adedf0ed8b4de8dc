//! Defects of rids: their range, their window, and requests that come again (XEP-0124 §14).

mod held;
mod replays;
mod window;

use super::{Defect, count, join};

const PARTS: [&[Defect]; 3] = [window::DEFECTS, replays::DEFECTS, held::DEFECTS];

pub(super) const DEFECTS: &[Defect] = &join::<{ count(&PARTS) }>(&PARTS);
