//! Defects of XMPP inside (XEP-0206 §3 to §7).

mod away;
mod restarts;
mod streams;

use super::{Defect, joined};

const COUNT: usize = streams::DEFECTS.len() + restarts::DEFECTS.len() + away::DEFECTS.len();

pub(super) const DEFECTS: &[Defect] =
    &joined::<COUNT>(&[streams::DEFECTS, restarts::DEFECTS, away::DEFECTS]);
