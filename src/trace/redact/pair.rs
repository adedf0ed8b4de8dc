//! The value that belongs to a name: `name=value`, `name='value'`, `"name": "value"`, `Name: value`, a field of a form,
//! and a value beside a label, as in `{"name":"token","value":"…"}`.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use super::head;
use super::marks::{Hit, begins_hidden, conceal};
use super::names::is_innocent_value;
use super::secrets::{ATTRIBUTES, Extent, INLINE, LABELLED, LABELS, SECRET_TYPES};

/// What kind of text it is, which says where a value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// A request target, or another URL alone.
    Target,
    /// A form: values end at a `&` alone.
    Form,
    /// XML.
    Markup,
    /// HTML.
    Page,
    /// JSON, header lines, words.
    Plain,
}

impl Ground {
    /// That of a content.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii();
        let text = text.strip_prefix(b"&").or(text.strip_prefix(b"?")).unwrap_or(text);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.[]%+$".contains(byte);
        let name = text.iter().take_while(|byte| is_name(byte)).count();
        let start = text[..text.len().min(14)].to_ascii_lowercase();
        match text {
            _ if start.starts_with(b"<html") || start.starts_with(b"<!doctype html") => Self::Page,
            [b'<', ..] => Self::Markup,
            _ if name > 0 && text.get(name) == Some(&b'=') && !text.contains(&b'\n') => Self::Form,
            _ => Self::Plain,
        }
    }
}

/// How far a label and its value may be apart.
const BESIDE: usize = 1024;
/// The longest index in brackets behind a name.
const INDEX: usize = 64;
/// So many tags may stand between a label and its value.
const INLINE_TAGS: usize = 4;
/// A tag is looked for so far before an attribute.
const TAG: usize = 2048;

/// Conceals the value of what has a secret's name.
pub(super) fn value(bytes: &[u8], name: &Range<usize>, ground: Ground, hits: &mut Vec<Hit>) {
    let before = &bytes[..name.start];
    if before.ends_with(b"xmlns:") || is_something_else(bytes, name) {
        return;
    }
    let is_closing = |byte: &&u8| matches!(byte, b']' | b'"' | b'\'' | b'\\');
    let closing = name.end + bytes[name.end..].iter().take_while(is_closing).count();
    let closing = closing + indices(&bytes[closing..]);
    let closing = closing + bytes[closing..].iter().take_while(is_closing).count();
    let quoted = bytes[name.end..closing].iter().any(|byte| matches!(byte, b'"' | b'\''));
    let separator = closing + space(&bytes[closing..]);
    match bytes.get(separator) {
        Some(b'=') => {
            let at = separator + 1 + usize::from(bytes.get(separator + 1) == Some(&b'>'));
            assigned(bytes, at, ground, hits);
        }
        Some(b':') if is_assigned(bytes, name, separator, quoted, ground) => {
            if !quoted && is_at_start(bytes, name) {
                header_line(bytes, name, hits);
            } else {
                let at = separator + 1 + space(&bytes[separator + 1..]);
                member(bytes, at, quoted, hits);
            }
        }
        // A pair in JSON: `["Cookie", "…"]`.
        Some(b',') if quoted && is_first(bytes, name) => {
            member(bytes, separator + 1 + space(&bytes[separator + 1..]), true, hits);
        }
        // It is a value itself: in quotes, or as `name=password`, or `name*=UTF-8''password`.
        _ if quoted
            || ground == Ground::Form
            || matches!(before, [.., b'='] | [.., b'\'', b'\''])
            || is_form_field(bytes, name) =>
        {
            labelled(bytes, name, hits);
        }
        _ => {}
    }
}

/// Whether a name in quotes is the first of a list.
fn is_first(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = &bytes[name.start.saturating_sub(TAG)..name.start];
    let open = before.iter().rposition(|byte| !matches!(byte, b'"' | b'\'' | b'\\'));
    let before = &before[..open.map_or(0, |at| at + 1)];
    before.trim_ascii_end().ends_with(b"[")
}

/// What a form or a header field has behind a name: `[first]`, `[0]`, `[]`, and the `*` of RFC 8187.
fn indices(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        let index = &bytes[at..bytes.len().min(at + INDEX)];
        let is_end = |byte: &u8| matches!(byte, b']' | b'=' | b'&' | b'"' | b'\n');
        match index.iter().position(is_end) {
            Some(end) if index[end] == b']' => at += end + 1,
            _ => return 0,
        }
    }
    at + usize::from(bytes.get(at) == Some(&b'*'))
}

/// An attribute that means something else in its element.
fn is_something_else(bytes: &[u8], name: &Range<usize>) -> bool {
    let attribute = &bytes[name.clone()];
    ATTRIBUTES.iter().any(|(element, known, extent)| {
        *extent == Extent::Nothing
            && attribute == known.as_bytes()
            && tag_before(bytes, name.start).is_some_and(|tag| tag.starts_with(element.as_bytes()))
    })
}

/// The tag in which this place is, without its `<`.
fn tag_before(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let before = &bytes[at.saturating_sub(TAG)..at];
    let start = memrchr(b'<', before)?;
    Some(&before[start + 1..])
}

/// Whether a `:` gives a value to a name, and is none of a prefix, nor of a sentence.
fn is_assigned(
    bytes: &[u8],
    name: &Range<usize>,
    colon: usize,
    quoted: bool,
    ground: Ground,
) -> bool {
    let before = bytes[..name.start].last();
    if quoted {
        return true;
    }
    if matches!(ground, Ground::Target | Ground::Form) || matches!(before, Some(b'<' | b'/')) {
        return false;
    }
    let value = bytes[colon + 1..].trim_ascii_start();
    let is_compound = bytes[name.clone()].iter().any(|byte| matches!(byte, b'-' | b'_'))
        || [&b"authorization"[..], b"cookie"]
            .iter()
            .any(|known| bytes[name.clone()].eq_ignore_ascii_case(known));
    ground == Ground::Plain
        || is_compound
        || matches!(value.first(), Some(b'"' | b'\''))
        || is_at_start(bytes, name)
            && (ground == Ground::Page || behind_inline(bytes, colon + 1) > colon + 1)
}

fn is_at_start(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = &bytes[..name.start];
    let line = memrchr(b'\n', before).map_or(0, |at| at + 1);
    before[line..].iter().all(|byte| matches!(byte, b' ' | b'\t'))
        || matches!(before.last(), Some(b'>'))
}

/// Conceals what is secret in a line of a head, and in the lines to which it is folded.
pub(super) fn header_line(bytes: &[u8], name: &Range<usize>, hits: &mut Vec<Hit>) {
    let Some(colon) = memchr(b':', &bytes[name.end..]).map(|at| name.end + at) else { return };
    if !bytes[name.end..colon].trim_ascii().is_empty() || !head::is_known(&bytes[name.clone()]) {
        return;
    }
    let markup = bytes[..name.start].contains(&b'<');
    let start = if markup { behind_inline(bytes, colon + 1) } else { colon + 1 };
    let mut end = start;
    loop {
        let line = memchr(b'\n', &bytes[end..]).map(|at| end + at);
        end = line.unwrap_or(bytes.len());
        match bytes.get(end + 1) {
            Some(b' ' | b'\t') if line.is_some() => end += 1,
            _ => break,
        }
    }
    // In a page, the line ends with the element that holds it.
    let stop = markup.then(|| memchr(b'<', &bytes[start..end])).flatten();
    head::value(&bytes[name.clone()], bytes, start..stop.map_or(end, |at| start + at), hits);
}

/// Where a value begins that stands behind tags which only say how the label looks: `<b>Password:</b> <i>value</i>`.
fn behind_inline(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    for _ in 0..INLINE_TAGS {
        let tag = at + space(&bytes[at..]);
        let Some(inside) = bytes[tag..].strip_prefix(b"<") else { break };
        let Some(end) = memchr(b'>', &inside[..inside.len().min(TAG)]) else { break };
        let name = inside[..end].strip_prefix(b"/").unwrap_or(&inside[..end]);
        let name = name.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if !is_one_of(name, INLINE) {
            break;
        }
        at = tag + 1 + end + 1;
    }
    at
}

/// Conceals what is assigned by `=`.
fn assigned(bytes: &[u8], at: usize, ground: Ground, hits: &mut Vec<Hit>) {
    let is_parameter = matches!(ground, Ground::Target | Ground::Form);
    let at = if is_parameter { at } else { at + space(&bytes[at..]) };
    if begins_hidden(&bytes[at..]) {
        return;
    }
    match bytes.get(at) {
        Some(quote @ (b'"' | b'\'')) if !is_parameter => {
            let value = at + 1;
            let end = memchr(*quote, &bytes[value..]).map_or(bytes.len(), |len| value + len);
            keep_or_conceal(bytes, value..end, hits);
        }
        Some(b'\\') if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => escaped(bytes, at, hits),
        Some(_) => {
            let is_end = |byte: &u8| match ground {
                Ground::Form => *byte == b'&',
                Ground::Target => matches!(byte, b'&' | b'#'),
                Ground::Markup | Ground::Page | Ground::Plain => {
                    byte.is_ascii_whitespace() || matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')
                }
            };
            let rest = &bytes[at..];
            let len = rest.iter().position(is_end).unwrap_or(rest.len());
            keep_or_conceal(bytes, at..at + len, hits);
        }
        None => {}
    }
}

/// Conceals a value in quotes that are escaped.
fn escaped(bytes: &[u8], at: usize, hits: &mut Vec<Hit>) {
    let value = at + 2;
    let end = memmem::find(&bytes[value..], &bytes[at..value]);
    keep_or_conceal(bytes, value..end.map_or(bytes.len(), |len| value + len), hits);
}

/// Conceals the value of a member of an object, as JSON, JavaScript and YAML write it.
fn member(bytes: &[u8], at: usize, quoted: bool, hits: &mut Vec<Hit>) {
    if begins_hidden(&bytes[at..]) {
        return;
    }
    let rest = &bytes[at..];
    match rest.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let len = string(&rest[1..], *quote);
            keep_or_conceal(bytes, at + 1..at + 1 + len, hits);
        }
        Some(b'\\') if matches!(rest.get(1), Some(b'"' | b'\'')) => escaped(bytes, at, hits),
        Some(b'{' | b'[') => conceal(bytes, at..at + container(rest), hits),
        Some(_) => {
            let is_end = |byte: &u8| {
                matches!(byte, b'\r' | b'\n' | b'<') || quoted && matches!(byte, b',' | b'}' | b']')
            };
            let len = rest.iter().position(is_end).unwrap_or(rest.len());
            keep_or_conceal(bytes, at..at + rest[..len].trim_ascii_end().len(), hits);
        }
        None => {}
    }
}

fn keep_or_conceal(bytes: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    if !is_innocent_value(&bytes[range.clone()]) {
        conceal(bytes, range, hits);
    }
}

/// The length of a string up to its closing quote, or of all that there is.
fn string(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(quote, b'\\', &text[at..]) {
        if text[at + found] == quote {
            return at + found;
        }
        at = (at + found + 2).min(text.len());
    }
    text.len()
}

/// The length of an object or a list with its brackets, or of all that there is.
fn container(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b'"' => at += 1 + string(&text[at + 1..], b'"'),
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// A secret's name that is itself a value: conceals the value that it labels.
fn labelled(bytes: &[u8], name: &Range<usize>, hits: &mut Vec<Hit>) {
    if is_form_field(bytes, name) {
        return form_field(bytes, name, hits);
    }
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\');
    let before = &bytes[name.start.saturating_sub(BESIDE)..name.start];
    let open = before.iter().rposition(|byte| !is_quote(byte)).map_or(0, |at| at + 1);
    let sign = before[..open].trim_ascii_end();
    let Some((b':' | b'=', label)) = sign.split_last() else { return };
    let label = label.trim_ascii_end();
    let label = &label[..label.iter().rposition(|byte| !is_quote(byte)).map_or(0, |at| at + 1)];
    let start = label.iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
    let is_type =
        is_one_of(&label[start..], &["type"]) && is_one_of(&bytes[name.clone()], SECRET_TYPES);
    if !is_type && !is_one_of(&label[start..], LABELS) {
        return;
    }
    // The object, or the form, in which both are. Elements are looked at elsewhere.
    let first = label[..start].iter().rposition(|byte| matches!(byte, b'{' | b'<' | b'\n'));
    let from = name.start - before.len() + first.map_or(0, |at| at + 1);
    let behind = &bytes[name.end..bytes.len().min(name.end + BESIDE)];
    let last = behind.iter().position(|byte| matches!(byte, b'}' | b'>'));
    let to = name.end + last.unwrap_or(behind.len());
    let mut at = from;
    while at < to {
        let Some(begin) = bytes[at..to].iter().position(|byte| is_word(*byte)) else { break };
        let begin = at + begin;
        let len = bytes[begin..to].iter().take_while(|byte| is_word(**byte)).count();
        at = begin + len;
        if !is_one_of(&bytes[begin..at], LABELLED) {
            continue;
        }
        let mut sign = at;
        while bytes.get(sign).is_some_and(is_quote) {
            sign += 1;
        }
        sign += space(&bytes[sign..]);
        match bytes.get(sign) {
            Some(b':') => {
                let value = sign + 1 + space(&bytes[sign + 1..]);
                member(bytes, value, true, hits);
            }
            Some(b'=') => assigned(bytes, sign + 1, Ground::Plain, hits),
            _ => {}
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// The line of a part of `multipart/form-data` that says its name (RFC 7578 section 4.2).
pub(super) fn is_form_field(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = &bytes[name.start.saturating_sub(BESIDE)..name.start];
    // A line that begins with a space goes on with the one before.
    let mut line = before.len();
    loop {
        line = memrchr(b'\n', &before[..line.saturating_sub(1)]).map_or(0, |at| at + 1);
        if line == 0 || !matches!(before.get(line), Some(b' ' | b'\t')) {
            break;
        }
    }
    let mut lower = before[line..].to_ascii_lowercase();
    lower.retain(|byte| !byte.is_ascii_whitespace());
    memmem::find(&lower, b"form-data").is_some()
        && [&b"name="[..], b"name*="].iter().any(|name| memmem::find(&lower, name).is_some())
}

fn form_field(bytes: &[u8], name: &Range<usize>, hits: &mut Vec<Hit>) {
    let rest = &bytes[name.end..];
    let blank = [&b"\r\n\r\n"[..], b"\n\n"]
        .into_iter()
        .filter_map(|blank| memmem::find(rest, blank).map(|at| name.end + at + blank.len()));
    let Some(start) = blank.min() else { return };
    let end = memmem::find(&bytes[start..], b"\n--").map_or(bytes.len(), |at| start + at);
    let end = if bytes[..end].ends_with(b"\r") && end > start { end - 1 } else { end };
    conceal(bytes, start..end, hits);
}

/// How much of this is white space.
fn space(bytes: &[u8]) -> usize {
    bytes.len() - bytes.trim_ascii_start().len()
}
