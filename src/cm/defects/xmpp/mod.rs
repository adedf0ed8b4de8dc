//! Defects of XMPP inside (XEP-0206 §3 to §7).

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
