//! Responses as they are judged, and in words.

use super::wire::Got;
use super::world::{Done, Stop, World};
use crate::bosh::{Body, BodyType};
use crate::scenario::matching::{self, Answer, Mismatch, Outcome};
use crate::scenario::{
    Capture, Condition, Expectation, Http, Level, Located, Origin, Place, Reference,
};
use crate::xml::{Element, Limits, parse};

/// What a response says, if it is a `<body/>` of BOSH.
pub(super) fn body(got: &Got) -> Option<Body> {
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    Body::new(parse(&got.response.content.bytes, &limits).ok()?).ok()
}

/// Whether a response ends the session, and with which condition: in BOSH's words, or in HTTP's (XEP-0124 §17).
#[allow(clippy::option_option)] // it may end the session and name no condition
pub(super) fn terminal(got: &Got) -> Option<Option<String>> {
    let http = match got.response.status {
        400 => Some("bad-request"),
        403 => Some("policy-violation"),
        404 => Some("item-not-found"),
        _ => None,
    };
    if let Some(condition) = http {
        return Some(Some(condition.to_owned()));
    }
    let body = body(got)?;
    (body.kind() == BodyType::Terminate).then(|| body.text("condition").map(str::to_owned))
}

/// Whether a response says that there is no such session.
pub(super) fn is_gone(got: &Got) -> bool {
    terminal(got).flatten().as_deref() == Some("item-not-found")
}

/// A response in a few words.
pub(super) fn short(got: &Got) -> String {
    matching::in_short(&answer(got))
}

/// A response as scenarios compare it.
pub(super) fn answer(got: &Got) -> Answer {
    let response = &got.response;
    let http = if response.version == 0 { Http::V10 } else { Http::V11 };
    let headers = response.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer::new(response.status, http, headers, response.content.bytes.clone().into())
}

impl World {
    /// What of a response is not as demanded, and what is to be said of the alternative that came.
    pub(super) fn compare(&self, expected: &Expectation, got: &Got) -> Done<Compared> {
        self.compare_outcome(expected, Outcome::Answer(&answer(got)))
    }

    /// The same, where it may be that no response came.
    pub(super) fn compare_outcome(
        &self,
        expected: &Expectation,
        outcome: Outcome<'_>,
    ) -> Done<Compared> {
        let mut others: Vec<(Reference, Answer)> = Vec::new();
        self.compared_with(expected, &mut others);
        let other = |wanted: &Reference| {
            others.iter().find(|(known, _)| known == wanted).map(|(_, answer)| answer)
        };
        let verdict = matching::compare(expected, outcome, &other, self)?;
        let mut compared = Compared { mismatches: verdict.mismatches, taken: Vec::new() };
        for alternative in verdict.taken {
            let says = alternative.says.as_ref().map(|says| self.text(says)).transpose()?;
            if alternative.level.is_some() || says.is_some() {
                let level = alternative.level.as_ref().map(|level| level.value);
                compared.taken.push((alternative.place.clone(), level, says));
            }
        }
        Ok(compared)
    }

    /// The responses that an expectation compares with.
    fn compared_with(&self, expected: &Expectation, found: &mut Vec<(Reference, Answer)>) {
        let named = [&expected.same_as, &expected.like, &expected.headers_like];
        for reference in named.into_iter().flatten() {
            let got = self.sent(reference).ok().and_then(|sent| self.got(sent.id));
            if let Some(got) = got {
                found.push((reference.clone(), answer(&got)));
            }
        }
        for alternative in &expected.any_of {
            self.compared_with(&alternative.expected, found);
        }
    }

    /// Variables take their values from a response.
    pub(super) fn capture_response(&mut self, captures: &[Capture], got: &Got) -> Done {
        let seen = answer(got);
        for capture in captures {
            let value = matching::capture(&capture.from.value, &seen);
            self.capture(capture, value, &matching::in_short(&seen))?;
        }
        Ok(())
    }

    /// Variables take their values from a stanza.
    pub(super) fn capture_stanza(&mut self, captures: &[Capture], stanza: &Element) -> Done {
        for capture in captures {
            let value = match &capture.from.value {
                Origin::Path { elements, attribute } => {
                    matching::capture_from(elements, attribute.as_deref(), stanza)
                }
                _ => None,
            };
            self.capture(capture, value, &matching::element_in_short(stanza))?;
        }
        Ok(())
    }

    fn capture(&mut self, capture: &Capture, value: Option<String>, of: &str) -> Done {
        let Some(value) = value else {
            let wanted = format!("a value at `{}` to capture", capture.from.place.text());
            self.fail(&capture.from.place, wanted, of)?;
            return Err(Stop::Failed);
        };
        self.assign(&capture.variable.value, crate::scenario::Value::Text(value));
        Ok(())
    }
}

/// An alternative that came and of which something is to be said: its place, level and words.
pub(super) type Taken = (Place, Option<Level>, Option<String>);

/// What came of a comparison.
pub(super) struct Compared {
    pub(super) mismatches: Vec<Mismatch>,
    pub(super) taken: Vec<Taken>,
}

impl World {
    /// Why a condition does not hold; nothing if it does.
    pub(super) fn unmet(&self, condition: &Located<Condition>) -> Done<Option<String>> {
        match &condition.value {
            Condition::Advertised { attribute, by, not } => {
                let actor = self.actor(by.as_ref())?;
                let has = self.actors[actor].session.granted(&attribute.value).is_some();
                let name = &attribute.value;
                Ok(match (has, *not) {
                    (false, false) => {
                        Some(format!("the connection manager does not advertise `{name}`"))
                    }
                    (true, true) => Some(format!("the connection manager advertises `{name}`")),
                    _ => None,
                })
            }
            Condition::Value { value, expected } => {
                let worth = value.value.value(self).ok();
                // As it is called, without the quotes of YAML.
                let text = value.place.text().trim_matches(['\'', '"']);
                let name = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
                let found = expected.compare(name.unwrap_or(text), worth.as_ref(), self)?;
                Ok(found.first().map(ToString::to_string))
            }
            Condition::Response { request, expected } => {
                let sent = self.sent(request)?.id;
                let Some(got) = self.got(sent) else {
                    return Ok(Some(format!("`{}` has no response", request.name.value)));
                };
                let compared = self.compare(expected, &got)?;
                Ok(compared.mismatches.first().map(ToString::to_string))
            }
        }
    }
}
