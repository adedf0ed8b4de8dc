//! The `<body/>` that wraps everything in BOSH (XEP-0124 §6, §22; XEP-0206 §9).
//!
//! It is read as it came: an accessor returns what stands there, valid or not, and judges only what
//! its own type says.

use std::borrow::Cow;
use std::ops::Range;

use super::condition::{Condition, UnknownCondition};
use crate::xml::{Element, Node};
use crate::xmpp::ns;

/// The namespace of `<body/>`.
pub const NS: &str = ns::HTTPBIND;

/// The namespace of the attributes that XEP-0206 adds.
pub const XBOSH: &str = "urn:xmpp:xbosh";

/// The highest number that a rid may reach, 2^53-1 (XEP-0124 §14.1).
pub const MAX_RID: u64 = (1 << 53) - 1;

/// The attributes without a namespace that the schema of XEP-0124 lists.
pub const SCHEMA_ATTRIBUTES: [&str; 25] = [
    "accept",
    "ack",
    "authid",
    "charsets",
    "condition",
    "content",
    "from",
    "hold",
    "inactivity",
    "key",
    "maxpause",
    "newkey",
    "pause",
    "polling",
    "report",
    "requests",
    "rid",
    "route",
    "sid",
    "stream",
    "time",
    "to",
    "type",
    "ver",
    "wait",
];

/// A `<body/>` of BOSH.
#[derive(Debug, Clone)]
pub struct Body {
    element: Element,
}

/// Why an element is not a `<body/>` of BOSH.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBody {
    /// Another name, whatever the namespace.
    #[error("the root element is `<{name}>`{}, not `<body>`", in_namespace(.namespace))]
    Name {
        /// The name it has.
        name: String,
        /// The namespace it has, empty if none.
        namespace: String,
    },
    /// `body`, but of something else.
    #[error("`<body>` is in {}, not in namespace {NS}", named(.namespace))]
    Namespace {
        /// The namespace it has, empty if none.
        namespace: String,
    },
}

fn in_namespace(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") }
}

fn named(namespace: &str) -> String {
    if namespace.is_empty() { "no namespace".to_owned() } else { format!("namespace {namespace}") }
}

/// Why the text of an attribute is not the number it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Something else than digits.
    #[error("`{0}` is not a whole number")]
    NotANumber(String),
    /// 0 where numbers begin with 1.
    #[error("`{0}` is not a positive number")]
    NotPositive(String),
    /// More than the attribute may hold.
    #[error("`{text}` is greater than {highest}")]
    TooLarge {
        /// What stands there.
        text: String,
        /// The highest value allowed.
        highest: u64,
    },
}

/// What the attribute `type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyType<'a> {
    /// Absent: an ordinary request or response.
    Ordinary,
    /// `terminate`: the session ends.
    Terminate,
    /// `error`: recoverable, the client resends (XEP-0124 §17.3).
    Error,
    /// A value that XEP-0124 does not define.
    Other(&'a str),
}

impl Body {
    /// Take an element as a `<body/>`.
    pub fn new(element: Element) -> Result<Self, NotBody> {
        let namespace = element.namespace();
        if element.name() != "body" {
            let name = element.name().to_owned();
            return Err(NotBody::Name { name, namespace: namespace.to_owned() });
        }
        if namespace != NS {
            return Err(NotBody::Namespace { namespace: namespace.to_owned() });
        }
        Ok(Self { element })
    }

    /// The element itself.
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// The element itself, given away.
    pub fn into_element(self) -> Element {
        self.element
    }

    /// The text of an attribute without a namespace.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.element.attr(attribute)
    }

    /// The value of an attribute without a namespace as a number from 0.
    pub fn number(&self, attribute: &str) -> Option<Result<u64, BadNumber>> {
        self.text(attribute).map(|text| parse_number(text, 0, u64::MAX))
    }

    /// The text of an attribute that XEP-0206 adds: `version`, `restart`, `restartlogic`.
    pub fn xbosh(&self, attribute: &str) -> Option<&str> {
        self.element.attr_ns(XBOSH, attribute)
    }

    /// `sid`, the session.
    pub fn sid(&self) -> Option<&str> {
        self.text("sid")
    }

    /// `rid`, the request id: 1 to 2^53-1.
    pub fn rid(&self) -> Option<Result<u64, BadNumber>> {
        self.text("rid").map(|text| parse_number(text, 1, MAX_RID))
    }

    /// `ack`: in a request the highest rid answered, in a response the highest rid received.
    pub fn ack(&self) -> Option<Result<u64, BadNumber>> {
        self.number("ack")
    }

    /// `wait` in seconds.
    pub fn wait(&self) -> Option<Result<u64, BadNumber>> {
        self.number("wait")
    }

    /// `hold`, a number of requests.
    pub fn hold(&self) -> Option<Result<u64, BadNumber>> {
        self.number("hold")
    }

    /// `requests`, the most that may be open at once, and the size of the rid window.
    pub fn requests(&self) -> Option<Result<u64, BadNumber>> {
        self.number("requests")
    }

    /// `inactivity` in seconds.
    pub fn inactivity(&self) -> Option<Result<u64, BadNumber>> {
        self.number("inactivity")
    }

    /// `polling` in seconds.
    pub fn polling(&self) -> Option<Result<u64, BadNumber>> {
        self.number("polling")
    }

    /// `maxpause` in seconds.
    pub fn maxpause(&self) -> Option<Result<u64, BadNumber>> {
        self.number("maxpause")
    }

    /// `pause` in seconds.
    pub fn pause(&self) -> Option<Result<u64, BadNumber>> {
        self.number("pause")
    }

    /// `type`.
    pub fn kind(&self) -> BodyType<'_> {
        match self.text("type") {
            None => BodyType::Ordinary,
            Some("terminate") => BodyType::Terminate,
            Some("error") => BodyType::Error,
            Some(other) => BodyType::Other(other),
        }
    }

    /// `condition`, why the session ends.
    pub fn condition(&self) -> Option<Result<Condition, UnknownCondition>> {
        self.text("condition").map(str::parse)
    }

    /// The address in `<uri/>`, which goes with see-other-uri.
    pub fn uri(&self) -> Option<Cow<'_, str>> {
        self.element.child(NS, "uri").map(Element::text)
    }

    /// `key` of the key sequence.
    pub fn key(&self) -> Option<&str> {
        self.text("key")
    }

    /// `newkey` of the key sequence.
    pub fn newkey(&self) -> Option<&str> {
        self.text("newkey")
    }

    /// `stream`, one of several in a session.
    pub fn stream(&self) -> Option<&str> {
        self.text("stream")
    }

    /// `to`, the domain asked for.
    pub fn to(&self) -> Option<&str> {
        self.text("to")
    }

    /// `from`.
    pub fn from(&self) -> Option<&str> {
        self.text("from")
    }

    /// `xml:lang`.
    pub fn lang(&self) -> Option<&str> {
        self.element.attr_ns(ns::XML, "lang")
    }

    /// Whether `xmpp:restart` asks for a new stream, `true` or `1`.
    pub fn is_restart(&self) -> bool {
        self.xbosh("restart").and_then(parse_boolean) == Some(true)
    }

    /// Whether, as a request, it opens a session: it has no `sid`.
    pub fn is_creation(&self) -> bool {
        self.sid().is_none()
    }

    /// The elements inside.
    pub fn payloads(&self) -> impl Iterator<Item = &Element> {
        self.element.children()
    }

    /// Whether no element is inside.
    pub fn is_empty(&self) -> bool {
        self.payloads().next().is_none()
    }

    /// Character data beside the payloads other than white space, and where it stands.
    pub fn stray_text(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.element.nodes().iter().filter_map(|node| match node {
            Node::Text { text, span } if !text.trim_matches(is_space).is_empty() => {
                Some((text.as_str(), span.clone()))
            }
            _ => None,
        })
    }

    /// Names of attributes without a namespace that the schema does not list.
    pub fn unknown_attributes(&self) -> impl Iterator<Item = &str> {
        self.element
            .attributes()
            .filter(|(namespace, name, _)| {
                namespace.is_empty() && !SCHEMA_ATTRIBUTES.contains(name)
            })
            .map(|(_, name, _)| name)
    }
}

/// Read an `xs:boolean`: `true`, `1`, `false` or `0`.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim_matches(is_space) {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Read a number as XML Schema writes it: white space around it, a plus sign and leading zeros are
/// allowed.
fn parse_number(text: &str, lowest: u64, highest: u64) -> Result<u64, BadNumber> {
    let trimmed = text.trim_matches(is_space);
    let digits = trimmed.strip_prefix('+').unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadNumber::NotANumber(text.to_owned()));
    }
    // Digits alone can fail only by being too many.
    let too_large = || BadNumber::TooLarge { text: text.to_owned(), highest };
    let number: u64 = digits.parse().map_err(|_| too_large())?;
    if number < lowest {
        Err(BadNumber::NotPositive(text.to_owned()))
    } else if number > highest {
        Err(too_large())
    } else {
        Ok(number)
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    fn element(source: &str) -> Element {
        parse(source.as_bytes(), &Limits::default()).expect("a well-formed test document")
    }

    /// A body with these attributes and this content.
    fn body(attributes: &str, content: &str) -> Body {
        let source =
            format!("<body xmlns='{NS}' xmlns:xmpp='{XBOSH}' {attributes}>{content}</body>");
        Body::new(element(&source)).expect("a body")
    }

    #[test]
    fn a_web_page_is_not_a_body() {
        let error = Body::new(element("<html><body/></html>")).unwrap_err();
        assert_eq!(error.to_string(), "the root element is `<html>`, not `<body>`");
        let error = Body::new(element("<iq xmlns='jabber:client'/>")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the root element is `<iq>` in namespace jabber:client, not `<body>`"
        );
    }

    #[test]
    fn a_body_of_another_namespace_says_which() {
        let error = Body::new(element("<body/>")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`<body>` is in no namespace, not in namespace http://jabber.org/protocol/httpbind"
        );
        let error = Body::new(element("<body xmlns='jabber:client'/>")).unwrap_err();
        assert!(error.to_string().starts_with("`<body>` is in namespace jabber:client, not in"));
    }

    #[test]
    fn a_creation_request_is_read() {
        let b = body(
            "rid='1899228219' to='localhost' hold='1' wait='60' ver='1.6' xml:lang='en' \
             content='text/xml; charset=utf-8' xmpp:version='1.0'",
            "",
        );
        assert!(b.is_creation() && b.is_empty() && !b.is_restart());
        assert_eq!(b.rid(), Some(Ok(1_899_228_219)));
        assert_eq!(
            (b.to(), b.lang(), b.xbosh("version")),
            (Some("localhost"), Some("en"), Some("1.0"))
        );
        assert_eq!((b.wait(), b.hold(), b.pause()), (Some(Ok(60)), Some(Ok(1)), None));
        assert_eq!(b.kind(), BodyType::Ordinary);
        assert_eq!(b.unknown_attributes().count(), 0);
    }

    #[test]
    fn a_refusal_is_read() {
        let b = body("type='terminate' condition='item-not-found'", "");
        assert_eq!(b.kind(), BodyType::Terminate);
        assert_eq!(b.condition(), Some(Ok(Condition::ItemNotFound)));
        let b = body("type='terminate' condition='conflict'", "");
        assert_eq!(b.condition(), Some(Err(UnknownCondition("conflict".into()))));
        assert_eq!(body("type='terminal' sid='a'", "").kind(), BodyType::Other("terminal"));
        assert_eq!(body("type='error'", "").kind(), BodyType::Error);
        let b = body("", "<uri>https://example.com/bosh</uri>");
        assert_eq!(b.uri().as_deref(), Some("https://example.com/bosh"));
    }

    #[test]
    fn numbers_are_read_as_xml_schema_writes_them() {
        let wait = |text: &str| body(&format!("wait='{text}'"), "").wait().unwrap();
        assert_eq!(wait("060"), Ok(60));
        assert_eq!(wait(" +5 "), Ok(5));
        assert_eq!(wait("0"), Ok(0));
        for text in ["", "abc", "-1", "5.0", "+ 5", "0x10", "٥"] {
            assert_eq!(wait(text), Err(BadNumber::NotANumber(text.into())));
        }
    }

    #[test]
    fn a_rid_lies_between_1_and_2_to_the_53_minus_1() {
        let rid = |text: &str| body(&format!("rid='{text}'"), "").rid().unwrap();
        assert_eq!(rid("9007199254740991"), Ok(MAX_RID));
        let error = rid("9007199254740992").unwrap_err();
        assert_eq!(error.to_string(), "`9007199254740992` is greater than 9007199254740991");
        assert!(matches!(rid("99999999999999999999999"), Err(BadNumber::TooLarge { .. })));
        assert_eq!(rid("0"), Err(BadNumber::NotPositive("0".into())));
        assert_eq!(body("", "").rid(), None);
    }

    #[test]
    fn a_restart_is_a_boolean_in_the_namespace_of_xep_0206() {
        assert!(body("xmpp:restart='true'", "").is_restart());
        assert!(body("xmpp:restart='1'", "").is_restart());
        assert!(!body("xmpp:restart='false'", "").is_restart());
        assert!(!body("xmpp:restart='yes'", "").is_restart());
        assert!(!body("restart='true'", "").is_restart());
    }

    #[test]
    fn payloads_stray_text_and_unknown_attributes_are_found() {
        let b = body(
            "sid='5a1c' secure='true' foo='1' xmpp:restartlogic='true'",
            "\n <iq xmlns='jabber:client'/> lost <presence xmlns='jabber:client'/>\n",
        );
        assert_eq!(b.payloads().map(Element::name).collect::<Vec<_>>(), ["iq", "presence"]);
        assert_eq!(b.stray_text().map(|(text, _)| text).collect::<Vec<_>>(), [" lost "]);
        assert_eq!(b.unknown_attributes().collect::<Vec<_>>(), ["secure", "foo"]);
    }
}
