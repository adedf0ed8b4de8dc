//! The documents that the connection manager sends: namespaces, well-formedness, what XML must not have here (§6).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use super::super::bend::{ReplyContext, replies};
use super::super::edge::body;
use super::super::steps::{on_chosen, on_picked};
use crate::bosh::{Body, BodyType, NS};
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind, Reply};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-body-namespace/replaced",
        "to a client that acknowledges responses the answer to a held request that is replaced by its repeat is in no namespace",
        |parts| {
            on_picked(
                parts,
                |reply, told| {
                    told.session.terms().client_acks && reply.get("type") == Some("error")
                },
                |response| {
                    on_text(response, |text| text.replacen(&format!(" xmlns='{NS}'"), "", 1));
                },
            );
        },
    ),
    defect(
        "bosh-body-wellformed/duplicate",
        "the response to a session that gets less than it asked for, both of `wait` and of `hold`, has `hold` twice",
        |parts| {
            parts.on_answer(|answer, request| {
                let asked = body(request).and_then(|body| Body::new(body).ok());
                let asked = |name| asked.as_ref().and_then(|body| body.text(name));
                let granted = |name| answer.reply.get(name);
                let less = |name| {
                    asked(name).is_some() && granted(name).is_some() && asked(name) != granted(name)
                };
                if less("wait")
                    && less("hold")
                    && let Some(hold) = answer.reply.get("hold").map(str::to_owned)
                {
                    answer.reply.attributes.push(("hold".into(), hold));
                }
            });
        },
    ),
    defect(
        "bosh-body-wellformed/ampersand",
        "an ampersand in a relayed message is not written as a reference",
        |parts| relayed(parts, |xml| xml.replace("&amp;", "&")),
    ),
    defect(
        "bosh-body-wellformed/less-than",
        "a `<` in an attribute of a relayed message is not written as a reference",
        |parts| {
            relayed(parts, |xml| {
                let (start, rest) = xml.split_at(xml.find('>').unwrap_or(xml.len()));
                start.replace("&lt;", "<") + rest
            });
        },
    ),
    defect(
        "bosh-no-partial-elements",
        "a payload over 100 KiB is split over two responses",
        split_large,
    ),
    defect(
        "bosh-no-comments/sent",
        "a comment stands in the response to a client that ends its session after a pause",
        |parts| goodbye(parts, "<!-- bye -->"),
    ),
    defect(
        "bosh-no-pi/sent",
        "a processing instruction stands in the response to a client that ends its session after a pause",
        |parts| goodbye(parts, "<?bosh bye?>"),
    ),
    defect(
        "bosh-no-dtd/sent",
        "a document type stands before the response to a client that ends its session after a pause",
        |parts| {
            on_chosen(parts, goodbyes, |response| {
                on_text(response, |text| format!("<!DOCTYPE body>{text}"));
            });
        },
    ),
    defect(
        "bosh-no-entities/sent",
        "a no-break space in a relayed message is written as `&nbsp;`",
        |parts| relayed(parts, |xml| xml.replace('\u{a0}', "&nbsp;")),
    ),
    defect(
        "bosh-no-character-data/sent",
        "a response with more than one payload begins with their number",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.payloads.len() > 1 {
                        reply.payloads.insert(0, raw(&reply.payloads.len().to_string()));
                    }
                })
            });
        },
    ),
    defect(
        "bosh-payload-character-data/trimmed",
        "white space around the text of a relayed message is lost",
        |parts| {
            relayed(parts, |xml| {
                let text = |body: &str| body.trim().to_owned();
                match (xml.split_once("<body>"), xml.rsplit_once("</body>")) {
                    (Some((before, _)), Some((_, after))) => {
                        let inside = &xml[before.len() + "<body>".len()..];
                        let inside = &inside[..inside.len() - after.len() - "</body>".len()];
                        format!("{before}<body>{}</body>{after}", text(inside))
                    }
                    _ => xml.to_owned(),
                }
            });
        },
    ),
    defect(
        "bosh-payload-character-data/carriage-return",
        "a carriage return in the text of a relayed message is lost",
        |parts| relayed(parts, |xml| xml.replace("&#13;", "")),
    ),
    defect(
        "bosh-payload-character-data/astral",
        "a character beyond U+FFFF in a relayed message becomes two replacement characters",
        |parts| {
            relayed(parts, |xml| {
                let astral = |c: char| u32::from(c) > 0xffff;
                xml.replace(astral, "\u{fffd}\u{fffd}")
            });
        },
    ),
];

/// Text as it is to stand among the payloads.
fn raw(text: &str) -> Payload {
    Payload { kind: PayloadKind::Stanza, xml: text.into() }
}

/// Chooses the response to a client that ends its session with the request after a pause.
fn goodbyes() -> impl FnMut(&Reply, &ReplyContext<'_>) -> bool + Send + 'static {
    let mut paused = false;
    move |reply, told| {
        let Some(asked) = told.asked else { return false };
        let ends = asked.body.kind() == BodyType::Terminate && reply.is_terminal();
        let chosen = paused && ends && reply.get("condition").is_none();
        paused = asked.body.pause().is_some();
        chosen
    }
}

/// Something stands in the response to a client that ends its session.
fn goodbye(parts: &mut Parts, text: &'static str) {
    parts.bend(move || {
        let mut chooses = goodbyes();
        replies(move |reply, told| {
            if chooses(reply, told) {
                reply.payloads.insert(0, raw(text));
            }
        })
    });
}

/// Changes the text of a response.
fn on_text(response: &mut Response<Bytes>, change: impl FnOnce(&str) -> String) {
    if let Ok(text) = std::str::from_utf8(response.body()) {
        *response.body_mut() = change(text).into();
    }
}

/// Messages for the client are written otherwise.
pub(super) fn relayed(parts: &mut Parts, change: impl Fn(&str) -> String + Send + Sync + 'static) {
    let change = Arc::new(change);
    parts.bend(move || {
        let change = Arc::clone(&change);
        replies(move |reply, _| {
            for payload in reply.payloads.iter_mut().filter(|it| it.xml.starts_with("<message")) {
                payload.xml = change(&payload.xml).into();
            }
        })
    });
}

fn split_large(parts: &mut Parts) {
    parts.bend(|| {
        let mut rest: Option<String> = None;
        replies(move |reply, _| {
            let first = rest.take().map(|rest| raw(&rest));
            for payload in &mut reply.payloads {
                let most = 100 << 10;
                if let Some(place) =
                    (most..payload.xml.len()).find(|at| payload.xml.is_char_boundary(*at))
                {
                    rest = Some(payload.xml[place..].to_owned());
                    payload.xml = payload.xml[..place].into();
                }
            }
            if let Some(first) = first {
                reply.payloads.insert(0, first);
            }
        })
    });
}
