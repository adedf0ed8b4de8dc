//! XML as scenarios write it: elements without the `<body/>` around them, in whose scope they are read.

use std::ops::Range;

use super::model::Xml;
use super::template::holes;
use super::vars::{Environment, Unresolved};
use crate::bosh::{NS, XBOSH};
use crate::xml::{Element, ErrorKind, Limits, parse};
use crate::xmpp::ns;

/// The prefixes that are declared without saying so.
pub const PREFIXES: [(&str, &str); 2] = [("stream", ns::STREAMS), ("xmpp", XBOSH)];

/// Why a text holds no well-formed elements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotXml {
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
    /// In which way.
    pub message: String,
}

/// Reads elements and text as the content of a `<body/>`, which is returned.
pub fn fragment(text: &str) -> Result<Element, NotXml> {
    let mut whole = format!("<body xmlns='{NS}'");
    for (prefix, namespace) in PREFIXES {
        whole += &format!(" xmlns:{prefix}='{namespace}'");
    }
    whole.push('>');
    let before = whole.len();
    whole += text;
    whole += "</body>";
    parse(whole.as_bytes(), &Limits::default()).map_err(|error| {
        let offset = error.at.offset.saturating_sub(before);
        let inside = offset < text.len();
        let message = match error.kind {
            // The end tag that does not fit is the one added here.
            ErrorKind::MismatchedTag { expected, .. } if !inside => {
                format!("element <{expected}> is not closed")
            }
            kind => kind.to_string(),
        };
        let start = offset.min(text.len());
        let length = text[start..].chars().next().map_or(0, char::len_utf8);
        NotXml { at: start..start + length, message }
    })
}

/// The same for a text whose variables have no values yet: letters stand for them.
pub(super) fn fragment_with_holes(text: &str) -> Result<Element, NotXml> {
    let mut filled = text.to_owned();
    for (whole, _) in holes(text).unwrap_or_default() {
        filled.replace_range(whole.clone(), &"x".repeat(whole.len()));
    }
    fragment(&filled)
}

/// Why elements can't be had while a scenario runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// A variable has no value.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// With the values it is not well-formed.
    #[error(transparent)]
    NotXml(#[from] NotXml),
}

impl Xml {
    /// Its elements, within a `<body/>`.
    pub fn elements(&self, environment: &dyn Environment) -> Result<Element, FragmentError> {
        Ok(fragment(&self.text(environment)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_in_the_scope_of_a_body() {
        let body = fragment("<a/><stream:features/><b xmlns='jabber:client' xmpp:c='1'/>").unwrap();
        let names: Vec<_> = body.children().map(|e| (e.namespace(), e.name())).collect();
        assert_eq!(names, [(NS, "a"), (ns::STREAMS, "features"), ("jabber:client", "b")]);
    }

    #[test]
    fn mistakes_are_told_within_the_text() {
        let wrong = |text| {
            let NotXml { at, message } = fragment_with_holes(text).unwrap_err();
            format!("{at:?} {message}")
        };
        assert_eq!(wrong("<a><b></a>"), "6..7 expected `</b>`, found `</a>`");
        assert_eq!(wrong("<a>"), "3..3 element <a> is not closed");
        assert_eq!(wrong("<x:a/>"), "0..1 namespace prefix `x` is not declared");
        assert!(wrong("<a>${x}</a>&").starts_with("11..12 "));
        assert!(fragment_with_holes("<${name} a='${x}'/>").is_ok());
    }
}
