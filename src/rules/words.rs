//! Pieces of sentences that several rules use.

use std::fmt::Write;
use std::ops::Range;

pub(super) use crate::diag::counted;

/// Up to about `room` bytes of a content around a place, with everything escaped that must not reach a terminal.
pub(super) fn around(bytes: &[u8], at: usize, room: usize) -> String {
    let at = at.min(bytes.len());
    let start = char_start(bytes, at.saturating_sub(room / 2));
    let end = char_start(bytes, (start + room).min(bytes.len()));
    let mut text = String::new();
    if start > 0 {
        text.push('…');
    }
    text += &escaped(bytes, start..end);
    if end < bytes.len() {
        text.push('…');
    }
    text
}

/// The start of the character that this byte is part of, if it is part of one.
fn char_start(bytes: &[u8], at: usize) -> usize {
    let back = bytes[..at].iter().rev().take(3).take_while(|&&byte| byte & 0xc0 == 0x80).count();
    match bytes.get(at) {
        Some(byte) if byte & 0xc0 == 0x80 => (at - back).saturating_sub(1),
        _ => at,
    }
}

fn escaped(bytes: &[u8], range: Range<usize>) -> String {
    let mut text = String::new();
    for chunk in bytes[range].utf8_chunks() {
        for char in chunk.valid().chars() {
            if char == '"' || char == '\'' {
                text.push(char);
            } else {
                // Control characters and what reorders text; letters of any script stay.
                text.extend(char.escape_debug());
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}"); // a String takes it
        }
    }
    text
}

/// A text that is safe within a sentence: escaped, and cut if it is long.
pub(super) fn short(text: &str) -> String {
    around(text.as_bytes(), 0, 60)
}

/// `429, 430 and 431`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// An ordinal number: `2nd`, `3rd`, `11th`.
pub(super) fn nth(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_escaped_and_never_splits_a_character() {
        assert_eq!(around(b"<a>\x1b[2J\xff</a>", 4, 60), r"<a>\u{1b}[2J\xff</a>");
        let text = "ä".repeat(50);
        let cut = around(text.as_bytes(), 51, 20);
        assert!(cut.starts_with('…') && cut.ends_with('…') && !cut.contains('\\'), "{cut}");
        assert_eq!(around(b"", 7, 60), "");
        assert_eq!(around("\u{202e}x".as_bytes(), 0, 9), "\\u{202e}x");
    }

    #[test]
    fn ordinals_and_lists() {
        let words: Vec<_> = [2, 3, 4, 11, 12, 21, 112].map(nth).into();
        assert_eq!(words, ["2nd", "3rd", "4th", "11th", "12th", "21st", "112th"]);
        let items = ["1", "2", "3"].map(str::to_owned);
        assert_eq!(list(&items), "1, 2 and 3");
        assert_eq!((list(&items[..1]), list(&[])), ("1".into(), String::new()));
    }
}
