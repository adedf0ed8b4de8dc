//! Colours for the pretty printer, and the painting of tags.

use super::tokens::{Attribute, attributes, is_space};

/// What goes before and behind a painted piece, such as terminal escapes or HTML tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ink {
    /// Goes before it.
    pub on: String,
    /// Goes behind it.
    pub off: String,
}

/// The inks of the parts of XML; all empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Element names.
    pub tag: Ink,
    /// Attribute names.
    pub attribute: Ink,
    /// Attribute values with their quotes.
    pub value: Ink,
    /// Namespace declarations, name and value.
    pub namespace: Ink,
    /// Character data.
    pub text: Ink,
    /// `<`, `>`, `/`, `=`
    pub punctuation: Ink,
    /// Comments, processing instructions, document types.
    pub comment: Ink,
}

impl Ink {
    fn is_plain(&self) -> bool {
        self.on.is_empty() && self.off.is_empty()
    }
}

impl Paint {
    /// Whether no ink puts anything anywhere.
    pub fn is_plain(&self) -> bool {
        [
            &self.tag,
            &self.attribute,
            &self.value,
            &self.namespace,
            &self.text,
            &self.punctuation,
            &self.comment,
        ]
        .into_iter()
        .all(Ink::is_plain)
    }
}

/// Appends `text`; each of its lines but the first is indented by `margin` columns, so that no text can
/// look like a line of ours. The ink is lifted at line ends.
pub(super) fn lines(text: &str, margin: usize, ink: &Ink, out: &mut String) {
    if text.is_empty() {
        return;
    }
    out.push_str(&ink.on);
    let mut rest = text;
    while let Some(newline) = memchr::memchr(b'\n', rest.as_bytes()) {
        out.push_str(&rest[..newline]);
        out.push_str(&ink.off);
        out.push('\n');
        spaces(margin, out);
        out.push_str(&ink.on);
        rest = &rest[newline + 1..];
    }
    out.push_str(rest);
    out.push_str(&ink.off);
}

pub(super) fn spaces(mut count: usize, out: &mut String) {
    const SPACES: &str = "                                                                ";
    while count > SPACES.len() {
        out.push_str(SPACES);
        count -= SPACES.len();
    }
    out.push_str(&SPACES[..count]);
}

/// Where lines of a tag that does not fit are continued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margin {
    /// The column of the tag.
    pub(super) start: usize,
    /// The column of further lines.
    pub(super) continued: usize,
    /// The last column that may be used.
    pub(super) width: usize,
}

/// Appends a start or end tag as sent, but painted, and with a line break instead of the white space
/// before attributes that do not fit.
pub(super) fn tag(source: &str, margin: Margin, paint: &Paint, out: &mut String) {
    let bytes = source.as_bytes();
    let name = if bytes.get(1) == Some(&b'/') { 2 } else { 1 };
    let length = bytes[name..]
        .iter()
        .position(|&byte| is_space(byte) || matches!(byte, b'/' | b'>' | b'=' | b'"' | b'\''));
    let mut at = length.map_or(source.len(), |length| name + length);
    let copied = |text: &str, ink: &Ink, out: &mut String| lines(text, margin.continued, ink, out);
    copied(&source[..name], &paint.punctuation, out);
    copied(&source[name..at], &paint.tag, out);
    let wraps = margin.width < usize::MAX && margin.start + columns(source) > margin.width;
    let mut column = margin.start + columns(&source[..at]);
    if name == 1 {
        for Attribute { name, value, quote } in attributes(bytes) {
            let quotes = usize::from(quote.is_some());
            let (value_start, end) = (value.start - quotes, (value.end + quotes).min(source.len()));
            let (gap, shown) = (&source[at..name.start], &source[name.start..end]);
            let length = if wraps { columns(shown) } else { 0 };
            // The bracket that closes the tag stands with the last attribute.
            let closes = bytes[end..]
                .iter()
                .all(|byte| is_space(*byte) || matches!(byte, b'/' | b'>' | b'?'));
            let bracket = if closes { bytes.len() - end } else { 0 };
            if wraps
                && column + 1 + length + bracket > margin.width
                && column > margin.continued
                && gap.bytes().all(is_space)
            {
                out.push('\n');
                spaces(margin.continued, out);
                column = margin.continued + length;
            } else {
                copied(gap, &Ink::default(), out);
                column += columns(gap) + length;
            }
            let declaration = shown.starts_with("xmlns")
                && matches!(bytes.get(name.start + 5), Some(b':' | b'=' | b' '));
            let (name_ink, value_ink) = if declaration {
                (&paint.namespace, &paint.namespace)
            } else {
                (&paint.attribute, &paint.value)
            };
            copied(&source[name.clone()], name_ink, out);
            copied(&source[name.end..value_start], &paint.punctuation, out);
            copied(&source[value_start..end], value_ink, out);
            at = end;
        }
    }
    copied(&source[at..], &paint.punctuation, out);
}

fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
