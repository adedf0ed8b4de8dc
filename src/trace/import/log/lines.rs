//! The lines of a log, without colours, each within a bound.

use std::io::{self, BufRead, Read};

/// A longer line is cut.
pub(super) const LONGEST: u64 = 16 << 20;

/// Reads lines.
pub(in crate::trace::import) struct Lines {
    from: Box<dyn BufRead + Send>,
    text: Vec<u8>,
    /// How many were read.
    pub number: u64,
    /// How many were cut.
    pub cut: u64,
}

impl Lines {
    pub(in crate::trace::import) fn new(from: Box<dyn BufRead + Send>) -> Self {
        Self { from, text: Vec::new(), number: 0, cut: 0 }
    }

    /// The next line, without its end.
    pub(in crate::trace::import) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.text.clear();
        let read = self.from.by_ref().take(LONGEST).read_until(b'\n', &mut self.text)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.text.last() == Some(&b'\n') {
            self.text.pop();
        } else if read as u64 == LONGEST {
            self.cut += 1;
            self.skip()?;
        }
        if self.text.last() == Some(&b'\r') {
            self.text.pop();
        }
        if memchr::memchr(0x1b, &self.text).is_some() {
            decolour(&mut self.text);
        }
        Ok(Some(&self.text))
    }

    fn skip(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.from.fill_buf()?;
            let newline = memchr::memchr(b'\n', bytes);
            let used = newline.map_or(bytes.len(), |at| at + 1);
            let over = newline.is_some() || bytes.is_empty();
            self.from.consume(used);
            if over {
                return Ok(());
            }
        }
    }
}

/// Removes the escape sequences that colour text (ECMA-48 SGR).
pub(super) fn decolour(text: &mut Vec<u8>) {
    let mut kept = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(at) = memchr::memchr(0x1b, rest) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let [b'[', behind @ ..] = rest {
            let end = behind.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b'?'));
            rest = end.map_or(&[], |end| &behind[end + 1..]);
        }
    }
    kept.extend_from_slice(rest);
    *text = kept;
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn lines_are_bounded_and_without_colours() {
        let long = "a".repeat(LONGEST as usize + 5);
        let text = format!("\x1b[36m[x] \x1b[39mRECD\r\n\n{long}\nlast\x1b[");
        let mut lines = Lines::new(Box::new(Cursor::new(text)));
        assert_eq!(lines.next().unwrap(), Some(&b"[x] RECD"[..]));
        assert_eq!(lines.next().unwrap(), Some(&b""[..]));
        assert_eq!(lines.next().unwrap().map(<[u8]>::len), Some(LONGEST as usize));
        assert_eq!(lines.next().unwrap(), Some(&b"last"[..]));
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!((lines.number, lines.cut), (4, 1));
    }
}
