//! The last door before a terminal: what passes through it cannot act on the terminal, nor on the CI system that reads
//! along. What is written is made harmless where it is formatted; this is for what was forgotten.

use std::io::{self, Write};
use std::mem;

use super::sanitise::{is_command, is_unsafe};

/// Passes text for people on. Line breaks, tabs, the styles of `ui`, and what rewrites the current line stay; other
/// control sequences become escapes, and so do the beginnings of workflow commands: `::` at the start of a line, and
/// `##[`, `##vso[` and `##teamcity[` anywhere, which GitHub, Azure, Gitea and `TeamCity` would obey in the log of a job.
#[derive(Debug)]
pub struct Printed<W> {
    out: W,
    place: Place,
    /// The beginning of a character whose other bytes are still to come.
    rest: Vec<u8>,
}

/// Where on a line the next character stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start, or behind white space alone.
    Start,
    /// Behind the first colon there.
    Colon,
    Inside,
}

/// Clears the line that was printed last, to print another in its place.
const CLEAR: &str = "\r\x1b[K";

impl<W: Write> Printed<W> {
    /// A door before `out`.
    pub fn new(out: W) -> Self {
        Self { out, place: Place::Start, rest: Vec::new() }
    }

    /// What may pass of a text, if that is not all of it.
    fn harmless(&mut self, text: &str) -> Option<String> {
        let mut out = String::new();
        let (mut at, mut copied) = (0, 0);
        while at < text.len() {
            if self.place == Place::Inside {
                at += plain(&text[at..]);
            }
            let Some(c) = text[at..].chars().next() else { break };
            let (length, escaped) = self.next(c, &text[at..]);
            if escaped {
                out.push_str(&text[copied..at]);
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
                copied = at + length;
            }
            at += length;
        }
        (copied > 0).then(|| out + &text[copied..])
    }

    /// How many bytes of a text that begins with this character are looked at, and whether they become an escape.
    fn next(&mut self, c: char, text: &str) -> (usize, bool) {
        let inside = mem::replace(&mut self.place, Place::Inside);
        match c {
            '\n' => self.place = Place::Start,
            '\r' if text.starts_with(CLEAR) => {
                self.place = Place::Start;
                return (CLEAR.len(), false);
            }
            '\x1b' if style(text) > 0 => {
                self.place = inside;
                return (style(text), false);
            }
            ':' if inside == Place::Start => self.place = Place::Colon,
            ':' if inside == Place::Colon => return (1, true),
            '#' => return (1, is_command(text)),
            _ if c.is_whitespace() && inside == Place::Start => self.place = Place::Start,
            _ => {}
        }
        (c.len_utf8(), is_unsafe(c) && !matches!(c, '\n' | '\t'))
    }
}

/// How long the beginning of a text is that passes wherever it stands within a line.
fn plain(text: &str) -> usize {
    let is_plain = |byte: &u8| (0x20..0x7f).contains(byte) && *byte != b'#';
    text.bytes().position(|byte| !is_plain(&byte)).unwrap_or(text.len())
}

/// How long the sequence is that a text begins with, if it is one of those that our styles consist of: weight, underline and
/// colour of what is in front. Others may hide text.
fn style(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\x1b[") else { return 0 };
    let Some(end) = rest.bytes().take(16).position(|byte| byte == b'm') else { return 0 };
    let mut codes = rest[..end].split(';');
    while let Some(code) = codes.next() {
        let known = match code {
            "38" => {
                codes.next() == Some("5") && codes.next().is_some_and(|n| n.parse::<u8>().is_ok())
            }
            "" => true,
            code => matches!(code.parse(), Ok(0..=4 | 22..=24 | 30..=37 | 39 | 90..=97)),
        };
        if !known {
            return 0;
        }
    }
    "\x1b[".len() + end + 1
}

impl<W: Write> Write for Printed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let joined;
        let all = if self.rest.is_empty() {
            bytes
        } else {
            joined = [&mem::take(&mut self.rest), bytes].concat();
            &joined[..]
        };
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.pass(chunk.valid())?;
            let broken = chunk.invalid();
            let is_cut = std::str::from_utf8(broken).is_err_and(|e| e.error_len().is_none());
            if is_cut && chunks.peek().is_none() {
                self.rest = broken.to_vec();
                break;
            }
            for byte in broken {
                self.place = Place::Inside;
                write!(self.out, "\\x{byte:02x}")?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Printed<W> {
    fn pass(&mut self, text: &str) -> io::Result<()> {
        match self.harmless(text) {
            Some(harmless) => self.out.write_all(harmless.as_bytes()),
            None => self.out.write_all(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut door = Printed::new(&mut out);
        for piece in pieces {
            door.write_all(piece).unwrap();
        }
        door.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_acts_on_a_terminal_does_not_pass() {
        for (text, expected) in [
            ("plain → grüße\tü\n", "plain → grüße\tü\n"),
            ("\x1b[2J\x1b[31mred\x1b[0m", "\\u{1b}[2J\x1b[31mred\x1b[0m"),
            (
                "\x1b[8mhidden \x1b[38;5;9mx \x1b[48;5;1mx",
                "\\u{1b}[8mhidden \x1b[38;5;9mx \\u{1b}[48;5;1mx",
            ),
            (
                "\u{9b}2J\u{202e}\u{200b}\u{feff}\u{e0041}",
                "\\u{9b}2J\\u{202e}\\u{200b}\\u{feff}\\u{e0041}",
            ),
            ("a\rb\r\x1b[K", "a\\u{d}b\r\x1b[K"),
        ] {
            assert_eq!(printed(&[text.as_bytes()]), expected);
            // In whatever pieces it comes, but for sequences that are one piece.
            if !text.contains('\x1b') {
                let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
                assert_eq!(printed(&bytes), expected);
            }
        }
        assert_eq!(printed(&[b"a\xffb\xc3("]), "a\\xffb\\xc3(");
    }

    #[test]
    fn what_a_ci_system_would_obey_does_not_pass() {
        for (text, expected) in [
            ("::stop-commands::x\n", ":\\u{3a}stop-commands::x\n"),
            ("a\n \t\u{a0}::error::x", "a\n \t\u{a0}:\\u{3a}error::x"),
            ("\r\x1b[K::x\x1b[2m\n\x1b[2m  ::x", "\r\x1b[K:\\u{3a}x\x1b[2m\n\x1b[2m  :\\u{3a}x"),
            ("x ##[error]a ##vso[task.x]b", "x \\u{23}#[error]a \\u{23}#vso[task.x]b"),
            (": :x, a::b [::1] # ## heading", ": :x, a::b [::1] # ## heading"),
        ] {
            assert_eq!(printed(&[text.as_bytes()]), expected);
        }
        assert_eq!(printed(&[b" :", b":x"]), " :\\u{3a}x");
    }
}
