//! Bytes that are no text: compressed, masked, or in an encoding that is not known. They cannot be searched for secrets.

/// Of so many bytes, one that no text has is a slip, as in a page of an old encoding.
const SLIP: usize = 10;
/// The same of what begins as XML does.
const SLIP_IN_MARKUP: usize = 3;

/// Whether a content cannot be searched for secrets.
pub(super) fn is_opaque(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    // As for most traffic, and written so that many bytes are looked at at once.
    if text.is_ok() && bytes.iter().fold(0, |any, byte| any | u8::from(is_strange(*byte))) == 0 {
        return false;
    }
    let controls = |bytes: &[u8]| bytes.iter().filter(|byte| is_strange(**byte)).count();
    let chunks = bytes.utf8_chunks();
    let count: usize =
        chunks.map(|chunk| controls(chunk.valid().as_bytes()) + chunk.invalid().len()).sum();
    let slip = if bytes.starts_with(b"<") { SLIP_IN_MARKUP } else { SLIP };
    count > 1 && count * slip > bytes.len() && !is_wide(bytes)
}

/// Whether this is text of two or four bytes a character.
pub(super) fn is_wide(bytes: &[u8]) -> bool {
    if memchr::memchr(0, bytes).is_none() {
        return false;
    }
    let zeros = memchr::memchr_iter(0, bytes).count();
    let narrow = bytes.iter().filter(|byte| !is_strange(**byte) && byte.is_ascii()).count();
    zeros * 5 >= bytes.len() * 2 && (zeros + narrow) * 20 >= bytes.len() * 19
        || bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
}

/// How many bytes of a piece can be searched, behind the end of what came before, of which a character may be unfinished.
pub(super) fn readable(before: &[u8], piece: &[u8]) -> usize {
    let begun = unfinished(before);
    let whole = [begun, piece].concat();
    let Some(at) = strange(&whole) else { return piece.len() };
    // Up to the line in which it stops being text.
    let line = memchr::memrchr(b'\n', &whole[..at]).map_or(0, |at| at + 1);
    line.saturating_sub(begun.len())
}

/// Where the first byte is that no text in UTF-8 has. At the end a character may be unfinished.
fn strange(bytes: &[u8]) -> Option<usize> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) if error.error_len().is_none() => bytes.len(),
        Err(error) => error.valid_up_to(),
    };
    let control = bytes[..valid].iter().position(|byte| is_strange(*byte));
    control.or((valid < bytes.len()).then_some(valid))
}

#[allow(clippy::needless_bitwise_bool)] // a `||` would be a branch for each byte
fn is_strange(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r') & (byte != 0x0c)
        | (byte == 0x7f)
}

/// The bytes of a character that is not complete.
fn unfinished(bytes: &[u8]) -> &[u8] {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let start = tail.iter().rposition(|byte| *byte >= 0xc0);
    let begun = start.map_or(&tail[tail.len()..], |start| &tail[start..]);
    match std::str::from_utf8(begun) {
        Err(error) if error.valid_up_to() == 0 && error.error_len().is_none() => begun,
        _ => &tail[tail.len()..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_opaque() {
        for text in ["", "a", "<a>\u{e9}</a>\r\n\t", "plain", "\u{1f600}"] {
            assert!(!is_opaque(text.as_bytes()), "{text}");
        }
        let latin1 = b"Zugriff verweigert f\xfcr diesen Rechner, der daf\xfcr gesperrt ist";
        assert!(!is_opaque(latin1));
        assert!(!is_opaque(b"<body>a control\x01 character in the middle of it</body>"));
        let wide: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(!is_opaque(&wide) && is_wide(&wide) && !is_wide(b"abc\0"));
        assert!(!is_opaque(b"<a>\xe2</a>"));
        assert!(!is_opaque("\u{e9}".as_bytes()[..1].as_ref()), "it is cut");
    }

    #[test]
    fn what_is_compressed_or_masked_is() {
        let masked: Vec<u8> =
            b"\x81\x8c".iter().copied().chain(*b"<auth>c2Vj").map(|b| b ^ 0x9c).collect();
        for bytes in [&[0x78, 0x9c, 0x4b, 0x04, 0, 0][..], b"\x1f\x8b\x08\0\0\0\0\0", &masked] {
            assert!(is_opaque(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_piece_is_read_up_to_where_it_stops_being_text() {
        assert_eq!(readable(b"", b"abc"), 3);
        assert_eq!(readable(b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12"), 24);
        assert_eq!(readable(b"", b"\x81\x85abcd"), 0);
        assert_eq!(readable(b"", b"ab\xc3"), 3);
        assert_eq!(readable(b"ab\xc3", b"\xa9c"), 2);
        assert_eq!(readable(b"ab\xc3", b"c"), 0);
    }
}
