//! Playbooks in which every kind of finding about a WebSocket is reported, with every requirement that it lists.

/// The playbooks.
pub(in crate::rules) fn every_kind() -> Vec<String> {
    websockets().into_iter().chain(handshakes()).collect()
}

/// What happens on a WebSocket on which both sides have opened their stream, or that has only just begun.
const FRAMES: [&str; 23] = [
    "10 1 C= text | masked: 0 | <a/>",
    "10 1 S= text | masked: 1 | <a/>",
    "10 1 C= ping | mask: 0\n11 1 C= ping | mask: 0\n12 1 C= ping | mask: 0",
    "10 1 C= text | reserved: 4 | <a/>",
    "10 1 S= ping | unfinished: yes",
    "10 1 S= text | padded: yes | <a/>",
    "10 1 C= 0 | <a/>",
    "10 1 C= binary | <a/>",
    "10 1 S= text | latin-1: yes | <a>ü</a>",
    "10 1 S= text | undecoded: why | <a/>",
    "10 1 S= ping\n11 1 C= <a xmlns='b'/>\n90000 tick",
    "10 1 S= close 1005",
    "10 1 S= close 1000\n11 1 S= <a/>",
    "10 1 S= close 1000\n90000 tick",
    "10 1 S= close 1000\n10 1 C= close 1000\n90000 tick",
    "10 1 S= CLOSE\n90000 tick",
    "10 1 S= close 1001",
    "10 1 S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\n20 1 C= close 1000",
    "10 1 S= close 1011",
    "60010 1 S. fin",
    "10 1 S. fin",
    "10 1 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='b'/>",
    "10 1 S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='ws://b/'/>",
];

/// Messages on such a WebSocket that should be others.
const MESSAGES: [&str; 15] = [
    "C= <stream:stream xmlns:stream='http://etherx.jabber.org/streams'>\n11 1 S. fin",
    "C= <?xml version='1.0'?><a xmlns='b'/>\n11 1 S= <a xmlns='b'/>",
    "S= <a xmlns='b'/><a xmlns='b'/>",
    "S= <a xmlns='b'/><features xmlns='http://etherx.jabber.org/streams'/>",
    "C= <a xmlns='b'>",
    "C= text | a",
    "C= <a xmlns='b'/> b",
    "C= <message/>",
    "C= <close/>",
    "C= <message xmlns='jabber:client' type='error'><error><text \
        xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>a</text></error></message>",
    "C= text | ␠",
    "C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'>a</close>",
    "S= <features xmlns='http://etherx.jabber.org/streams'><starttls \
        xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></features>",
    "C= <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "S= <b:a/>",
];

/// Each on a WebSocket of a page that came over TLS.
fn websockets() -> Vec<String> {
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    let upgrade =
        "0 1 C> GET /ws | Upgrade: websocket | Origin: https://a | Sec-WebSocket-Protocol: xmpp
        0 1 S> 101 | Upgrade: websocket | Sec-WebSocket-Protocol: xmpp";
    let opened = format!("{upgrade}\n1 1 C= {open}\n2 1 S= {open}");
    let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    let mut scripts: Vec<_> = FRAMES
        .iter()
        .map(|frames| format!("{opened}\n{}", frames.replace("CLOSE", close)))
        .collect();
    scripts.extend(MESSAGES.iter().map(|message| format!("{opened}\n10 1 {message}")));
    scripts.push(format!("{upgrade}\n10 1 {}", MESSAGES[0]));
    scripts
}

/// A handshake as it should be, and its 101.
const SHAKE: &str = "GET /xmpp-websocket | Host: a | Origin: https://a | Connection: Upgrade | Upgrade: websocket \
    | Sec-WebSocket-Version: 13 | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Protocol: xmpp";
const SHAKEN: &str = "101 | Connection: Upgrade | Upgrade: websocket \
    | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: xmpp";

/// Handshakes that go wrong, and what follows one.
fn handshakes() -> Vec<String> {
    let unnamed = SHAKEN.replace(" | Sec-WebSocket-Protocol: xmpp", "");
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";
    let unoffered = SHAKE.replace(" | Sec-WebSocket-Protocol: xmpp", "");
    let answers = [
        ("S> 502 Bad Gateway | Server: nginx", SHAKE),
        ("S> 400 Bad Request | <p>Origin is not allowed</p>", SHAKE),
        ("S> 400 Bad Request", &SHAKE.replace("Version: 13", "Version: 8")),
        ("S> 200 | <html></html>", SHAKE),
        ("S> 501 Not Implemented", &unoffered),
        ("S. fin", SHAKE),
        ("S> 426", "GET /xmpp-websocket | Host: a"),
        ("S> 400", "POST /ws | <body rid='1' to='a'/>"),
        (&format!("S> {}", SHAKEN.replace(": xmpp", ": foo")), SHAKE),
        (&format!("S> {}", SHAKEN.replace("s3pP", "aaaa")), SHAKE),
        (&format!("S> {SHAKEN} | Sec-WebSocket-Extensions: permessage-deflate"), SHAKE),
        (&format!("S> {unnamed}\n9 1 C= {open}"), SHAKE),
        (&format!("S> {unnamed}\n9 1 C. fin"), SHAKE),
        (&format!("S> {SHAKEN}\n60010 1 S. fin"), SHAKE),
    ];
    let mut scripts: Vec<_> =
        answers.map(|(answer, ask)| format!("0 1 C> {ask}\n5 1 {answer}")).into();
    let stream = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>";
    scripts.push(format!("0 1 C> {SHAKE}\n5 1 !raw S no HTTP | {stream}"));
    let link = |rel, href| {
        format!(
            "200 | <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\
             <Link rel='urn:xmpp:alt-connections:{rel}' href='{href}'/></XRD>"
        )
    };
    for answer in [
        "404".into(),
        "200 | <XRD/>".into(),
        link("websocket", "ws://b"),
        link("xbosh", "http://b"),
    ] {
        scripts.push(format!(
            "0 1 C> GET /.well-known/host-meta | Origin: https://b | Host: a\n5 1 S> {answer}"
        ));
    }
    scripts
}
