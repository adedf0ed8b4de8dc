//! A mistake, with the place where it was made.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Says what is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where the source comes from: a file's path, or the name of an option.
    pub name: String,
    /// The whole source.
    pub source: String,
    /// The bytes of the source that are meant; an empty range is a place between two bytes.
    pub span: Range<usize>,
    /// What is to be said of just these bytes; may be empty.
    pub label: String,
    /// What to do instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The text for a person, several lines without a line break at the end.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let span = on_characters(&self.source, &self.span);
        // What the renderer leaves as it is; the stand-in is two bytes long as well, so places stay right.
        let source = self.source.replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "·");
        let annotation = AnnotationKind::Primary.span(span);
        let annotation = match self.label.as_str() {
            "" => annotation,
            label => annotation.label(label),
        };
        let snippet = Snippet::source(&source).path(&self.name).annotation(annotation);
        let group = Level::ERROR.primary_title(&self.message).element(snippet);
        let group = match &self.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        };
        renderer.render(&[group])
    }
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

    fn diagnostic(source: &str, span: Range<usize>) -> Diagnostic {
        Diagnostic {
            message: "`wiat` is not a key of a session".to_owned(),
            name: "scenarios/hold.yaml".to_owned(),
            source: source.to_owned(),
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
    fn a_span_that_is_off_does_no_harm() {
        for (start, end) in [(1, 2), (0, 99), (99, 100), (3, 1)] {
            diagnostic("é\r\nß", start..end).render(false);
        }
    }

    #[test]
    fn control_characters_of_the_source_do_not_reach_the_terminal() {
        let text = diagnostic("a\x1b[31m\x07\u{202e}b", 0..1).render(false);
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn colour_only_on_demand() {
        let diagnostic = diagnostic("wiat: 5", 0..4);
        assert!(diagnostic.render(true).contains("\x1b["));
        assert!(!diagnostic.render(false).contains('\x1b'));
    }
}
