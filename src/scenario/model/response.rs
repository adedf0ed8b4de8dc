//! What is demanded of responses and values.

use super::http::Http;
use super::level::Level;
use super::reference::{Capture, Reference};
use super::value::{Template, Timespan, Xml};
use crate::scenario::source::{Located, Place};

/// A response that is awaited.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// To which request.
    pub request: Reference,
    /// From which times are counted: the last byte sent of a request, or a named `send` or `control`. The request
    /// itself if nothing is said.
    pub since: Option<Reference>,
    /// The longest it may take; left to the runner if nothing is said.
    pub within: Option<Located<Timespan>>,
    /// The shortest it may take.
    pub not_before: Option<Located<Timespan>>,
    /// That it arrived after this one.
    pub after: Option<Reference>,
    /// What is demanded of it.
    pub expected: Expectation,
    /// What is kept of it.
    pub capture: Vec<Capture>,
}

/// What is demanded of a response: all that is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectation {
    /// That there is none.
    pub no_answer: Option<Located<NoAnswer>>,
    /// The HTTP status.
    pub status: Option<ValueMatch>,
    /// The HTTP version.
    pub http: Option<Located<Http>>,
    /// Header fields, by name.
    pub headers: Vec<(Located<String>, ValueMatch)>,
    /// Attributes of the `<body/>`, by name as in [`Attribute::name`](super::Attribute::name).
    pub attributes: Vec<(Located<String>, ValueMatch)>,
    /// Whether it ends the session.
    pub terminal: Option<Located<Terminal>>,
    /// What stands in the `<body/>`.
    pub payload: Option<Located<PayloadMatch>>,
    /// The entity as text, after its content coding was undone.
    pub entity: Option<ValueMatch>,
    /// That its entity has the same bytes as this response's.
    pub same_as: Option<Reference>,
    /// That it has the same status and the same XML as this response.
    pub like: Option<Reference>,
    /// That it has the same header fields as this response, but for `Date` and `Content-Length`.
    pub headers_like: Option<Reference>,
    /// Of which one must be met as well; the first that is met counts.
    pub any_of: Vec<Alternative>,
}

/// How a request goes without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The connection is ended instead.
    Closed,
    /// Nothing happens until `within` is over.
    Silent,
    /// One of both.
    Any,
}

/// One of several acceptable responses.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// Where it stands.
    pub place: Place,
    /// What is demanded.
    pub expected: Expectation,
    /// How grave it is if this is what came; good if nothing is said.
    pub level: Option<Located<Level>>,
    /// What is to be said if this is what came.
    pub says: Option<Located<Template>>,
}

/// Whether a response ends the session (XEP-0124 §17.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terminal {
    /// It doesn't: 200 without `type='terminate'`.
    No,
    /// It does, with any condition or none, or by an HTTP code.
    Any,
    /// `type='terminate'` without a condition.
    Plain,
    /// This condition; or its HTTP code (400, 403, 404), unless `status` says otherwise.
    Condition(crate::bosh::Condition),
}

/// What is demanded of a text: all that is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueMatch {
    /// Where it stands.
    pub place: Option<Place>,
    /// Whether it must be there or must not; it must if anything else is said.
    pub presence: Presence,
    /// This very text.
    pub equals: Option<Located<Template>>,
    /// Not this text.
    pub not: Option<Located<Template>>,
    /// A regular expression, of which a part of the text suffices.
    pub matches: Option<Located<Pattern>>,
    /// A regular expression that nothing of the text meets.
    pub lacks: Option<Located<Pattern>>,
    /// A number, version or time, not less than this.
    pub at_least: Option<Located<Template>>,
    /// A number, version or time, not more than this.
    pub at_most: Option<Located<Template>>,
    /// A number, version or time, more than this.
    pub above: Option<Located<Template>>,
    /// A number, version or time, less than this.
    pub below: Option<Located<Template>>,
    /// One of these texts.
    pub one_of: Vec<Located<Template>>,
}

/// Whether something must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// It must.
    #[default]
    Present,
    /// It must not.
    Absent,
    /// It may; what else is said holds only if it is.
    Optional,
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As it is written.
    pub text: String,
    /// Ready to use.
    pub regex: regex_lite::Regex,
}

impl Pattern {
    /// Fits this text, whatever its characters mean in an expression.
    ///
    /// # Panics
    /// Never: an escaped text is an expression.
    pub fn literal(text: &str) -> Self {
        let escaped = regex_lite::escape(text);
        let regex = regex_lite::Regex::new(&escaped).expect("an escaped text is an expression");
        Self { text: text.to_owned(), regex }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// What is demanded of the content of a `<body/>`: all that is said.
#[derive(Debug, Clone, PartialEq)]
pub enum PayloadMatch {
    /// Nothing in it but white space.
    Empty,
    /// At least one element.
    Any,
    /// All of these.
    Parts(Box<PayloadParts>),
}

/// Elements that are demanded of the content of a `<body/>`.
#[derive(Debug, Clone, PartialEq)]
pub struct PayloadParts {
    /// Each of these elements stands in it, in any order; parts that are not given may be there too.
    pub contains: Vec<Located<Xml>>,
    /// These elements stand in it one behind the other, and nothing else; nothing more in each.
    pub exactly: Option<Located<Xml>>,
    /// Each of these elements stands in it, in this order; others may stand between.
    pub in_order: Vec<Located<Xml>>,
    /// None of these elements stands in it.
    pub lacks: Vec<Located<Xml>>,
    /// So many elements like this one, or of any kind, stand in it.
    pub count: Option<Located<Counted>>,
}

/// How many elements of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// How many.
    pub count: ValueMatch,
    /// Like this one; any if nothing is said.
    pub of: Option<Located<Xml>>,
}
