//! Elements outside of `<body/>`: the streams that they are parts of, and how those were carried, as far as that can be told.

use std::collections::HashMap;

use super::direction::Tag;
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::xmpp::ns;

/// So many streams are told apart at once.
const MANY: usize = 10_000;

/// The streams of a log, by what it calls them.
#[derive(Debug, Default)]
pub(super) struct Streams {
    all: HashMap<String, Stream>,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The number of the connection that it is given.
    pub conn: u64,
    /// It is carried by WebSocket.
    pub websocket: bool,
    begun: bool,
    /// The client has to send its header again.
    restarts: bool,
    /// The header of each side came.
    headed: [bool; 2],
}

impl Streams {
    /// The stream that an element belongs to. `conns`: how many connections there are; `websocket`: what carries it if it does
    /// not say so.
    pub(super) fn of(
        &mut self,
        session: &str,
        from: Side,
        tag: &Tag,
        kind: Kind,
        websocket: bool,
        conns: &mut u64,
    ) -> &mut Stream {
        if self.all.len() >= MANY && !self.all.contains_key(session) {
            self.all.clear();
        }
        let stream = self.all.entry(session.to_owned()).or_default();
        let framing = matches!(tag.name.as_str(), "open" | "close") && tag.is_in(ns::FRAMING);
        let opens = tag.name == "open" && framing || kind == Kind::Header;
        if stream.conn == 0 || opens && from == Side::Client && stream.begun && !stream.restarts {
            *conns += 1;
            let websocket = framing || websocket && kind != Kind::Header;
            *stream = Stream { conn: *conns, websocket, ..Stream::default() };
        }
        stream.begun = true;
        if opens {
            stream.headed[from as usize] = true;
            stream.restarts &= from == Side::Server;
        }
        if from == Side::Server && matches!(tag.name.as_str(), "success" | "proceed" | "compressed")
        {
            stream.restarts = true;
        }
        stream
    }
}

impl Stream {
    /// The same element with the namespaces that the header of its stream declares, if that is not in the log.
    pub(super) fn scoped(&self, from: Side, tag: &Tag, xml: Vec<u8>) -> Vec<u8> {
        if self.websocket || self.headed[from as usize] {
            return xml;
        }
        let mut missing = String::new();
        if matches!(tag.name.as_str(), "iq" | "message" | "presence") && tag.get("xmlns").is_none()
        {
            missing = format!(" xmlns='{}'", ns::CLIENT);
        }
        if xml.starts_with(b"<stream:") && tag.get("xmlns:stream").is_none() {
            missing = format!(" xmlns:stream='{}'", ns::STREAMS);
        }
        let name = xml.iter().take_while(|byte| !b" \t\r\n/>".contains(byte)).count();
        [&xml[..name], missing.as_bytes(), &xml[name..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMING: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-framing'";

    /// The connections of elements, `C` or `S` in front of each.
    fn conns(elements: &[&str]) -> Vec<(u64, bool)> {
        let (mut streams, mut count) = (Streams::default(), 0);
        let of = |element: &&str| {
            let (from, xml) = element.split_at(1);
            let from = if from == "C" { Side::Client } else { Side::Server };
            let kind = if xml.contains("<stream:stream") { Kind::Header } else { Kind::Element };
            let tag = Tag::of(xml.as_bytes());
            let stream = streams.of("", from, &tag, kind, false, &mut count);
            (stream.conn, stream.websocket)
        };
        elements.iter().map(of).collect()
    }

    #[test]
    fn a_restart_goes_on_and_another_header_begins_anew() {
        let open = format!("C<open {FRAMING} to='a'/>");
        let opened = format!("S<open {FRAMING} id='1'/>");
        let elements = [&open, &opened, "S<success/>", &open, &opened, &open];
        let found = conns(&elements);
        assert_eq!(found, [(1, true), (1, true), (1, true), (1, true), (1, true), (2, true)]);
        assert_eq!(conns(&["C<stream:stream to='a'>", "S<stream:stream id='1'>"]), [(1, false); 2]);
    }

    #[test]
    fn what_the_header_declares_is_added_where_it_is_not_in_the_log() {
        let stream = Stream::default();
        let scoped = |xml: &str| {
            let tag = Tag::of(xml.as_bytes());
            String::from_utf8(stream.scoped(Side::Server, &tag, xml.into())).unwrap()
        };
        assert_eq!(scoped("<iq id='1'/>"), "<iq xmlns='jabber:client' id='1'/>");
        assert_eq!(scoped("<iq xmlns='a'/>"), "<iq xmlns='a'/>");
        let features = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>";
        assert_eq!(scoped("<stream:features/>"), features);
    }
}
