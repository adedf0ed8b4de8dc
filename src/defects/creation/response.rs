//! Defects of what else a creation response tells (XEP-0124 §7.2).

use super::openings::{creation, later, opened};
use crate::cm::backend::Event;
use crate::defects::bend::replies;
use crate::defects::defect::{Defect, defect};

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-resp-ver/own",
        "ver is the connection manager's own, even to an older client",
        |parts| {
            let own = parts.policy.ver.to_string();
            parts.on_answer(move |answer, _| {
                if answer.reply.get("ver").is_some() {
                    answer.reply.set("ver", &own);
                }
            });
        },
    ),
    defect(
        "bosh-resp-ver/echo",
        "ver is the client's, even if it is higher than the own",
        |parts| {
            parts.on_answer(|answer, request| {
                if answer.reply.get("ver").is_some()
                    && let Some(asked) = creation(request)
                {
                    answer.reply.set("ver", asked.text("ver").unwrap_or_default());
                }
            });
        },
    ),
    defect("bosh-resp-polling", "polling is given with a decimal place", |parts| {
        opened(parts, |reply, told| {
            reply.set("polling", format!("{}.0", told.session.terms().polling.as_secs()));
        });
    }),
    defect(
        "bosh-resp-inactivity",
        "inactivity is given as 0 where the client does not poll, and is in force as usual",
        |parts| {
            opened(parts, |reply, told| {
                if !told.session.terms().is_polling() {
                    reply.set("inactivity", 0);
                }
            });
        },
    ),
    defect("bosh-resp-from/missing", "no response says who the server is", |parts| {
        parts.on_event(|_, mut event| {
            if let Event::Opened { from, .. } = &mut event {
                *from = None;
            }
            Some(event)
        });
    }),
    defect("bosh-resp-from/host", "from names a machine instead of the domain", |parts| {
        parts.on_event(|_, mut event| {
            if let Event::Opened { from: Some(from), .. } = &mut event {
                from.insert_str(0, "xmpp1.");
            }
            Some(event)
        });
    }),
    defect(
        "bosh-resp-optional-attrs-only-once/inactivity",
        "every response that has no payload tells inactivity again",
        |parts| {
            later(parts, |reply, told| {
                if reply.payloads.is_empty() {
                    reply.set("inactivity", told.session.terms().inactivity.as_secs());
                }
            });
        },
    ),
    defect(
        "bosh-resp-optional-attrs-only-once/from",
        "every response that has payloads tells from again",
        |parts| {
            parts.bend(|| {
                let mut known = None;
                replies(move |reply, _| {
                    if let Some(from) = reply.get("from") {
                        known = Some(from.to_owned());
                    } else if let Some(from) = known.as_ref().filter(|_| !reply.payloads.is_empty())
                    {
                        reply.set("from", from);
                    }
                })
            });
        },
    ),
    defect("bosh-resp-maxpause", "a pause is granted, though no maxpause was announced", |parts| {
        opened(parts, |reply, _| {
            reply.remove("maxpause");
        });
    }),
];
