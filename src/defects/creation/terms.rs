//! Defects of the terms that a creation response tells (XEP-0124 §7.2): `sid`, `wait`, `hold`, `requests`.

use super::openings::{creation, later, opened};
use crate::defects::defect::{Defect, defect};

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect("bosh-resp-sid", "a session is opened, and its sid not told", |parts| {
        opened(parts, |reply, _| {
            reply.remove("sid");
        });
    }),
    defect(
        "bosh-resp-wait/missing",
        "the creation response has no wait where that is the longest that is granted",
        |parts| {
            let longest = parts.policy.wait.as_secs().to_string();
            parts.on_answer(move |answer, _| {
                if answer.reply.get("wait") == Some(&longest) {
                    answer.reply.remove("wait");
                }
            });
        },
    ),
    defect("bosh-resp-wait/fraction", "wait is given with a decimal place", |parts| {
        opened(parts, |reply, told| {
            reply.set("wait", format!("{}.0", told.session.terms().wait.as_secs()));
        });
    }),
    defect("bosh-resp-requests/missing", "the creation response has no requests", |parts| {
        opened(parts, |reply, _| {
            reply.remove("requests");
        });
    }),
    defect(
        "bosh-resp-requests/over-255",
        "requests is given as 256, which does not fit into a byte",
        |parts| {
            opened(parts, |reply, _| reply.set("requests", 256));
        },
    ),
    defect(
        "bosh-resp-mandatory-attrs-only-once/sid",
        "every response of a session tells its sid",
        |parts| later(parts, |reply, told| reply.set("sid", told.session.sid())),
    ),
    defect(
        "bosh-resp-mandatory-attrs-only-once/terms",
        "every response of a session tells wait and requests",
        |parts| {
            later(parts, |reply, told| {
                let terms = told.session.terms();
                reply.set("wait", terms.wait.as_secs());
                reply.set("requests", terms.requests);
            });
        },
    ),
    defect(
        "bosh-resp-wait-bounded/second",
        "the wait told is a second longer than the one in force, which is what was asked",
        |parts| {
            opened(parts, |reply, told| {
                let wait = told.session.terms().wait.as_secs();
                // A session that polls would be told that it does not.
                if wait > 0 {
                    reply.set("wait", wait + 1);
                }
            });
        },
    ),
    defect(
        "bosh-resp-requests-gt-hold",
        "requests is not greater than hold where several requests are held",
        |parts| {
            opened(parts, |reply, told| {
                let hold = told.session.terms().hold;
                if hold > 1 {
                    reply.set("requests", hold);
                }
            });
        },
    ),
    defect(
        "bosh-resp-requests-recommended",
        "five requests are allowed at once, whatever hold is",
        |parts| parts.policy.requests = Some(5),
    ),
    defect(
        "bosh-resp-hold",
        "the creation response has no hold where that is what the client asked for",
        |parts| {
            parts.on_answer(|answer, request| {
                let asked = creation(request);
                let asked = asked.as_ref().and_then(|body| body.text("hold"));
                if asked.is_some() && answer.reply.get("hold") == asked {
                    answer.reply.remove("hold");
                }
            });
        },
    ),
    defect(
        "bosh-resp-hold-bounded/default",
        "a client that wants nothing held gets hold='1', as by default",
        |parts| {
            opened(parts, |reply, told| {
                if told.session.terms().hold == 0 {
                    reply.set("hold", 1);
                    reply.set("requests", 2);
                }
            });
        },
    ),
];
