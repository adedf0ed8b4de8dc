//! Attributes and children of responses (XEP-0124 §8, §17.2, §22; XEP-0206 §2, §10).

use super::super::bend::{ReplyContext, replies};
use super::super::steps::Given;
use crate::bosh::Body;
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind, Reply};
use crate::defects::defect::{Defect, defect};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-response-no-request-attrs/replayed",
        "the answer to a repeat has the rid of its request",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply)
                        && let Some(rid) = told.rid
                    {
                        reply.set("rid", rid);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-response-no-request-attrs/paused",
        "the answer to a pause tells `pause` again",
        |parts| {
            changed(parts, |reply, told| {
                let asked = told.asked.map(|asked| &asked.body);
                if let Some(Ok(pause)) = asked.and_then(Body::pause) {
                    reply.set("pause", pause);
                }
            });
        },
    ),
    defect(
        "bosh-condition-registered/other",
        "held requests get `session-terminated` when another one ends their session",
        |parts| {
            changed(parts, |reply, _| {
                if reply.get("condition") == Some("other-request") {
                    reply.set("condition", "session-terminated");
                }
            });
        },
    ),
    defect(
        "bosh-schema-attr-types/maxpause",
        "maxpause is given in minutes, with their unit",
        |parts| {
            changed(parts, |reply, told| {
                if reply.get("maxpause").is_some() {
                    let minutes = told.session.terms().maxpause.as_secs() / 60;
                    reply.set("maxpause", format!("{minutes}min"));
                }
            });
        },
    ),
    defect(
        "bosh-schema-attr-types/ack",
        "ack is written with an exponent, as a floating-point number is",
        |parts| {
            changed(parts, |reply, _| {
                let ack = reply.get("ack").and_then(|ack| ack.parse::<f64>().ok());
                if let Some(ack) = ack {
                    reply.set("ack", format!("{ack:e}"));
                }
            });
        },
    ),
    defect(
        "bosh-schema-children/replayed",
        "stanzas in the answer to a repeat have no namespace of their own",
        |parts| {
            parts.bend(|| {
                let mut given = Given::default();
                replies(move |reply, told| {
                    if given.again(told.rid, reply) {
                        bare(reply, PayloadKind::Stanza, ns::CLIENT);
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-sasl-namespace",
        "the second `<failure/>` of a session has no namespace of its own, and falls into that of the wrapper",
        |parts| {
            parts.bend(|| {
                let mut failed = false;
                replies(move |reply, _| {
                    let fails = |payload: &Payload| payload.xml.starts_with("<failure");
                    if reply.payloads.iter().any(fails) && std::mem::replace(&mut failed, true) {
                        bare(reply, PayloadKind::Sasl, ns::SASL);
                    }
                })
            });
        },
    ),
    defect(
        "bosh-historic-secure",
        "the response that creates a session says secure='0'",
        |parts| {
            changed(parts, |reply, told| {
                if told.creation() {
                    reply.set("secure", 0);
                }
            });
        },
    ),
    defect(
        "xbosh-namespace",
        "the response that creates a session has a second `version`, in no namespace",
        |parts| {
            changed(parts, |reply, _| {
                if let Some(version) = reply.get("xmpp:version").map(str::to_owned) {
                    reply.set("version", version);
                }
            });
        },
    ),
    defect("xbosh-schema-booleans", "xmpp:restartlogic is `yes`", |parts| {
        changed(parts, |reply, _| {
            if reply.get("xmpp:restartlogic").is_some() {
                reply.set("xmpp:restartlogic", "yes");
            }
        });
    }),
];

/// Changes every response of every session.
fn changed(parts: &mut Parts, change: fn(&mut Reply, &ReplyContext<'_>)) {
    parts.bend(move || replies(change));
}

/// Payloads of a kind are in the namespace of the wrapper.
fn bare(reply: &mut Reply, kind: PayloadKind, namespace: &str) {
    for payload in reply.payloads.iter_mut().filter(|payload| payload.kind == kind) {
        payload.xml = payload.xml.replacen(&format!(" xmlns='{namespace}'"), "", 1).into();
    }
}
