//! Responses as they are judged, and in words.

use super::wire::ReceivedResponse;
use crate::bosh::{Body, BodyType};
use crate::scenario::Http;
use crate::scenario::matching::{Answer, in_short};
use crate::xml::{Limits, parse};

/// What a response says, if it is a `<body/>` of BOSH.
pub(super) fn body(got: &ReceivedResponse) -> Option<Body> {
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    Body::new(parse(&got.response.content.bytes, &limits).ok()?).ok()
}

/// Whether a response ends the session, and with which condition: in BOSH's words, or in HTTP's (XEP-0124 §17).
#[allow(clippy::option_option)] // it may end the session and name no condition
pub(super) fn terminal(got: &ReceivedResponse) -> Option<Option<String>> {
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
pub(super) fn is_gone(got: &ReceivedResponse) -> bool {
    terminal(got).flatten().as_deref() == Some("item-not-found")
}

/// A response in a few words.
pub(super) fn short(got: &ReceivedResponse) -> String {
    in_short(&answer(got))
}

/// A response as scenarios compare it.
pub(super) fn answer(got: &ReceivedResponse) -> Answer {
    let response = &got.response;
    let http = if response.version == 0 { Http::V10 } else { Http::V11 };
    let headers = response.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut answer =
        Answer::new(response.status, http, headers, response.content.bytes.clone().into());
    // It was decoded to be searched for secrets, which no client does.
    if let Some(coding) = response.content.unannounced(&response.headers) {
        answer.body = Err(format!("it is coded with {coding}, and has no Content-Encoding"));
    } else if let Some(why) = &response.content.undecoded {
        answer.body = Err(format!("it cannot be decoded: {why}"));
    }
    answer
}
