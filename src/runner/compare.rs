//! What came, held against what a step demands; and what variables take from it.

use std::time::Duration;

use super::judge::answer;
use super::run::Run;
use super::stop::{Done, Stop};
use super::wire::ReceivedResponse;
use crate::scenario::matching::{self, Answer, FailureKind, Mismatch, Outcome};
use crate::scenario::{
    Capture, Condition, Expectation, Level, Located, Origin, Place, Reference, Value,
};
use crate::xml::Element;

/// An alternative that came and of which something is to be said: its place, level and words.
pub(super) type Remark = (Place, Option<Level>, Option<String>);

/// What came of a comparison.
pub(super) struct Comparison {
    pub(super) mismatches: Vec<Mismatch>,
    pub(super) taken: Vec<Remark>,
}

/// What of a response is not as demanded, and what is to be said of the alternative that came.
pub(super) fn compare(
    run: &Run,
    expected: &Expectation,
    got: &ReceivedResponse,
) -> Done<Comparison> {
    compare_outcome(run, expected, Outcome::Answer(&answer(got)))
}

/// The same, where it may be that no response came.
pub(super) fn compare_outcome(
    run: &Run,
    expected: &Expectation,
    outcome: Outcome<'_>,
) -> Done<Comparison> {
    let mut others: Vec<(Reference, Answer)> = Vec::new();
    compared_with(run, expected, &mut others);
    let other = |wanted: &Reference| {
        others.iter().find(|(known, _)| known == wanted).map(|(_, answer)| answer)
    };
    let verdict = matching::compare(expected, outcome, &other, run)?;
    let mut compared = Comparison { mismatches: verdict.mismatches, taken: Vec::new() };
    for alternative in verdict.taken {
        let says = run.text_of(alternative.says.as_ref())?;
        if alternative.level.is_some() || says.is_some() {
            let level = alternative.level.as_ref().map(|level| level.value);
            compared.taken.push((alternative.place.clone(), level, says));
        }
    }
    Ok(compared)
}

/// The responses that an expectation compares with.
fn compared_with(run: &Run, expected: &Expectation, found: &mut Vec<(Reference, Answer)>) {
    let named = [&expected.same_as, &expected.like, &expected.headers_like];
    for reference in named.into_iter().flatten() {
        let got = run.sent(reference).ok().and_then(|sent| run.got(sent.id));
        if let Some(got) = got {
            found.push((reference.clone(), answer(&got)));
        }
    }
    for alternative in &expected.any_of {
        compared_with(run, &alternative.expected, found);
    }
}

/// Something is not as demanded, which a lag of this machine could explain.
pub(super) fn mismatch(
    run: &mut Run,
    mismatch: &Mismatch,
    place: &Place,
    lag: Option<Duration>,
) -> Done {
    let place = mismatch.place.as_ref().unwrap_or(place);
    let (demand, seen) = (mismatch.demand(), mismatch.seen.clone());
    run.fail_in_time(mismatch.subject.kind(), place, demand, seen, lag)
}

/// Variables take their values from a response.
pub(super) fn capture_response(
    run: &mut Run,
    captures: &[Capture],
    got: &ReceivedResponse,
) -> Done {
    let seen = answer(got);
    for one in captures {
        let value = matching::capture(&one.from.value, &seen);
        capture(run, one, value, &matching::in_short(&seen))?;
    }
    Ok(())
}

/// Variables take their values from a stanza.
pub(super) fn capture_stanza(run: &mut Run, captures: &[Capture], stanza: &Element) -> Done {
    for one in captures {
        let value = match &one.from.value {
            Origin::Path { elements, attribute } => {
                matching::capture_from(elements, attribute.as_deref(), stanza)
            }
            Origin::Name(elements) => matching::name_from(elements, stanza),
            Origin::Status | Origin::Entity | Origin::Header(_) | Origin::Link(_) => None,
        };
        capture(run, one, value, &matching::element_in_short(stanza))?;
    }
    Ok(())
}

fn capture(run: &mut Run, capture: &Capture, value: Option<String>, of: &str) -> Done {
    let Some(value) = value else {
        let wanted = format!("a value at `{}` to capture", capture.from.place.text());
        run.fail(FailureKind::Capture, &capture.from.place, wanted, of)?;
        return Err(Stop::Failed);
    };
    run.variables.assign(&capture.variable.value, Value::Text(value));
    Ok(())
}

/// Why a condition does not hold; nothing if it does.
pub(super) fn unmet(run: &Run, condition: &Located<Condition>) -> Done<Option<String>> {
    match &condition.value {
        Condition::Advertised { attribute, by, not } => {
            let grant = run.cast.get(run.actor(by.as_ref())?).link().book().grant();
            let name = &attribute.value;
            let has = grant.is_some_and(|grant| grant.attribute(name).is_some());
            Ok(match (has, *not) {
                (false, false) => Some(format!("needs a server that advertises `{name}`")),
                (true, true) => Some(format!("needs a server that does not advertise `{name}`")),
                _ => None,
            })
        }
        Condition::Offered { feature, by } => {
            let features = run.cast.get(run.actor(by.as_ref())?).features();
            let wanted = feature.value.elements(run)?;
            let has = features.is_some_and(|features| {
                features.children().any(|one| matching::matches_any(&wanted, one))
            });
            Ok((!has).then(|| format!("needs a server that offers `{}`", feature.place.text())))
        }
        Condition::Received { stanza, by } => {
            let inbox = run.cast.get(run.actor(by.as_ref())?).inbox();
            let wanted = stanza.value.elements(run)?;
            let has = inbox.iter().any(|arrived| matching::matches_any(&wanted, &arrived.element));
            Ok((!has).then(|| format!("no `{}` has come", stanza.place.text())))
        }
        Condition::Value { value, expected } => {
            let worth = value.value.value(run).ok();
            // As it is called, without the quotes of YAML.
            let text = value.place.text().trim_matches(['\'', '"']);
            let name = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
            let found = expected.compare(name.unwrap_or(text), worth.as_ref(), run)?;
            Ok(found.first().map(ToString::to_string))
        }
        Condition::Response { request, expected } => {
            let Some(got) = run.got(run.sent(request)?.id) else {
                return Ok(Some(format!("`{}` has no response", request.name.value)));
            };
            let compared = compare(run, expected, &got)?;
            Ok(compared.mismatches.first().map(ToString::to_string))
        }
    }
}
