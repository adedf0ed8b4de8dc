//! All that can be said of streams: each place with what may go wrong there.

use super::deed::StreamDeed;
use super::place::StreamPlace;
use crate::defects::generated::wrong::Wrong;

const TEXT: &[Wrong] = &[Wrong::Missing, Wrong::Empty, Wrong::Capitals, Wrong::Other, Wrong::Stale];
const NUMBER: &[Wrong] =
    &[Wrong::Missing, Wrong::Lower, Wrong::Higher, Wrong::Empty, Wrong::Other, Wrong::Stale];
const COMMON: [StreamDeed; 10] = [
    StreamDeed::Lost,
    StreamDeed::Doubled,
    StreamDeed::Late,
    StreamDeed::VeryLate,
    StreamDeed::Swapped,
    StreamDeed::Namespace,
    StreamDeed::Name,
    StreamDeed::EndsAfter,
    StreamDeed::CutAfter,
    StreamDeed::DeafAfter,
];
const CHILDREN: [StreamDeed; 3] =
    [StreamDeed::ChildLost, StreamDeed::ChildAdded, StreamDeed::ChildNamespace];
const COMING: [StreamDeed; 5] = [
    StreamDeed::Lost,
    StreamDeed::Doubled,
    StreamDeed::Late,
    StreamDeed::VeryLate,
    StreamDeed::Swapped,
];

/// What may go wrong at a place.
pub fn deeds(place: StreamPlace) -> Vec<StreamDeed> {
    use StreamPlace as At;
    let attributes: &[(&str, &[Wrong])] = match place {
        At::Opened | At::Reopened => &[
            ("from", TEXT),
            ("id", TEXT),
            ("version", TEXT),
            ("xml:lang", TEXT),
            ("to", &[Wrong::Added("a@b")]),
        ],
        At::Answer | At::StanzaError => {
            &[("id", TEXT), ("type", TEXT), ("from", TEXT), ("to", TEXT)]
        }
        At::Delivered | At::PresenceOut | At::Resent => {
            &[("from", TEXT), ("to", TEXT), ("id", TEXT), ("xml:lang", TEXT), ("type", TEXT)]
        }
        At::Enabled => &[("id", TEXT), ("resume", TEXT), ("max", NUMBER)],
        At::Count | At::NotResumed => &[("h", NUMBER)],
        At::Resumed => &[("h", NUMBER), ("previd", TEXT)],
        _ => &[],
    };
    let mut deeds: Vec<StreamDeed> = attributes
        .iter()
        .flat_map(|(name, wrongs)| {
            wrongs.iter().map(move |wrong| StreamDeed::Attribute(name, *wrong))
        })
        .collect();
    if place.is_input() {
        deeds.extend(COMING);
        return deeds;
    }
    match place {
        At::Ending | At::Closing => {
            deeds.extend([StreamDeed::Lost, StreamDeed::Late, StreamDeed::VeryLate]);
            if place == At::Closing {
                deeds.extend([1001, 1002, 1006, 1011].map(StreamDeed::Status));
            } else {
                deeds.extend([StreamDeed::Doubled, StreamDeed::Swapped]);
            }
        }
        _ => {
            deeds.extend(COMMON);
            if !matches!(place, At::Opened | At::Reopened | At::Count | At::CountAsked) {
                deeds.extend(CHILDREN);
            }
            if place == At::StreamError {
                deeds.push(StreamDeed::NothingAfter);
            }
        }
    }
    deeds
}
