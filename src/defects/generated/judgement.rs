//! Generated defects that no scenario has to notice, and why.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::deed::{Carriage, Deed, Form, State, Timing};
use super::frames::{FrameDeed, FramePlace};
use super::one::{Generated, Turn};
use super::place::Place;
use super::streams::{StreamDeed, StreamPlace};
use super::wrong::Wrong;
use crate::wire::websocket::Opcode;

/// Why a defect need not be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A connection manager may behave so; with the section.
    Lawful(&'static str),
    /// A client cannot see it, or not from here.
    Unseen(&'static str),
    /// It is a hole that is known; with why no scenario closes it yet.
    Open(&'static str),
}

use Reason::{Lawful, Open, Unseen};

/// Why this one need not be noticed, if there is a reason.
pub fn reason(generated: &Generated) -> Option<Reason> {
    let Generated { place, deed, turn } = *generated;
    of_stream(place, deed)
        .or_else(|| of_frame(place, deed))
        .or_else(|| of_creation(place, deed))
        .or_else(|| of_request(place, deed))
        .or_else(|| of_any(place, deed))
        .or_else(|| open(place, deed, turn).filter(|_| HOLES.contains(generated.name().as_str())))
}

/// The names of the holes that are known. Whatever else scenarios do not notice is a new one.
static HOLES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("holes.txt").lines().collect());

/// What may be so on a stream without BOSH.
fn of_stream(place: Place, deed: Deed) -> Option<Reason> {
    let (Place::Stream(place), Deed::Stream(deed)) = (place, deed) else { return None };
    Some(match (place, deed) {
        (_, StreamDeed::ChildAdded) => {
            Lawful("RFC 6120 §8.4: whatever is not known in an element is passed over")
        }
        (_, StreamDeed::Late) => Lawful("no text says how soon it has to come"),
        (StreamPlace::Count | StreamPlace::CountIn, StreamDeed::Doubled) => {
            Lawful("XEP-0198 §4: a count may be told at any time")
        }
        (
            StreamPlace::CountAsked,
            StreamDeed::Lost | StreamDeed::Doubled | StreamDeed::VeryLate | StreamDeed::Swapped,
        ) => Lawful("XEP-0198 §4: either side asks for a count when it likes"),
        (StreamPlace::NotResumed, StreamDeed::Attribute("h", Wrong::Missing)) => {
            Lawful("XEP-0198 §5: the count in <failed/> is optional")
        }
        (StreamPlace::Enabled, StreamDeed::Attribute("max", Wrong::Missing)) => {
            Lawful("XEP-0198 §3: the longest time until a resumption need not be told")
        }
        (_, StreamDeed::Attribute("xml:lang", Wrong::Capitals)) => {
            Lawful("RFC 5646 §2.1.1: tags of languages have no case")
        }
        (_, StreamDeed::Attribute("xml:lang", Wrong::Other)) => {
            Lawful("RFC 6120 §4.7.4: a server speaks the languages that it has")
        }
        (
            StreamPlace::Opened | StreamPlace::Reopened,
            StreamDeed::Attribute("id", Wrong::Capitals),
        ) => Lawful("RFC 6120 §4.7.3: which id a stream has is left to the server"),
        (
            StreamPlace::Opened | StreamPlace::Reopened,
            StreamDeed::Attribute("from", Wrong::Capitals),
        ) => Lawful("RFC 7622 §3.2: a domain has no case"),
        (StreamPlace::Closing, StreamDeed::Status(1001 | 1002 | 1011)) => {
            Lawful("RFC 7395 §3.6: no status is named for the end of a connection")
        }
        (StreamPlace::StreamError, StreamDeed::EndsAfter | StreamDeed::DeafAfter)
        | (StreamPlace::EndIn | StreamPlace::GoneIn | StreamPlace::WrongIn, StreamDeed::Doubled) => {
            Unseen("the stream ends there anyhow")
        }
        _ => return None,
    })
}

/// What may be so on a WebSocket.
fn of_frame(place: Place, deed: Deed) -> Option<Reason> {
    use FramePlace as At;
    let (Place::Frame(place), Deed::Frame(deed)) = (place, deed) else { return None };
    Some(match (place, deed) {
        (At::Upgraded, FrameDeed::Field("upgrade" | "connection", Wrong::Capitals)) => {
            Lawful("RFC 6455 §4.1: the values of Upgrade and Connection have no case")
        }
        (At::NotUpgraded, FrameDeed::Status(404 | 500)) => {
            Lawful("RFC 6455 §4.2.2: a handshake is refused with whatever error of HTTP fits")
        }
        (At::UpgradeIn, FrameDeed::Field("sec-websocket-extensions", _)) => {
            Lawful("RFC 6455 §9.1: a server need not accept any extension")
        }
        (At::MessageOut, FrameDeed::Split) => {
            Lawful("RFC 6455 §5.4: a message may be sent in fragments")
        }
        (At::PingOut, FrameDeed::Doubled | FrameDeed::Lengthened) => {
            Lawful("RFC 6455 §5.5.2: a Ping may be sent at any time, and may have data")
        }
        (At::PingOut, FrameDeed::Kind(Opcode::PONG))
        | (At::PongOut, FrameDeed::Doubled)
        | (At::MessageOut, FrameDeed::Before(Opcode::PONG)) => {
            Lawful("RFC 6455 §5.5.3: a Pong may be sent though nobody asked for it")
        }
        (At::CloseOut | At::CloseBack | At::Refusal, FrameDeed::Bare) => {
            Lawful("RFC 6455 §5.5.1: a Close frame may be empty")
        }
        (At::CloseOut | At::CloseBack | At::Refusal, FrameDeed::Doubled) => Lawful(
            "RFC 6455 §5.5.1: after a Close frame no more data is sent; control frames are not named",
        ),
        (At::Refusal, FrameDeed::Lost) => Lawful(
            "RFC 6455 §5.1, §7.1.7: before a failed connection ends, a Close frame may be sent",
        ),
        (At::Refusal, FrameDeed::Status(1000)) => {
            Lawful("RFC 6455 §7.4: which status is sent is left to the endpoint")
        }
        (At::CloseIn, FrameDeed::Doubled | FrameDeed::Emptied | FrameDeed::Trimmed) => {
            Unseen("the connection ends anyhow, and the answer may have another status")
        }
        (
            At::PongIn,
            FrameDeed::Doubled | FrameDeed::Swapped | FrameDeed::Trimmed | FrameDeed::Emptied,
        ) => Unseen("nothing is sent for a Pong"),
        _ => return None,
    })
}

/// Why nothing closes a hole yet, by kind.
fn open(place: Place, deed: Deed, turn: Turn) -> Option<Reason> {
    let why = match (place, deed, turn) {
        (
            Place::Stream(
                StreamPlace::Answer
                | StreamPlace::StanzaError
                | StreamPlace::Delivered
                | StreamPlace::PresenceOut,
            ),
            ..,
        ) => "what stands in a stanza is for RFC 6121, of which the catalogue has no requirements",
        (Place::Frame(FramePlace::NotUpgraded), ..) => {
            "Upgrade in a 426 is for RFC 9110 §15.5.22, of which the catalogue has no requirements"
        }
        (Place::Frame(FramePlace::PongIn), ..) => {
            "whether Pongs alone keep a session takes longer than the longest wait of the pack"
        }
        (Place::Stream(_), _, Turn::Always | Turn::First) => {
            "no scenario looks at this on a stream without BOSH yet"
        }
        (_, _, Turn::Later) => "most scenarios come to this place once in a session",
        (_, _, Turn::First) => {
            "what goes wrong the first time alone is often before what a scenario looks at"
        }
        (Place::ShutDown, ..) => {
            "the one scenario with a shutdown looks at the condition and the end alone"
        }
        (Place::LegacyRefusal, ..) => {
            "clients without ver are told of HTTP's status, and of what is inside only in short"
        }
        (Place::KeySwitched | Place::KeySwitchRequest, ..) => {
            "what follows a switch of keys is looked at for its key alone"
        }
        (Place::StreamAdded | Place::OneOfStreams | Place::StreamRequest, ..) => {
            "timers, the window and delays are looked at in sessions with one stream"
        }
        (_, Deed::Attribute("ack" | "stream" | "time", _), _) => {
            "acknowledgements and names of streams are looked at in conversations of their own, not on each kind of answer"
        }
        (Place::OtherRequest, ..) => {
            "what is told to others than the culprit may be less than a condition (XEP-0124 §17.2), so it is looked at in short"
        }
        (_, Deed::Timing(Timing::Late), _) => {
            "two seconds are what scenarios leave to networks and machines"
        }
        (_, Deed::Payloads(_) | Deed::Forwarding(_) | Deed::Unseen(_), _) => {
            "no scenario sends so much, or so little, in such a request or answer"
        }
        (_, Deed::State(_), _) => "the sweeps over kinds of answers leave this kind out",
        (_, Deed::Http(Form::Status(_)), _) => {
            "a status beside 200 is lawful for what belongs to no session"
        }
        (_, Deed::Attribute(..), _) => "the sweeps over attributes leave this kind out",
        _ => return None,
    };
    Some(Open(why))
}

fn of_creation(place: Place, deed: Deed) -> Option<Reason> {
    if place != Place::Creation {
        return None;
    }
    Some(match deed {
        Deed::Attribute("accept" | "charsets", _) => Lawful(
            "XEP-0124 §7.2: both are optional lists, of which a client uses what it knows; names of codings have no case",
        ),
        Deed::Attribute("maxpause" | "inactivity", Wrong::Lower)
        | Deed::Attribute("polling", Wrong::Higher) => {
            Lawful("XEP-0124 §7.2: less is promised than is kept")
        }
        Deed::Attribute("wait", Wrong::Lower) | Deed::Attribute("inactivity", Wrong::Higher) => {
            Unseen("one second is what scenarios leave to networks and machines")
        }
        Deed::State(State::NotKept | State::KeptEmpty) => {
            Lawful("XEP-0124 §14.3 speaks of requests in a session: a creation request has no sid")
        }
        Deed::Timing(Timing::Late) => Lawful(
            "XEP-0124 §7.2, XEP-0206 §4: a creation request may be held until features are there",
        ),
        _ => return None,
    })
}

fn of_request(place: Place, deed: Deed) -> Option<Reason> {
    Some(match (place, deed) {
        (Place::EmptyRequest, Deed::Forwarding(_)) => Unseen(
            "nothing is handed on of an empty request; what goes to the server then is an error for what was lost",
        ),
        (_, Deed::Unseen("xmpp:version")) => {
            Lawful("XEP-0206 §3: the version is of the request that opens a session or a stream")
        }
        (_, Deed::Forwarding(Carriage::Late)) => {
            Unseen("two seconds are what scenarios leave to networks and machines")
        }
        _ => return None,
    })
}

fn of_any(place: Place, deed: Deed) -> Option<Reason> {
    Some(match deed {
        Deed::Http(Form::Compressed) => {
            Lawful("RFC 9110 §12.5.3: a request without Accept-Encoding accepts every coding")
        }
        Deed::Http(Form::NoCors) => Lawful(
            "the specifications ask for CORS nowhere in their present versions: it is practice",
        ),
        Deed::Attribute("condition", Wrong::Added(_)) if !place.is_terminal() => {
            Lawful("XEP-0124 §17.2: without type='terminate' `condition` means nothing")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::defects::generated::all;

    #[test]
    fn every_known_hole_is_a_defect_with_a_reason() {
        let defects: BTreeMap<String, Generated> = all().map(|it| (it.name(), it)).collect();
        assert!(HOLES.len() > 100, "{}", HOLES.len());
        for hole in HOLES.iter() {
            let defect = defects.get(*hole).unwrap_or_else(|| panic!("there is no {hole}"));
            assert!(matches!(reason(defect), Some(Open(_))), "{hole} has no reason to be open");
        }
    }

    #[test]
    fn a_hole_that_is_not_listed_has_no_reason() {
        let found = all().find(|it| it.name() == "delivered/never").unwrap();
        assert!(!HOLES.contains("delivered/never"));
        assert_eq!(reason(&found), None);
    }
}
