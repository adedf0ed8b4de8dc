//! Defects of the `<body/>` wrapper (XEP-0124 §6, §22; XEP-0206 §2).

mod documents;
mod payloads;
mod requests;
mod streams;

use super::{Defect, joined};

pub(super) use requests::literal;

const PARTS: &[&[Defect]] =
    &[documents::DEFECTS, requests::DEFECTS, payloads::DEFECTS, streams::DEFECTS];
const COUNT: usize = documents::DEFECTS.len()
    + requests::DEFECTS.len()
    + payloads::DEFECTS.len()
    + streams::DEFECTS.len();

pub(super) const DEFECTS: &[Defect] = &joined::<COUNT>(PARTS);
