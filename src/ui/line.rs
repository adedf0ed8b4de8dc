//! Building a line that knows how wide it is on the screen.

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::xml::Ink;

/// What is no traffic begins with this, and is at most so wide: it is read as a text.
const MARK: &str = "#";
const COMFORT: usize = 96;

/// Text going to the terminal, with the column it has reached.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) text: String,
    column: usize,
    width: Option<usize>,
}

impl Page {
    pub(super) fn new(width: Option<usize>) -> Self {
        Self { text: String::new(), column: 0, width }
    }

    pub(super) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Adds text that is known to be harmless and to hold no line break.
    pub(super) fn put(&mut self, ink: &Ink, text: &str) -> &mut Self {
        self.text.push_str(&ink.on);
        self.text.push_str(text);
        self.text.push_str(&ink.off);
        self.column += self.columns(text);
        self
    }

    /// The same, put together here.
    pub(super) fn write(&mut self, ink: &Ink, text: fmt::Arguments<'_>) -> &mut Self {
        self.text.push_str(&ink.on);
        let start = self.text.len();
        let _ = self.text.write_fmt(text); // a String takes everything
        self.column += self.columns(&self.text[start..]);
        self.text.push_str(&ink.off);
        self
    }

    pub(super) fn plain(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self.column += self.columns(text);
        self
    }

    pub(super) fn space(&mut self) -> &mut Self {
        self.plain(" ")
    }

    /// Fills up with spaces to a column.
    pub(super) fn to(&mut self, column: usize) -> &mut Self {
        while self.column < column {
            self.space();
        }
        self
    }

    pub(super) fn end(&mut self) -> &mut Self {
        self.text.push('\n');
        self.column = 0;
        self
    }

    /// How far a text goes. Where no line is ever full, only that it goes anywhere matters.
    fn columns(&self, text: &str) -> usize {
        if self.width.is_none() { text.len() } else { columns(text) }
    }

    /// Adds words, broken between words where the line is full and going on at column `indent`.
    pub(super) fn prose(&mut self, ink: &Ink, text: &str, indent: usize) -> &mut Self {
        if self.width.is_none() {
            return self.put(ink, text);
        }
        for (index, word) in text.split(' ').enumerate() {
            let wide = columns(word);
            let full = self.width.is_some_and(|width| self.column + 1 + wide > width);
            if index > 0 && full && self.column > indent {
                self.end().to(indent);
            } else if index > 0 {
                self.space();
            }
            self.put(ink, word);
        }
        self
    }

    /// Adds a line that is no traffic, as many lines as it needs. Further ones are indented as the first is.
    pub(super) fn marked(&mut self, ink: &Ink, text: &str) -> &mut Self {
        let room = self.width.map_or(COMFORT, |width| width.min(COMFORT));
        let words = text.trim_start();
        let indent = " ".repeat(text.len() - words.len());
        let mut line = format!("{MARK}{indent}");
        for word in words.split(' ') {
            if columns(&line) + 1 + columns(word) > room && line.len() > MARK.len() + indent.len() {
                self.put(ink, &line).end();
                line = format!("{MARK}{indent}");
            }
            line = line + " " + word;
        }
        self.put(ink, line.trim_end()).end()
    }

    /// Adds a list with commas, broken between items where the line is full.
    pub(super) fn list(&mut self, ink: &Ink, items: &[String], indent: usize) -> &mut Self {
        for (index, item) in items.iter().enumerate() {
            let last = index + 1 == items.len();
            let wide = columns(item) + usize::from(index > 0) + usize::from(!last);
            if index > 0 {
                self.gap(wide, indent);
            }
            self.put(ink, item);
            if !last {
                self.put(ink, ",");
            }
        }
        self
    }

    /// Goes on after a space, or on the next line if `wide` columns do not fit.
    pub(super) fn gap(&mut self, wide: usize, indent: usize) -> &mut Self {
        if self.width.is_some_and(|width| self.column + wide > width) {
            self.end().to(indent)
        } else {
            self.space()
        }
    }

    /// Adds text, cut with an ellipsis where the line is full.
    pub(super) fn cut(&mut self, ink: &Ink, text: &str) -> &mut Self {
        let Some(width) = self.width else { return self.put(ink, text) };
        let room = width.saturating_sub(self.column);
        if columns(text) <= room {
            return self.put(ink, text);
        }
        let mut end = 0;
        for (at, c) in text.char_indices() {
            if text[..at + c.len_utf8()].width() + 1 > room {
                break;
            }
            end = at + c.len_utf8();
        }
        let shown = format!("{}…", &text[..end]);
        self.put(ink, &shown)
    }
}

/// How many columns of a screen a text takes.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_texts_are_cut() {
        let ink = Ink::default();
        let mut page = Page::new(Some(20));
        page.plain("    ").prose(&ink, "one two three four five six", 4).end();
        page.plain("ab ").cut(&ink, "ünïcödé text 日本語 that is long").end();
        assert_eq!(page.text, "    one two three\n    four five six\nab ünïcödé text 日…\n");
        let mut page = Page::new(Some(20));
        page.marked(&ink, "one two three four five").marked(&ink, "").marked(&ink, "  a command");
        assert_eq!(page.text, "# one two three four\n# five\n#\n#   a command\n");
        let mut page = Page::new(None);
        page.prose(&ink, "one two three four five six seven", 4);
        assert_eq!(page.text, "one two three four five six seven");
    }
}
