//! The defects of this family, in order.

use super::{documents, payloads, reading, requests, responses, streams, values};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    documents::DEFECTS,
    requests::DEFECTS,
    payloads::DEFECTS,
    streams::DEFECTS,
    responses::DEFECTS,
    reading::DEFECTS,
    values::DEFECTS,
];
