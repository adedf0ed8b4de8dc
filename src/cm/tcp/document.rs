//! A stream as one document: the codec of a connection over TCP (RFC 6120 §4).

use crate::cm::stream::reader::{Item, Reader};
use crate::cm::stream::{Codec, Input, Outbound, Received};
use crate::xml::Limits;

/// The codec that keeps the rules.
#[derive(Debug)]
pub struct Document {
    reader: Reader,
    /// A header has come.
    begun: bool,
    /// What comes is not read any more.
    deaf: bool,
}

impl Document {
    /// What comes is kept within `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { reader: Reader::of_client(limits), begun: false, deaf: false }
    }

    /// A client that has logged in opens its stream anew; whether it may, the session knows.
    fn opened(&mut self) {
        self.begun = true;
        self.reader.renew();
    }
}

impl Codec for Document {
    fn read(&mut self, mut bytes: &[u8], out: &mut Vec<Received>) {
        // White space shows that the client is there, and so does half an element.
        out.push(Received::Input(Input::Alive));
        while !self.deaf {
            let input = match self.reader.read(&mut bytes) {
                Ok(None) => return,
                Ok(Some(Item::Header(header))) => {
                    self.opened();
                    Input::Header(header)
                }
                Ok(Some(Item::Misnamed(header))) => {
                    self.opened();
                    Input::Misnamed(header)
                }
                Ok(Some(Item::Element(element))) => Input::Element(element),
                Ok(Some(Item::End)) => {
                    self.deaf = true;
                    Input::End
                }
                Err(fault) => {
                    self.deaf = true;
                    Input::Wrong(fault.condition())
                }
            };
            out.push(Received::Input(input));
        }
    }

    fn write(&mut self, outbound: &Outbound, out: &mut Vec<u8>) {
        match outbound {
            Outbound::Text(text) => out.extend_from_slice(text.as_bytes()),
            Outbound::Ping => out.push(b' '),
            Outbound::StartTls | Outbound::Close(_) => {}
        }
    }

    fn is_between(&self) -> bool {
        self.deaf || self.begun && self.reader.is_between()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "<?xml version='1.0'?><stream:stream to='a' version='1.0' xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams'>";

    fn read(document: &mut Document, text: &str) -> Vec<Input> {
        let mut out = Vec::new();
        document.read(text.as_bytes(), &mut out);
        let inputs = out.into_iter().map(|received| match received {
            Received::Input(input) => input,
            other => panic!("{other:?}"),
        });
        inputs.filter(|input| *input != Input::Alive).collect()
    }

    #[test]
    fn a_document_is_read_piece_by_piece() {
        let mut document = Document::new(Limits::default());
        assert!(!document.is_between(), "a header is due");
        let inputs = read(&mut document, HEADER);
        assert!(
            matches!(&inputs[..], [Input::Header(header)] if header.to.as_deref() == Some("a"))
        );
        assert!(document.is_between());
        assert!(read(&mut document, " <iq").is_empty() && !document.is_between());
        assert!(matches!(&read(&mut document, "/>")[..], [Input::Element(_)]));
        assert!(matches!(&read(&mut document, HEADER)[..], [Input::Header(_)]), "a restart");
        assert_eq!(read(&mut document, "</stream:stream>"), [Input::End]);
        assert!(read(&mut document, "<iq/>").is_empty());
    }

    #[test]
    fn what_no_stream_may_have_is_named() {
        for (text, condition) in [
            ("<c:message xmlns:c='jabber:client'/>", "bad-namespace-prefix"),
            ("<!-- -->", "restricted-xml"),
            ("<a><!-- --></a>", "restricted-xml"),
            ("<?a b?>", "restricted-xml"),
            ("<!DOCTYPE a>", "restricted-xml"),
            ("<a>&b;</a>", "not-well-formed"),
            ("<a></b>", "not-well-formed"),
            ("text", "not-well-formed"),
        ] {
            let mut document = Document::new(Limits::default());
            let inputs = read(&mut document, &format!("{HEADER}{text}"));
            assert_eq!(inputs[1..], [Input::Wrong(condition)], "{text}");
        }
        let mut document = Document::new(Limits::default());
        let other = HEADER.replace("jabber:client", "jabber:nope");
        let inputs = read(&mut document, &other);
        assert!(matches!(&inputs[..], [Input::Misnamed(_)]), "{inputs:?}");
    }
}
