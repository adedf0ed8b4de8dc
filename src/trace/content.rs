//! Content codings (gzip, deflate, br) are removed for viewing only, within a bound.

use std::io::Read;

use brotli_decompressor::Decompressor;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::event::{Content, Headers};

/// Ends the reason why a content is not decoded, if its coding is one that browsers may know all the same.
pub const UNKNOWN_CODING: &str = "is not known here";

/// What came out of a coded content.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The content, as far as it could be decoded.
    pub bytes: Vec<u8>,
    /// Why it could not be decoded to the end.
    pub error: Option<String>,
    /// It is longer than the bound.
    pub clipped: bool,
}

/// Removes the codings that `Content-Encoding` lists; at most `limit` bytes come out.
pub fn decode(coding: &str, bytes: &[u8], limit: usize) -> Decoded {
    let mut decoded = Decoded { bytes: bytes.to_vec(), error: None, clipped: false };
    for coding in coding.rsplit(',').map(str::trim) {
        let input = &decoded.bytes[..];
        let lower = coding.to_ascii_lowercase();
        let next = match lower.as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => read(MultiGzDecoder::new(input), limit),
            // Some peers send the bare format under this name.
            "deflate" => match read(ZlibDecoder::new(input), limit) {
                zlib if zlib.error.is_some() && zlib.bytes.is_empty() => {
                    read(DeflateDecoder::new(input), limit)
                }
                zlib => zlib,
            },
            "br" => read(Decompressor::new(input, 4096), limit),
            _ => {
                decoded.error = Some(format!("content coding {coding} {UNKNOWN_CODING}"));
                return decoded;
            }
        };
        let clipped = decoded.clipped;
        decoded = next;
        decoded.clipped |= clipped;
        if decoded.error.is_some() {
            return decoded;
        }
    }
    decoded
}

impl Content {
    /// The codings that were removed although no header line announces them: nobody but a trace removes them
    /// (RFC 9110 §8.4). They were told by the first bytes.
    pub fn unannounced(&self, headers: &Headers) -> Option<String> {
        let removed: Vec<&str> = codings(self.coding.as_deref()?).collect();
        let announced = headers.all("content-encoding").flat_map(codings).count();
        // What was found below the announced ones stands in front.
        let more = removed.len().saturating_sub(announced);
        (more > 0).then(|| removed[..more].join(", "))
    }
}

/// The codings in a list of them.
fn codings(list: &str) -> impl Iterator<Item = &str> {
    let is_coding = |coding: &&str| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
    list.split(',').map(str::trim).filter(is_coding)
}

fn read(decoder: impl Read, limit: usize) -> Decoded {
    let mut bytes = Vec::new();
    let error = decoder.take(limit as u64 + 1).read_to_end(&mut bytes).err();
    let clipped = bytes.len() > limit;
    bytes.truncate(limit);
    Decoded { bytes, error: error.map(|e| e.to_string()), clipped }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn written<W: Write>(mut encoder: W, finish: impl Fn(W) -> Vec<u8>) -> Vec<u8> {
        encoder.write_all(b"<body/>").unwrap();
        finish(encoder)
    }

    #[test]
    fn the_codings_browsers_ask_for() {
        let gzip = written(GzEncoder::new(vec![], Compression::fast()), |e| e.finish().unwrap());
        let zlib = written(ZlibEncoder::new(vec![], Compression::fast()), |e| e.finish().unwrap());
        let bare =
            written(DeflateEncoder::new(vec![], Compression::fast()), |e| e.finish().unwrap());
        let br = b"\x0b\x03\x80<body/>\x03";
        for (coding, bytes) in
            [("gzip", &gzip[..]), ("deflate", &zlib), ("Deflate", &bare), ("br", br)]
        {
            let decoded = decode(coding, bytes, 100);
            assert_eq!((&decoded.bytes[..], decoded.error), (&b"<body/>"[..], None), "{coding}");
        }
        let twice = written_twice(&gzip);
        assert_eq!(decode("gzip, gzip", &twice, 100).bytes, b"<body/>");
    }

    fn written_twice(gzip: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(gzip).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn codings_that_no_header_announces_are_told_apart() {
        for (removed, headers, unannounced) in [
            (None, &[][..], None),
            (Some("gzip"), &[], Some("gzip")),
            (Some("gzip"), &["gzip"], None),
            (Some("gzip"), &["identity"], Some("gzip")),
            (Some("deflate, gzip"), &["gzip"], Some("deflate")),
            (Some("gzip, gzip"), &["gzip, gzip"], None),
            (Some("br, gzip"), &["br", "gzip"], None),
        ] {
            let content = Content { coding: removed.map(str::to_owned), ..Content::default() };
            let mut lines = Headers::default();
            for value in headers {
                lines.push("Content-Encoding", value);
            }
            assert_eq!(
                content.unannounced(&lines).as_deref(),
                unannounced,
                "{removed:?} {headers:?}"
            );
        }
    }

    #[test]
    fn a_bomb_is_clipped_and_rubbish_is_said_to_be_rubbish() {
        let mut encoder = GzEncoder::new(vec![], Compression::best());
        encoder.write_all(&vec![b' '; 10_000_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        let decoded = decode("gzip", &bomb, 1000);
        assert_eq!((decoded.bytes.len(), decoded.clipped), (1000, true));
        assert!(decode("gzip", b"<body/>", 1000).error.is_some());
        assert!(decode("zstd", b"<body/>", 1000).error.unwrap().contains("zstd"));
        let cut = &bomb[..bomb.len() / 2];
        assert!(decode("gzip", cut, 100_000_000).error.is_some());
    }
}
