//! All that can be said: each place with what may go wrong there.

use super::deed::{Carriage, Deed, Form, State, Timing};
use super::frames::{self, FramePlace};
use super::one::{Generated, Turn};
use super::place::{ANSWERS, Place, REQUESTS};
use super::streams::{self, StreamPlace};
use super::wrong::Wrong;

const NUMBER: &[Wrong] = &[Wrong::Missing, Wrong::Lower, Wrong::Higher, Wrong::Empty, Wrong::Other];
const TEXT: &[Wrong] = &[Wrong::Missing, Wrong::Empty, Wrong::Capitals, Wrong::Other, Wrong::Stale];

/// The attributes of a creation response.
const CREATION: &[(&str, &[Wrong])] = &[
    ("sid", &[Wrong::Missing, Wrong::Empty]),
    ("wait", NUMBER),
    ("requests", NUMBER),
    ("hold", NUMBER),
    ("polling", NUMBER),
    ("inactivity", NUMBER),
    ("maxpause", NUMBER),
    ("ack", NUMBER),
    ("ver", TEXT),
    ("accept", TEXT),
    ("charsets", TEXT),
    ("from", TEXT),
    ("stream", &[Wrong::Missing, Wrong::Empty]),
    ("xmpp:version", TEXT),
    ("xmpp:restartlogic", TEXT),
    ("type", &[Wrong::Added("terminate"), Wrong::Added("error")]),
    ("condition", &[Wrong::Added("undefined-condition")]),
];

/// Those of any later response.
const LATER: &[(&str, &[Wrong])] = &[
    (
        "ack",
        &[
            Wrong::Missing,
            Wrong::Lower,
            Wrong::Higher,
            Wrong::Stale,
            Wrong::Empty,
            Wrong::Added("1"),
        ],
    ),
    ("sid", &[Wrong::Added("0")]),
    ("wait", &[Wrong::Added("60")]),
    ("requests", &[Wrong::Added("2")]),
    ("inactivity", &[Wrong::Added("60")]),
    ("report", &[Wrong::Added("1")]),
    ("stream", &[Wrong::Missing, Wrong::Other, Wrong::Empty]),
];

const TERMINAL: &[(&str, &[Wrong])] = &[
    ("type", &[Wrong::Missing, Wrong::Empty, Wrong::Capitals, Wrong::Other]),
    (
        "condition",
        &[
            Wrong::Missing,
            Wrong::Empty,
            Wrong::Capitals,
            Wrong::Other,
            Wrong::Added("undefined-condition"),
        ],
    ),
];

const ALIVE: &[(&str, &[Wrong])] = &[
    ("type", &[Wrong::Added("terminate"), Wrong::Added("error"), Wrong::Added("result")]),
    ("condition", &[Wrong::Added("undefined-condition")]),
];

const REPORTED: &[(&str, &[Wrong])] = &[("report", NUMBER), ("time", NUMBER)];
const RESTARTED: &[(&str, &[Wrong])] =
    &[("from", TEXT), ("xmpp:version", TEXT), ("xmpp:restartlogic", TEXT)];

const PAYLOADS: [Carriage; 8] = [
    Carriage::Lost,
    Carriage::LastLost,
    Carriage::Doubled,
    Carriage::Reversed,
    Carriage::Late,
    Carriage::Elsewhere,
    Carriage::NamespaceLost,
    Carriage::Trimmed,
];

const FORMS: [Form; 21] = [
    Form::Status(201),
    Form::Status(204),
    Form::Status(400),
    Form::Status(403),
    Form::Status(404),
    Form::Status(500),
    Form::NoType,
    Form::PageType,
    Form::OtherCharset,
    Form::NoCors,
    Form::Compressed,
    Form::Truncated,
    Form::Nothing,
    Form::Comment,
    Form::Instruction,
    Form::Doctype,
    Form::Text,
    Form::Namespace,
    Form::Two,
    Form::Chunked,
    Form::Cut,
];

const TIMINGS: [Timing; 5] =
    [Timing::Late, Timing::VeryLate, Timing::WithNextRequest, Timing::Swapped, Timing::Never];

const LIVING: [State; 9] = [
    State::Dead,
    State::OthersDead,
    State::TimerRuns,
    State::TimerShort,
    State::TimerStopped,
    State::WindowNarrow,
    State::WindowWide,
    State::NotKept,
    State::KeptEmpty,
];

const FORWARDING: [Carriage; 7] = [
    Carriage::Lost,
    Carriage::LastLost,
    Carriage::Doubled,
    Carriage::Reversed,
    Carriage::Late,
    Carriage::NamespaceLost,
    Carriage::Anyway,
];

const UNSEEN: [&str; 10] = [
    "ack",
    "key",
    "newkey",
    "pause",
    "stream",
    "to",
    "type",
    "xml:lang",
    "xmpp:restart",
    "xmpp:version",
];

/// Every defect that can be made.
pub fn all() -> impl Iterator<Item = Generated> {
    let answers = ANSWERS.iter().flat_map(|&place| of_answer(place).map(move |it| (place, it)));
    let requests = REQUESTS.iter().flat_map(|&place| {
        let forwarding = FORWARDING.into_iter().map(Deed::Forwarding);
        let unseen = UNSEEN.into_iter().map(Deed::Unseen);
        forwarding.chain(unseen).map(move |deed| (place, deed))
    });
    let streams = StreamPlace::ALL.iter().flat_map(|&place| {
        let deeds = streams::deeds(place).into_iter().map(Deed::Stream);
        deeds.map(move |deed| (Place::Stream(place), deed))
    });
    let frames = FramePlace::ALL.iter().flat_map(|&place| {
        let deeds = frames::deeds(place).into_iter().map(Deed::Frame);
        deeds.map(move |deed| (Place::Frame(place), deed))
    });
    answers.chain(requests).chain(streams).chain(frames).flat_map(|(place, deed)| {
        let turns: &[Turn] = if place.is_single() { &[Turn::Always] } else { &Turn::ALL };
        turns.iter().map(move |turn| Generated { place, deed, turn: *turn })
    })
}

fn of_answer(place: Place) -> impl Iterator<Item = Deed> {
    let mut attributes: Vec<&'static [(&'static str, &'static [Wrong])]> = Vec::new();
    if place == Place::Creation {
        attributes.push(CREATION);
    } else {
        attributes.push(LATER);
        attributes.push(if place.is_terminal() { TERMINAL } else { ALIVE });
    }
    match place {
        Place::Reported => attributes.push(REPORTED),
        Place::Restarted | Place::StreamAdded => attributes.push(RESTARTED),
        Place::OlderCopy => attributes.push(&TERMINAL[..1]),
        _ => {}
    }
    let attributes = attributes
        .into_iter()
        .flatten()
        .flat_map(|(name, wrongs)| wrongs.iter().map(move |wrong| Deed::Attribute(name, *wrong)));
    let carriage: &[Carriage] = match place {
        Place::Refusal | Place::LegacyRefusal => &[Carriage::Anyway],
        _ if place.may_carry() => &PAYLOADS,
        _ => &[],
    };
    let inside = !place.is_outside();
    let timings = TIMINGS.into_iter().filter(move |_| inside).map(Deed::Timing);
    let states: &[State] = match place {
        _ if place.is_outside() => &[],
        _ if place.is_terminal() => &[State::Alive, State::OthersDead],
        _ => &LIVING,
    };
    attributes
        .chain(carriage.iter().copied().map(Deed::Payloads))
        .chain(FORMS.into_iter().map(Deed::Http))
        .chain(timings)
        .chain(states.iter().copied().map(Deed::State))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: Vec<String> = all().map(|generated| generated.name()).collect();
        let distinct: BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(names.len() > 3000, "{}", names.len());
    }
}
