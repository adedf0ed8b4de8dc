//! What SECURITY.md promises of secrets, place by place: wherever a secret stands and however it is written, it is in no
//! capture, in nothing printed, in no page and in no transcript, and what stands around it still is.

use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use xmppscope::clock::Clock;
use xmppscope::report::html::Page;
use xmppscope::snapshot::{self, Varying};
use xmppscope::trace::capture::{Preface, Secrets};
use xmppscope::trace::intake::Intake;
use xmppscope::wire::Side;

use crate::observed;

const SECRET: &str = "hT7SECRETq9Zr4k2";
/// What stands around a secret, and is to be seen.
pub const KEPT: &str = "innocent-words";
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";

/// What is made of what two sides send: each output by its name.
fn outputs(sent: &[(Side, Vec<u8>)], intake: Intake) -> Vec<(&'static str, String)> {
    let clock = Clock::start();
    let sent = sent.iter().map(|(side, bytes)| (*side, &bytes[..]));
    let events = observed::events(sent, intake, clock);

    let mut capture = String::new();
    for event in &events {
        // What is no text is written in base64: it is looked for there as well.
        let line = serde_json::to_string(event).unwrap();
        writeln!(capture, "{line}\n{}", strings(&serde_json::from_str(&line).unwrap())).unwrap();
        for encoded in line.split("\"base64\":\"").skip(1) {
            let text = encoded.split('"').next().unwrap();
            let bytes = BASE64_STANDARD.decode(text).unwrap();
            writeln!(capture, "{}", String::from_utf8_lossy(&bytes)).unwrap();
        }
    }
    let transcript = snapshot::transcript(&events, None, &Varying::default());
    let preface = Preface::new(clock.started(), "http://x".to_owned(), Secrets::Hidden);
    let mut page = Page::new("a page");
    let mut traffic = page.trace("a trace", &preface);
    for event in &events {
        traffic.take(event.clone());
    }
    traffic.finish();
    let mut html = Vec::new();
    page.write(&mut html).unwrap();

    let (pretty, json) = observed::printed(events, None, clock);
    vec![
        ("the capture", capture),
        ("what is printed", pretty),
        ("JSON", json),
        ("the page", String::from_utf8(html).unwrap()),
        ("the transcript", transcript.to_string()),
    ]
}

/// All strings in it, without JSON's escapes.
fn strings(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => format!("{text}\n"),
        serde_json::Value::Array(all) => all.iter().map(strings).collect(),
        serde_json::Value::Object(all) => all.values().map(strings).collect(),
        _ => String::new(),
    }
}

fn post(path: &str, lines: &str, body: &[u8]) -> (Side, Vec<u8>) {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {length}\r\n\r\n");
    (Side::Client, [head.as_bytes(), body].concat())
}

fn answer(status: &str, lines: &str, body: &[u8]) -> (Side, Vec<u8>) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{lines}Content-Length: {length}\r\n\r\n");
    (Side::Server, [head.as_bytes(), body].concat())
}

/// Checks that none of these is in any output, and that the words around are in the capture.
#[track_caller]
fn hides(what: &str, sent: &[(Side, Vec<u8>)], intake: Intake, secrets: &[&str], kept: bool) {
    let outputs = outputs(sent, intake);
    for (name, text) in &outputs {
        for secret in secrets {
            assert!(!text.contains(secret), "{what}: {secret} is in {name}:\n{text}");
        }
    }
    assert!(!kept || outputs[0].1.contains(KEPT), "{what}: too much is hidden:\n{}", outputs[0].1);
}

fn intake() -> Intake {
    Intake::new(false, 4 << 20)
}

/// Names of secrets, as headers, parameters, members, attributes and elements have them.
const NAMES: [&str; 34] = [
    "password",
    "Password",
    "passwd",
    "pwd",
    "pass",
    "user_password",
    "room_password",
    "passphrase",
    "passcode",
    "pin",
    "otp",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "accessToken",
    "refresh_token",
    "oauth_token",
    "id_token",
    "auth-token",
    "api_key",
    "apikey",
    "Api-Key",
    "X-Goog-Api-Key",
    "X-Amz-Security-Token",
    "PRIVATE-TOKEN",
    "X-Vault-Token",
    "X-CSRF-Token",
    "bearer",
    "authorization",
    "credential",
    "jwt",
    "session-id",
    "private.key",
];

/// Places in which a name `@` gives a secret `#` away.
const PLACES: [&str; 17] = [
    "{\"a\":\"~\",\"@\":\"#\"}",
    "{\"@\"\t:\t\"#\",\"a\":\"~\"}",
    "{\"@\" :\n\"#\",\"a\":\"~\"}",
    "{\"a\":{\"name\":\"@\",\"value\":\"#\"},\"b\":\"~\"}",
    "{\"a\":{\"value\":\"#\",\"name\":\"@\"},\"b\":\"~\"}",
    "a=~&@=#&b=1",
    "form[@]=#&a=~",
    "name=@&value=#&a=~",
    "<x a='~' @='#' b='1'/>",
    "<x a=\"~\"><y @ = \"#\"/></x>",
    "<message><body>~ https://x.org/y?@=#&amp;z=1</body></message>",
    "<a href='https://x.org/y?a=~&amp;@=#'>b</a>",
    "<x a='~'><property name='@' value='#'/></x>",
    "<x a='~'><field var='@'><value>#</value></field></x>",
    "<form action='~'><input name='@' value='#'></form>",
    "--b\r\nContent-Disposition: form-data; name=\"@\"\r\n\r\n#\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n~\r\n--b--\r\n",
    "<html><body>~<pre>\n@: #\n</pre></body></html>",
];

/// XML in which `#` is secret.
const ELEMENTS: [&str; 26] = [
    "<auth xmlns='SASL' mechanism='PLAIN'>#</auth>",
    "<s:response xmlns:s='SASL'>#</s:response>",
    "<challenge xmlns='SASL'>#</challenge>",
    "<success xmlns='SASL'>#</success>",
    "<auth>#</auth>",
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>#</initial-response></authenticate>",
    "<success xmlns='urn:xmpp:sasl:2'><additional-data>#</additional-data></success>",
    "<success xmlns='urn:xmpp:sasl:2'><token xmlns='urn:xmpp:fast:0' expiry='x' token='#'/></success>",
    "<next xmlns='urn:xmpp:sasl:2'><task-data><totp>#</totp></task-data></next>",
    "<query xmlns='jabber:iq:auth'><password>#</password></query>",
    "<query xmlns='jabber:iq:auth'><digest>#</digest></query>",
    "<handshake xmlns='jabber:component:accept'>#</handshake>",
    "<db:result xmlns:db='jabber:server:dialback'>#</db:result>",
    "<put url='https://up.x/f?v=#'><header name='Authorization'>Basic #</header><header name='Cookie'>a=#</header></put>",
    "<access_token>#</access_token>",
    "<oauth:refresh_token xmlns:oauth='x'>#</oauth:refresh_token>",
    "<token xmlns='my:own'>#</token>",
    "<otp>#</otp>",
    "<conference xmlns='http://jitsi.org/protocol/focus' session-id='#'/>",
    "<jibri xmlns='http://jitsi.org/protocol/jibri' action='start' streamid='#'/>",
    "<service xmlns='urn:xmpp:extdisco:2' host='turn.x' username='u' password='#'/>",
    "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='#' pwd='#'/>",
    "<enabled xmlns='urn:xmpp:sm:3' id='#' resume='true'/>",
    "<enabled xmlns='urn:xmpp:sm:3' xmlns:isr='https://xmpp.org/extensions/isr/0' id='a' isr:key='#'/>",
    "<resume xmlns='urn:xmpp:sm:3' previd='#' h='1'/>",
    "<field var='a' type='text-private'><value>#</value></field>",
];

fn filled(template: &str, name: &str) -> String {
    template.replace('@', name).replace('#', SECRET).replace('~', KEPT).replace("SASL", SASL)
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}

pub fn percent(text: &str) -> String {
    let code = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    text.bytes().map(code).collect()
}

fn json(text: &str) -> String {
    serde_json::to_string(text)
        .unwrap()
        .replace('<', "\\u003c")
        .replace('>', "\\u003E")
        .replace('\'', "\\u0027")
}

#[test]
fn every_name_in_every_place() {
    for name in NAMES {
        for place in PLACES {
            // A dot and a capital are none of an attribute that XMPP knows; but they are of a name.
            let body = filled(place, name);
            hides(
                &format!("{name} in {place}"),
                &[post("/b", "", body.as_bytes())],
                intake(),
                &[SECRET],
                true,
            );
            let page = [post("/b", "", b"<body/>"), answer("500 No", "", body.as_bytes())];
            hides(&format!("{name} in {place}"), &page, intake(), &[SECRET], true);
        }
        let target = format!("/b?a={KEPT}&{name}={SECRET}");
        let twice = format!("/b?a={KEPT}&{}={SECRET}", percent(&percent(name)));
        for target in [target, twice] {
            let referer = format!("Referer: https://x{target}\r\nX-Original-URI: {target}\r\n");
            hides(&target, &[post(&target, "", b"")], intake(), &[SECRET], true);
            hides(&referer, &[post("/", &referer, b"")], intake(), &[SECRET], true);
            let lines = format!(
                "Location: {target}\r\nLink: <{target}>; rel=next\r\nRefresh: 0; url={target}\r\n"
            );
            hides(
                &lines,
                &[post("/", "", b""), answer("302 Found", &lines, b"")],
                intake(),
                &[SECRET],
                true,
            );
        }
        let line = format!("X-A: {KEPT}\r\n{name}: {SECRET}\r\n");
        hides(&line, &[post("/", &line, b"")], intake(), &[SECRET], true);
        hides(
            &line,
            &[post("/", "", b""), answer("200 OK", &line, b"")],
            intake(),
            &[SECRET],
            true,
        );
        let folded =
            format!("GET / HTTP/1.1\r\nX-A: {KEPT}\r\n{name}: Bearer\r\n {SECRET}\r\n\r\n");
        hides(&folded, &[(Side::Client, folded.clone().into_bytes())], intake(), &[SECRET], true);
        for cut in 1..name.len() + 12 {
            let at = folded.find(name).unwrap() + cut;
            let (one, other) = folded.split_at(at);
            let sent = [one, other].map(|part| (Side::Client, part.as_bytes().to_vec()));
            hides(&format!("{one} | {other}"), &sent, intake(), &[SECRET], true);
        }
    }
}

#[test]
fn every_element_however_it_is_written() {
    for element in ELEMENTS {
        let element = filled(element, "");
        let wrapped = format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'><x a='{KEPT}'/>{element}</body>"
        );
        hides(&element, &[post("/b", "", wrapped.as_bytes())], intake(), &[SECRET], true);
        let echoes = [
            format!("<html><body>{KEPT}<p>{}</p></body></html>", escaped(&element)),
            format!("<html><body>{KEPT}<p>{}</p></body></html>", escaped(&escaped(&element))),
            format!("<html><body>{KEPT}<p title=\"{}\"/></body></html>", escaped(&element)),
            format!("{{\"a\":\"{KEPT}\",\"echo\":{}}}", json(&element)),
            format!("a={KEPT}&echo={}", percent(&element)),
            format!("{KEPT} {}", percent(&percent(&element))),
        ];
        for echo in echoes {
            let sent = [post("/b", "", b"<body/>"), answer("400 Bad", "", echo.as_bytes())];
            hides(&echo, &sent, intake(), &[SECRET], true);
        }
        // Cut off anywhere, and as a length that is wrong splits it.
        for cut in (1..wrapped.len()).step_by(7) {
            let (one, other) = wrapped.split_at(cut);
            hides(&element, &[post("/b", "", one.as_bytes())], intake(), &[SECRET], false);
            let (_, mut bytes) = post("/b", "", one.as_bytes());
            bytes.extend_from_slice(other.as_bytes());
            let what = format!("{one} | {other}");
            hides(&what, &[(Side::Client, bytes.clone())], intake(), &[SECRET], false);
            let segments = [
                (Side::Client, bytes[..bytes.len() - other.len()].to_vec()),
                (Side::Client, other.into()),
            ];
            hides(&what, &segments, intake(), &[SECRET], false);
        }
    }
}

#[test]
fn user_information_cookies_and_tokens() {
    for line in [
        format!("Referer: http://al:p;{SECRET}@x/{KEPT}"),
        format!("X-Url: //al:{SECRET}@x/{KEPT}"),
        format!("Location: https://al:{SECRET}@x/{KEPT}"),
        format!("Cookie: a={SECRET}; b={SECRET}\r\nX-A: {KEPT}"),
        format!("Set-Cookie: a={SECRET}; Path=/{KEPT}"),
        format!("Authorization: Basic {SECRET}\r\nX-A: {KEPT}"),
        format!("Sec-WebSocket-Protocol: xmpp, bearer.{SECRET}\r\nX-A: {KEPT}"),
    ] {
        let lines = format!("{line}\r\n");
        hides(&line, &[post("/", &lines, b"")], intake(), &[SECRET], true);
        hides(
            &line,
            &[post("/", "", b""), answer("200 OK", &lines, b"")],
            intake(),
            &[SECRET],
            true,
        );
        let bad = format!("GET / HTTP/1.1\r\n: bad\r\n{lines}\r\n");
        hides(&line, &[(Side::Client, bad.into_bytes())], intake(), &[SECRET], true);
    }
    for body in [
        format!("<message><body>{KEPT} http://al:{SECRET}@x/</body></message>"),
        format!("<x href='//al:{SECRET}@x/{KEPT}'/>"),
        format!("{{\"url\":\"https:\\/\\/al:{SECRET}@x\\/{KEPT}\"}}"),
        format!("{KEPT} is refused: Bearer {SECRET}"),
        format!("{KEPT} eyJhbGciOiJIUzI1NiJ9.{SECRET}.x"),
    ] {
        hides(&body, &[post("/", "", body.as_bytes())], intake(), &[SECRET], true);
    }
}

#[test]
fn what_cannot_be_read_is_hidden_whole() {
    let body = format!("<body><auth xmlns='{SASL}'>{SECRET}</auth></body>");
    let squeezed = |text: &[u8], kind: &str| {
        use std::io::Write;
        let level = flate2::Compression::none();
        let mut out = Vec::new();
        match kind {
            "zlib" => flate2::write::ZlibEncoder::new(&mut out, level).write_all(text).unwrap(),
            "deflate" => {
                flate2::write::DeflateEncoder::new(&mut out, level).write_all(text).unwrap();
            }
            _ => flate2::write::GzEncoder::new(&mut out, level).write_all(text).unwrap(),
        }
        out
    };
    // Compression::none() leaves the text as it is within the format, so that it would be seen.
    let once = squeezed(body.as_bytes(), "gzip");
    for (what, bytes, lines) in [
        ("zlib", squeezed(body.as_bytes(), "zlib"), ""),
        ("gzip", once.clone(), ""),
        ("gzip twice", squeezed(&once, "gzip"), ""),
        ("gzip twice, said once", squeezed(&once, "gzip"), "Content-Encoding: gzip\r\n"),
        ("an unknown coding", once, "Content-Encoding: x-own\r\n"),
    ] {
        hides(what, &[post("/", lines, &bytes)], intake(), &[SECRET], false);
    }
    let mask = [0x31, 0x7f, 0xa4, 0x5c];
    let masked: Vec<u8> = body.bytes().zip(mask.into_iter().cycle()).map(|(b, m)| b ^ m).collect();
    let frame = [&[0x81, 0xfe, 0, body.len() as u8][..], &mask, &masked].concat();
    let upgrade =
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let encoded = BASE64_STANDARD.encode(&masked[..30]);
    for refusal in [
        "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
    ] {
        let upgrade = (Side::Client, upgrade.as_bytes().to_vec());
        let refusal = (Side::Server, refusal.as_bytes().to_vec());
        for sent in [
            [upgrade.clone(), (Side::Client, frame.clone()), refusal.clone()],
            [upgrade.clone(), refusal, (Side::Client, frame.clone())],
        ] {
            hides("frames of no WebSocket", &sent, intake(), &[&encoded[8..32]], false);
        }
    }
}

#[test]
fn a_secret_split_over_messages_of_a_websocket() {
    let open = [
        (Side::Client, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec()),
        (Side::Server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".to_vec()),
    ];
    let text = format!("<challenge xmlns='{SASL}'>{SECRET}{SECRET}</challenge>");
    let frame =
        |text: &str| (Side::Server, [&[0x81, text.len() as u8][..], text.as_bytes()].concat());
    for cut in 1..text.len() {
        let (one, other) = text.split_at(cut);
        let more = frame(&format!("<message><body>{KEPT}</body></message>"));
        let sent = [open[0].clone(), open[1].clone(), frame(one), frame(other), more];
        // A piece that is shorter than this may be anything.
        hides(&format!("{one} | {other}"), &sent, intake(), &[&SECRET[4..]], true);
    }
}

/// A password in every form in which a server may repeat it.
fn forms(password: &str) -> Vec<String> {
    let mut forms = vec![
        password.to_owned(),
        escaped(password),
        password.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#x22;"),
        json(password),
        percent(password),
        percent(password).to_uppercase().replace("%C", "%c"),
        percent(&percent(password)),
        escaped(&json(password)),
    ];
    for before in ["", "a", "ab", "\0alice\0"] {
        for after in ["", "x", "xy"] {
            forms.push(BASE64_STANDARD.encode(format!("{before}{password}{after}")));
            forms.push(BASE64_URL_SAFE_NO_PAD.encode(format!("{before}{password}{after}")));
        }
    }
    // Upper case is another password.
    forms.remove(5);
    forms
}

#[test]
fn a_value_that_was_hidden_or_is_known_is_hidden_wherever_it_comes() {
    for password in ["wonderland7", "p<w&\"d'\\/\u{e9}?~z", "correct horse battery"] {
        let payload = BASE64_STANDARD.encode(format!("\0alice\0{password}"));
        let login = format!("<body><auth xmlns='{SASL}' mechanism='PLAIN'>{payload}</auth></body>");
        let basic = BASE64_STANDARD.encode(format!("alice:{password}"));
        let basic = format!("Authorization: Basic {basic}\r\n");
        let form = format!("user=alice&password={}", percent(password));
        let learned = [
            vec![post("/", "", login.as_bytes())],
            vec![post("/", &basic, b"")],
            vec![post("/", "", form.as_bytes())],
            vec![post(
                "/",
                "",
                format!("<iq><password>{}</password></iq>", escaped(password)).as_bytes(),
            )],
        ];
        for form in forms(password) {
            let texts = [
                format!(
                    "<body><failure xmlns='{SASL}'><text>{KEPT} {form} is wrong</text></failure></body>"
                ),
                format!("<body type='terminate' condition='x-{form}'>{KEPT}</body>"),
                format!("<html><body>{KEPT} <b>{form}</b></body></html>"),
                format!("{KEPT} {form}"),
            ];
            for text in &texts {
                for lesson in &learned {
                    let sent = [&lesson[..], &[answer("500 No", "", text.as_bytes())]].concat();
                    hides(text, &sent, intake(), &[&form], true);
                }
                let given = intake().knowing([("alice", password)]);
                let sent = [post("/", "", b"<body/>"), answer("200 OK", "", text.as_bytes())];
                hides(text, &sent, given, &[&form], true);
                let raw = format!("garbage\r\n{KEPT}\r\n{text}\r\n");
                let given = intake().knowing([("alice", password)]);
                hides(
                    text,
                    &[post("/", "", b""), (Side::Server, raw.into_bytes())],
                    given,
                    &[&form],
                    true,
                );
            }
            if !form.contains(['\n', '\u{e9}']) {
                let lines = format!("X-A: {KEPT}\r\nX-Echo: {form}\r\n");
                let given = intake().knowing([("alice", password)]);
                let sent = [post("/", "", b""), answer("500 No", &lines, b"")];
                hides(&lines, &sent, given, &[&form], true);
            }
        }
    }
}

#[test]
fn secrets_are_shown_to_whoever_asks_for_them() {
    let body = format!("<auth xmlns='{SASL}'>{SECRET}</auth>");
    let outputs = outputs(
        &[post("/?token=abc", "Cookie: a=b\r\n", body.as_bytes())],
        Intake::new(true, 1 << 20),
    );
    for shown in [SECRET, "token=abc", "a=b"] {
        assert!(outputs[0].1.contains(shown), "{}", outputs[0].1);
    }
}
