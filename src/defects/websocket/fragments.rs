//! Fragments of the server (RFC 6455 §5.4).

use crate::cm::stream::Outbound;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[defect(
    "ws-fragmentation/server",
    "a message of more than 1000 bytes begins with a continuation",
    |parts| {
        parts.on_bytes(|| {
            |outbound: &Outbound, mut bytes: Vec<u8>| {
                if let (Outbound::Text(text), Some(first)) = (outbound, bytes.first_mut())
                    && text.len() > 1000
                {
                    *first &= 0xf0;
                }
                bytes
            }
        });
    },
)];
