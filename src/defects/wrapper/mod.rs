//! Defects of the `<body/>` wrapper (XEP-0124 §6, §22; XEP-0206 §2).

mod documents;
mod payloads;
mod requests;
mod streams;

use super::Family;

pub(super) use requests::literal;

pub(super) const DEFECTS: Family =
    &[documents::DEFECTS, requests::DEFECTS, payloads::DEFECTS, streams::DEFECTS];
