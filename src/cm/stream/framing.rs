//! How a stream is written: as messages of WebSocket (RFC 7395), or as one document (RFC 6120 §4).

use super::message::Output;
use crate::xml::{Element, Scope, write, write_attribute};
use crate::xmpp::{Header, ns};

/// How a stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `<open/>`, elements and `<close/>`, each a message of its own.
    Framed,
    /// A stream header, elements in its scope, and its end tag.
    Raw,
}

/// What is to be done with a connection, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbound {
    /// Send this text; over WebSocket it is a message.
    Text(String),
    /// Ask whether the client is there.
    Ping,
    /// Begin TLS.
    StartTls,
    /// End the connection; over WebSocket with this status.
    Close(u16),
}

impl Outbound {
    /// About how many bytes it holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => size_of::<Self>(),
        }
    }
}

impl Framing {
    /// What an output is as text.
    pub fn write(self, output: &Output) -> Outbound {
        let mut text = String::new();
        match output {
            Output::Header(header) => self.header(header, &mut text),
            Output::Element(element) => write(element, &self.scope(), &mut text),
            Output::End => text.push_str(match self {
                Self::Framed => "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
                Self::Raw => "</stream:stream>",
            }),
            Output::Ping => return Outbound::Ping,
            Output::StartTls => return Outbound::StartTls,
            Output::Close(status) => return Outbound::Close(*status),
        }
        Outbound::Text(text)
    }

    /// An element that was written, if the text is one.
    pub fn read(self, text: &str, limits: &crate::xml::Limits) -> Option<Element> {
        match self {
            Self::Framed => crate::xml::parse(text.as_bytes(), limits).ok(),
            Self::Raw => {
                let (client, streams) = (ns::CLIENT, ns::STREAMS);
                let whole = format!("<a xmlns='{client}' xmlns:stream='{streams}'>{text}</a>");
                crate::xml::parse(whole.as_bytes(), limits).ok()?.into_children().next()
            }
        }
    }

    fn scope(self) -> Scope<'static> {
        match self {
            Self::Framed => Scope { default: "", prefixes: &[] },
            Self::Raw => Scope { default: ns::CLIENT, prefixes: &[(ns::STREAMS, "stream")] },
        }
    }

    fn header(self, header: &Header, out: &mut String) {
        match self {
            Self::Framed => {
                out.push_str("<open");
                write_attribute("xmlns", ns::FRAMING, out);
            }
            Self::Raw => {
                out.push_str("<?xml version='1.0'?><stream:stream");
                write_attribute("xmlns", ns::CLIENT, out);
                write_attribute("xmlns:stream", ns::STREAMS, out);
            }
        }
        for (name, value) in header.attributes() {
            write_attribute(name, value, out);
        }
        out.push_str(if self == Self::Framed { "/>" } else { ">" });
    }
}
