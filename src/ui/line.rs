//! Building a line that knows how wide it is on the screen.

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::xml::Ink;

/// What is no traffic begins with this, and is at most so wide: it is read as a text.
const MARK: &str = "#";
const COMFORT: usize = 96;
/// A line that goes on does so this much further in.
const HANG: usize = 6;

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

    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// Whether so many columns do not fit on this line.
    pub(super) fn is_full(&self, wide: usize) -> bool {
        self.width.is_some_and(|width| self.column + wide > width)
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

    /// Goes on at column `indent` of the next line if what comes does not fit on this one, where it stands behind a space.
    fn room(&mut self, wide: usize, indent: usize) {
        if self.is_full(wide) && self.column > indent && self.text.ends_with(' ') {
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.end().to(indent);
        }
    }

    /// Adds words, broken between words where the line is full and going on at column `indent`.
    pub(super) fn prose(&mut self, ink: &Ink, text: &str, indent: usize) -> &mut Self {
        if self.width.is_none() {
            return self.put(ink, text);
        }
        let first = text.split(' ').next().unwrap_or_default();
        if !first.is_empty() {
            self.room(columns(first), indent);
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
            } else {
                self.room(wide, indent);
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
        if self.is_full(wide) { self.end().to(indent) } else { self.space() }
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

/// Lines as they stand on a screen of so many columns: those that are longer go on below themselves, behind what stands in
/// columns at their beginning, or further in.
pub fn wrapped(text: &str, width: Option<usize>) -> String {
    let mut page = Page::new(width);
    for line in text.lines() {
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let label = words.find("  ").map_or(0, |at| {
            let rest = words[at..].trim_start_matches(' ');
            columns(&words[..words.len() - rest.len()])
        });
        let deep = width.is_some_and(|width| indent + label > width / 2);
        let hang = indent + if label == 0 || deep { HANG } else { label };
        page.to(indent);
        // A run of spaces is that of columns, where no line breaks.
        let (columns, rest) = words.split_at(if deep { 0 } else { label.min(words.len()) });
        page.plain(columns).prose(&Ink::default(), rest, hang).end();
    }
    page.text
}

/// How many columns of a screen a text takes.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_too_long_go_on_below_themselves() {
        let text =
            "one two three four five\n    six seven eight nine\nkey    one two three four\n\nten\n";
        let shown = wrapped(text, Some(18));
        let expected = "one two three four\n      five\n    six seven\n          eight\n          nine\n\
                        key    one two\n       three four\n\nten\n";
        assert_eq!(shown, expected);
        assert_eq!(wrapped(text, None), text);
    }

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
        let mut page = Page::new(Some(20));
        page.plain("a name that is ").list(&ink, &["long".to_owned(), "1 stanza".to_owned()], 4);
        assert_eq!(page.text, "a name that is long,\n    1 stanza");
        let mut page = Page::new(Some(20));
        page.plain("a name that is ").list(&ink, &["longer".to_owned(), "1 stanza".to_owned()], 4);
        page.end().plain("a name that is ").prose(&ink, "longer than this", 4);
        assert_eq!(
            page.text,
            "a name that is\n    longer, 1 stanza\na name that is\n    longer than this"
        );
        // What does not fit anywhere stands where it is.
        let mut page = Page::new(Some(10));
        page.plain("    ").list(&ink, &["a longer item".to_owned()], 4);
        assert_eq!(page.text, "    a longer item");
        let mut page = Page::new(None);
        page.prose(&ink, "one two three four five six seven", 4);
        assert_eq!(page.text, "one two three four five six seven");
    }
}
