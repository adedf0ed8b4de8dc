//! Where a client finds the connection manager (XEP-0156): host-meta as XRD and as JSON, for pages of any origin.

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::handshake;
use super::respond::{plain, response};
use crate::xml::write_attribute;

const XRD: &str = "/.well-known/host-meta";
const JSON: &str = "/.well-known/host-meta.json";

/// The response to a request for host-meta; none if it is for something else.
pub(super) fn host_meta(request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let path = request.uri().path();
    if path != XRD && path != JSON {
        return None;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some(plain(StatusCode::METHOD_NOT_ALLOWED, "host-meta is fetched with GET.\n"));
    }
    let links = links(request.headers());
    let (kind, text) = if path == JSON {
        let links: Vec<_> =
            links.iter().map(|(rel, href)| json!({ "rel": rel, "href": href })).collect();
        ("application/json", json!({ "links": links }).to_string())
    } else {
        ("application/xrd+xml", xrd(&links))
    };
    Some(response(StatusCode::OK, kind, text.into()))
}

/// Its endpoints at the address that the client asked, with TLS where a proxy in front of it says that there is.
fn links(headers: &HeaderMap) -> [(&'static str, String); 2] {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or("localhost");
    let secure = text("x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    let (http, ws) = if secure { ("https", "wss") } else { ("http", "ws") };
    [
        ("urn:xmpp:alt-connections:xbosh", format!("{http}://{host}/http-bind")),
        ("urn:xmpp:alt-connections:websocket", format!("{ws}://{host}{}", handshake::PATH)),
    ]
}

fn xrd(links: &[(&'static str, String)]) -> String {
    let mut out = String::from(
        "<?xml version='1.0' encoding='UTF-8'?>\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n",
    );
    for (rel, href) in links {
        out.push_str("  <Link");
        write_attribute("rel", rel, &mut out);
        write_attribute("href", href, &mut out);
        out.push_str("/>\n");
    }
    out + "</XRD>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, headers: &[(&str, &str)]) -> Option<(Response<Bytes>, String)> {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = host_meta(&request.body(Bytes::new()).unwrap())?;
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        Some((response, text))
    }

    #[test]
    fn both_forms_name_the_same_endpoints_for_any_origin() {
        let (response, xrd) = get(XRD, &[("host", "a:5280")]).unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert_eq!(response.headers()["content-type"], "application/xrd+xml");
        let root = crate::xml::parse(xrd.as_bytes(), &crate::xml::Limits::default()).unwrap();
        assert!(root.is("http://docs.oasis-open.org/ns/xri/xrd-1.0", "XRD"));
        let (_, text) = get(JSON, &[("host", "a"), ("x-forwarded-proto", "https")]).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["links"][0]["href"], "https://a/http-bind");
        assert_eq!(json["links"][1]["href"], "wss://a/xmpp-websocket");
        assert_eq!(json["links"][1]["rel"], "urn:xmpp:alt-connections:websocket");
        for link in root.children() {
            assert!(link.attr("href").unwrap().contains("://a:5280/"), "{xrd}");
        }
        assert!(get("/.well-known/other", &[]).is_none());
    }
}
