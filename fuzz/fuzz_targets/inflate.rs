//! The compressed messages of WebSocket.

#![no_main]

#[path = "../properties.rs"]
#[allow(dead_code)] // each target uses one of them
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| properties::inflate(input));
