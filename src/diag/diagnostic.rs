//! A mistake, with the place where it was made.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

/// Of a line that is longer, only the part around the mistake is shown.
const LONGEST_LINE: usize = 400;
/// As much of a long line is shown before the mistake.
const BEFORE: usize = 80;
/// A mistake that spans more lines is shown by the first of them.
const MOST_LINES: usize = 50;
/// Longer messages, labels and helps are cut.
const LONGEST_WORDS: usize = 2000;

use super::sanitise::{of_same_length, one_line, sanitise};

/// Says what is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where the source comes from: a file's path, or the name of an option.
    pub name: String,
    /// The whole source, which all its mistakes share.
    pub source: Arc<str>,
    /// The bytes of the source that are meant; an empty range is a place between two bytes.
    pub span: Range<usize>,
    /// What is to be said of just these bytes; may be empty.
    pub label: String,
    /// What to do instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake in these bytes of the value of an option.
    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    pub fn in_option(
        (option, value): (&str, &str),
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<Self> {
        Box::new(Self {
            message: message.into(),
            name: option.to_owned(),
            source: value.into(),
            span,
            label: label.into(),
            help: Some(help.into()).filter(|help| !help.is_empty()),
        })
    }

    /// The text for a person, several lines without a line break at the end.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let excerpt = Excerpt::of(&self.source, on_characters(&self.source, &self.span));
        // Some of what is unsafe the renderer leaves as it is; the stand-ins are as long, so places stay right.
        let shown = of_same_length(excerpt.text);
        let shown = veiled(&shown);
        let [message, label] = [&self.message, &self.label].map(|text| cut(text));
        let [message, label] = [sanitise(&message), sanitise(&label)];
        let name = one_line(&self.name);
        let help = self.help.as_deref().map(cut);
        let help = help.as_deref().map(sanitise);
        let annotation = AnnotationKind::Primary.span(excerpt.span);
        let annotation = match &*label {
            "" => annotation,
            label => annotation.label(label),
        };
        let snippet = Snippet::source(&*shown).line_start(excerpt.line).annotation(annotation);
        let group = Level::ERROR.primary_title(&*message);
        let group = match excerpt.column {
            None => group.element(snippet.path(&*name)),
            Some(column) => {
                let origin = Origin::path(&*name).line(excerpt.line).char_column(column);
                group.element(origin).element(snippet)
            }
        };
        let group = match &help {
            Some(help) => group.element(Level::HELP.message(&**help)),
            None => group,
        };
        renderer.render(&[group])
    }
}

/// What begins the names whose values are not shown: logs of jobs are read by others.
const SECRET: [&str; 5] = ["passw", "pasw", "passphrase", "secret", "token"];

/// The same text with stars for the values of passwords, and for what a URL says of users. Places stay right, since it is as long.
fn veiled(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let named = SECRET.iter().flat_map(|name| lower.match_indices(name));
    let values = named.filter_map(|(key, _)| value_of(text, key));
    let users = lower.match_indices("//").filter_map(|(at, _)| user_in(text, at + 2));
    let mut veiled: Option<Vec<u8>> = None;
    for value in values.chain(users) {
        let bytes = veiled.get_or_insert_with(|| text.as_bytes().to_vec());
        bytes[value].fill(b'*');
    }
    veiled.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Where the user information is of the URL whose authority begins here.
fn user_in(text: &str, start: usize) -> Option<Range<usize>> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '$');
    let rest = &text[start..];
    let rest = &rest[..rest.find(is_end).unwrap_or(rest.len())];
    let end = rest.rfind('@')?;
    rest[..end].contains(':').then_some(start..start + end)
}

/// Where the value of the key that stands here is, as YAML or a URL writes it. A variable's name may be seen.
fn value_of(text: &str, key: usize) -> Option<Range<usize>> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'');
    let rest = &text[key..];
    let colon = key + rest.find(|c| !is_name(c))?;
    if let Some(parameter) = text[colon..].strip_prefix('=') {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | '#' | '$');
        let start = text.len() - parameter.len();
        let end = parameter.find(is_end).unwrap_or(parameter.len());
        return (end > 0).then_some(start..start + end);
    }
    let behind = text[colon..].trim_start_matches(' ').strip_prefix(':')?;
    let value = behind.trim_start_matches(' ');
    let start = text.len() - value.len();
    if value.trim_start_matches(['"', '\'']).starts_with('$') {
        return None;
    }
    let line = value.find('\n').unwrap_or(value.len());
    let end = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..line].find(quote).map_or(line, |at| at + 2),
        '[' | '{' => line,
        _ => value[..line].find([',', '}', ']']).unwrap_or(line),
    };
    let end = value[..end].trim_end().len();
    (end > 0).then_some(start..start + end)
}

/// What is shown of a source: the lines of a span.
struct Excerpt<'a> {
    text: &'a str,
    /// The number of its first line, from 1.
    line: usize,
    /// The column of the span, if the line is cut before it.
    column: Option<usize>,
    /// The span within the text.
    span: Range<usize>,
}

impl<'a> Excerpt<'a> {
    fn of(source: &'a str, span: Range<usize>) -> Self {
        let before = &source[..span.start];
        // Behind the last line break there is no line to be shown; the one before it is.
        let last = span.start == source.len() && before.ends_with('\n');
        let above = if last { before.strip_suffix('\n').unwrap_or(before) } else { before };
        let start = above.rfind('\n').map_or(0, |end| end + 1);
        let line = 1 + memchr::memchr_iter(b'\n', &source.as_bytes()[..start]).count();
        let mut ends = source[span.start..].match_indices('\n').map(|(at, _)| span.start + at);
        let first = if last { span.start } else { ends.next().unwrap_or(source.len()) };
        if first - start > LONGEST_LINE {
            let from = boundary(source, start.max(span.start.saturating_sub(BEFORE)));
            let to = boundary(source, first.min(from + LONGEST_LINE));
            let column = 1 + source[start..span.start].chars().count();
            let span = span.start - from..span.end.min(to) - from;
            return Self { text: &source[from..to], line, column: Some(column), span };
        }
        let mut end = first;
        for _ in 1..MOST_LINES {
            if end >= span.end {
                break;
            }
            let next = ends.next().unwrap_or(source.len());
            if next - end > LONGEST_LINE {
                break;
            }
            end = next;
        }
        let span = span.start - start..span.end.min(end) - start;
        Self { text: &source[start..end], line, column: None, span }
    }
}

/// The start of the character at this byte.
fn boundary(source: &str, mut at: usize) -> usize {
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The text, if it is not too long to be read.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_WORDS {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..boundary(text, LONGEST_WORDS)]))
}

/// The span, within the source and never inside of a character.
fn on_characters(source: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, source.len());
    while !source.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::sanitise::is_unsafe;

    fn diagnostic(source: &str, span: Range<usize>) -> Diagnostic {
        Diagnostic {
            message: "`wiat` is not a key of a session".to_owned(),
            name: "scenarios/hold.yaml".to_owned(),
            source: source.into(),
            span,
            label: "unknown key".to_owned(),
            help: Some("did you mean `wait`?".to_owned()),
        }
    }

    #[test]
    fn the_place_is_marked() {
        let plain = diagnostic("session:\n  wiat: 5\n", 11..15).render(false);
        insta::assert_snapshot!(plain, @r#"
        error: `wiat` is not a key of a session
         --> scenarios/hold.yaml:2:3
          |
        2 |   wiat: 5
          |   ^^^^ unknown key
          |
          = help: did you mean `wait`?
        "#);
    }

    #[test]
    fn a_label_and_help_may_be_missing() {
        let mut diagnostic = diagnostic("wiat: 5", 0..4);
        diagnostic.label.clear();
        diagnostic.help = None;
        insta::assert_snapshot!(diagnostic.render(false), @r#"
        error: `wiat` is not a key of a session
         --> scenarios/hold.yaml:1:1
          |
        1 | wiat: 5
          | ^^^^
        "#);
    }

    #[test]
    fn the_end_of_the_source_is_a_place() {
        insta::assert_snapshot!(diagnostic("wait", 4..4).render(false), @r#"
        error: `wiat` is not a key of a session
         --> scenarios/hold.yaml:1:5
          |
        1 | wait
          |     ^ unknown key
          |
          = help: did you mean `wait`?
        "#);
        insta::assert_snapshot!(diagnostic("", 0..0).render(false), @r#"
        error: `wiat` is not a key of a session
         --> scenarios/hold.yaml:1:1
          |
        1 |
          | ^ unknown key
          |
          = help: did you mean `wait`?
        "#);
    }

    #[test]
    fn of_a_long_line_and_of_many_lines_only_a_part_is_shown() {
        let line = format!("a\n{}wiat{}", "é".repeat(50_000), "x".repeat(900_000));
        let text = diagnostic(&line, 100_002..100_006).render(false);
        assert!(text.contains(" --> scenarios/hold.yaml:2:50001\n"), "{text}");
        assert!(text.contains("wiatx") && text.len() < 2000, "{text}");
        let lines = "a: 1\n".repeat(200_000);
        assert!(diagnostic(&lines, 0..lines.len()).render(false).len() < 5000);
        let mut long = diagnostic("wiat", 0..4);
        long.message = "é".repeat(1_000_000);
        assert!(long.render(false).len() < 3000);
    }

    #[test]
    fn a_span_that_is_off_does_no_harm() {
        for (start, end) in [(1, 2), (0, 99), (99, 100), (3, 1)] {
            diagnostic("é\r\nß", start..end).render(false);
        }
    }

    #[test]
    fn control_characters_of_the_source_do_not_reach_the_terminal() {
        let hostile = "a\x1b[31m\x07\u{9b}\u{202e}\u{200b}\u{feff}\u{e0041}b";
        let mut diagnostic = diagnostic(hostile, 0..1);
        for field in [&mut diagnostic.message, &mut diagnostic.name, &mut diagnostic.label] {
            hostile.clone_into(field);
        }
        diagnostic.help = Some(hostile.to_owned());
        let text = diagnostic.render(false);
        assert!(!text.contains(|c| c != '\n' && is_unsafe(c)), "{text:?}");
    }

    #[test]
    fn colour_only_on_demand() {
        let diagnostic = diagnostic("wiat: 5", 0..4);
        assert!(diagnostic.render(true).contains("\x1b["));
        assert!(!diagnostic.render(false).contains('\x1b'));
    }

    #[test]
    fn passwords_are_not_shown_with_a_mistake_beside_them() {
        for (text, shown) in [
            ("{ password: 'top', bogus: 1 }", "{ password: *****, bogus: 1 }"),
            ("pasword: top", "pasword: ***"),
            ("\"Password\" : tüp # x", "\"Password\" : ********"),
            ("password: [top]", "password: *****"),
            ("secret: \"a", "secret: **"),
            ("password: ${env.PW}", "password: ${env.PW}"),
            ("password: '${env.PW}'", "password: '${env.PW}'"),
            ("password:", "password:"),
            ("url: http://u:top@h/x", "url: http://*****@h/x"),
            ("'http://h/x?token=top&b=c'", "'http://h/x?token=***&b=c'"),
            ("http://h/x?token=${env.T}", "http://h/x?token=${env.T}"),
            ("http://h/x a@b:c", "http://h/x a@b:c"),
            ("the password is", "the password is"),
        ] {
            assert_eq!(veiled(text), shown);
        }
    }
}
