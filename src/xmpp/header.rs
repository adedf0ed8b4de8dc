//! What opens a stream: `<open/>` of RFC 7395 §3.3 or `<stream:stream>` of RFC 6120 §4.7, which say the same.

use super::ns;
use crate::xml::Element;

/// What a party says when it opens a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// `to`
    pub to: Option<String>,
    /// `from`
    pub from: Option<String>,
    /// `id`, which only a server gives.
    pub id: Option<String>,
    /// `version`
    pub version: Option<String>,
    /// `xml:lang`
    pub lang: Option<String>,
}

impl Header {
    /// Whether an element opens a stream.
    pub fn opens(element: &Element) -> bool {
        element.is(ns::FRAMING, "open") || element.is(ns::STREAMS, "stream")
    }

    /// What an element that opens a stream says.
    pub fn of(element: &Element) -> Self {
        let text = |name| element.attr(name).map(str::to_owned);
        Self {
            to: text("to"),
            from: text("from"),
            id: text("id"),
            version: text("version"),
            lang: element.attr_ns(ns::XML, "lang").map(str::to_owned),
        }
    }
    /// Its attributes, in the order that they are written.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("from", &self.from),
            ("to", &self.to),
            ("id", &self.id),
            ("version", &self.version),
            ("xml:lang", &self.lang),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}
