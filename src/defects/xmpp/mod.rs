//! Defects of XMPP inside (XEP-0206 §3 to §7).

mod all;
mod away;
mod restarts;
mod streams;

pub(super) use all::DEFECTS;
