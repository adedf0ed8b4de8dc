//! Defects of opening a session (XEP-0124 §7): what the client may say, and what it is told.

mod all;
mod coding;
mod ids;
mod mixing;
mod openings;
mod request;
mod response;
mod terms;

pub(super) use all::DEFECTS;
