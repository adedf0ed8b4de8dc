//! YAML as a tree in which every value keeps its place. The only file here that knows the parser.
//!
//! The parser's events are used and not serde: a plain scalar stays the text that was written (`1.10` is no number),
//! keys have places too, and a mistake in one value does not end the reading of the others. What scenarios have no
//! use for (anchors, tags, several documents) is refused.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use serde_saphyr::granit_parser::{self, Event, Marker, Parser, ScalarStyle, Span};

use super::source::{Located, Place, Source};
use crate::diag::{Diagnostic, Mistakes};

/// Lists and mappings deeper within each other are refused: each level takes stack.
const DEEPEST: usize = 64;

/// A value.
#[derive(Debug, Clone)]
pub(super) struct Yaml {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// What a value may be.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Any scalar.
    Text(Text),
    List(Vec<Yaml>),
    /// Keys in the order written, each once.
    Map(Vec<(Located<String>, Yaml)>),
}

/// A scalar, with the places of its bytes.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) value: String,
    place: Place,
    style: ScalarStyle,
    /// Where its bytes were written, once that was asked for.
    offsets: OnceCell<Vec<usize>>,
}

impl Text {
    /// Where these bytes of the text were written.
    pub(super) fn place(&self, bytes: std::ops::Range<usize>) -> Place {
        let written = self.place.text();
        let offsets = self.offsets.get_or_init(|| offsets(&self.value, written, self.style));
        let at = |offset: usize| offsets.get(offset).copied().unwrap_or(written.len());
        let start = at(bytes.start);
        // The end is behind the last byte meant, not before the next: a line break may lie between.
        let end = if bytes.is_empty() { start } else { at(bytes.end - 1) + 1 };
        self.place.part(start..end.max(start))
    }
}

/// For each byte of a scalar its offset in what was written, and that of the end. Indentation, folding and escapes are
/// stepped over by comparing both, since the parser keeps no such table.
fn offsets(text: &str, written: &str, style: ScalarStyle) -> Vec<usize> {
    let mut at = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        // Behind the header, `|-` or so, if the place begins with it.
        ScalarStyle::Literal | ScalarStyle::Folded if written.starts_with(['|', '>']) => {
            written.find('\n').map_or(written.len(), |end| end + 1)
        }
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => 0,
    };
    let mut offsets = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        loop {
            let rest = &written[at.min(written.len())..];
            let Some(next) = rest.chars().next() else {
                offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
                break;
            };
            if style == ScalarStyle::DoubleQuoted && next == '\\' && !rest.starts_with("\\\n") {
                let length = match rest.as_bytes().get(1) {
                    Some(b'x') => 4,
                    Some(b'u') => 6,
                    Some(b'U') => 10,
                    _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                };
                offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
                at += length;
            } else if next == c {
                offsets.extend((0..c.len_utf8()).map(|byte| at + byte));
                at += c.len_utf8();
                if style == ScalarStyle::SingleQuoted && c == '\'' {
                    at += 1; // it is written twice
                }
            } else if next.is_whitespace() || next == '\\' {
                at += next.len_utf8();
                continue;
            } else {
                // A folded line break, or an empty line that was kept.
                offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
            }
            break;
        }
    }
    offsets.push(at.min(written.len()));
    offsets
}

/// Reads the one document of a file; nothing if it is empty. Mistakes that leave the rest readable are noted.
pub(super) fn read(source: &Arc<Source>, mistakes: &mut Mistakes) -> Option<Yaml> {
    let mut builder = Builder { source, mistakes, open: Vec::new(), root: None };
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        match event {
            Ok((Event::DocumentStart(..), span)) if builder.root.is_some() => {
                builder.second(span);
                break;
            }
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                let mistake = builder.not_yaml(error.marker(), &error.info());
                builder.mistakes.push(mistake);
                return None;
            }
        }
    }
    builder.root
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    mistakes: &'a mut Mistakes,
    open: Vec<Open>,
    root: Option<Yaml>,
}

/// A list or map whose end has not come.
struct Open {
    start: usize,
    /// The end of what is in it.
    end: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Yaml>),
    Map { pairs: Vec<(Located<String>, Yaml)>, names: HashSet<String>, key: Key },
}

/// The key whose value is due.
enum Key {
    None,
    Good(Located<String>),
    /// A second one of that name, or no text: its value is left out.
    Bad,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) {
        let place = self.place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_only(anchor, tag.is_some(), &place);
                let place = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => trimmed(place),
                    _ => place,
                };
                let text = text.into_owned();
                let null = style == ScalarStyle::Plain
                    && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
                let value = if null {
                    Value::Null
                } else {
                    let place = place.clone();
                    Value::Text(Text { value: text, place, style, offsets: OnceCell::new() })
                };
                self.put(Yaml { value, place });
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.plain_only(anchor, tag.is_some(), &place);
                self.begin(&place, Kind::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.plain_only(anchor, tag.is_some(), &place);
                let (pairs, names) = (Vec::new(), HashSet::new());
                self.begin(&place, Kind::Map { pairs, names, key: Key::None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&place),
            Event::Alias(_) => {
                self.mistakes.push(refused(&place, "aliases"));
                self.put(Yaml { value: Value::Null, place });
            }
            _ => {}
        }
    }

    /// What follows the one document is not read.
    fn second(&mut self, span: Span) {
        let mut mistake = self.place(span).mistake("a second document in one file", "begins here");
        mistake.help = Some("put each scenario and each target into its own file".to_owned());
        self.mistakes.push(mistake);
    }

    fn begin(&mut self, place: &Place, kind: Kind) {
        self.open.push(Open { start: place.span.start, end: place.span.end, kind });
    }

    fn end(&mut self, place: &Place) {
        let Some(open) = self.open.pop() else { return };
        // In block style the end event stands at what follows; in flow style at the bracket.
        let bracket = matches!(place.text(), "]" | "}");
        let end = if bracket { place.span.end } else { open.end };
        let span = open.start..end.max(open.start);
        let place = Place { source: Arc::clone(self.source), span };
        let value = match open.kind {
            Kind::List(items) => Value::List(items),
            Kind::Map { pairs, .. } => Value::Map(pairs),
        };
        self.put(Yaml { value, place });
    }

    fn put(&mut self, node: Yaml) {
        let Some(open) = self.open.last_mut() else {
            if self.root.is_none() {
                self.root = Some(node);
            }
            return;
        };
        open.end = open.end.max(node.place.span.end);
        match &mut open.kind {
            Kind::List(items) => items.push(node),
            Kind::Map { pairs, names, key } => match std::mem::replace(key, Key::None) {
                Key::Good(name) => pairs.push((name, node)),
                Key::Bad => {}
                Key::None => {
                    let Value::Text(text) = node.value else {
                        self.mistakes.push(node.place.mistake("a key must be a string", ""));
                        *key = Key::Bad;
                        return;
                    };
                    if !names.insert(text.value.clone()) {
                        let message = format!("duplicate key `{}`", text.value);
                        self.mistakes.push(node.place.mistake(message, ""));
                        *key = Key::Bad;
                        return;
                    }
                    *key = Key::Good(Located::new(text.value, node.place));
                }
            },
        }
    }

    fn plain_only(&mut self, anchor: usize, tag: bool, place: &Place) {
        if anchor != 0 {
            self.mistakes.push(refused(place, "anchors"));
        }
        if tag {
            self.mistakes.push(refused(place, "tags"));
        }
    }

    fn place(&self, span: Span) -> Place {
        let start = self.offset(&span.start);
        let end = self.offset(&span.end).max(start);
        Place { source: Arc::clone(self.source), span: start..end }
    }

    fn offset(&self, marker: &Marker) -> usize {
        let text = &self.source.text;
        let counted = || text.char_indices().nth(marker.index()).map_or(text.len(), |(at, _)| at);
        marker.byte_offset().unwrap_or_else(counted).min(text.len())
    }

    fn not_yaml(&self, marker: &Marker, info: &str) -> Diagnostic {
        let at = self.offset(marker);
        let place = Place { source: Arc::clone(self.source), span: at..at };
        let mut mistake = place.mistake(format!("not YAML: {info}"), "");
        let before = self.source.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.source.text[start..].lines().next().unwrap_or_default();
        if info.contains("recursion") {
            mistake.message = format!("nested more than {DEEPEST} levels deep");
        } else if info.contains("flow") {
            let help =
                "within {…} and […], quote a string that contains one of `{}[],` (such as ${…})";
            mistake.help = Some(help.to_owned());
        } else if line.contains(": ") {
            mistake.help = Some(
                "quote a string that contains `: ` or ` #`, or put it into a block after `|`"
                    .to_owned(),
            );
        }
        mistake
    }
}

fn refused(place: &Place, what: &str) -> Diagnostic {
    let mut mistake = place.mistake(format!("{what} are not supported in these files"), "");
    let help = "write it out; in a scenario, `set:` names a value, and `use:` shares steps";
    mistake.help = Some(help.to_owned());
    mistake
}

/// Without the line breaks and spaces at its end.
fn trimmed(place: Place) -> Place {
    let length = place.text().trim_end().len();
    let span = place.span.start..place.span.start + length;
    Place { span, ..place }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { path: "a.yaml".into(), text: text.into() })
    }

    fn read_well(text: &str) -> Yaml {
        let mut mistakes = Mistakes::default();
        let yaml = read(&source(text), &mut mistakes).unwrap();
        assert!(mistakes.is_empty(), "{:?}", mistakes.first());
        yaml
    }

    fn mistakes(text: &str) -> Vec<String> {
        let mut mistakes = Mistakes::default();
        read(&source(text), &mut mistakes);
        mistakes.iter().map(|mistake| mistake.render(false)).collect()
    }

    fn only(yaml: Yaml) -> Yaml {
        match yaml.value {
            Value::Map(mut pairs) => pairs.remove(0).1,
            other => panic!("{other:?}"),
        }
    }

    /// The text of the one value, and what was written where `part` of it stands.
    fn written(yaml: &str, part: &str) -> (String, String) {
        let Value::Text(text) = only(read_well(yaml)).value else { panic!("no text") };
        let at = text.value.find(part).unwrap();
        let place = text.place(at..at + part.len());
        (text.value.clone(), format!("{} {}", place, place.text()))
    }

    #[test]
    fn a_scalar_is_the_text_that_was_written() {
        for text in ["1.10", "5", "true", "0x10", "+1", "no"] {
            let (read, _) = written(&format!("a: {text}"), text);
            assert_eq!(read, text);
        }
    }

    #[test]
    fn bytes_of_scalars_are_found_in_every_style() {
        let found = |yaml, part| written(yaml, part).1;
        assert_eq!(found("a: one two", "two"), "a.yaml:1:8 two");
        assert_eq!(found("a: 'it''s ${x}'", "${x}"), "a.yaml:1:11 ${x}");
        assert_eq!(found("a: \"\\t\\u00e9 ${x}\"", "${x}"), "a.yaml:1:14 ${x}");
        assert_eq!(found("a: |\n  <a>\n    é\n  </b>\n", "</b>"), "a.yaml:4:3 </b>");
        assert_eq!(found("a: |-\n\n  <a>\n\n  x</b>\n", "</b>"), "a.yaml:5:4 </b>");
        assert_eq!(found("a: >\n  <a>\n  <b>\n", "<b>"), "a.yaml:3:3 <b>");
        assert_eq!(found("a: one\n  two", "two"), "a.yaml:2:3 two");
        assert_eq!(found("é: é two", "two"), "a.yaml:1:6 two");
    }

    #[test]
    fn what_scenarios_have_no_use_for_is_refused() {
        assert_eq!(mistakes("a: &x 1\nb: *x\nc: !t 2\n").len(), 3);
        assert_eq!(mistakes("a: 1\n---\nb: 1\n").len(), 1);
        insta::assert_snapshot!(mistakes("a: 1\nb: 2\na: 3\n").join("\n"), @r"
        error: duplicate key `a`
         --> a.yaml:3:1
          |
        3 | a: 3
          | ^
        ");
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        for deep in ["[".repeat(500_000), (0..1300).map(|n| " ".repeat(n) + "a:\n").collect()] {
            let text = mistakes(&deep).join("\n");
            assert!(text.starts_with("error: nested more than 64 levels deep"), "{text}");
        }
        read_well(&("a: ".to_owned() + &"[".repeat(60) + &"]".repeat(60)));
    }

    /// Each of these once took time or memory by the square of the size.
    #[test]
    fn many_mistakes_and_keys_take_time_and_memory_in_proportion() {
        assert_eq!(mistakes(&"---\nname: a\n".repeat(10_000)).len(), 1);
        assert_eq!(mistakes(&"a: 1\n".repeat(20_000)).len(), Mistakes::MOST);
        let laugh = |n| format!("b{n}: &b{n} [*a,*a,*a,*a]\n");
        let text = "a: &a [x]\n".to_owned() + &(0..3000).map(laugh).collect::<String>();
        assert_eq!(mistakes(&text).len(), Mistakes::MOST);
        let keys = (0..30_000).map(|n| format!("k{n}:\n")).collect::<Vec<_>>().concat();
        read_well(&keys);
        let yaml = only(read_well(&format!("a: \"{}\"", "${a}".repeat(30_000))));
        let Value::Text(text) = yaml.value else { panic!("no text") };
        for at in 0..30_000 {
            assert_eq!(text.place(at * 4..at * 4 + 1).span.start, 4 + at * 4);
        }
    }

    #[test]
    fn a_variable_in_braces_is_told_to_want_quotes() {
        let text = mistakes("a: { b: ${c} }\n").join("\n");
        assert!(text.contains("quote a string"), "{text}");
    }

    #[test]
    fn places_of_collections_end_with_their_content() {
        let list = only(read_well("a:\n  - b: 1\n    c: 2\n\n# end\n"));
        assert_eq!(list.place.text(), "- b: 1\n    c: 2");
        let map = only(read_well("a: { b: [1, 2] }\n"));
        assert_eq!(map.place.text(), "{ b: [1, 2] }");
    }
}
