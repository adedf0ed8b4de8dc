//! Rules on what only TCP has: STARTTLS, direct TLS, white space between elements (RFC 6120 §4 and §5, XEP-0368).

mod closing;
mod starttls;
mod tls;
mod xml;

pub use closing::Closing;
pub use starttls::StartTls;
pub use tls::Tls;
pub use xml::Xml;
