//! What of the handshake (RFC 6455 §4) is computed rather than read.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// What every server appends to a key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `Sec-WebSocket-Accept` that belongs to a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
pub fn accept(key: &str) -> String {
    let sum = digest(&SHA1_FOR_LEGACY_USE_ONLY, [key.trim(), GUID].concat().as_bytes());
    BASE64_STANDARD.encode(sum)
}

/// Whether a value of `Upgrade` asks for WebSocket.
pub fn is_upgrade(upgrade: &str) -> bool {
    let protocols = upgrade.split(',').map(str::trim);
    protocols.into_iter().any(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(is_upgrade("websocket") && is_upgrade("h2c, WebSocket"));
        assert!(!is_upgrade("h2c") && !is_upgrade(""));
    }
}
