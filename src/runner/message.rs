//! A request of HTTP as a scenario may have it: any method, any header field, coded, in chunks, and cut.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::scenario::{Encoding, Http};
use crate::wire::address::Address;

/// An HTTP request before it is bytes.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) http: Http,
    headers: Vec<(String, String)>,
    entity: Vec<u8>,
    /// In how many chunks the entity is sent.
    pub(super) chunks: Option<u64>,
}

impl Message {
    /// A POST with this entity and these header fields.
    pub(super) fn post(path: &str, headers: &[(&str, &str)], entity: Vec<u8>) -> Self {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            method: "POST".to_owned(),
            path: path.to_owned(),
            http: Http::V11,
            headers: headers.iter().map(own).collect(),
            entity,
            chunks: None,
        }
    }

    /// Codes the entity, and says so.
    pub(super) fn encode(&mut self, encoding: Encoding) {
        self.entity = encoded(std::mem::take(&mut self.entity), encoding);
        let name = if encoding == Encoding::Gzip { "gzip" } else { "deflate" };
        self.set("Content-Encoding", Some(name.to_owned()));
    }

    /// It goes to this address.
    pub(super) fn lead(&mut self, address: &Address) {
        self.path.clone_from(&address.path);
        self.set("Host", Some(address.authority()));
    }

    /// Sets a header field, or takes it away.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        let known = |other: &String| other.eq_ignore_ascii_case(name);
        match value {
            // An empty name would hide that a field is taken away on purpose.
            None if name.eq_ignore_ascii_case("content-length") => {
                self.headers.push((name.to_owned(), String::new()));
            }
            None => self.headers.retain(|(other, _)| !known(other)),
            Some(value) => match self.headers.iter_mut().find(|(other, _)| known(other)) {
                Some((as_written, old)) => (*as_written, *old) = (name.to_owned(), value),
                None => self.headers.push((name.to_owned(), value)),
            },
        }
    }

    /// The head and the content, in its chunks, and how long the head is.
    pub(super) fn bytes(&self) -> (Vec<u8>, usize) {
        let version = if self.http == Http::V10 { "1.0" } else { "1.1" };
        let mut head = format!("{} {} HTTP/{version}\r\n", self.method, self.path);
        let mut length = self.chunks.is_none();
        let coded = |(name, _): &(String, String)| name.eq_ignore_ascii_case("transfer-encoding");
        for (name, value) in &self.headers {
            if name.eq_ignore_ascii_case("content-length") {
                length = false;
                if value.is_empty() {
                    continue;
                }
            }
            head += &format!("{name}: {value}\r\n");
        }
        if self.chunks.is_some() {
            if !self.headers.iter().any(coded) {
                head += "Transfer-Encoding: chunked\r\n";
            }
        } else if length {
            head += &format!("Content-Length: {}\r\n", self.entity.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        let head = bytes.len();
        match self.chunks {
            None => {
                bytes.reserve_exact(self.entity.len());
                bytes.extend_from_slice(&self.entity);
            }
            Some(chunks) => {
                let size = self.entity.len().div_ceil(chunks as usize).max(1);
                for chunk in self.entity.chunks(size) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        (bytes, head)
    }
}

fn encoded(entity: Vec<u8>, encoding: Encoding) -> Vec<u8> {
    let coded = match encoding {
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&entity).and_then(|()| encoder.finish())
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&entity).and_then(|()| encoder.finish())
        }
    };
    coded.unwrap_or(entity) // memory takes everything
}

/// The length of a head, with the empty line behind it; nothing if there is none.
pub(super) fn head_length(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4)
}
