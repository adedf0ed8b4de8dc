use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

fn hides() -> Intake {
    Intake::new(false, 1000)
}

fn shows() -> Intake {
    Intake::new(true, 1000)
}

const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c2VjcmV0</auth>";
const HIDDEN: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>[hidden 8 bytes]</auth>";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str) -> Headers {
    hides().headers([("Content-Encoding", coding.as_bytes())].into_iter())
}

fn content(intake: &mut Intake, bytes: &[u8], headers: &Headers) -> Content {
    intake.content(bytes.to_vec(), bytes.len() as u64, headers)
}

fn text(content: &Content) -> &str {
    std::str::from_utf8(&content.bytes).unwrap()
}

#[test]
fn heads_keep_all_but_secrets() {
    let line = RequestLine { method: "GET", target: "/ws?token=abc&room=a", version: 0 };
    let headers = [
        ("AUTHORIZATION", &b"Basic abc"[..]),
        ("X-Name", "d\u{e9}j\u{e0}".as_bytes()),
        ("X-Old", b"d\xe9j\xe0"),
        ("X-Old", b""),
    ];
    let first = Duration::from_millis(3);
    let request = hides().request(first, &line, headers.into_iter());
    let said = |of: &Headers| {
        of.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    assert_eq!((request.first, request.version), (first, 0));
    assert_eq!((&*request.method, &*request.target), ("GET", "/ws?token=[hidden 3 bytes]&room=a"));
    let values = ["X-Name: d\u{e9}j\u{e0}", "X-Old: d\u{e9}j\u{e0}", "X-Old: "];
    assert_eq!(said(&request.headers)[0], "AUTHORIZATION: Basic [hidden 3 bytes]");
    assert_eq!(said(&request.headers)[1..], values);

    let line = StatusLine { version: 1, status: 302, reason: "Found" };
    let headers = [("Location", &b"/a?access_token=abc"[..]), ("Set-Cookie", b"a=b; Path=/")];
    let response = hides().response(first, &line, headers.into_iter());
    assert_eq!((response.status, &*response.reason, response.own), (302, "Found", false));
    let hidden =
        ["Location: /a?access_token=[hidden 3 bytes]", "Set-Cookie: a=[hidden 1 byte]; Path=/"];
    assert_eq!(said(&response.headers), hidden);
    let shown = shows().response(first, &line, headers.into_iter());
    assert_eq!(shown.headers.get("location"), Some("/a?access_token=abc"));
}

#[test]
fn content_is_decoded_and_its_secrets_are_hidden() {
    let plain = content(&mut hides(), AUTH.as_bytes(), &Headers::default());
    assert_eq!((text(&plain), &plain.coding, plain.size), (HIDDEN, &None, AUTH.len() as u64));
    assert_eq!(text(&content(&mut shows(), AUTH.as_bytes(), &coded("identity"))), AUTH);

    let bytes = gzip(AUTH);
    let size = bytes.len() as u64;
    for (headers, coding) in [(coded("x-gzip"), "x-gzip"), (Headers::default(), "gzip")] {
        let unpacked = content(&mut hides(), &bytes, &headers);
        assert_eq!((text(&unpacked), unpacked.size), (HIDDEN, size), "{coding}");
        assert_eq!(unpacked.coding.as_deref(), Some(coding));
        assert_eq!((unpacked.undecoded, unpacked.clipped), (None, false));
    }
}

#[test]
fn what_cannot_be_decoded_cannot_be_searched_and_is_not_kept() {
    let unknown = content(&mut hides(), b"\x28\xb5\x2f\xfd..", &Headers::default());
    assert_eq!(unknown.coding.as_deref(), Some("zstd"));
    assert!(unknown.bytes.is_empty() && unknown.undecoded.is_some());
    let not_coded = content(&mut hides(), AUTH.as_bytes(), &coded("compress"));
    assert_eq!(text(&not_coded), HIDDEN);
    assert!(not_coded.undecoded.unwrap().contains("compress"));
}

#[test]
fn what_others_have_decoded_is_not_decoded_again() {
    let headers = coded("gzip");
    let browser = hides().decoded(AUTH.as_bytes().to_vec(), Some(42), &headers);
    assert_eq!((text(&browser), browser.size), (HIDDEN, 42));
    assert_eq!((browser.coding.as_deref(), browser.clipped), (Some("gzip"), false));
    let plain = hides().decoded(b"<body/>".to_vec(), None, &Headers::default());
    assert_eq!((plain.size, plain.coding), (7, None));
}

#[test]
fn content_is_bounded_however_it_comes() {
    let long = " ".repeat(1001);
    let none = Headers::default();
    for content in [
        content(&mut hides(), long.as_bytes(), &none),
        content(&mut hides(), &gzip(&long), &coded("gzip")),
        hides().decoded(long.clone().into_bytes(), None, &none),
    ] {
        assert_eq!((content.bytes.len(), content.clipped), (1000, true));
    }
    let some_of_it = hides().content(b"<body".to_vec(), 2000, &none);
    assert_eq!((some_of_it.size, some_of_it.clipped), (2000, true));
}

#[test]
fn no_message_shows_the_secret_that_another_began() {
    let (began, ended) = AUTH.split_at(AUTH.len() - 10);
    let mut pieces = Pieces::default();
    let mut take = |text: &str| {
        let bytes = text.as_bytes().to_vec();
        let content = hides().message(&mut pieces, bytes, text.len() as u64);
        String::from_utf8(content.bytes).unwrap()
    };
    assert_eq!(take(AUTH), HIDDEN);
    let shown = take(began) + &take(ended);
    assert!(!shown.contains("c2V") && !shown.contains("cmV0"), "{shown}");
    assert_eq!(take(AUTH), HIDDEN);
    let (tag, secret) = AUTH.split_at(AUTH.find('>').unwrap());
    let shown = take(tag) + &take(secret);
    assert!(!shown.contains("c2V"), "{shown}");
    // What begins anew is no secret, even if the one before never ended.
    assert!(!take(began).contains("c2V"));
    assert_eq!(take("<message><body>hello</body></message>").matches("hello").count(), 1);
    let shown = shows().message(&mut Pieces::default(), AUTH.as_bytes().to_vec(), 1);
    assert_eq!(text(&shown), AUTH);
}

#[test]
fn no_piece_shows_the_secret_that_another_began() {
    let mut pieces = Pieces::default();
    let mut take =
        |bytes: &str| String::from_utf8(hides().piece(&mut pieces, bytes.as_bytes())).unwrap();
    assert_eq!(take("GET /a\r\nCookie: a=12"), "GET /a\r\nCookie: a=[hidden 2 bytes]");
    assert_eq!(take("345\r\nHost: a\r\n"), "[hidden 3 bytes]\r\nHost: a\r\n");
    let (began, ended) = AUTH.split_at(AUTH.len() - 10);
    let shown = take(began) + &take(ended);
    assert!(!shown.contains("c2V") && !shown.contains("cmV0"), "{shown}");
    assert_eq!(shows().piece(&mut Pieces::default(), AUTH.as_bytes()), AUTH.as_bytes());
}

#[test]
fn what_a_file_has_of_a_content_may_be_coded_or_not() {
    let coded = |coding: &str| {
        let mut bytes = Vec::new();
        match coding {
            "gzip" => GzEncoder::new(&mut bytes, Compression::fast()).write_all(b"<body/>"),
            "deflate" => ZlibEncoder::new(&mut bytes, Compression::fast()).write_all(b"<body/>"),
            _ => DeflateEncoder::new(&mut bytes, Compression::fast()).write_all(b"<body/>"),
        }
        .unwrap();
        bytes
    };
    let read = |bytes: &[u8], announced: &[&str]| {
        let mut headers = Headers::default();
        for coding in announced {
            headers.push("Content-Encoding", coding);
        }
        Intake::new(false, 100).perhaps_decoded(bytes.to_vec(), None, &headers)
    };
    for (bytes, announced, coding) in [
        (coded("gzip"), &["gzip"][..], Some("gzip")),
        (coded("gzip"), &[], Some("gzip")),
        (coded("deflate"), &["deflate"], Some("deflate")),
        (coded("deflate"), &[], Some("deflate")),
        (coded("raw"), &["deflate"], Some("deflate")),
        (b"<body/>".to_vec(), &["gzip"], Some("gzip")),
        (b"<body/>".to_vec(), &["br"], Some("br")),
        (b"<body/>".to_vec(), &[], None),
    ] {
        let content = read(&bytes, announced);
        let text = String::from_utf8_lossy(&content.bytes);
        assert_eq!((&*text, content.coding.as_deref()), ("<body/>", coding), "{announced:?}");
        assert_eq!(content.undecoded, None);
    }
    let zstd = read(&[0x28, 0xb5, 0x2f, 0xfd, 4, 0, 1, 2, 3], &[]);
    assert!(zstd.undecoded.unwrap().contains("zstd"));
    for (bytes, what) in [
        (&b"\x15\x03\x01\x00\x02\x02\x28"[..], "it is a TLS alert (handshake_failure)"),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", "it is a TLS handshake"),
        (b"\x17\x03\x03\x00\x05\x01\x00\x00\x01\x03", "it is TLS records"),
    ] {
        assert_eq!(read(bytes, &[]).undecoded.as_deref(), Some(what));
    }
}
