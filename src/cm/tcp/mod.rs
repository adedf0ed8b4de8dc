//! XMPP over TCP (RFC 6120) in front of the same server: STARTTLS, and TLS from the first byte (XEP-0368).

mod document;
mod parted;
mod serve;
#[cfg(test)]
mod serve_tests;
mod tapped;

pub use document::Document;
pub use serve::Protection;
