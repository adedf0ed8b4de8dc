//! Defects of acknowledgements (XEP-0124 §9).

use std::collections::BTreeMap;

use super::bend::{Bend, Cx, ReplyContext, replies};
use super::defect::{Family, defect};
use super::steps::{Standing, is_timeout, standing};
use crate::cm::parts::Parts;
use crate::cm::reply::Reply;
use crate::cm::session::{Action, Input};

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
        "bosh-ack-value/next",
        "ack is one more than the rid that is answered, however many requests have come",
        |parts| {
            later(parts, |reply, told| {
                if reply.get("ack").is_some()
                    && let Some(rid) = told.rid
                {
                    reply.set("ack", rid + 1);
                }
            });
        },
    ),
    defect(
        "bosh-ack-value/repeats",
        "a request that comes again while it is held is acknowledged as one more",
        |parts| parts.bend(|| Box::<Counted>::default()),
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
        "bosh-ack-consistent/wait",
        "ack is left out of responses that are sent since the wait is over",
        |parts| {
            later(parts, |reply, told| {
                if is_timeout(reply, told) {
                    reply.remove("ack");
                }
            });
        },
    ),
    defect(
        "bosh-ack-consistent/end",
        "no ack is announced, and none is sent until the client ends the session",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if !told.session.is_dead() {
                        reply.remove("ack");
                    }
                })
            });
        },
    ),
    defect(
        "bosh-ack-not-redundant",
        "each response has an ack, even if that is the rid which it answers",
        |parts| {
            later(parts, |reply, told| {
                if reply.get("type").is_none() {
                    reply.set("ack", told.session.contiguous());
                }
            });
        },
    ),
    defect(
        "bosh-report-only-with-acks/ever",
        "a client that acknowledges no responses gets a report in each but the first",
        |parts| {
            parts.bend(|| {
                let mut last = None;
                replies(move |reply, told| {
                    if let Some((rid, at)) = last
                        && !told.session.terms().client_acks
                        && reply.get("type").is_none()
                        && told.rid > Some(rid)
                    {
                        reply.set("report", rid);
                        reply.set("time", told.now.saturating_sub(at).as_millis());
                    }
                    last = told.rid.filter(|_| !told.creation()).map(|rid| (rid, told.now));
                })
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
    defect(
        "bosh-report-attrs/last",
        "of several responses that the client lacks the last one is reported",
        |parts| {
            later(parts, |reply, told| {
                if let (Some(report), Some(rid)) = (number(reply, "report"), told.rid)
                    && report + 1 < rid
                {
                    reply.set("report", rid - 1);
                }
            });
        },
    ),
    defect(
        "bosh-report-attrs/request",
        "time is how long ago the request came, and not how long ago it was answered",
        |parts| {
            parts.bend(|| {
                let mut came = BTreeMap::new();
                replies(move |reply, told| {
                    if let Some(asked) = told.asked {
                        came.insert(asked.rid, asked.at);
                    }
                    let at = number(reply, "report").and_then(|rid| came.get(&rid));
                    if let Some(at) = at {
                        reply.set("time", told.now.saturating_sub(*at).as_millis());
                    }
                })
            });
        },
    ),
    defect(
        "bosh-report-attrs/again",
        "what was reported is reported again in the response after, though the client has it",
        |parts| {
            parts.bend(|| {
                let mut reported: Option<String> = None;
                replies(move |reply, told| match reply.get("report").map(str::to_owned) {
                    Some(report) => reported = Some(report),
                    None if told.asked.is_some_and(|asked| asked.body.ack().is_none()) => {
                        if let Some(report) = reported.take() {
                            reply.set("report", report);
                            reply.set("time", 1);
                        }
                    }
                    None => {}
                })
            });
        },
    ),
    defect(
        "bosh-report-attrs/held",
        "a client whose `ack` is that of the last response gets a report that the one after it is lost",
        |parts| {
            later(parts, |reply, told| {
                let ack = told.asked.and_then(|asked| asked.body.ack()?.ok());
                if let Some(ack) = ack
                    && told.session.terms().client_acks
                    && told.rid == Some(ack + 2)
                {
                    reply.set("report", ack + 1);
                    reply.set("time", 0);
                }
            });
        },
    ),
    defect("bosh-report-attrs/seconds", "time is given in seconds", |parts| {
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

/// Counts the copies of requests that are held as requests.
#[derive(Default)]
struct Counted {
    copies: u64,
}

impl Bend for Counted {
    fn come(&mut self, input: Input, cx: &mut Cx<'_>) {
        if let Input::Request(request) = &input
            && standing(request.rid, cx.session()) == Standing::Waiting
        {
            self.copies += 1;
        }
        cx.pass(input);
    }

    fn go(&mut self, mut action: Action, cx: &mut Cx<'_>) {
        if let Action::Answer { reply, .. } = &mut action
            && let Some(ack) = number(reply, "ack")
            && reply.get("sid").is_none()
        {
            reply.set("ack", ack + self.copies);
        }
        cx.act(action);
    }
}

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
