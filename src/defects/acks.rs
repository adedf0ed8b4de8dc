//! Defects of acknowledgements (XEP-0124 §9).

use super::bend::{ReplyContext, replies};
use super::defect::{Family, defect};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;

pub(super) const DEFECTS: Family = &[&[
    defect(
        "bosh-ack-value/behind-gap",
        "ack is the highest rid that has come, though one below it is missing",
        |parts| {
            later(parts, |reply, told| {
                let highest = told.session.waiting().max().unwrap_or_default();
                if highest > told.session.contiguous() && !reply.is_terminal() {
                    reply.set("ack", highest);
                }
            });
        },
    ),
    defect(
        "bosh-ack-value/own-rid",
        "ack is the rid that is answered, though the one after it has come too",
        |parts| {
            later(parts, |reply, told| {
                if reply.get("ack").is_some()
                    && let Some(rid) = told.rid
                {
                    reply.set("ack", rid);
                }
            });
        },
    ),
    defect(
        "bosh-ack-consistent/unannounced",
        "the creation response has no ack, and later responses have one",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.get("sid").is_some() {
                        reply.remove("ack");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-ack-consistent/creation-only",
        "the creation response has an ack, and no later response has one",
        |parts| {
            later(parts, |reply, _| {
                reply.remove("ack");
            });
        },
    ),
    defect(
        "bosh-ack-consistent/payloads",
        "ack is left out of responses that carry payloads",
        |parts| {
            later(parts, |reply, _| {
                if !reply.payloads.is_empty() {
                    reply.remove("ack");
                }
            });
        },
    ),
    defect(
        "bosh-report-immediate",
        "a client that reports a lost response is answered at once, and not told which one",
        |parts| {
            later(parts, |reply, _| {
                reply.remove("report");
                reply.remove("time");
            });
        },
    ),
    defect(
        "bosh-report-attrs/report",
        "report is the rid that the client acknowledged instead of the one after it",
        |parts| {
            later(parts, |reply, _| {
                if let Some(report) = number(reply, "report") {
                    reply.set("report", report - 1);
                }
            });
        },
    ),
    defect("bosh-report-attrs/seconds", "time is told in seconds", |parts| {
        later(parts, |reply, _| {
            if let Some(time) = number(reply, "time") {
                reply.set("time", time / 1000);
            }
        });
    }),
    defect("bosh-report-attrs/no-time", "report comes without time", |parts| {
        later(parts, |reply, _| {
            reply.remove("time");
        });
    }),
]];

/// Changes the responses of a session after the one that opens it.
fn later(parts: &mut Parts, change: fn(&mut Reply, &ReplyContext<'_>)) {
    parts.bend(move || {
        replies(move |reply, told| {
            if reply.get("sid").is_none() {
                change(reply, told);
            }
        })
    });
}

fn number(reply: &Reply, name: &str) -> Option<u64> {
    reply.get(name)?.parse().ok()
}
