//! What any request has: the fields of its header and of its `<body/>`, its version, its address.

use super::target::Provision;
use super::value::Template;
use crate::scenario::source::Located;

/// An attribute of a `<body/>` that is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// As it is written, with the prefix `xmpp:` or `xml:`, `xmlns` or `xmlns:p` if there is one.
    pub name: Located<String>,
    /// Its value; none takes it away.
    pub value: Option<Located<Template>>,
}

/// A header field that is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// As it is written.
    pub name: Located<String>,
    /// Its value; none takes it away.
    pub value: Option<Located<Template>>,
}

/// Which of a target's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Without TLS.
    Plain,
    /// With TLS.
    Tls,
}

impl Via {
    /// What a target has to provide for it.
    pub fn provision(self) -> Provision {
        match self {
            Self::Plain => Provision::Plain,
            Self::Tls => Provision::Tls,
        }
    }
}

/// HTTP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.0
    V10,
    /// HTTP/1.1
    V11,
}
