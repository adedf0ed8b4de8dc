//! What bytes speak that are not what a port expects, by how they begin.

use std::fmt;

/// A protocol, as its first bytes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A TLS handshake record (RFC 8446 §5.1).
    TlsHandshake,
    /// A TLS record of another kind: the middle of a connection with TLS.
    TlsRecord,
    /// A TLS alert, with its description (RFC 8446 §6).
    TlsAlert(u8),
    /// The connection preface of HTTP/2 (RFC 9113 §3.4).
    Http2Preface,
    /// A frame of HTTP/2: SETTINGS, which a server sends first.
    Http2Settings,
    /// A request of HTTP/1.
    HttpRequest,
    /// A response of HTTP/1.
    HttpResponse,
    /// The header of an XMPP stream (RFC 6120 §4.7).
    XmppStream,
    /// The banner of SSH (RFC 4253 §4.2).
    Ssh,
    /// The header that load balancers put in front (PROXY protocol, version 1 or 2).
    ProxyHeader,
    /// The greeting of a mail or file server, which is this.
    Greeting(&'static str),
    /// A frame of WebSocket (RFC 6455 §5.2).
    WebSocketFrame,
}

const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"OPTIONS ",
    b"DELETE ",
    b"CONNECT ",
    b"PATCH ",
    b"TRACE ",
];
const PREFACE: &[u8] = b"PRI * HTTP/2.0";
/// Where an XML stream is expected, the line ends at its beginning are white space.
const PROXY_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// A stream's header begins within this many bytes.
const HEADER: usize = 512;

impl Protocol {
    /// The protocol that begins with these bytes, if it is one of these.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let is = |start: &[u8]| bytes.starts_with(start);
        match bytes {
            [0x16, 3, ..] | [0x16] => return Some(Self::TlsHandshake),
            [0x15, 3, _, 0, 2, _, description, ..] => return Some(Self::TlsAlert(*description)),
            [0x14 | 0x15 | 0x17, 3, 0..=4, ..] => return Some(Self::TlsRecord),
            [0, 0, _, 4, 0 | 1, 0, 0, 0, 0, ..] => return Some(Self::Http2Settings),
            _ => {}
        }
        if is(PREFACE) {
            Some(Self::Http2Preface)
        } else if METHODS.iter().any(|method| is(method)) {
            Some(Self::HttpRequest)
        } else if is(b"HTTP/1.") {
            Some(Self::HttpResponse)
        } else if is(b"SSH-") {
            Some(Self::Ssh)
        } else if is(b"PROXY ") || is(PROXY_2) || is(&PROXY_2[4..]) {
            Some(Self::ProxyHeader)
        } else if let Some(service) = greeting(bytes) {
            Some(Self::Greeting(service))
        } else if is_frame(bytes) {
            Some(Self::WebSocketFrame)
        } else {
            is_stream(bytes).then_some(Self::XmppStream)
        }
    }
}

/// Which server greets so.
fn greeting(bytes: &[u8]) -> Option<&'static str> {
    let is = |start: &[u8]| bytes.starts_with(start);
    let line = bytes[..bytes.len().min(HEADER)].to_ascii_uppercase();
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
    if is(b"220 ") || is(b"220-") {
        return Some(match (has(b"SMTP"), has(b"FTP")) {
            (true, _) => "an SMTP server",
            (_, true) => "an FTP server",
            _ => "a mail or FTP server",
        });
    }
    if is(b"* OK") || is(b"* PREAUTH") {
        return Some("an IMAP server");
    }
    is(b"+OK").then_some("a POP3 server")
}

/// Whether this begins as a frame of WebSocket does: of a client, which masks it, or of a server.
fn is_frame(bytes: &[u8]) -> bool {
    match bytes {
        // Text or a control frame, masked, with a short length or the mark of a long one.
        [0x81 | 0xc1 | 0x88..=0x8a, length, _, _, _, _, ..] if length & 0x80 != 0 => true,
        [0x81, 1..=126, first, ..] if *first == b'<' || *first == b'{' || *first == 0 => true,
        [0x88, 2..=125, high, low, ..] => (1000..5000).contains(&u16::from_be_bytes([*high, *low])),
        [0x89 | 0x8a, 0] => true,
        _ => false,
    }
}

fn is_stream(bytes: &[u8]) -> bool {
    let text = bytes[..bytes.len().min(HEADER)].trim_ascii_start();
    let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    text.starts_with(b"<stream:")
        || text.starts_with(b"<?xml") && has(b"<stream:")
        || text.starts_with(b"<") && has(b"http://etherx.jabber.org/streams")
}

/// A phrase such as "a TLS handshake".
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TlsHandshake => "a TLS handshake",
            Self::TlsAlert(description) => {
                return write!(f, "a TLS alert ({})", alert(*description));
            }
            Self::Http2Preface => "HTTP/2 (its connection preface)",
            Self::Http2Settings => "HTTP/2 (a SETTINGS frame)",
            Self::HttpRequest => "an HTTP/1 request",
            Self::HttpResponse => "an HTTP/1 response",
            Self::XmppStream => "an XMPP stream",
            Self::Ssh => "the banner of an SSH server",
            Self::ProxyHeader => "a PROXY protocol header",
            Self::Greeting(service) => return write!(f, "the greeting of {service}"),
            Self::WebSocketFrame => "frames of WebSocket",
            Self::TlsRecord => "TLS records",
        })
    }
}

/// The name of an alert (RFC 8446 §6.2).
fn alert(description: u8) -> String {
    let name = match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        48 => "unknown_ca",
        50 => "decode_error",
        70 => "protocol_version",
        80 => "internal_error",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_their_first_bytes() {
        for (bytes, words) in [
            (&b"\x16\x03\x01\x02\x00\x01"[..], "a TLS handshake"),
            (b"\x15\x03\x03\x00\x02\x02\x30", "a TLS alert (unknown_ca)"),
            (b"\x15\x03\x03\x00\x02\x02\xc8", "a TLS alert (200)"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 (its connection preface)"),
            (b"\0\0\x12\x04\0\0\0\0\0\0\x03", "HTTP/2 (a SETTINGS frame)"),
            (b"GET /ws HTTP/1.1\r\n", "an HTTP/1 request"),
            (b"HTTP/1.1 400 Bad Request\r\n", "an HTTP/1 response"),
            (b"<?xml version='1.0'?><stream:stream to='a'>", "an XMPP stream"),
            (b"<s:stream xmlns:s='http://etherx.jabber.org/streams'>", "an XMPP stream"),
            (b"SSH-2.0-OpenSSH_9.2p1\r\n", "the banner of an SSH server"),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "a PROXY protocol header"),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11", "a PROXY protocol header"),
            (b"220 mail.example.org ESMTP\r\n", "the greeting of an SMTP server"),
            (b"220 (vsFTPd 3.0.3)\r\n", "the greeting of an FTP server"),
            (b"220 ready\r\n", "the greeting of a mail or FTP server"),
            (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "the greeting of an IMAP server"),
            (b"+OK POP3 ready\r\n", "the greeting of a POP3 server"),
            (b"\x17\x03\x03\x00\x20\x01\x02", "TLS records"),
            (b"\x15\x03\x03\x00\x1a\x00\x00\x00", "TLS records"),
            (b"\x81\x85\x01\x02\x03\x04hello", "frames of WebSocket"),
            (b"\x81\x07<open/>", "frames of WebSocket"),
            (b"\x88\x02\x03\xe8", "frames of WebSocket"),
        ] {
            let found = Protocol::of(bytes).map(|protocol| protocol.to_string());
            assert_eq!(found.as_deref(), Some(words));
        }
        for bytes in [&b"<html>"[..], b"", b"<?xml version='1.0'?><a/>", b"hello", b"\x81\x05hello"]
        {
            assert_eq!(Protocol::of(bytes), None, "{bytes:?}");
        }
    }
}
