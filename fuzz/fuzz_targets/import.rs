//! Files of other programs: HTTP Archives, logs and whatever else is read in place of a capture.

#![no_main]

#[path = "../properties.rs"]
#[allow(dead_code)] // each target uses one of them
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| properties::import(input));
