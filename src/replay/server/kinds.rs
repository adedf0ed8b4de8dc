//! What a client's act is, apart from the values in it.

use crate::xml::Element;
use crate::xmpp::ns;

/// What an act is: the kinds of its elements, and what its `<body/>` asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kind {
    elements: Vec<String>,
    asks: Option<&'static str>,
}

impl Kind {
    /// Of the elements of a request of BOSH, or of the one of a stream.
    pub(super) fn of<'a>(
        elements: impl Iterator<Item = &'a Element>,
        asks: Option<&'static str>,
    ) -> Self {
        Self { elements: elements.map(words).collect(), asks }
    }

    /// Whether it carries nothing and only waits.
    pub(super) fn is_poll(&self) -> bool {
        *self == Self::default()
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let asks = self.asks.map(str::to_owned);
        let all: Vec<String> = asks.into_iter().chain(self.elements.iter().cloned()).collect();
        if all.is_empty() { "an empty request".to_owned() } else { all.join(", ") }
    }
}

/// `iq get query {jabber:iq:roster}`
fn words(element: &Element) -> String {
    let stanza = matches!(element.name(), "iq" | "message" | "presence");
    let mut words = vec![element.name().to_owned()];
    if stanza {
        words.extend(element.attr("type").map(str::to_owned));
        let child = element.children().find(|child| child.namespace() != ns::CLIENT);
        words.extend(child.map(|child| format!("{} {{{}}}", child.name(), child.namespace())));
    }
    words.join(" ")
}

/// Whether an element is one of SASL, or of STARTTLS: these are answered by themselves.
pub(super) fn is_secret(element: &Element) -> bool {
    matches!(element.namespace(), ns::SASL | ns::TLS)
}

/// Whether an element only counts stanzas: when it comes depends on the pace of both sides.
pub(super) fn only_counts(element: &Element) -> bool {
    matches!(element.namespace(), ns::SM2 | ns::SM3) && matches!(element.name(), "r" | "a")
}
