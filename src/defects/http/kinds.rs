//! Answers of one kind alone, after the login and in its course (XEP-0124 §5, §7, §8).

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Response, StatusCode, header};

use super::super::bend::ReplyContext;
use super::super::steps::on_picked;
use super::forms::cut;
use crate::cm::http::Delivery;
use crate::cm::reply::Reply;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-http-conformance/options",
        "a request with several options in Connection gets no response but the end of its connection",
        |parts| {
            cut(parts, |request| {
                let options = request.headers().get(header::CONNECTION);
                options.is_some_and(|options| options.as_bytes().contains(&b','))
            });
        },
    ),
    defect(
        "bosh-response-compression/replaced",
        "the answer to a held request that is replaced by its repeat is compressed for everybody",
        |parts| on_picked(parts, replaced, compress),
    ),
    defect(
        "bosh-response-compression/delivered",
        "what comes while a request is held is compressed for everybody",
        |parts| on_picked(parts, delivered, compress),
    ),
    defect(
        "bosh-utf8/replaced",
        "the answer to a held request that is replaced by its repeat says to be in ISO-8859-1",
        |parts| on_picked(parts, replaced, latin),
    ),
    defect("bosh-utf8/restarted", "the answer to a restart says to be in ISO-8859-1", |parts| {
        on_picked(parts, restarted, latin);
    }),
    defect(
        "bosh-content-type-default/restarted",
        "the answer to a restart is application/xml where the client chose nothing",
        |parts| {
            on_picked(
                parts,
                |reply, told| restarted(reply, told) && told.session.terms().content.is_none(),
                |response| set_type(response, "application/xml; charset=utf-8"),
            );
        },
    ),
    defect(
        "bosh-content-type-default/shut-down",
        "the response when the connection manager goes down names no charset",
        |parts| {
            on_picked(
                parts,
                |reply, _| reply.get("condition") == Some("system-shutdown"),
                |response| set_type(response, "text/xml"),
            );
        },
    ),
    defect(
        "bosh-content-honoured/delivered",
        "what comes while a request is held has not the Content-Type that the client chose",
        |parts| {
            on_picked(
                parts,
                |reply, told| delivered(reply, told) && told.session.terms().content.is_some(),
                |response| set_type(response, "text/xml; charset=utf-8"),
            );
        },
    ),
    defect(
        "bosh-cors-on-response/delivered",
        "what comes while a request is held lacks Access-Control-Allow-Origin",
        |parts| {
            on_picked(parts, delivered, |response| {
                response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            });
        },
    ),
    defect(
        "bosh-no-chunked/delivered",
        "what comes while a request is held comes in chunks",
        |parts| {
            on_picked(parts, delivered, |response| {
                response.extensions_mut().insert(Delivery::Chunked);
            });
        },
    ),
    defect(
        "bosh-respond-200/complaint",
        "a request whose stanza brings an error is answered with 400",
        |parts| {
            on_picked(
                parts,
                |reply, _| {
                    reply.payloads.iter().any(|payload| payload.xml.contains("type='error'"))
                },
                |response| *response.status_mut() = StatusCode::BAD_REQUEST,
            );
        },
    ),
];

fn replaced(reply: &Reply, _: &ReplyContext<'_>) -> bool {
    reply.get("type") == Some("error")
}

/// A message that its request was held for.
fn delivered(reply: &Reply, told: &ReplyContext<'_>) -> bool {
    let message = reply.payloads.iter().any(|payload| payload.xml.starts_with("<message"));
    message && !told.held().is_zero()
}

fn restarted(_: &Reply, told: &ReplyContext<'_>) -> bool {
    told.asked.is_some_and(|asked| asked.body.is_restart())
}

fn set_type(response: &mut Response<Bytes>, kind: &'static str) {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
}

fn latin(response: &mut Response<Bytes>) {
    set_type(response, "text/xml; charset=ISO-8859-1");
}

fn compress(response: &mut Response<Bytes>) {
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if let Ok(coded) = encoder.write_all(response.body()).and_then(|()| encoder.finish()) {
        *response.body_mut() = coded.into();
        let coding = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, coding);
    }
}
