//! What is read of JSON, with the ends of very long strings left out, so that no string of a file can fill the memory.

use std::io::{self, BufRead, Read};

/// Of a string so many bytes are read, escapes included. It decodes to more than is kept of one content.
pub(super) const LONGEST: usize = 25 << 20;

/// Reads JSON whose strings are no longer than that.
pub(super) struct Clip<R> {
    from: R,
    longest: usize,
    place: Place,
}

/// Where in JSON the next byte stands.
#[derive(Clone, Copy)]
enum Place {
    Outside,
    /// In a string of which so much has been read.
    Inside {
        length: usize,
        within: Within,
    },
    /// Behind the end of what is kept of a string; perhaps behind a backslash.
    Beyond {
        escaped: bool,
    },
}

/// Where in a character of a string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Between two.
    Nothing,
    /// Behind a backslash.
    Escape,
    /// Behind `\u`: so many digits are to come, and what those before them say.
    Digits(u8, u16),
    /// Behind the first half of a surrogate pair.
    Pair,
}

impl<R: BufRead> Clip<R> {
    pub(super) fn new(from: R, longest: usize) -> Self {
        Self { from, longest, place: Place::Outside }
    }
}

impl<R: BufRead> Read for Clip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let bytes = self.from.fill_buf()?;
            if bytes.is_empty() {
                return Ok(0);
            }
            let bytes = &bytes[..bytes.len().min(buffer.len())];
            let mut count = 0;
            for &byte in bytes {
                if self.place.keeps(byte, self.longest) {
                    buffer[count] = byte;
                    count += 1;
                }
            }
            let used = bytes.len();
            self.from.consume(used);
            if count > 0 {
                return Ok(count);
            }
        }
    }
}

impl Place {
    /// Whether this byte, the next one, is kept. A string is cut between two characters.
    fn keeps(&mut self, byte: u8, longest: usize) -> bool {
        match *self {
            Self::Outside => {
                if byte == b'"' {
                    *self = Self::Inside { length: 0, within: Within::Nothing };
                }
                true
            }
            Self::Inside { length, within } => {
                let between = within == Within::Nothing;
                if byte == b'"' && within != Within::Escape {
                    *self = Self::Outside;
                } else if between && length >= longest && !(0x80..0xc0).contains(&byte) {
                    *self = Self::Beyond { escaped: byte == b'\\' };
                    return false;
                } else {
                    *self = Self::Inside { length: length + 1, within: within.next(byte) };
                }
                true
            }
            Self::Beyond { escaped } => {
                let ends = byte == b'"' && !escaped;
                *self = if ends {
                    Self::Outside
                } else {
                    Self::Beyond { escaped: byte == b'\\' && !escaped }
                };
                ends
            }
        }
    }
}

impl Within {
    fn next(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Nothing | Self::Pair, b'\\') => Self::Escape,
            (Self::Escape, b'u') => Self::Digits(4, 0),
            (Self::Digits(left, before), _) => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default() as u16;
                let unit = before << 4 | digit;
                match left {
                    1 if (0xd800..0xdc00).contains(&unit) => Self::Pair,
                    1 => Self::Nothing,
                    _ => Self::Digits(left - 1, unit),
                }
            }
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, longest: usize) -> String {
        let mut all = Vec::new();
        Clip::new(text.as_bytes(), longest).read_to_end(&mut all).unwrap();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn long_strings_lose_their_ends_and_nothing_else_does() {
        let text = r#"{"a": "xxxxxxxxxxxxxxxx", "b": ["\"}yyy", 12345678901234567890]}"#;
        assert_eq!(read(text, 100), text);
        let cut = r#"{"a": "xxxxxx", "b": ["\"}yyy", 12345678901234567890]}"#;
        assert_eq!(read(text, 6), cut);
        assert_eq!(read(r#"["aaaa\\", "aaaa\"]"]"#, 2), r#"["aa", "aa"]"#);
    }

    #[test]
    fn a_string_is_not_cut_within_a_character_or_an_escape() {
        for text in [
            r#""ab\u00e4\u00e4zzzz""#,
            "\"abcääää😀zz\"",
            r#""abcd\\\\\"\"zz""#,
            r#""ab\\""#,
            r#""a\ud83d\ude00b\ud83d\ude00""#,
            r#""\u0430\u0431\u0432\u0433""#,
        ] {
            let whole: String = serde_json::from_str(text).unwrap();
            for longest in 0..30 {
                let cut: String = serde_json::from_str(&read(text, longest)).unwrap();
                assert!(whole.starts_with(&cut), "{cut} of {whole}");
                assert!(cut.len() <= longest + 12 && (longest > 0 || cut.is_empty()));
            }
        }
    }
}
