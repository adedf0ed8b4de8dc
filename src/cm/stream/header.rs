//! What a stream header says (RFC 6120 §4.7), `<stream:stream>` or `<open/>`.

use crate::xml::Element;
use crate::xmpp::ns;

/// A stream header of either side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Whom it is for.
    pub to: Option<String>,
    /// Whom it is of.
    pub from: Option<String>,
    /// The server's name for the stream.
    pub id: Option<String>,
    /// The default language.
    pub lang: Option<String>,
    /// The version of XMPP.
    pub version: Option<String>,
    /// What is wrong with its namespaces: the condition of the stream error.
    pub fault: Option<&'static str>,
}

impl Header {
    /// What the attributes of this element say.
    pub fn of(element: &Element) -> Self {
        let text = |name| element.attr(name).map(str::to_owned);
        Self {
            to: text("to"),
            from: text("from"),
            id: text("id"),
            lang: element.attr_ns(ns::XML, "lang").map(str::to_owned),
            version: text("version"),
            fault: None,
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
