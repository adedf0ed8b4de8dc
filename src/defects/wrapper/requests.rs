//! Requests that are not what they should be, and requests that are, if unusual (§6, §22).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;

use super::super::bend::inputs;
use super::super::edge::{bare, body, text};
use crate::bosh::{Body, NS, XBOSH};
use crate::cm::parts::Parts;
use crate::cm::session::{Input, Request};
use crate::defects::defect::{Defect, defect};
use crate::xml::{Limits, parse};
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-body-namespace/no-namespace",
        "a `<body/>` of no namespace is taken for one of BOSH",
        |parts| {
            parts.on_body(|body| {
                if body.is("", "body") {
                    body.move_namespace("", NS);
                }
            });
        },
    ),
    defect(
        "bosh-cm-malformed-xml/created",
        "a session is created as soon as the start tag is read, whatever follows",
        |parts| repair(parts, |text| !text.contains(" sid="), start_tag),
    ),
    defect(
        "bosh-cm-malformed-xml/obeyed",
        "in a session the payloads before a syntax error are obeyed, and the error is passed over",
        |parts| {
            // What XML must not have here is another matter, and so are encodings.
            let other = ["<!", "<?", "\u{fffd}"];
            let which = move |text: &str| {
                text.contains(" sid=") && !other.iter().any(|other| text.contains(other))
            };
            repair(parts, which, whole_part);
        },
    ),
    defect(
        "bosh-cm-malformed-xml/server-error",
        "a request that is not UTF-8 is answered with 500",
        |parts| {
            parts.on_enter(|request| {
                let sound = std::str::from_utf8(request.body()).is_ok();
                // Compressed content is no text, and Latin-1 is another one.
                let coded = request.headers().contains_key(http::header::CONTENT_ENCODING);
                let kind = request.headers().get(http::header::CONTENT_TYPE);
                let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                let other = kind.to_ascii_lowercase().contains("8859-1");
                (!sound && !coded && !other).then(|| bare(StatusCode::INTERNAL_SERVER_ERROR))
            });
        },
    ),
    defect(
        "bosh-xml-namespaces/wrapper",
        "the wrapper is known only if it has no prefix",
        |parts| {
            parts.on_enter(|request| {
                let written = request.body().windows(5).any(|bytes| bytes == b"<body");
                if !written && body(request).is_some() {
                    *request.body_mut() = bytes::Bytes::new();
                }
                None
            });
        },
    ),
    defect(
        "bosh-xml-namespaces/version",
        "the version in urn:xmpp:xbosh is seen only if its prefix is `xmpp`",
        |parts| literal(parts, "version"),
    ),
    defect(
        "bosh-no-comments/server-error",
        "a comment in a request is answered with 500",
        |parts| fails_on(parts, |text| text.contains("<!--")),
    ),
    defect(
        "bosh-no-pi/server-error",
        "a processing instruction in a request is answered with 500",
        |parts| fails_on(parts, |text| text.rfind("<?").is_some_and(|place| place > 0)),
    ),
    defect("bosh-no-dtd/accepted", "a document type before the wrapper is passed over", |parts| {
        without_type(parts, |kind, rest| (!kind.contains("<!ENTITY")).then(|| rest.to_owned()));
    }),
    defect(
        "bosh-no-entities/expanded",
        "entities that a document type declares are expanded",
        |parts| {
            without_type(parts, |kind, rest| {
                let declared: Vec<(String, &str)> = kind
                    .split("<!ENTITY")
                    .skip(1)
                    .filter_map(|declaration| {
                        let (name, value) = declaration.trim_start().split_once(['"', '\''])?;
                        let value = value.split(['"', '\'']).next()?;
                        Some((format!("&{};", name.trim()), value))
                    })
                    .collect();
                let mut expanded = rest.to_owned();
                // The latest is made of the ones before it, as a rule.
                for (name, value) in declared.iter().rev() {
                    expanded = expanded.replace(name, value);
                }
                (!declared.is_empty()).then_some(expanded)
            });
        },
    ),
    defect(
        "bosh-no-character-data/unanswered",
        "a request with text beside its payloads gets no response",
        |parts| {
            parts.bend(|| {
                inputs(|input, _| match input {
                    Input::Request(request) if request.body.stray_text().next().is_some() => None,
                    input => Some(input),
                })
            });
        },
    ),
    defect(
        "bosh-cm-missing-rid/created",
        "a session is created without `rid`, as if it were 1",
        |parts| {
            parts.on_body(|body| {
                if body.attr("sid").is_none() && body.attr("rid").is_none() {
                    body.set_attr("", "rid", Some("1"));
                }
            });
        },
    ),
    defect(
        "bosh-cm-missing-rid/fraction",
        "what stands behind the digits of a rid is disregarded",
        |parts| {
            parts.on_body(|body| {
                let rid = body.attr("rid").unwrap_or_default().to_owned();
                let digits = rid.find(|c: char| !c.is_ascii_digit()).map(|end| &rid[..end]);
                if let Some(digits) = digits.filter(|digits| !digits.is_empty()) {
                    body.set_attr("", "rid", Some(digits));
                }
            });
        },
    ),
    defect(
        "bosh-cm-missing-rid/unanswered",
        "a request of a session without a rid gets no response",
        |parts| unanswered(parts, |rid| rid.is_none()),
    ),
    defect(
        "bosh-cm-missing-rid/negative-unanswered",
        "a request of a session with a negative rid gets no response",
        |parts| unanswered(parts, |rid| rid.is_some_and(|rid| rid.starts_with('-'))),
    ),
    defect(
        "bosh-unknown-attrs-ignored/qualified",
        "an attribute of an unknown namespace makes a request a bad one",
        |parts| {
            parts.on_body(|body| {
                let known = ["", XBOSH, ns::XML];
                if body.attributes().any(|(namespace, _, _)| !known.contains(&namespace)) {
                    body.set_attr("", "rid", None);
                }
            });
        },
    ),
    defect(
        "bosh-unknown-attrs-ignored/unqualified",
        "in a session an attribute that the schema does not know makes a request a bad one",
        |parts| {
            parts.bend(|| {
                inputs(|input, _| match input {
                    Input::Request(Request { token, body, .. })
                        if body.unknown_attributes().next().is_some() =>
                    {
                        Some(Input::Broken(token))
                    }
                    input => Some(input),
                })
            });
        },
    ),
];

/// An attribute of XEP-0206 is known by its usual prefix alone.
pub(in super::super) fn literal(parts: &mut Parts, name: &'static str) {
    parts.on_enter(move |request| {
        let usual = format!("xmpp:{name}");
        let written = std::str::from_utf8(request.body()).is_ok_and(|text| text.contains(&usual));
        if !written
            && let Some(mut body) = body(request)
            && body.attr_ns(XBOSH, name).is_some()
        {
            body.set_attr(XBOSH, name, None);
            if body.attr("sid").is_some() {
                // With it, an empty request would ask for another stream.
                body.set_attr("", "to", None);
            }
            *request.body_mut() = text(&body);
        }
        None
    });
}

/// Requests of a session that are broken, and have such a rid, get no response.
fn unanswered(parts: &mut Parts, which: fn(Option<&str>) -> bool) {
    // A session hears of a request at once when that has entered.
    let entered = Arc::new(AtomicBool::new(false));
    let known = Arc::clone(&entered);
    parts.on_enter(move |request| {
        let is_one = body(request).is_some_and(|body| which(body.attr("rid")));
        entered.store(is_one, Ordering::Relaxed);
        None
    });
    parts.bend(move || {
        let known = Arc::clone(&known);
        inputs(move |input, _| {
            let lost = matches!(input, Input::Broken(_)) && known.load(Ordering::Relaxed);
            (!lost).then_some(input)
        })
    });
}

/// Some requests are too much for the connection manager.
fn fails_on(parts: &mut Parts, which: fn(&str) -> bool) {
    parts.on_enter(move |request| {
        let text = std::str::from_utf8(request.body()).ok()?;
        which(text).then(|| bare(StatusCode::INTERNAL_SERVER_ERROR))
    });
}

/// A request with a syntax error is read as what `repaired` makes of it, if that is sound.
pub(super) fn repair(
    parts: &mut Parts,
    which: impl Fn(&str) -> bool + Send + 'static,
    repaired: fn(&str) -> Option<String>,
) {
    parts.on_enter(move |request| {
        if body(request).is_none()
            && let text = String::from_utf8_lossy(request.body())
            && which(&text)
            && let Some(repaired) = repaired(&text)
        {
            *request.body_mut() = repaired.into();
        }
        None
    });
}

pub(super) fn is_body(text: &str) -> bool {
    parse(text.as_bytes(), &Limits::default()).is_ok_and(|root| Body::new(root).is_ok())
}

/// The first tag alone.
fn start_tag(text: &str) -> Option<String> {
    let tag = text.split_once('>')?.0.trim_end_matches('/');
    Some(format!("{tag}/>")).filter(|text| is_body(text))
}

/// The longest part that is well-formed once the wrapper is closed.
fn whole_part(text: &str) -> Option<String> {
    let ends = text.match_indices('>').map(|(place, _)| place + 1);
    ends.rev().map(|end| format!("{}</body>", &text[..end])).find(|text| is_body(text))
}

/// A document type, and what stands behind it, are read as something else.
fn without_type(parts: &mut Parts, change: fn(&str, &str) -> Option<String>) {
    parts.on_enter(move |request| {
        let text = std::str::from_utf8(request.body()).ok()?;
        let (_, rest) = text.split_once("<!DOCTYPE")?;
        let end = if rest.split('>').next().is_some_and(|start| start.contains('[')) {
            rest.find(']').and_then(|end| Some(end + rest[end..].find('>')? + 1))
        } else {
            rest.find('>').map(|end| end + 1)
        }?;
        let changed = change(&rest[..end], &rest[end..])?;
        *request.body_mut() = changed.into();
        None
    });
}
