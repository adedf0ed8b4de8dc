//! What a request may carry: any number of elements, of any namespaces (§6).

use super::super::bend::{inputs, requests, with_payloads};
use crate::bosh::{Body, NS};
use crate::cm::parts::Parts;
use crate::cm::session::{Input, Request};
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-zero-or-more-payloads/last-dropped",
        "of three or more iqs in one request the last is not sent on",
        |parts| {
            several(parts, |mut payloads| {
                payloads.pop();
                payloads
            });
        },
    ),
    defect(
        "bosh-zero-or-more-payloads/reversed",
        "three or more iqs in one request are sent on in the wrong order",
        |parts| several(parts, |payloads| payloads.into_iter().rev().collect()),
    ),
    defect(
        "bosh-mixed-namespaces/refused",
        "a request with payloads of more than one namespace is a bad one",
        |parts| {
            parts.bend(|| {
                inputs(|input, _| match input {
                    Input::Request(Request { token, body, .. }) if is_mixed(&body) => {
                        Some(Input::Broken(token))
                    }
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-mixed-namespaces/last-alone",
        "of payloads of more than one namespace only those of the last one's are sent on",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    let last =
                        request.body.payloads().last().map(|last| namespace(last).to_owned());
                    if is_mixed(&request.body)
                        && let Some(last) = last
                    {
                        let same = request.body.payloads().filter(|it| namespace(it) == last);
                        request.body = with_payloads(&request.body, same.cloned());
                    }
                })
            });
        },
    ),
];

/// Three or more iqs of a request become others.
fn several(parts: &mut Parts, change: fn(Vec<Element>) -> Vec<Element>) {
    parts.bend(move || {
        requests(move |request, _| {
            let payloads: Vec<Element> = request.body.payloads().cloned().collect();
            if payloads.len() > 2 && payloads.iter().all(|payload| payload.name() == "iq") {
                request.body = with_payloads(&request.body, change(payloads));
            }
        })
    });
}

/// Stanzas without a namespace of their own count as those of a client.
fn namespace(payload: &Element) -> &str {
    if payload.namespace() == NS { ns::CLIENT } else { payload.namespace() }
}

fn is_mixed(body: &Body) -> bool {
    let first = body.payloads().next().map(namespace);
    body.payloads().any(|payload| Some(namespace(payload)) != first)
}
