//! Handshakes that go wrong at one place.

use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};

use super::deed::FrameDeed;
use super::place::FramePlace;
use crate::cm::http::Upgrade;
use crate::cm::parts::Parts;
use crate::defects::generated::deed::Deed;
use crate::defects::generated::one::Generated;
use crate::defects::generated::place::Place;
use crate::defects::generated::shared::Seen;
use crate::defects::generated::wrong::Wrong;

/// Makes handshakes go wrong, or only looks at them.
pub fn on_handshake(parts: &mut Parts, generated: Generated, seen: &Seen) {
    let (before, after) = (seen.clone(), seen.clone());
    parts.on_handshake(
        move |request| ask(generated, request, &before),
        move |upgrade, _| answer(generated, upgrade, &after),
    );
}

/// What goes wrong at this place.
fn strikes(generated: Generated, place: FramePlace, seen: &Seen) -> Option<FrameDeed> {
    let place = Place::Frame(place);
    seen.visit(place, 1);
    match generated.deed {
        Deed::Frame(deed) if generated.place == place => Some(deed),
        _ => None,
    }
}

fn ask(generated: Generated, request: &mut Request<()>, seen: &Seen) {
    if let Some(FrameDeed::Field(name, wrong)) = strikes(generated, FramePlace::UpgradeIn, seen) {
        change(request.headers_mut(), name, wrong, seen);
    }
}

fn answer(generated: Generated, upgrade: &mut Upgrade, seen: &Seen) {
    let place = match upgrade.codec {
        Some(_) => FramePlace::Upgraded,
        None => FramePlace::NotUpgraded,
    };
    match strikes(generated, place, seen) {
        Some(FrameDeed::Field(name, wrong)) => {
            change(upgrade.response.headers_mut(), name, wrong, seen);
        }
        Some(FrameDeed::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            if upgrade.response.status() != status {
                *upgrade.response.status_mut() = status;
                seen.fires();
            }
        }
        _ => {}
    }
}

fn change(headers: &mut HeaderMap, name: &'static str, wrong: Wrong, seen: &Seen) {
    let name = HeaderName::from_static(name);
    let now = headers.get(&name).and_then(|value| value.to_str().ok());
    let Some(new) = wrong.value(now, None) else { return };
    seen.fires();
    match new.and_then(|new| HeaderValue::from_str(&new).ok()) {
        Some(new) => drop(headers.insert(name, new)),
        None => drop(headers.remove(name)),
    }
}
