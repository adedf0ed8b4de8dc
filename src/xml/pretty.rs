//! The pretty printer: one element per line, every byte of it as it was sent.
//!
//! Nothing is parsed and written again; slices of the source are copied, and only white space between
//! elements is replaced. So prefixes, quotes, references and the order of attributes stay visible.

use super::layout::{Kind, OPEN, Piece, layout};
use super::paint::{Ink, Margin, Paint, lines, spaces, tag};

/// Columns per level.
const STEP: usize = 2;
/// Columns by which the lines of one tag or text are indented further.
const CONTINUED: usize = 4;
/// White space as XML knows it; other characters that Unicode calls white space stay.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
/// Deeper levels are not indented further, or the output would be quadratic in the depth.
const DEEPEST: usize = 64;

/// How [`pretty`] prints.
#[derive(Clone, Debug, Default)]
pub struct Pretty {
    /// The column of the outermost elements.
    pub indent: usize,
    /// Start tags that reach beyond this column are continued on further lines.
    pub width: Option<usize>,
    /// Colours.
    pub paint: Paint,
}

/// Appends `source` to `out`, one element per line, each line ending in a newline.
///
/// Elements with text in them are kept as sent, on one line as far as the text has none itself; line
/// breaks within text, tags and comments are kept and what follows them is indented. Where the source
/// stops being well-formed, the rest follows as it is, indented alike.
pub fn pretty(source: &str, options: &Pretty, out: &mut String) {
    let pieces = layout(source.as_bytes());
    let end = pieces.last().map_or(0, |piece| piece.end);
    let mut printer = Printer {
        source,
        options,
        plain: options.paint.is_plain() && options.width.is_none(),
        one_line: memchr::memchr(b'\n', source.as_bytes()).is_none(),
        depth: 0,
        out,
    };
    printer.out.reserve(source.len() + pieces.len() * 8);
    let within = printer.pieces(&pieces);
    let rest = source[end..].trim_end_matches(SPACE);
    if !rest.is_empty() {
        if !within {
            printer.indent();
        }
        printer.copy(rest, &options.paint.text);
    }
    if within || !rest.is_empty() {
        printer.out.push('\n');
    }
}

struct Printer<'a> {
    source: &'a str,
    options: &'a Pretty,
    /// Neither colours nor wrapping: tags need not be looked into.
    plain: bool,
    /// No line break anywhere in the source.
    one_line: bool,
    depth: usize,
    out: &'a mut String,
}

impl Printer<'_> {
    /// Prints the pieces; true when the last line is not ended, because its element is not.
    fn pieces(&mut self, pieces: &[Piece]) -> bool {
        let mut start = 0;
        let mut index = 0;
        while let Some(&piece) = pieces.get(index) {
            let span = start..piece.end;
            index += 1;
            start = piece.end;
            match piece.kind {
                Kind::Space => continue,
                Kind::Start if piece.inline => {
                    self.indent();
                    let last = piece.close.min(pieces.len() - 1);
                    let end = pieces[last].end;
                    if self.plain {
                        self.copy(&self.source[span.start..end], &Ink::default());
                    } else {
                        self.tag(&self.source[span]);
                        self.inline(start, &pieces[index..=last]);
                    }
                    if piece.close == OPEN {
                        return true;
                    }
                    index = last + 1;
                    start = end;
                }
                Kind::Start => {
                    self.indent();
                    self.tag(&self.source[span]);
                    self.depth += 1;
                }
                Kind::End => {
                    self.depth = self.depth.saturating_sub(1);
                    self.indent();
                    self.tag(&self.source[span]);
                }
                Kind::Empty => {
                    self.indent();
                    self.tag(&self.source[span]);
                }
                Kind::Text => {
                    self.indent();
                    self.copy(self.source[span].trim_matches(SPACE), &self.options.paint.text);
                }
                Kind::CData => {
                    self.indent();
                    self.copy(&self.source[span], &self.options.paint.text);
                }
                Kind::Comment | Kind::Other => {
                    self.indent();
                    self.copy(&self.source[span], &self.options.paint.comment);
                }
            }
            self.out.push('\n');
        }
        false
    }

    /// The content of an element with text, unaltered but for its colours.
    fn inline(&mut self, mut start: usize, pieces: &[Piece]) {
        let margin = Margin { width: usize::MAX, ..self.margin() };
        let paint = &self.options.paint;
        for piece in pieces {
            let slice = &self.source[start..piece.end];
            match piece.kind {
                Kind::Start | Kind::Empty | Kind::End => tag(slice, margin, paint, self.out),
                Kind::Text | Kind::Space | Kind::CData => self.copy(slice, &paint.text),
                Kind::Comment | Kind::Other => self.copy(slice, &paint.comment),
            }
            start = piece.end;
        }
    }

    fn tag(&mut self, slice: &str) {
        if self.plain {
            self.copy(slice, &Ink::default());
        } else {
            tag(slice, self.margin(), &self.options.paint, self.out);
        }
    }

    fn copy(&mut self, slice: &str, ink: &Ink) {
        if self.plain && self.one_line {
            self.out.push_str(slice);
        } else {
            lines(slice, self.margin().continued, ink, self.out);
        }
    }

    fn indent(&mut self) {
        spaces(self.column(), self.out);
    }

    fn column(&self) -> usize {
        self.options.indent + self.depth.min(DEEPEST) * STEP
    }

    fn margin(&self) -> Margin {
        let start = self.column();
        let width = self.options.width.unwrap_or(usize::MAX);
        Margin { start, continued: start + CONTINUED, width }
    }
}

#[cfg(test)]
#[path = "pretty_tests.rs"]
mod tests;
