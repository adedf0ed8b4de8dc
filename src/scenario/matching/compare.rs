//! A response, compared with what is demanded of it.

use super::answer::{Answer, Outcome, in_short, no_answer_in_words as words};
use super::capture::attribute;
use super::mismatch::{Mismatch, Subject};
use super::payload;
use super::same::{Difference, same_bytes, same_headers, same_xml};
use crate::bosh::{BodyType, Condition};
use crate::scenario::fragment::FragmentError;
use crate::scenario::model::{
    Alternative, Expectation, Http, NoAnswer, Reference, Terminal, ValueMatch,
};
use crate::scenario::source::Place;
use crate::scenario::vars::{Environment, Unresolved, Value};

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
                    subject: Subject::NoResponse,
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
                let parts: Vec<_> = mismatches.iter().map(Mismatch::demand).collect();
                parts.join(" and ")
            })
            .collect();
        let (subject, seen) = match outcome {
            Outcome::Answer(answer) => (Subject::Response, in_short(answer)),
            Outcome::None(how) => (Subject::NoResponse, words(how).to_owned()),
        };
        verdict.mismatches.push(Mismatch {
            place: expected.any_of.first().map(|first| first.place.clone()),
            subject,
            expected: format!("one of: {}", expected_words.join("; or ")),
            seen,
        });
    }
    Ok(verdict)
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
            self.add(Some(&way.place), Subject::UnexpectedResponse, words(way.value), seen);
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
            let (expected, seen) = (name(http.value), name(self.answer.http));
            self.add(Some(&http.place), Subject::HttpVersion, expected, seen);
        }
        if let Some(status) = &expected.status {
            let seen = Value::Number(i128::from(self.answer.status));
            self.value(&Subject::Status, status, Some(&seen))?;
        }
        for (name, value) in &expected.headers {
            let seen = self.answer.header(name).map(Value::Text);
            self.value(&Subject::Header(name.value.clone()), value, seen.as_ref())?;
        }
        if let Some(entity) = &expected.entity {
            let text = String::from_utf8_lossy(&self.answer.entity).into_owned();
            self.value(&Subject::Entity, entity, Some(&Value::Text(text)))?;
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
                    self.add(Some(first), Subject::Entity, "a <body/>", why.as_str());
                }
                return Ok(());
            }
        };
        for (name, value) in &expected.attributes {
            let seen = attribute(body, name).map(|text| Value::Text(text.to_owned()));
            self.value(&Subject::Attribute(name.value.clone()), value, seen.as_ref())?;
        }
        if let Some(payload) = &expected.payload {
            self.found.extend(payload::payload(payload, body, self.environment)?);
        }
        Ok(())
    }

    fn other_responses(&mut self, expected: &Expectation) {
        let mut with = |other: &Option<Reference>,
                        same: fn(&Answer, &Answer) -> Option<Difference>| {
            let Some(reference) = other else { return };
            let place = Some(&reference.name.place);
            let Some(other) = (self.others)(reference) else {
                let name = &reference.name.value;
                self.found.push(Mismatch {
                    place: place.cloned(),
                    subject: Subject::Response,
                    expected: format!("that of {name}, to compare"),
                    seen: "none".to_owned(),
                });
                return;
            };
            if let Some([what, expected, seen]) = same(other, self.answer) {
                let (place, subject) = (place.cloned(), Subject::Same(what));
                self.found.push(Mismatch { place, subject, expected, seen });
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
        self.add(place, Subject::Response, wanted, seen);
    }

    fn value(
        &mut self,
        subject: &Subject,
        expected: &ValueMatch,
        seen: Option<&Value>,
    ) -> Result<(), Unresolved> {
        self.found.extend(expected.compare_part(subject, seen, self.environment)?);
        Ok(())
    }

    fn add(
        &mut self,
        place: Option<&Place>,
        subject: Subject,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        self.found.push(Mismatch {
            place: place.cloned(),
            subject,
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
