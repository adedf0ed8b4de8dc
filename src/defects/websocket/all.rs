//! The families of WebSocket.

use super::{closing, discovery, errors, fragments, frames, handshake, headers, messages, pings};
use crate::defects::defect::Family;

pub(in crate::defects) const DEFECTS: Family = &[
    handshake::DEFECTS,
    frames::DEFECTS,
    fragments::DEFECTS,
    pings::DEFECTS,
    messages::DEFECTS,
    headers::DEFECTS,
    errors::DEFECTS,
    closing::DEFECTS,
    discovery::DEFECTS,
];
