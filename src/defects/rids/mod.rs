//! Defects of rids: their range, their window, and requests that come again (XEP-0124 §14).

mod held;
mod replays;
mod window;

use super::Family;

pub(super) const DEFECTS: Family = &[window::DEFECTS, replays::DEFECTS, held::DEFECTS];
