//! What HTTP's status tells (XEP-0124 §17.1).

use http::StatusCode;

use crate::bosh::Condition;
use crate::cm::parts::Parts;
use crate::defects::bend::replies;
use crate::defects::defect::{Defect, defect};
use crate::defects::edge::body;
use crate::defects::steps::{ends_with, on_answered, on_picked};
use crate::xml::Element;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-error-is-binding-not-http/client-error",
        "errors of a session come with 400, 403 or 404 though its client sent `ver`",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    let condition = reply.get("condition").and_then(|text| text.parse().ok());
                    if told.session.terms().ver.is_some() && reply.is_terminal() {
                        reply.legacy = condition;
                    }
                })
            });
        },
    ),
    defect(
        "bosh-error-is-binding-not-http/server-error",
        "a bad request in a session is answered with 500",
        |parts| {
            on_picked(
                parts,
                |reply, told| ends_with(reply, "bad-request") && told.session.terms().ver.is_some(),
                |response| *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
            );
        },
    ),
    defect(
        "bosh-http-200/terminate",
        "the end of a session is confirmed with 202 in place of 200",
        |parts| {
            on_answered(
                parts,
                |reply, request| {
                    let ends = |body: Element| body.attr("type") == Some("terminate");
                    reply.is_terminal()
                        && reply.get("condition").is_none()
                        && body(request).is_some_and(ends)
                },
                |response| *response.status_mut() = StatusCode::ACCEPTED,
            );
        },
    ),
    defect(
        "bosh-http-400-legacy",
        "a client without `ver` gets 403 for a syntax error in place of 400",
        |parts| legacy(parts, Condition::BadRequest, Condition::PolicyViolation),
    ),
    defect(
        "bosh-http-403-legacy",
        "a client without `ver` gets 404 for broken rules of its session in place of 403",
        |parts| legacy(parts, Condition::PolicyViolation, Condition::ItemNotFound),
    ),
    defect(
        "bosh-http-404-legacy",
        "a client without `ver` gets 400 where something is not found in place of 404",
        |parts| legacy(parts, Condition::ItemNotFound, Condition::BadRequest),
    ),
    defect(
        "bosh-legacy-http-instead-of-condition",
        "a client without `ver` gets 200 with a condition, as every other client does",
        |parts| parts.on_answer(|answer, _| answer.reply.legacy = None),
    ),
];

/// A client without `ver` is told of `condition` in the way in which it should be told of `other`.
fn legacy(parts: &mut Parts, condition: Condition, other: Condition) {
    parts.on_answer(move |answer, _| {
        if answer.reply.legacy == Some(condition) {
            answer.reply.legacy = Some(other);
        }
    });
}
