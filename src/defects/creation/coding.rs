//! Defects of character encodings (XEP-0124 §7.2).

use bytes::Bytes;
use http::header;
use http::{HeaderMap, Response, StatusCode};

use crate::cm::parts::Parts;
use crate::defects::defect::{Defect, defect};

pub(in super::super) const DEFECTS: &[Defect] = &[
    defect(
        "bosh-utf8/latin-1",
        "a response that says to be UTF-8 is in ISO-8859-1 where that has all of its characters",
        |parts| {
            recode(parts, |text| {
                let latin: Option<Vec<u8>> =
                    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
                latin.unwrap_or_else(|| text.into())
            });
        },
    ),
    defect(
        "bosh-utf8/surrogates",
        "a character above U+FFFF in an attribute is sent as two surrogates of three bytes each",
        |parts| {
            recode(parts, |text| {
                let mut out = Vec::new();
                let mut tag = false;
                for c in text.chars() {
                    tag = c == '<' || tag && c != '>';
                    let mut units = [0; 2];
                    match c.encode_utf16(&mut units) {
                        [high, low] if tag => {
                            out.extend([*high, *low].into_iter().flat_map(three_bytes));
                        }
                        _ => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                    }
                }
                out
            });
        },
    ),
    defect(
        "bosh-utf8/declaration",
        "a response in UTF-8 that is not all ASCII declares itself to be ISO-8859-1",
        |parts| {
            recode(parts, |text| {
                format!("<?xml version='1.0' encoding='ISO-8859-1'?>{text}").into()
            });
        },
    ),
    defect(
        "bosh-charset-conversion/requests",
        "what comes in ISO-8859-1 is converted twice, so that others get other characters",
        |parts| {
            parts.on_enter(|request| {
                if charset(request.headers()).as_deref() == Some("iso-8859-1") {
                    let once: String =
                        request.body().iter().map(|&byte| char::from(byte)).collect();
                    *request.body_mut() = once.into();
                }
                None
            });
        },
    ),
    defect(
        "bosh-charset-conversion/responses",
        "a response that says to be in ISO-8859-1 is in UTF-8",
        |parts| {
            parts.on_leave(|response, _| {
                let headers = response.headers();
                if charset(headers).as_deref() == Some("iso-8859-1")
                    && !headers.contains_key(header::CONTENT_ENCODING)
                {
                    let text: String =
                        response.body().iter().map(|&byte| char::from(byte)).collect();
                    *response.body_mut() = text.into();
                }
            });
        },
    ),
    defect(
        "bosh-charset-conversion-not-required",
        "a request in another encoding than UTF-8 is answered with HTTP 500",
        |parts| {
            parts.on_enter(|request| {
                charset(request.headers()).filter(|charset| charset != "utf-8")?;
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                Some(response)
            });
        },
    ),
];

/// The charset that a Content-Type names, in lower case.
fn charset(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let named = kind.split(';').find_map(|part| part.trim().strip_prefix("charset="))?;
    Some(named.trim_matches('"').to_owned())
}

/// Encodes in another way what is told to be UTF-8, is not all ASCII, and is not compressed.
fn recode(parts: &mut Parts, encode: fn(&str) -> Vec<u8>) {
    parts.on_leave(move |response, _| {
        let headers = response.headers();
        if headers.contains_key(header::CONTENT_ENCODING)
            || charset(headers).as_deref() != Some("utf-8")
            || response.body().is_ascii()
        {
            return;
        }
        if let Ok(text) = std::str::from_utf8(response.body()) {
            *response.body_mut() = encode(text).into();
        }
    });
}

/// A code unit of UTF-16 as if it were a character.
fn three_bytes(unit: u16) -> [u8; 3] {
    [0xe0 | (unit >> 12) as u8, 0x80 | (unit >> 6 & 0x3f) as u8, 0x80 | (unit & 0x3f) as u8]
}
