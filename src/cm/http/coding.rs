//! Content codings and character encodings (XEP-0124 §5, §7.2; RFC 9110 §8.4, §12.5.3).

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderValue;

/// Shorter contents grow by compression.
const WORTHWHILE: usize = 256;

/// Why a content cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// A coding that was not offered.
    Unknown,
    /// Not what it says to be.
    Broken,
    /// More than is taken.
    TooLong,
}

/// Removes the content coding of a request.
pub(super) fn decompress(
    content: Bytes,
    coding: Option<&HeaderValue>,
    limit: usize,
) -> Result<Bytes, Undecodable> {
    let coding = match coding.map(HeaderValue::to_str) {
        None => return Ok(content),
        Some(Ok(coding)) => coding.trim().to_ascii_lowercase(),
        Some(Err(_)) => return Err(Undecodable::Unknown),
    };
    let reader: Box<dyn std::io::Read> = match coding.as_str() {
        "" | "identity" => return Ok(content),
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(&content[..])),
        "deflate" => Box::new(ZlibDecoder::new(&content[..])),
        _ => return Err(Undecodable::Unknown),
    };
    let mut decoded = Vec::new();
    let read = reader.take(limit as u64 + 1).read_to_end(&mut decoded);
    match read {
        Err(_) => Err(Undecodable::Broken),
        Ok(size) if size > limit => Err(Undecodable::TooLong),
        Ok(_) => Ok(decoded.into()),
    }
}

/// Compresses a response if its request accepts that, with the coding used.
pub(super) fn compress(
    content: Vec<u8>,
    accepted: Option<&HeaderValue>,
) -> (Bytes, Option<&'static str>) {
    let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.len() < WORTHWHILE {
        return (content.into(), None);
    }
    let coded = if accepts(accepted, "gzip") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&content).and_then(|()| encoder.finish()).map(|coded| (coded, "gzip"))
    } else if accepts(accepted, "deflate") {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&content).and_then(|()| encoder.finish()).map(|coded| (coded, "deflate"))
    } else {
        return (content.into(), None);
    };
    // Writing to memory does not fail; if it did, the content would go as it is.
    coded.map_or((content.into(), None), |(coded, coding)| (coded.into(), Some(coding)))
}

/// Whether a coding is named with a weight above zero.
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        // Parameter names know no case (RFC 9110 §5.6.6).
        let weight = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
        let weight = weight.map(str::parse::<f32>);
        named && weight.is_none_or(|weight| weight.is_ok_and(|weight| weight > 0.0))
    })
}

fn is_latin1(content_type: &str) -> bool {
    content_type.split(';').skip(1).any(|parameter| {
        let parameter = parameter.trim().to_ascii_lowercase();
        let name = parameter.strip_prefix("charset=").map(|name| name.trim_matches('"'));
        matches!(name, Some("iso-8859-1" | "latin1"))
    })
}

/// Converts a request to UTF-8 if its Content-Type names the other encoding that is offered.
pub(super) fn decode_charset(content: Bytes, content_type: Option<&HeaderValue>) -> Bytes {
    let latin1 = content_type.and_then(|value| value.to_str().ok()).is_some_and(is_latin1);
    if !latin1 || content.is_ascii() {
        return content;
    }
    content.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes().into()
}

/// Converts a response to the encoding that the session's Content-Type names; what that lacks is written as a
/// reference.
pub(super) fn encode_charset(xml: String, content_type: &str) -> Vec<u8> {
    if !is_latin1(content_type) || xml.is_ascii() {
        return xml.into_bytes();
    }
    let mut out = Vec::with_capacity(xml.len());
    for c in xml.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend(format!("&#{};", u32::from(c)).bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_offered_with_weight_is_used() {
        assert!(accepts("gzip, deflate", "gzip"));
        assert!(accepts("br;q=1.0, GZIP;q=0.8", "gzip"));
        assert!(!accepts("gzip;q=0", "gzip"));
        assert!(!accepts("gzip;Q=0", "gzip"));
        assert!(!accepts("", "gzip"));
        assert!(!accepts("identity", "deflate"));
    }

    #[test]
    fn a_bomb_is_too_long() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
        let bomb = Bytes::from(encoder.finish().unwrap());
        let gzip = HeaderValue::from_static("gzip");
        let decoded = decompress(bomb.clone(), Some(&gzip), 1000);
        assert_eq!(decoded, Err(Undecodable::TooLong));
        assert_eq!(decompress(bomb, Some(&gzip), 1 << 20).unwrap().len(), 1 << 20);
        let broken = decompress(Bytes::from_static(b"no gzip"), Some(&gzip), 1000);
        assert_eq!(broken, Err(Undecodable::Broken));
    }

    #[test]
    fn latin_1_goes_both_ways() {
        let kind = HeaderValue::from_static("text/xml; charset=ISO-8859-1");
        let decoded = decode_charset(Bytes::from_static(b"caf\xe9"), Some(&kind));
        assert_eq!(decoded, "café".as_bytes());
        assert_eq!(encode_charset("café €".into(), kind.to_str().unwrap()), b"caf\xe9 &#8364;");
        assert_eq!(encode_charset("é".into(), "text/xml; charset=utf-8"), "é".as_bytes());
    }
}
