//! Where XML of XMPP begins in a line: at an element that can stand at the first level of a stream, or at `<body/>` of BOSH. Logs
//! have other angle brackets (`<0.914.0>`, `<XMPP.connect>`, pages), so a name alone does not always do.

use memchr::memmem;

/// How XML stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// As it is.
    Plain,
    /// Within a string of JSON, or of another language that quotes with backslashes.
    String,
    /// Within a binary of Erlang, which may go on in the next line.
    Binary,
    /// With entities in place of its brackets, as it is copied out of a page.
    Entities,
}

/// Where XML begins, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// At which byte.
    pub at: usize,
    pub written: Written,
}

/// An element may begin with this; the tag has one of these in it, if there are any.
const ROOTS: &[(&str, &[&str])] = &[
    ("iq", &[]),
    ("message", &[]),
    ("presence", &[]),
    ("body", &["httpbind", "rid=", "sid=", "=\"terminate\"", "='terminate'", "condition="]),
    ("stream:stream", &["=", "stream"]),
    ("/stream:stream", &[]),
    ("stream:features", &[]),
    ("stream:error", &[]),
    ("features", &["/streams"]),
    ("error", &["/streams"]),
    ("open", &["xmpp-framing"]),
    ("close", &["xmpp-framing"]),
    ("starttls", &["xmpp-tls"]),
    ("proceed", &["xmpp-tls"]),
    ("failure", &["xmpp-tls", "xmpp-sasl", "xmpp:sasl"]),
    ("auth", &["xmpp-sasl"]),
    ("challenge", &["xmpp-sasl", "xmpp:sasl"]),
    ("response", &["xmpp-sasl", "xmpp:sasl"]),
    ("success", &["xmpp-sasl", "xmpp:sasl"]),
    ("abort", &["xmpp-sasl", "xmpp:sasl"]),
    ("authenticate", &["xmpp:sasl"]),
    ("continue", &["xmpp:sasl"]),
    ("next", &["xmpp:sasl"]),
    ("compress", &["protocol/compress"]),
    ("compressed", &["protocol/compress"]),
    ("enable", &["xmpp:sm"]),
    ("enabled", &["xmpp:sm"]),
    ("resume", &["xmpp:sm"]),
    ("resumed", &["xmpp:sm"]),
    ("failed", &["xmpp:sm"]),
    ("r", &["xmpp:sm"]),
    ("a", &["xmpp:sm"]),
    ("active", &["xmpp:csi"]),
    ("inactive", &["xmpp:csi"]),
    ("handshake", &[">"]),
    ("?xml", &["?>"]),
];

/// A tag is looked at this far.
const TAG: usize = 1024;

/// The first place at which XML begins, not before `from`.
pub(super) fn find(text: &[u8], from: usize) -> Option<Start> {
    let plain = memchr::memchr_iter(b'<', text.get(from..)?)
        .map(|at| from + at)
        .find(|at| is_root(&text[at + 1..], b">"));
    // What is within an element is not its own beginning.
    let before = &text[from..plain.unwrap_or(text.len())];
    let coded = memmem::find_iter(before, b"&lt;")
        .map(|at| from + at)
        .find(|at| is_root(&text[at + 4..], b"&gt;"));
    match (coded, plain) {
        (Some(at), _) => Some(Start { at, written: Written::Entities }),
        (None, Some(at)) => Some(Start { at, written: written(text, from, at) }),
        (None, None) => None,
    }
}

fn written(text: &[u8], from: usize, at: usize) -> Written {
    let tag = &text[at..text.len().min(at + TAG)];
    let tag = &tag[..memchr::memchr(b'>', tag).map_or(tag.len(), |end| end + 1)];
    if text[from..at].ends_with(b"<<\"") {
        Written::Binary
    } else if memmem::find(tag, b"=\\\"").is_some() || memmem::find(tag, b"=\\'").is_some() {
        Written::String
    } else {
        Written::Plain
    }
}

/// Whether what stands behind a bracket is the tag of such an element.
fn is_root(text: &[u8], end: &[u8]) -> bool {
    let text = &text[..text.len().min(TAG)];
    ROOTS.iter().any(|(name, marks)| {
        let Some(behind) = text.strip_prefix(name.as_bytes()) else { return false };
        let ends = behind.first().is_none_or(|byte| b" \t\r\n/>&\\".contains(byte));
        let tag = memmem::find(behind, end).map_or(behind, |at| &behind[..at + end.len()]);
        ends && (marks.is_empty()
            || marks.iter().any(|mark| memmem::find(tag, mark.as_bytes()).is_some()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_told_from_other_brackets() {
        for (text, at, written) in [
            (r#"SENT <body rid="1"/>"#, 5, Written::Plain),
            (
                r#"jsxc.js:1277 < <body xmlns="http://jabber.org/protocol/httpbind"/>"#,
                15,
                Written::Plain,
            ),
            (r#"(tcp|<0.5.0>) Send = <<"<iq type=\"get\"/>">>"#, 24, Written::Binary),
            (r#"[1,"incoming","<iq id=\"1\"/>"]"#, 15, Written::String),
            ("RECD: &lt;body sid=&quot;1&quot;/&gt;", 6, Written::Entities),
            ("<?xml version='1.0'?><stream:stream to='a'>", 0, Written::Plain),
            ("IN </stream:stream>", 3, Written::Plain),
            ("<r xmlns='urn:xmpp:sm:3'/>", 0, Written::Plain),
            ("<message><body>1 &lt; 2</body></message>", 0, Written::Plain),
        ] {
            assert_eq!(find(text.as_bytes(), 0), Some(Start { at, written }), "{text}");
        }
    }

    #[test]
    fn other_brackets_are_no_xml() {
        for text in [
            "<0.914.0>@mod_bosh:init:157 New request",
            "<XMPP.connect>:  go",
            "<html><body>It works!</body></html>",
            "<a href='b'>c</a>",
            "<iqs> < body rid=",
            "Client sent opening <stream> to a",
            "",
            "<",
        ] {
            assert_eq!(find(text.as_bytes(), 0), None, "{text}");
        }
    }
}
