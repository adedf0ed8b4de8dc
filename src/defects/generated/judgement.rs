//! Generated defects that no scenario has to notice, and why.

use super::deed::{Carriage, Deed, Form, State, Timing, Wrong};
use super::generated::Generated;
use super::place::Place;

/// Why a defect need not be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A connection manager may behave so; with the section.
    Lawful(&'static str),
    /// A client cannot see it, or not from here.
    Unseen(&'static str),
}

use Reason::{Lawful, Unseen};

/// Why this one need not be noticed, if there is a reason.
pub fn reason(generated: &Generated) -> Option<Reason> {
    let Generated { place, deed, .. } = *generated;
    of_creation(place, deed).or_else(|| of_request(place, deed)).or_else(|| of_any(place, deed))
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
