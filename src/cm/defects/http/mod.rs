//! Defects of HTTP around BOSH (XEP-0124 §2, §4, §5).

mod connections;
mod messages;
mod polls;

use super::{Defect, joined};

const COUNT: usize = connections::DEFECTS.len() + polls::DEFECTS.len() + messages::DEFECTS.len();

pub(super) const DEFECTS: &[Defect] =
    &joined::<COUNT>(&[connections::DEFECTS, polls::DEFECTS, messages::DEFECTS]);
