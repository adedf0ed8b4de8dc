//! Whether what came is what is demanded, and if not, the difference in words. Pure functions: a response is compared
//! as parsed XML with namespaces, never as text, but where bytes are asked for.

mod distinct;
mod payload;
mod value;

use std::fmt;

use bytes::Bytes;

pub use distinct::distinct;
pub use payload::{differences, element_in_short, matches_any};

use super::fragment::FragmentError;
use super::model::{
    Alternative, Expectation, Http, NoAnswer, Origin, Reference, Terminal, ValueMatch,
};
use super::source::{Located, Place};
use super::vars::{Environment, Unresolved, Value};
use crate::bosh::{Body, BodyType, Condition, XBOSH};
use crate::xml::{Element, Limits, parse};

/// A response as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The HTTP version.
    pub http: Http,
    /// Header fields in the order they came.
    pub headers: Vec<(String, String)>,
    /// The entity, after its content coding was undone.
    pub entity: Bytes,
    /// The `<body/>` in it, or in words why there is none.
    pub body: Result<Body, String>,
}

impl Answer {
    /// A response with its `<body/>` read.
    pub fn new(status: u16, http: Http, headers: Vec<(String, String)>, entity: Bytes) -> Self {
        let body = match parse(&entity, &Limits::default()) {
            Ok(element) => Body::new(element).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        Self { status, http, headers, entity, body }
    }

    /// The values of a header field, joined with commas; none if it did not come.
    pub fn header(&self, name: &str) -> Option<String> {
        let named = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<_> = named.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// It was answered.
    Answer(&'a Answer),
    /// It was not; never [`NoAnswer::Any`].
    None(NoAnswer),
}

/// One demand that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Where it is demanded.
    pub place: Option<Place>,
    /// What is meant: `attribute ver`.
    pub what: String,
    /// What is demanded of it.
    pub expected: String,
    /// What it is.
    pub seen: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, saw {}", self.what, self.expected, self.seen)
    }
}

/// What came of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Verdict<'a> {
    /// What is not met; nothing if all is well.
    pub mismatches: Vec<Mismatch>,
    /// Of each `any-of` the alternative that came.
    pub taken: Vec<&'a Alternative>,
}

/// Compares a response with what is demanded. `others` gives the responses that are compared with.
pub fn compare<'a, 'o>(
    expected: &'a Expectation,
    outcome: Outcome<'_>,
    others: &dyn Fn(&Reference) -> Option<&'o Answer>,
    environment: &dyn Environment,
) -> Result<Verdict<'a>, FragmentError> {
    let mut verdict = Verdict::default();
    match outcome {
        Outcome::Answer(answer) => {
            let mut comparison = Comparison { answer, others, environment, found: Vec::new() };
            comparison.run(expected)?;
            verdict.mismatches = comparison.found;
        }
        Outcome::None(how) => {
            let accepted = matches!(expected.no_answer.as_deref(), Some(&wanted) if wanted == how
                || wanted == NoAnswer::Any);
            if !accepted && (expected.any_of.is_empty() || !expected.is_bare()) {
                verdict.mismatches.push(Mismatch {
                    place: expected.no_answer.as_ref().map(|way| way.place.clone()),
                    what: "response".to_owned(),
                    expected: expected
                        .no_answer
                        .as_deref()
                        .map_or("one", |way| words(*way))
                        .to_owned(),
                    seen: words(how).to_owned(),
                });
            }
        }
    }
    if !expected.any_of.is_empty() {
        let mut all = Vec::new();
        for alternative in &expected.any_of {
            let inner = compare(&alternative.expected, outcome, others, environment)?;
            if inner.mismatches.is_empty() {
                verdict.taken.push(alternative);
                verdict.taken.extend(inner.taken);
                return Ok(verdict);
            }
            all.push(inner.mismatches);
        }
        let expected_words: Vec<_> = all
            .iter()
            .map(|mismatches| {
                let parts: Vec<_> =
                    mismatches.iter().map(|m| format!("{} {}", m.what, m.expected)).collect();
                parts.join(" and ")
            })
            .collect();
        verdict.mismatches.push(Mismatch {
            place: expected.any_of.first().map(|first| first.place.clone()),
            what: "response".to_owned(),
            expected: format!("one of: {}", expected_words.join("; or ")),
            seen: match outcome {
                Outcome::Answer(answer) => in_short(answer),
                Outcome::None(how) => words(how).to_owned(),
            },
        });
    }
    Ok(verdict)
}

fn words(no_answer: NoAnswer) -> &'static str {
    match no_answer {
        NoAnswer::Closed => "no answer, the connection ended",
        NoAnswer::Silent => "no answer at all",
        NoAnswer::Any => "no answer",
    }
}

/// A response in a line: `404`, `200 type='terminate' condition='item-not-found'`.
pub fn in_short(answer: &Answer) -> String {
    let mut text = answer.status.to_string();
    match &answer.body {
        Ok(body) => {
            for (namespace, name, value) in body.element().attributes() {
                let prefix = if namespace == XBOSH { "xmpp:" } else { "" };
                text += &format!(" {prefix}{name}='{value}'");
            }
            let children = body.element().children().count();
            text += match children {
                0 => ", empty",
                _ => ", with payload",
            };
        }
        Err(why) if answer.status == 200 => text += &format!(", no <body/>: {why}"),
        Err(_) => {}
    }
    text
}

impl Expectation {
    /// Whether nothing is said but alternatives.
    fn is_bare(&self) -> bool {
        *self == Self { any_of: self.any_of.clone(), ..Self::default() }
    }

    /// Whether nothing is said of how it ends: then it has to be 200, with a `<body/>` that does not end the session.
    fn is_usual(&self) -> bool {
        let says = |name: &str| self.attributes.iter().any(|(known, _)| known.value == name);
        self.no_answer.is_none()
            && self.status.is_none()
            && self.terminal.is_none()
            && self.entity.is_none()
            && self.any_of.is_empty()
            && self.same_as.is_none()
            && self.like.is_none()
            && self.headers_like.is_none()
            && !says("type")
            && !says("condition")
    }
}

struct Comparison<'a, 'o> {
    answer: &'a Answer,
    others: &'a dyn Fn(&Reference) -> Option<&'o Answer>,
    environment: &'a dyn Environment,
    found: Vec<Mismatch>,
}

impl Comparison<'_, '_> {
    fn run(&mut self, expected: &Expectation) -> Result<(), FragmentError> {
        if let Some(way) = &expected.no_answer {
            let seen = in_short(self.answer);
            self.add(Some(&way.place), "response", words(way.value), seen);
            return Ok(());
        }
        if expected.is_usual() {
            self.terminal(&Terminal::No, None, false);
        }
        if let Some(terminal) = &expected.terminal {
            self.terminal(&terminal.value, Some(&terminal.place), expected.status.is_some());
        }
        if let Some(http) = &expected.http
            && http.value != self.answer.http
        {
            let name = |http| if http == Http::V10 { "HTTP/1.0" } else { "HTTP/1.1" };
            self.add(Some(&http.place), "version", name(http.value), name(self.answer.http));
        }
        if let Some(status) = &expected.status {
            let seen = Value::Number(i128::from(self.answer.status));
            self.value("status", status, Some(&seen))?;
        }
        for (name, value) in &expected.headers {
            let seen = self.answer.header(name).map(Value::Text);
            self.value(&format!("header {}", name.value), value, seen.as_ref())?;
        }
        if let Some(entity) = &expected.entity {
            let text = String::from_utf8_lossy(&self.answer.entity).into_owned();
            self.value("entity", entity, Some(&Value::Text(text)))?;
        }
        self.content(expected)?;
        self.other_responses(expected);
        Ok(())
    }

    /// What stands on and in the `<body/>`.
    fn content(&mut self, expected: &Expectation) -> Result<(), FragmentError> {
        let first = expected.attributes.first().map(|(name, _)| &name.place);
        let first = first.or(expected.payload.as_ref().map(|payload| &payload.place));
        let Some(first) = first else { return Ok(()) };
        let answer = self.answer;
        let body = match &answer.body {
            Ok(body) => body.element(),
            Err(why) => {
                // It was said already if the response had to be a usual one.
                if self.found.is_empty() {
                    self.add(Some(first), "entity", "a <body/>", why.as_str());
                }
                return Ok(());
            }
        };
        for (name, value) in &expected.attributes {
            let seen = attribute(body, name).map(|text| Value::Text(text.to_owned()));
            self.value(&format!("attribute {}", name.value), value, seen.as_ref())?;
        }
        if let Some(payload) = &expected.payload {
            self.found.extend(payload::payload(payload, body, self.environment)?);
        }
        Ok(())
    }

    fn other_responses(&mut self, expected: &Expectation) {
        let mut with = |other: &Option<Reference>,
                        same: fn(&Answer, &Answer) -> Option<[String; 3]>| {
            let Some(reference) = other else { return };
            let place = Some(&reference.name.place);
            let Some(other) = (self.others)(reference) else {
                let name = &reference.name.value;
                self.found.push(Mismatch {
                    place: place.cloned(),
                    what: "response".to_owned(),
                    expected: format!("that of {name}, to compare"),
                    seen: "none".to_owned(),
                });
                return;
            };
            if let Some([what, expected, seen]) = same(other, self.answer) {
                self.found.push(Mismatch { place: place.cloned(), what, expected, seen });
            }
        };
        with(&expected.same_as, same_bytes);
        with(&expected.like, same_xml);
        with(&expected.headers_like, same_headers);
    }

    fn terminal(&mut self, expected: &Terminal, place: Option<&Place>, strict: bool) {
        let answer = self.answer;
        let body = answer.body.as_ref().ok();
        let ended = body.is_some_and(|body| body.kind() == BodyType::Terminate);
        let condition = body.and_then(|body| body.text("condition"));
        let good = match expected {
            Terminal::No => answer.status == 200 && body.is_some() && !ended,
            Terminal::Any => ended || matches!(answer.status, 400 | 403 | 404),
            Terminal::Plain => ended && condition.is_none(),
            Terminal::Condition(wanted) => {
                ended && condition == Some(wanted.as_str())
                    || !strict && legacy(*wanted) == Some(answer.status)
            }
        };
        if good {
            return;
        }
        let wanted = match expected {
            Terminal::No => "200 with a <body/> that does not end the session".to_owned(),
            Terminal::Any => "the end of the session".to_owned(),
            Terminal::Plain => "type='terminate' without a condition".to_owned(),
            Terminal::Condition(wanted) => {
                let code = legacy(*wanted).filter(|_| !strict);
                let code = code.map_or(String::new(), |code| format!(", or {code}"));
                format!("type='terminate' condition='{}'{code}", wanted.as_str())
            }
        };
        let seen = in_short(answer);
        self.add(place, "response", wanted, seen);
    }

    fn value(
        &mut self,
        what: &str,
        expected: &ValueMatch,
        seen: Option<&Value>,
    ) -> Result<(), Unresolved> {
        self.found.extend(expected.compare(what, seen, self.environment)?);
        Ok(())
    }

    fn add(
        &mut self,
        place: Option<&Place>,
        what: &str,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        self.found.push(Mismatch {
            place: place.cloned(),
            what: what.to_owned(),
            expected: expected.into(),
            seen: seen.into(),
        });
    }
}

/// The HTTP code that says the same to clients that know no conditions (XEP-0124 §17.1).
fn legacy(condition: Condition) -> Option<u16> {
    match condition {
        Condition::BadRequest => Some(400),
        Condition::PolicyViolation => Some(403),
        Condition::ItemNotFound => Some(404),
        _ => None,
    }
}

fn same_bytes(expected: &Answer, seen: &Answer) -> Option<[String; 3]> {
    let (a, b) = (&expected.entity, &seen.entity);
    (a != b).then(|| {
        let at = a.iter().zip(b.iter()).take_while(|(a, b)| a == b).count();
        let around = |bytes: &[u8]| {
            let end = bytes.len().min(at + 40);
            let start = at.saturating_sub(10).min(end);
            format!("`{}`", String::from_utf8_lossy(&bytes[start..end]))
        };
        [format!("entity, at byte {at}"), around(a), around(b)]
    })
}

fn same_xml(expected: &Answer, seen: &Answer) -> Option<[String; 3]> {
    if expected.status != seen.status {
        return Some(["status".into(), expected.status.to_string(), seen.status.to_string()]);
    }
    match (&expected.body, &seen.body) {
        (Ok(a), Ok(b)) => {
            let difference = payload::strict_difference(a.element(), b.element())?;
            Some(["XML".into(), "the same".into(), difference])
        }
        _ => same_bytes(expected, seen),
    }
}

fn same_headers(expected: &Answer, seen: &Answer) -> Option<[String; 3]> {
    let list = |answer: &Answer| {
        let mut list: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .filter(|(name, _)| name != "date" && name != "content-length")
            .collect();
        list.sort();
        list
    };
    let (a, b) = (list(expected), list(seen));
    let only = |a: &[(String, String)], b: &[(String, String)]| {
        let lines: Vec<_> = a
            .iter()
            .filter(|one| !b.contains(one))
            .map(|(name, value)| format!("`{name}: {value}`"))
            .collect();
        if lines.is_empty() { "none".to_owned() } else { lines.join(", ") }
    };
    (a != b).then(|| ["header fields".into(), only(&a, &b), only(&b, &a)])
}

/// An attribute as scenarios name it: `xmpp:version`, `xml:lang`, `sid`.
pub fn attribute<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    match name.split_once(':') {
        Some(("xmpp", local)) => element.attr_ns(XBOSH, local),
        Some(("xml", local)) => element.attr_ns(XML, local),
        _ => element.attr(name),
    }
}

/// What a capture takes of a response; none if it is not there.
pub fn capture(origin: &Origin, answer: &Answer) -> Option<String> {
    match origin {
        Origin::Status => Some(answer.status.to_string()),
        Origin::Entity => Some(String::from_utf8_lossy(&answer.entity).into_owned()),
        Origin::Header(name) => answer.header(name),
        Origin::Path { elements, attribute } => {
            capture_from(elements, attribute.as_deref(), answer.body.as_ref().ok()?.element())
        }
    }
}

/// What a path takes of an element, whose children the path begins with.
pub fn capture_from(elements: &[String], name: Option<&str>, from: &Element) -> Option<String> {
    let Some((first, rest)) = elements.split_first() else {
        return match name {
            Some(name) => attribute(from, name).map(str::to_owned),
            None => Some(from.text().into_owned()),
        };
    };
    from.children()
        .filter(|child| first == "*" || child.name() == first)
        .find_map(|child| capture_from(rest, name, child))
}

/// Compares a value of its own, such as that of a `value` step.
pub fn compare_value(
    what: &Located<super::model::Template>,
    expected: &ValueMatch,
    environment: &dyn Environment,
) -> Result<Vec<Mismatch>, Unresolved> {
    let value = what.value.value(environment)?;
    expected.compare(what.place.text(), Some(&value), environment)
}

#[cfg(test)]
mod tests;
