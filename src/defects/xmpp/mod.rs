//! Defects of XMPP inside (XEP-0206 §3 to §7).

mod away;
mod restarts;
mod streams;

use super::Family;

pub(super) const DEFECTS: Family = &[streams::DEFECTS, restarts::DEFECTS, away::DEFECTS];
