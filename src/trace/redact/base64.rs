//! Base64 as it comes: of either alphabet, padded or not.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
/// The alphabet with `+` and `/`.
pub(in crate::trace) const OLD: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const NEW: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// What it stands for, if it is base64 and not a short word.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    if text.len() < 8 {
        return None;
    }
    OLD.decode(text).or_else(|_| NEW.decode(text)).ok()
}

/// How a value looks within a longer one that is encoded: at each of three places, what it alone determines.
pub(super) fn cores(value: &[u8]) -> Vec<Vec<u8>> {
    let mut cores = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(value);
        let (first, last) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&OLD, &NEW] {
            let core = engine.encode(&padded).into_bytes();
            let core = core[first..last].to_vec();
            if !cores.contains(&core) {
                cores.push(core);
            }
        }
    }
    cores
}

/// Whether a byte is of base64 of either alphabet.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let value = b"wonder?>land";
        for before in ["", "\0", "\0a", "\0alice\0", "alice:"] {
            for after in ["", "x", "xy", "\0more"] {
                let whole = [before.as_bytes(), value, after.as_bytes()].concat();
                for engine in [&OLD, &NEW] {
                    let text = engine.encode(&whole).into_bytes();
                    let found = |core: &Vec<u8>| memchr::memmem::find(&text, core).is_some();
                    assert!(cores(value).iter().any(found), "{before:?} {after:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_decoded() {
        assert_eq!(decode(b"AGFsaWNlAHB3"), Some(b"\0alice\0pw".to_vec()));
        assert_eq!(decode(b"AGFsaWNlAA=="), decode(b"AGFsaWNlAA"));
        assert_eq!(decode(b"words that are none"), None);
        assert_eq!(decode(b"short"), None);
    }
}
