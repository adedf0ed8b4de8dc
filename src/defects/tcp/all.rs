//! The families of streams over TCP.

use super::{
    closing, encoding, errors, handshake, headers, namespaces, restarts, stanzas, tls, versions,
};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    headers::DEFECTS,
    versions::DEFECTS,
    restarts::DEFECTS,
    closing::DEFECTS,
    stanzas::DEFECTS,
    namespaces::DEFECTS,
    errors::DEFECTS,
    tls::DEFECTS,
    handshake::DEFECTS,
    encoding::DEFECTS,
];
