//! How times and bytes are written in a line of a capture.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serializer;
use serde::ser::SerializeMap;

/// Times are whole microseconds in a file.
pub(super) mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(at.as_micros() as u64)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

/// Bytes are `text` where they are UTF-8, else `base64`.
pub(super) fn text_or_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(1))?;
    match std::str::from_utf8(bytes) {
        Ok("") => {}
        Ok(text) => map.serialize_entry("text", text)?,
        Err(_) => map.serialize_entry("base64", &BASE64_STANDARD.encode(bytes))?,
    }
    map.end()
}

/// The bytes that were written as one of these.
pub(super) fn bytes(
    text: Option<String>,
    base64: Option<String>,
) -> Result<Vec<u8>, base64::DecodeError> {
    match (text, base64) {
        (Some(text), _) => Ok(text.into_bytes()),
        (None, Some(base64)) => BASE64_STANDARD.decode(base64),
        (None, None) => Ok(Vec::new()),
    }
}
