//! XML streams over TCP through the proxy, without TLS: bytes, ends, what is not XMPP, and how it is started.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::thread;

use regex_lite::Regex;
use serde_json::Value;

use crate::rig::{Nowhere, Proxy, Target, expect, leave, rest, run, send};
use crate::streams_rig::{ANSWER, HEADER, LOGIN, OFFER, STARTTLS, across, ends};

/// A proxy before a target that speaks XMPP.
fn start(options: &[&str]) -> (Target, Proxy) {
    let target = Target::start();
    let url = format!("xmpp://{}", target.address);
    let proxy = Proxy::start(&url, &[&["--insecure"], options].concat());
    (target, proxy)
}

#[test]
fn a_session_is_the_same_whether_it_comes_at_once_or_byte_by_byte() {
    let features = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
        <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
    let bind =
        "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";
    let script = [
        (true, HEADER),
        (false, ANSWER),
        (false, OFFER),
        (true, STARTTLS),
        (false, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (false, features),
        (true, LOGIN),
        (false, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        (true, HEADER),
        (false, ANSWER),
        (false, bind),
        (true, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
        (
            false,
            "<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>a@chat.example/x</jid></bind></iq>",
        ),
        (
            true,
            "<message to='b@chat.example'><body>1 &lt; 2 <![CDATA[</body>]]>]]]></body></message>",
        ),
        (false, "<!-- <not/> an element -->"),
        (false, "<message><body>a > b, grüß <i a='/>'/>Gott</body><!-- </message> --></message>"),
        (true, " "),
        (false, "\n"),
        (true, "</stream:stream>"),
        (false, "</stream:stream>"),
    ];
    let outputs = [usize::MAX, 1, 7].map(|chunk| {
        let (target, proxy) = start(&[]);
        let (mut client, mut server) = (proxy.connect(), target.accept());
        for (from_client, text) in script {
            let (from, to) =
                if from_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
            for part in text.as_bytes().chunks(chunk) {
                send(from, part);
            }
            expect(to, text.as_bytes());
        }
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut server), b"");
        drop(server);
        assert_eq!(rest(&mut client), b"");
        proxy.wait_for("closed after");
        timeless(&proxy.stop().out)
    });
    assert_eq!(outputs[1], outputs[0]);
    assert_eq!(outputs[2], outputs[0]);
    for word in ["a@chat.example/x", "grüß", "text, comment or instruction", "bind"] {
        assert!(outputs[0].contains(word), "{}", outputs[0]);
    }
}

/// What was printed, without times, ports and durations.
fn timeless(out: &str) -> String {
    let times =
        Regex::new(r"127\.0\.0\.1:\d+|\+?[\d:.]+ ?(ms|µs|s|min)\b|\d\d:\d\d:\d\d\.\d+").unwrap();
    let aligned = Regex::new(r"(?m) +").unwrap();
    aligned.replace_all(&times.replace_all(out, "…"), " ").into_owned()
}

#[test]
fn a_stanza_of_ten_megabytes_passes_unchanged_both_ways() {
    let (target, proxy) = start(&[]);
    let (mut client, mut server) = (proxy.connect(), target.accept());
    across(&mut client, &mut server, HEADER);
    across(&mut server, &mut client, ANSWER);
    let big = "0123456789<b/>&amp;".repeat(10_000_000 / 19);
    let stanza = format!("<message><body>{big}</body></message>");
    for up in [true, false] {
        let (from, to) = if up { (&client, &mut server) } else { (&server, &mut client) };
        let mut from = from.try_clone().unwrap();
        let sent = stanza.clone();
        let writing = thread::spawn(move || send(&mut from, sent.as_bytes()));
        expect(to, stanza.as_bytes());
        writing.join().unwrap();
    }
    drop((client, server));
    proxy.wait_for("10.0 MB (first 4.2 MB kept)");
}

#[test]
fn a_thousand_streams_are_idle_at_once() {
    let address = Target::serving(|mut socket| {
        expect(&mut socket, HEADER.as_bytes());
        send(&mut socket, ANSWER.as_bytes());
        rest(&mut socket);
    });
    let options = ["--insecure", "--format", "compact"];
    let proxy = Proxy::start(&format!("xmpp://{address}"), &options);
    let mut clients: Vec<TcpStream> = (0..1000)
        .map(|_| {
            let mut client = proxy.connect();
            send(&mut client, HEADER.as_bytes());
            client
        })
        .collect();
    for client in &mut clients {
        expect(client, ANSWER.as_bytes());
    }
    drop(clients);
    proxy.wait_for("#1000");
    let left = proxy.stop();
    assert!(left.out.contains("1000 sessions"), "{}", left.out.lines().last().unwrap());
}

#[test]
fn a_target_that_cannot_be_reached_is_a_stream_error_that_says_why() {
    let nowhere = Nowhere::new();
    let proxy = Proxy::start(&format!("xmpp://{}", nowhere.address), &["--insecure"]);
    let mut client = proxy.connect();
    send(&mut client, HEADER.as_bytes());
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    for part in [
        " from='chat.example'",
        "<remote-connection-failed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>",
        "xmppscope: nothing listens at 127.0.0.1:",
        "is the server running?</text></stream:error></stream:stream>",
    ] {
        assert!(answer.contains(part), "{answer}");
    }
    drop(client);
    // A quote in the domain, and none.
    for (header, from) in [
        (HEADER.replace("to='chat.example'", "to=\"o'hara\""), Some(" from='o&apos;hara'")),
        (HEADER.replace("to='chat.example'", ""), None),
    ] {
        let mut client = proxy.connect();
        send(&mut client, header.as_bytes());
        let answer = String::from_utf8(rest(&mut client)).unwrap();
        assert_eq!(answer.contains(" from="), from.is_some(), "{answer}");
        assert!(answer.contains(from.unwrap_or_default()), "{answer}");
    }
    // What is no stream cannot be answered, and need not wait.
    let mut client = proxy.connect();
    send(&mut client, b"GET / HTTP/1.1\r\n\r\n");
    ends(&mut client);
    proxy.wait_for("an HTTP/1 request where an XML stream was expected");
    let left = proxy.stop();
    assert!(left.out.contains("is the server running?"), "{}", left.out);
    assert!(left.out.contains("sent by xmppscope in the target's place"), "{}", left.out);

    let proxy = Proxy::start("xmpp://no-such-host.invalid:5222", &["--insecure"]);
    let mut client = proxy.connect();
    send(&mut client, HEADER.as_bytes());
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.contains("cannot resolve no-such-host.invalid"), "{answer}");
}

#[test]
fn an_end_is_passed_on_as_it_is() {
    let (target, proxy) = start(&[]);
    for reset in [false, true] {
        for by_client in [false, true] {
            let (mut client, mut server) = (proxy.connect(), target.accept());
            across(&mut client, &mut server, HEADER);
            across(&mut server, &mut client, &format!("{ANSWER}<message><bo"));
            let (leaves, mut stays) = if by_client { (client, server) } else { (server, client) };
            leave(leaves, reset);
            let end = stays.read(&mut [0]).map_err(|error| error.kind());
            let expected = if reset { Err(std::io::ErrorKind::ConnectionReset) } else { Ok(0) };
            assert_eq!(end, expected, "{by_client}");
        }
    }
    proxy.wait_for("#4");
    let left = proxy.stop();
    assert!(left.out.contains("by the server"), "{}", left.out);
    assert!(left.out.contains("incomplete"), "{}", left.out);
}

#[test]
fn what_is_not_xmpp_is_named_and_passed_on() {
    let hello = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03";
    let (target, proxy) = start(&[]);
    let mut expected = Vec::new();
    for (bytes, why) in [
        (&hello[..], "a TLS handshake where an XML stream was expected"),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/2 (its connection preface) where an XML stream was expected",
        ),
        (
            b"GET /http-bind HTTP/1.1\r\nHost: a\r\n\r\n",
            "an HTTP/1 request where an XML stream was expected",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2p1\r\n",
            "the banner of an SSH server where an XML stream was expected",
        ),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            "a PROXY protocol header where an XML stream was expected",
        ),
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
            "a PROXY protocol header where an XML stream was expected",
        ),
        (b"EHLO client.example\r\n", "not an XML stream"),
    ] {
        for by_client in [true, false] {
            let (mut client, mut server) = (proxy.connect(), target.accept());
            let (from, to) =
                if by_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
            send(from, bytes);
            expect(to, bytes);
            send(to, b"\0\xffanswer");
            expect(from, b"\0\xffanswer");
            let answer = "not an XML stream";
            expected.push(if by_client {
                [Some(why), Some(answer)]
            } else {
                [Some(answer), Some(why)]
            });
            drop((client, server));
        }
    }
    assert_foreign(proxy, &expected);

    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut expected = Vec::new();
    for (bytes, why) in [
        (&hello[..], "a TLS handshake where HTTP/1 was expected"),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/2 (its connection preface) where HTTP/1 was expected",
        ),
        (HEADER.as_bytes(), "an XMPP stream where HTTP/1 was expected"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "the banner of an SSH server where HTTP/1 was expected"),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n",
            "a PROXY protocol header where HTTP/1 was expected",
        ),
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
            "a PROXY protocol header where HTTP/1 was expected",
        ),
    ] {
        let (mut client, mut server) = (proxy.connect(), target.accept());
        send(&mut client, bytes);
        expect(&mut server, bytes);
        expected.push([Some(why), None]);
        drop((client, server));
    }
    assert_foreign(proxy, &expected);
}

/// Asserts why what the client and the server of each connection sent was not what was expected, in the capture and in print.
#[track_caller]
fn assert_foreign(proxy: Proxy, expected: &[[Option<&str>; 2]]) {
    for conn in 1..=expected.len() {
        proxy.wait_for_capture(&format!("\"conn\":{conn},\"event\":\"closed\""));
    }
    let left = proxy.stop();
    let capture = std::fs::read_to_string(&left.capture).unwrap();
    let events: Vec<Value> =
        capture.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (conn, whys) in (1..).zip(expected) {
        for ((from, arrow), why) in [("client", "C>"), ("server", "S>")].into_iter().zip(whys) {
            let raw = events.iter().filter(|event| {
                event["event"] == "raw" && event["conn"] == conn && event["from"] == from
            });
            let found: Vec<_> = raw.map(|event| event["why"].as_str()).collect();
            assert_eq!(found, Vec::from_iter(why.map(Some)), "{conn} {from}");
            let start = format!("{arrow} #{conn} ");
            let lines: Vec<_> = left.out.lines().filter(|line| line.contains(&start)).collect();
            assert_eq!(lines.len(), why.iter().len(), "{start}: {}", left.out);
            assert!(
                why.is_none_or(|why| lines[0].contains(&format!(" bytes, {why}: "))),
                "{lines:?}"
            );
        }
    }
}

#[test]
fn options_that_do_not_fit_the_target_are_wrong_usage() {
    let proxy = |arguments: &[&str]| {
        let (code, _, errors) = run(&[&["proxy", "--target"], arguments].concat());
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        errors
    };
    for (arguments, words) in [
        (&["xmpp://a.example", "--tls"][..], "with xmpp:// TLS begins by STARTTLS"),
        (&["xmpps://a.example", "--tls"], "--tls needs an http:// or https:// target"),
        (&["xmpp://a.example", "--host", "keep"], "XMPP has no Host header"),
        (&["http://a.example", "--starttls", "pass"], "--starttls needs an xmpp:// target"),
        (&["wss://a.example", "--starttls", "take-over"], "--starttls needs an xmpp:// target"),
        (&["xmpps://a.example", "--starttls", "pass"], "xmpps:// has no STARTTLS"),
        (&["xmpp://a.example", "--starttls", "pass", "--insecure"], "remove --ca-file, --insecure"),
        (&["xmpp://a.example/b"], "has no path; remove what follows the host and port"),
        (&["xmpp:user@a.example"], "for an XMPP server over TCP, use xmpp://DOMAIN"),
        (&["xmpp://user@a.example"], "must not contain a user name"),
        (&["xmpp://a.example:0x"], "is not a valid URL"),
        (&["ws://a.example", "--insecure"], "need a target with TLS"),
    ] {
        let errors = proxy(arguments);
        assert!(errors.contains(words), "{arguments:?}: {errors}");
    }
}

#[test]
fn websocket_targets_are_http_and_the_url_to_give_is_websocket() {
    let target = Target::start();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    for (url, options, words) in [
        (
            "ws://{}",
            &[][..],
            "give your client ws://{}/xmpp-websocket in place of ws://{}/xmpp-websocket",
        ),
        (
            "ws://{}/ws",
            &["--tls-dir", keys.to_str().unwrap()],
            "give your client wss://{}/ws in place of ws://{}/ws",
        ),
        ("wss://{}/ws", &["--insecure"], "give your client ws://{}/ws in place of wss://{}/ws"),
    ] {
        let at = target.address.to_string();
        let proxy = Proxy::start(&url.replace("{}", &at), options);
        let own = proxy.address.to_string();
        let mut client = proxy.connect();
        send(&mut client, b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
        if options.is_empty() {
            expect(&mut target.accept(), b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
        } else if url.starts_with("wss") {
            drop(target.accept());
        }
        // An answer in the target's place, or an alert: it runs.
        assert_ne!(rest(&mut client), b"");
        let errors = proxy.stop().errors;
        let words = words.replacen("{}", &own, 1).replacen("{}", &at, 1);
        assert!(errors.contains(&words), "{errors}");
    }
}
