//! One layer of escapes taken off: references of XML, percent-encoding, escapes of JSON. What is found in the text below
//! is hidden in the bytes above.

use std::ops::Range;

use memchr::memchr3;

/// So many layers of escapes are taken off.
pub(super) const LAYERS: usize = 3;

/// What escapes begin with: in XML, in URLs, in JSON.
pub(super) const MARKS: [u8; 3] = *b"&%\\";

/// Text without one layer of escapes.
#[derive(Debug)]
pub(super) struct Peeled {
    /// The text below.
    pub(super) text: Vec<u8>,
    /// Where each of its bytes comes from, and last, where the bytes end.
    from: Vec<u32>,
}

impl Peeled {
    /// The bytes from which these came.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.from[range.start] as usize..self.from[range.end] as usize
    }
}

/// Takes off one layer, if there is an escape at all.
pub(super) fn peel(bytes: &[u8]) -> Option<Peeled> {
    peel_of(bytes, MARKS)
}

/// The same for escapes that begin with one of these marks.
pub(super) fn peel_of(bytes: &[u8], marks: [u8; 3]) -> Option<Peeled> {
    let next =
        |from: usize| memchr3(marks[0], marks[1], marks[2], bytes.get(from..)?).map(|at| from + at);
    let mut at = next(0)?;
    if u32::try_from(bytes.len()).is_err() {
        return None;
    }
    let mut peeled = Peeled { text: Vec::new(), from: Vec::new() };
    let mut plain = 0;
    loop {
        let (escape, text) = escape(&bytes[at..]).unwrap_or((0, Text::NONE));
        if escape > 0 {
            if peeled.text.is_empty() {
                peeled.text.reserve(bytes.len());
                peeled.from.reserve(bytes.len() + 1);
            }
            peeled.text.extend_from_slice(&bytes[plain..at]);
            peeled.from.extend(plain as u32..at as u32);
            peeled.text.extend_from_slice(text.bytes());
            peeled.from.extend(text.bytes().iter().map(|_| at as u32));
            plain = at + escape;
        }
        match next(at + escape.max(1)) {
            Some(found) => at = found,
            None => break,
        }
    }
    if plain == 0 {
        return None;
    }
    peeled.text.extend_from_slice(&bytes[plain..]);
    peeled.from.extend(plain as u32..=bytes.len() as u32);
    Some(peeled)
}

/// What an escape stands for.
struct Text {
    bytes: [u8; 4],
    len: usize,
}

impl Text {
    const NONE: Self = Self { bytes: [0; 4], len: 0 };

    fn byte(byte: u8) -> Self {
        Self { bytes: [byte, 0, 0, 0], len: 1 }
    }

    fn char(char: char) -> Self {
        let mut bytes = [0; 4];
        let len = char.encode_utf8(&mut bytes).len();
        Self { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The length of the escape that these bytes begin with, and what it stands for.
fn escape(bytes: &[u8]) -> Option<(usize, Text)> {
    match bytes {
        [b'%', hex @ ..] => Some((3, Text::byte(number(hex.get(..2)?, 16)? as u8))),
        [b'&', rest @ ..] => {
            let len = memchr::memchr(b';', &rest[..rest.len().min(12)])?;
            let char = match &rest[..len] {
                b"lt" => '<',
                b"gt" => '>',
                b"amp" => '&',
                b"quot" => '"',
                b"apos" => '\'',
                [b'#', b'x' | b'X', hex @ ..] => char::from_u32(number(hex, 16)?)?,
                [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
                _ => return None,
            };
            Some((len + 2, Text::char(char)))
        }
        [b'\\', b'x', hex @ ..] => Some((4, Text::byte(number(hex.get(..2)?, 16)? as u8))),
        [b'\\', b'u', hex @ ..] => {
            let first = number(hex.get(..4)?, 16)?;
            if let Some(char) = char::from_u32(first) {
                return Some((6, Text::char(char)));
            }
            let second =
                hex.get(4..)?.strip_prefix(b"\\u").and_then(|hex| number(hex.get(..4)?, 16))?;
            let pair = [first as u16, second as u16];
            let char = char::decode_utf16(pair).next()?.ok()?;
            Some((12, Text::char(char)))
        }
        [b'\\', byte @ (b'"' | b'\'' | b'\\' | b'/'), ..] => Some((2, Text::byte(*byte))),
        [b'\\', b'n', ..] => Some((2, Text::byte(b'\n'))),
        [b'\\', b'r', ..] => Some((2, Text::byte(b'\r'))),
        [b'\\', b't', ..] => Some((2, Text::byte(b'\t'))),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // `from_str_radix` would take a sign
    let is_number = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn layers() {
        for (above, below) in [
            ("&lt;a&gt; &amp;lt; &#65;&#x42;", "<a> &lt; AB"),
            ("%3Ca%3e%2541 100% %zz", "<a>%41 100% %zz"),
            (r#"\u003ca\u003E \"x\" \\ \/ \x41 \ud83d\ude00"#, "<a> \"x\" \\ / A \u{1f600}"),
            (r"a\nb\t", "a\nb\t"),
        ] {
            let peeled = peel(above.as_bytes()).unwrap();
            assert_eq!(String::from_utf8_lossy(&peeled.text), below);
        }
        for plain in
            ["", "a b", "100%", "a & b", "&unknown;", "&#xffffffff;", r"\20", r"\ud83d", "%+1"]
        {
            assert!(peel(plain.as_bytes()).is_none(), "{plain}");
        }
    }

    #[test]
    fn places_are_those_of_the_escapes() {
        let above = "a=&lt;b%41;c";
        let peeled = peel(above.as_bytes()).unwrap();
        assert_eq!(&above[peeled.source(&(2..5))], "&lt;b%41");
        assert_eq!(&above[peeled.source(&(5..7))], ";c");
        assert_eq!(&above[peeled.source(&(0..2))], "a=");
    }

    proptest! {
        #[test]
        fn any_bytes_are_peeled(bytes in "([&%\\\\;#xu0-9a-f]|lt|amp|\\PC){0,40}") {
            if let Some(peeled) = peel(bytes.as_bytes()) {
                prop_assert_eq!(peeled.from.len(), peeled.text.len() + 1);
                prop_assert!(peeled.from.is_sorted());
                prop_assert_eq!(*peeled.from.last().unwrap() as usize, bytes.len());
            }
        }
    }
}
