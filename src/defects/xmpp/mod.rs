//! Defects of XMPP inside (XEP-0206 §3 to §7).

mod all;
mod away;
mod renewals;
mod restarts;
mod streams;

pub(super) use all::DEFECTS;
