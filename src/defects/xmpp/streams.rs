//! How the stream to the server begins (XEP-0206 §3, §4).

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};

use super::super::bend::{changed, inputs, replies, requests, with_payloads};
use super::super::edge::{bare, body};
use crate::bosh::XBOSH;
use crate::cm::backend::Event;
use crate::cm::parts::Parts;
use crate::cm::reply::{Payload, PayloadKind};
use crate::cm::session::Input;
use crate::defects::defect::{Defect, defect};
use crate::xml::Element;
use crate::xmpp::ns;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "xbosh-forward-version",
        "the client's xmpp:version is not told to the server, which so sends no features",
        |parts| {
            parts.on_body(|body| {
                if body.attr("sid").is_none() {
                    body.set_attr(XBOSH, "version", None);
                }
            });
        },
    ),
    defect(
        "xbosh-version-format/echo",
        "xmpp:version in the response is what the client sent, whatever the server speaks",
        |parts| {
            parts.on_answer(|answer, request| {
                let body = body(request);
                let version = body.as_ref().and_then(|body| body.attr_ns(XBOSH, "version"));
                if let Some(version) = version.filter(|_| answer.reply.get(VERSION).is_some()) {
                    answer.reply.set(VERSION, version);
                }
            });
        },
    ),
    defect("xbosh-version-format/major", "xmpp:version is 1 instead of 1.0", |parts| {
        parts.bend(|| {
            replies(|reply, _| {
                if reply.get(VERSION).is_some() {
                    reply.set(VERSION, "1");
                }
            })
        });
    }),
    defect(
        "xbosh-no-stream-tag/obeyed",
        "`<stream:stream/>` in a request is taken for a stream restart",
        |parts| {
            parts.bend(|| {
                requests(|request, _| {
                    let is_tag = |payload: &Element| payload.is(ns::STREAMS, "stream");
                    if request.body.payloads().any(is_tag) {
                        let without = with_payloads(&request.body, []);
                        let restart = |body: &mut Element| {
                            body.set_attr(XBOSH, "restart", Some("true"));
                        };
                        request.body = changed(&without, restart);
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-no-stream-tag/sent",
        "`<stream:stream/>` comes before the features in the response that creates a session",
        |parts| {
            parts.bend(|| {
                replies(|reply, told| {
                    if told.creation() {
                        let tag = format!("<stream:stream xmlns='{}' version='1.0'/>", ns::CLIENT);
                        let tag = Payload { kind: PayloadKind::Stanza, xml: tag.into() };
                        reply.payloads.insert(0, tag);
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-features-asap",
        "the first features are kept back for 4 seconds, unless the client polls",
        |parts| {
            late(parts, |element| element.is(ns::STREAMS, "features") && !has_bind(element));
        },
    ),
    defect(
        "xbosh-resp-version/missing",
        "the response that creates a session has no xmpp:version",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    reply.remove(VERSION);
                })
            });
        },
    ),
    defect(
        "xbosh-resp-version/no-namespace",
        "`version` in the response that creates a session has no namespace",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    for (name, _) in &mut reply.attributes {
                        if name == VERSION {
                            *name = "version".into();
                        }
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-restartlogic-advertised",
        "xmpp:restartlogic is false, though restarts work",
        |parts| {
            parts.bend(|| {
                replies(|reply, _| {
                    if reply.get("xmpp:restartlogic").is_some() {
                        reply.set("xmpp:restartlogic", "false");
                    }
                })
            });
        },
    ),
    defect(
        "xbosh-encryption-negotiated-http",
        "the features offer STARTTLS, which cannot be used inside of BOSH",
        |parts| features(parts, |features| features.push(Element::new(ns::TLS, "starttls"))),
    ),
    defect(
        "xbosh-compression-via-accept/stream",
        "the features offer stream compression instead of leaving it to HTTP",
        |parts| {
            features(parts, |features| {
                let method = Element::new(ns::COMPRESS_FEATURE, "method").with_text("zlib");
                features.push(Element::new(ns::COMPRESS_FEATURE, "compression").with_child(method));
            });
        },
    ),
    defect(
        "xbosh-no-stream-compression",
        "the features after the login offer stream compression",
        |parts| {
            parts.on_event(|_, mut event| {
                if let Event::Element(element) = &mut event
                    && element.is(ns::STREAMS, "features")
                    && has_bind(element)
                {
                    element.push(Element::new(ns::COMPRESS_FEATURE, "compression"));
                }
                Some(event)
            });
        },
    ),
    defect(
        "xbosh-compression-via-accept/refused",
        "`accept` names deflate, but a request in that coding is refused with 415",
        |parts| {
            parts.on_enter(|request| {
                let deflate = HeaderValue::from_static("deflate");
                let coding = request.headers().get(header::CONTENT_ENCODING);
                (coding == Some(&deflate)).then(|| bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            });
        },
    ),
];

const VERSION: &str = "xmpp:version";

/// Whether these are the features after the login.
pub(super) fn has_bind(features: &Element) -> bool {
    features.child(ns::BIND, "bind").is_some()
}

/// Features before the login offer something more.
fn features(parts: &mut Parts, change: fn(&mut Element)) {
    parts.on_event(move |_, mut event| {
        if let Event::Element(element) = &mut event
            && element.is(ns::STREAMS, "features")
            && !has_bind(element)
        {
            change(element);
        }
        Some(event)
    });
}

/// The first element of a kind that the server sends to a session is kept back, with all that comes behind it. A client
/// that polls would come too early for it.
pub(super) fn late(parts: &mut Parts, which: fn(&Element) -> bool) {
    const DELAY: Duration = Duration::from_secs(4);
    parts.bend(move || {
        let (mut done, mut until) = (false, Duration::ZERO);
        inputs(move |input, cx| {
            let Input::Server(_, event) = &input else { return Some(input) };
            done |= cx.session().terms().is_polling();
            if !done && matches!(event, Event::Element(element) if which(element)) {
                done = true;
                until = cx.now + DELAY;
            }
            if cx.now < until {
                cx.pass_after(until.saturating_sub(cx.now), input);
                return None;
            }
            Some(input)
        })
    });
}
