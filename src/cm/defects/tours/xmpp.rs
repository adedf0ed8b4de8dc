//! Tours of XMPP inside (XEP-0206 §3 to §7).

use super::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[];
