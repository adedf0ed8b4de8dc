//! Defects of streams over TCP (RFC 6120), with and without TLS (XEP-0368).

mod all;
mod closing;
mod encoding;
mod errors;
mod handshake;
mod headers;
mod namespaces;
mod raw;
mod restarts;
mod stanzas;
mod tls;
mod versions;

pub(super) use all::DEFECTS;
