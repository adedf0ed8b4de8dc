//! Defects of the `<body/>` wrapper (XEP-0124 §6, §22; XEP-0206 §2).

mod all;
mod documents;
mod payloads;
mod reading;
mod requests;
mod responses;
mod streams;
mod values;

pub(super) use requests::literal;

pub(super) use all::DEFECTS;
