//! The handshake (RFC 7395 §3.1, RFC 6455 §4.2.2, §9, §10.2).

use http::header::{self, HeaderName, HeaderValue};
use http::{Request, StatusCode};

use crate::cm::http::Upgrade;
use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};
use crate::wire::websocket::accept;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "ws-subprotocol-negotiated/none",
        "where several subprotocols are offered, the answer names none",
        |parts| {
            after(parts, |upgrade, request| {
                if offers(request).count() > 1 {
                    upgrade.response.headers_mut().remove(header::SEC_WEBSOCKET_PROTOCOL);
                }
            });
        },
    ),
    defect(
        "ws-subprotocol-negotiated/list",
        "the answer names all subprotocols that were offered",
        |parts| {
            after(parts, |upgrade, request| {
                let all = offers(request).collect::<Vec<_>>().join(", ");
                name(upgrade, &all);
            });
        },
    ),
    defect(
        "ws-subprotocol-from-offer/first",
        "the answer names the subprotocol that was offered first",
        |parts| {
            after(parts, |upgrade, request| {
                if let Some(first) = offers(request).next() {
                    name(upgrade, first);
                }
            });
        },
    ),
    defect("ws-subprotocol-from-offer/case", "XMPP in capitals is selected as xmpp", |parts| {
        before(parts, |request| {
            let lower = offers(request).collect::<Vec<_>>().join(",").to_ascii_lowercase();
            set(request, header::SEC_WEBSOCKET_PROTOCOL, &lower);
        });
    }),
    defect("ws-subprotocol-from-offer/any", "xmpp is selected whatever is offered", |parts| {
        before(parts, |request| set(request, header::SEC_WEBSOCKET_PROTOCOL, "xmpp"));
    }),
    defect(
        "ws-no-xmpp-without-subprotocol/other",
        "XMPP is spoken where another subprotocol was offered, and none selected",
        |parts| {
            parts.on_handshake(
                |request| {
                    if offers(request).next().is_some() {
                        set(request, header::SEC_WEBSOCKET_PROTOCOL, "xmpp");
                    }
                },
                without_agreement,
            );
        },
    ),
    defect(
        "ws-no-xmpp-without-subprotocol/none",
        "XMPP is spoken where no subprotocol was offered",
        |parts| {
            parts.on_handshake(
                |request| {
                    if offers(request).next().is_none() {
                        set(request, header::SEC_WEBSOCKET_PROTOCOL, "xmpp");
                    }
                },
                without_agreement,
            );
        },
    ),
    defect("ws-handshake-status/any", "the version of WebSocket is not looked at", |parts| {
        before(parts, |request| set(request, header::SEC_WEBSOCKET_VERSION, "13"));
    }),
    defect("ws-handshake-status/later", "versions after 13 are taken for it", |parts| {
        before(parts, |request| {
            let version = request.headers().get(header::SEC_WEBSOCKET_VERSION);
            let version = version.and_then(|it| it.to_str().ok()?.parse::<u8>().ok());
            if version.is_some_and(|version| version > 13) {
                set(request, header::SEC_WEBSOCKET_VERSION, "13");
            }
        });
    }),
    defect(
        "ws-handshake-status/unsaid",
        "where a version is refused, the response does not say which are known",
        |parts| {
            after(parts, |upgrade, _| {
                upgrade.response.headers_mut().remove(header::SEC_WEBSOCKET_VERSION);
            });
        },
    ),
    defect("ws-handshake-status/method", "a POST opens a WebSocket", |parts| {
        before(parts, |request| *request.method_mut() = http::Method::GET);
    }),
    defect("ws-handshake-status/version", "HTTP/1.0 opens a WebSocket", |parts| {
        before(parts, |request| *request.version_mut() = http::Version::HTTP_11);
    }),
    defect("ws-handshake-status/host", "a request without a Host opens a WebSocket", |parts| {
        before(parts, |request| {
            let host = http::HeaderValue::from_static("localhost");
            request.headers_mut().entry(header::HOST).or_insert(host);
        });
    }),
    defect(
        "ws-handshake-accept/small",
        "Sec-WebSocket-Accept is made of the key in small letters",
        |parts| {
            after(parts, |upgrade, request| {
                let key = text(request, header::SEC_WEBSOCKET_KEY).to_ascii_lowercase();
                if upgrade.codec.is_some() {
                    let accept = accept(&key);
                    put(upgrade, header::SEC_WEBSOCKET_ACCEPT, &accept);
                }
            });
        },
    ),
    defect(
        "ws-handshake-accept/padding",
        "Sec-WebSocket-Accept is made of the key without its padding",
        |parts| {
            after(parts, |upgrade, request| {
                let key = text(request, header::SEC_WEBSOCKET_KEY).trim_end_matches('=').to_owned();
                if upgrade.codec.is_some() {
                    let accept = accept(&key);
                    put(upgrade, header::SEC_WEBSOCKET_ACCEPT, &accept);
                }
            });
        },
    ),
    defect(
        "ws-handshake-accept/connection",
        "the 101 has what the client wrote in Connection without the upgrade",
        |parts| {
            after(parts, |upgrade, request| {
                if upgrade.codec.is_some() && text(request, header::CONNECTION).contains(',') {
                    put(upgrade, header::CONNECTION, "keep-alive");
                }
            });
        },
    ),
    defect(
        "ws-handshake-accept/tokens",
        "where Connection has another token besides upgrade, there is no WebSocket",
        |parts| {
            before(parts, |request| {
                if text(request, header::CONNECTION).contains(',') {
                    request.headers_mut().remove(header::UPGRADE);
                }
            });
        },
    ),
    defect(
        "ws-handshake-accept/case",
        "Upgrade: WebSocket with capitals is not taken for an upgrade",
        |parts| {
            before(parts, |request| {
                if text(request, header::UPGRADE) != "websocket" {
                    request.headers_mut().remove(header::UPGRADE);
                }
            });
        },
    ),
    defect(
        "ws-extension-from-offer/unasked",
        "permessage-deflate is negotiated though the client did not offer it",
        |parts| {
            after(parts, |upgrade, request| {
                if upgrade.codec.is_some() && text(request, EXTENSIONS).is_empty() {
                    put(upgrade, EXTENSIONS, "permessage-deflate");
                }
            });
        },
    ),
    defect(
        "ws-extension-from-offer/echo",
        "extensions come back as they were offered, with parameters that are not the server's",
        |parts| {
            after(parts, |upgrade, request| {
                let offered = text(request, EXTENSIONS).to_owned();
                if upgrade.codec.is_some() && !offered.is_empty() {
                    put(upgrade, EXTENSIONS, &offered);
                }
            });
        },
    ),
    defect(
        "ws-origin-refused-as-403/bad-request",
        "a page of another site is refused with 400",
        |parts| {
            after(parts, |upgrade, request| {
                if text(request, header::ORIGIN).ends_with(".example") {
                    *upgrade.response.status_mut() = StatusCode::BAD_REQUEST;
                    upgrade.codec = None;
                }
            });
        },
    ),
    defect("ws-origin-refused-as-403/null", "the origin null gets a page with 200", |parts| {
        after(parts, |upgrade, request| {
            if text(request, header::ORIGIN) == "null" {
                *upgrade.response.status_mut() = StatusCode::OK;
                upgrade.codec = None;
            }
        });
    }),
];

const EXTENSIONS: HeaderName = header::SEC_WEBSOCKET_EXTENSIONS;

fn before(parts: &mut Parts, change: impl FnMut(&mut Request<()>) + Send + 'static) {
    parts.on_handshake(change, |_, _| {});
}

fn after(parts: &mut Parts, change: impl FnMut(&mut Upgrade, &Request<()>) + Send + 'static) {
    parts.on_handshake(|_| {}, change);
}

fn text(request: &Request<()>, name: HeaderName) -> &str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The subprotocols that a client offers.
fn offers(request: &Request<()>) -> impl Iterator<Item = &str> {
    let all = text(request, header::SEC_WEBSOCKET_PROTOCOL).split(',').map(str::trim);
    all.filter(|name| !name.is_empty())
}

fn set(request: &mut Request<()>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        request.headers_mut().insert(name, value);
    }
}

fn put(upgrade: &mut Upgrade, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        upgrade.response.headers_mut().insert(name, value);
    }
}

/// Names a subprotocol, if there is a WebSocket.
fn name(upgrade: &mut Upgrade, subprotocol: &str) {
    if upgrade.codec.is_some() {
        put(upgrade, header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
}

/// The answer names no subprotocol if xmpp was not offered.
fn without_agreement(upgrade: &mut Upgrade, request: &Request<()>) {
    if !offers(request).any(|name| name == "xmpp") {
        upgrade.response.headers_mut().remove(header::SEC_WEBSOCKET_PROTOCOL);
    }
}
