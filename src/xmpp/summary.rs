//! What a person needs to know of one stanza, on one line.
//!
//! Nothing is validated here, and texts stay as they came: whoever prints them makes them safe and
//! short. Values that were hidden before stay hidden, and SASL data is never repeated.

use std::collections::HashSet;

use super::words::{Words, attr, or_none};
use super::{iq, message, ns, presence, stream};
use crate::xml::Element;

/// So many namespaces are compared one with another; more are hashed.
const FEW: usize = 16;

/// What family a stanza, or another element at the top of a stream, belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `<message/>`
    Message,
    /// `<presence/>`
    Presence,
    /// `<iq/>`
    Iq,
    /// `<stream:features/>`
    Features,
    /// `<stream:error/>`
    StreamError,
    /// SASL of RFC 6120 or XEP-0388.
    Sasl,
    /// Stream management (XEP-0198).
    StreamManagement,
    /// STARTTLS.
    Tls,
    /// Anything else.
    Other,
}

impl Kind {
    /// A stable short name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Presence => "presence",
            Self::Iq => "iq",
            Self::Features => "features",
            Self::StreamError => "stream-error",
            Self::Sasl => "sasl",
            Self::StreamManagement => "sm",
            Self::Tls => "tls",
            Self::Other => "other",
        }
    }

    /// How a line for people begins.
    pub fn title(self) -> &'static str {
        match self {
            Self::Features => "stream features",
            Self::StreamError => "stream error",
            Self::Sasl => "SASL",
            Self::StreamManagement => "SM",
            Self::Tls => "TLS",
            Self::Message | Self::Presence | Self::Iq => self.as_str(),
            Self::Other => "",
        }
    }
}

/// One stanza in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its family.
    pub kind: Kind,
    /// The `type` attribute or the default of its absence; otherwise the name of the element.
    pub type_: String,
    /// `id`
    pub id: Option<String>,
    /// `from`
    pub from: Option<String>,
    /// `to`
    pub to: Option<String>,
    /// What it is about, the same for a request and for its reply if that has a payload.
    pub subject: String,
    /// The rest in words; may be empty, may hold line breaks.
    pub detail: String,
    /// The namespaces in it, its own first, each once.
    pub namespaces: Vec<String>,
    /// Which background chatter it belongs to, if any. An error never does.
    pub noise: Option<&'static str>,
    /// The full address that a bind result grants.
    pub bound: Option<String>,
    /// The SASL mechanisms that features offer.
    pub mechanisms: Vec<String>,
    /// Whether it is in a namespace that it may be in. A `<message/>` in the namespace of BOSH or in
    /// none is summarised as a message and this is false.
    pub namespace_ok: bool,
}

/// Say what an element at the top of a stream is.
pub fn summarise(stanza: &Element) -> Summary {
    let (kind, namespace_ok) = classify(stanza);
    let type_attribute = || attr(stanza, "type").map(str::to_owned);
    let type_ = match kind {
        Kind::Message => type_attribute().unwrap_or_else(|| "normal".into()),
        Kind::Presence => type_attribute().unwrap_or_else(|| "available".into()),
        Kind::Iq => type_attribute().unwrap_or_else(|| "without type".into()),
        _ => stanza.name().to_owned(),
    };
    let words = match kind {
        Kind::Message => message::describe(stanza),
        Kind::Presence => presence::describe(stanza),
        Kind::Iq => iq::describe(stanza),
        Kind::Features => stream::features(stanza),
        Kind::StreamError => stream::error(stanza),
        Kind::Sasl => stream::sasl(stanza),
        Kind::StreamManagement => stream::management(stanza),
        Kind::Tls => Words { subject: "STARTTLS".into(), ..Words::default() },
        Kind::Other => stream::other(stanza),
    };
    Summary {
        kind,
        type_,
        id: attr(stanza, "id").map(str::to_owned),
        from: attr(stanza, "from").map(str::to_owned),
        to: attr(stanza, "to").map(str::to_owned),
        subject: words.subject,
        detail: words.detail,
        namespaces: namespaces(stanza),
        noise: words.noise,
        bound: words.bound,
        mechanisms: words.mechanisms,
        namespace_ok,
    }
}

/// The family, and whether the namespace is one that it may have.
fn classify(stanza: &Element) -> (Kind, bool) {
    let namespace = stanza.namespace();
    let stanza_namespace = matches!(namespace, ns::CLIENT | ns::SERVER | ns::COMPONENT);
    let stray = namespace.is_empty() || namespace == ns::HTTPBIND;
    match (stanza.name(), namespace) {
        ("message", _) if stanza_namespace || stray => (Kind::Message, stanza_namespace),
        ("presence", _) if stanza_namespace || stray => (Kind::Presence, stanza_namespace),
        ("iq", _) if stanza_namespace || stray => (Kind::Iq, stanza_namespace),
        ("features", ns::STREAMS) => (Kind::Features, true),
        ("features", _) if stray => (Kind::Features, false),
        ("error", ns::STREAMS) => (Kind::StreamError, true),
        ("error", _) if stray && stream::holds_stream_condition(stanza) => {
            (Kind::StreamError, false)
        }
        (_, ns::SASL | ns::SASL2) => (Kind::Sasl, true),
        (_, ns::SM2 | ns::SM3) => (Kind::StreamManagement, true),
        (_, ns::TLS) => (Kind::Tls, true),
        _ => (Kind::Other, !stray),
    }
}

fn namespaces(stanza: &Element) -> Vec<String> {
    let mut found: Vec<&str> = Vec::new();
    // hashing pays only for what no honest stanza holds
    let mut more = HashSet::new();
    for element in std::iter::once(stanza).chain(stanza.descendants()) {
        let namespace = element.namespace();
        if !found.iter().take(FEW).any(|known| *known == namespace)
            && (found.len() < FEW || more.insert(namespace))
        {
            found.push(namespace);
        }
    }
    found.into_iter().map(str::to_owned).collect()
}

impl Summary {
    /// The plain line: `message chat alice@localhost/t → bob@localhost: "hi"`.
    pub fn line(&self) -> String {
        let subject = or_none(&self.subject);
        let detail = or_none(&self.detail);
        let rest = match self.kind {
            // A result speaks for itself; a request or an error needs its subject.
            Kind::Iq if self.type_ == "result" => [None, detail.or(subject)],
            Kind::Iq | Kind::Other => [subject, detail],
            Kind::Message => [None, detail.or(subject)],
            _ => [None, detail],
        };
        let (mut line, addressed) = self.head();
        let colon = match self.kind {
            Kind::Message | Kind::Features => true,
            // `iq set #7 roster`, but `iq result #7: 12 contacts`
            Kind::Iq => addressed || (self.type_ == "result" && detail.is_some()),
            // `presence away`, but `presence bob@localhost/t: away`
            Kind::Presence => addressed || self.type_ != "available",
            _ => false,
        };
        let between = if colon { ": " } else { " " };
        for (part, before) in rest.into_iter().flatten().zip([between, ": "]) {
            if !line.is_empty() {
                line += before;
            }
            line += part;
        }
        line
    }

    /// What stands before the content, and whether addresses are in it.
    fn head(&self) -> (String, bool) {
        let mut head = String::with_capacity(128);
        let mut add = |parts: &[&str]| {
            if !head.is_empty() {
                head.push(' ');
            }
            head.extend(parts.iter().copied());
        };
        add(&[self.kind.title()]);
        match self.kind {
            Kind::Features | Kind::StreamError | Kind::Other => {}
            // `presence away` says it all; `presence available away` does not say more.
            Kind::Presence if self.type_ == "available" && !self.detail.is_empty() => {}
            _ if self.type_.is_empty() => {}
            _ => add(&[&self.type_]),
        }
        let mut addressed = false;
        if matches!(self.kind, Kind::Message | Kind::Presence | Kind::Iq) {
            if let Some(id) = self.id.as_ref().filter(|_| self.kind == Kind::Iq) {
                add(&["#", id]);
            }
            addressed = self.from.is_some() || self.to.is_some();
            if let Some(from) = &self.from {
                add(&[from]);
            }
            if let Some(to) = &self.to {
                add(&["→ ", to]);
            }
        }
        (head, addressed)
    }
}
