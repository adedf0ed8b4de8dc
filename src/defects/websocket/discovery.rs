//! Discovery (RFC 7395 §4, XEP-0156).

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};

use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "ws-host-meta",
        "host-meta has the link for WebSocket under another relation",
        |parts| {
            served(parts, |response, _| {
                replace(response, "urn:xmpp:alt-connections:websocket", "urn:xmpp:websocket");
            });
        },
    ),
    defect(
        "disco-host-meta-xrd/namespace",
        "the root of host-meta is of version 1.1 of XRD",
        |parts| {
            served(parts, |response, _| replace(response, "xri/xrd-1.0", "xri/xrd-1.1"));
        },
    ),
    defect("disco-host-meta-xrd/json", "there is no host-meta.json", |parts| {
        served(parts, |response, json| {
            if json {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
        });
    }),
    defect("disco-host-meta-xrd/type", "host-meta is served as a page", |parts| {
        served(parts, |response, json| {
            if !json {
                typed(response, "text/html");
            }
        });
    }),
    defect("disco-media-types/xrd", "host-meta is served as any XML", |parts| {
        served(parts, |response, json| {
            if !json {
                typed(response, "text/xml; charset=utf-8");
            }
        });
    }),
    defect("disco-media-types/json", "host-meta.json is served as text", |parts| {
        served(parts, |response, json| {
            if json {
                typed(response, "text/plain");
            }
        });
    }),
    defect("disco-https-only/scheme", "the link for WebSocket leads to a page", |parts| {
        served(parts, |response, _| {
            replace(response, "wss://", "https://");
            replace(response, "ws://", "http://");
        });
    }),
    defect(
        "disco-link-works/dead",
        "the link for BOSH leads to a port where nobody listens",
        |parts| {
            served(parts, |response, _| dead(response, "/http-bind"));
        },
    ),
    defect(
        "disco-link-works/socket",
        "the link for WebSocket leads to a port where nobody listens",
        |parts| served(parts, |response, _| dead(response, "/xmpp-websocket")),
    ),
    defect(
        "disco-link-works/path",
        "the link for BOSH leads to a path where nothing is",
        |parts| {
            served(parts, |response, _| replace(response, "/http-bind", "/http-bound"));
        },
    ),
    defect(
        "disco-link-works/json",
        "the link for WebSocket is that for BOSH in host-meta.json",
        |parts| {
            served(parts, |response, json| {
                if json {
                    replace(response, "/xmpp-websocket", "/http-bind");
                }
            });
        },
    ),
    defect(
        "disco-link-works/later",
        "the link for BOSH leads to a port where nobody listens, but for the first time that it is asked for",
        |parts| {
            let mut first = [true, true];
            parts.on_leave(move |response, request: Option<&Request<Bytes>>| {
                if let Some(json) = of_host_meta(request)
                    && !std::mem::take(&mut first[usize::from(json)])
                {
                    dead(response, "/http-bind");
                }
            });
        },
    ),
    defect("disco-cors/xrd", "pages of other origins cannot read host-meta", |parts| {
        served(parts, |response, json| hide(response, !json));
    }),
    defect("disco-cors/json", "pages of other origins cannot read host-meta.json", |parts| {
        served(parts, hide);
    }),
];

/// Changes host-meta, or host-meta.json.
fn served(parts: &mut Parts, change: fn(&mut Response<Bytes>, bool)) {
    parts.on_leave(move |response, request: Option<&Request<Bytes>>| {
        if let Some(json) = of_host_meta(request) {
            change(response, json);
        }
    });
}

/// Whether a request is for host-meta, and then for that in JSON.
fn of_host_meta(request: Option<&Request<Bytes>>) -> Option<bool> {
    let path = request?.uri().path();
    path.starts_with("/.well-known/host-meta").then(|| path.contains("json"))
}

/// The addresses with this path are at port 1.
fn dead(response: &mut Response<Bytes>, path: &str) {
    let text = String::from_utf8_lossy(response.body());
    let parts: Vec<&str> = text.split(path).collect();
    let end = parts.len() - 1;
    let led = parts.iter().enumerate().map(|(n, part)| match part.rfind("://") {
        Some(scheme) if n < end => {
            let host = part[scheme + 3..].split(':').next().unwrap_or_default();
            format!("{}://{host}:1{path}", &part[..scheme])
        }
        _ => (*part).to_owned(),
    });
    let text: String = led.collect();
    *response.body_mut() = text.into();
}

fn replace(response: &mut Response<Bytes>, old: &str, new: &str) {
    let text = String::from_utf8_lossy(response.body()).replace(old, new);
    *response.body_mut() = text.into();
}

fn typed(response: &mut Response<Bytes>, kind: &'static str) {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
}

fn hide(response: &mut Response<Bytes>, hides: bool) {
    if hides {
        response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    }
}
