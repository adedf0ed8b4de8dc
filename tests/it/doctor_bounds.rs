//! What SECURITY.md promises of `xmppscope doctor`: to whom a password is sent and where it is shown, and that no server keeps it busy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use xmppscope::wire::websocket::accept;

use crate::rig::{LONG, Target, run_with};
use crate::secrets::{KEPT, SASL};
use crate::secrets_run::{PASSWORD, forms, replies, serve};
use crate::streams_rig::{ANSWER, Authority, DOMAIN, server_tls};

fn doctor(arguments: &[&str]) -> (Option<i32>, String, String) {
    let fixed = ["doctor", "--quick", "--color", "never"];
    let variables = [("XMPPSCOPE_PASSWORD", PASSWORD)];
    run_with(LONG, &variables, &[&fixed, arguments].concat())
}

#[test]
fn a_password_that_a_server_repeats_is_in_no_format() {
    let hides = |reply: &str, format: &str| {
        let at = Target::serving({
            let reply = reply.to_owned();
            move |socket| serve(socket, &reply, || ())
        });
        let url = format!("http://{at}/http-bind");
        let (code, out, errors) = doctor(&[&url, "--user", "alice@localhost", "--format", format]);
        let all = format!("{out}{errors}");
        assert_eq!(code, Some(1), "{reply}: {all}");
        for secret in forms() {
            assert!(!all.contains(&secret), "{secret} of {reply} is in {format}:\n{all}");
        }
    };
    // Some of the replies are waited for.
    thread::scope(|scope| {
        for reply in replies() {
            for format in ["pretty", "json", "markdown", "html"] {
                let reply = reply.clone();
                scope.spawn(move || hides(&reply, format));
            }
        }
    });
}

/// Answers as a server of XMPP over TCP does that lets people log in with PLAIN; logins fail.
fn stream(mut socket: impl Read + Write, asked: impl Fn()) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while let Ok(size @ 1..) = socket.read(&mut buffer) {
        text += &String::from_utf8_lossy(&buffer[..size]);
        let answer = if text.contains("<auth") {
            asked();
            format!("<failure xmlns='{SASL}'><not-authorized/><text>{KEPT}</text></failure>")
        } else if text.contains("<stream:stream") && text.ends_with('>') {
            format!(
                "{ANSWER}<stream:features><mechanisms xmlns='{SASL}'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
            )
        } else {
            continue;
        };
        text.clear();
        if socket.write_all(answer.as_bytes()).and_then(|()| socket.flush()).is_err() {
            return;
        }
    }
}

/// The same over both: BOSH for what begins with a request.
fn either(is_stream: bool, socket: impl Read + Write, asked: impl Fn()) {
    if is_stream {
        stream(socket, asked);
    } else {
        let failure = format!(
            "<body xmlns='http://jabber.org/protocol/httpbind'><failure xmlns='{SASL}'><not-authorized/></failure></body>"
        );
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8";
        let reply = format!("{head}\r\nContent-Length: {}\r\n\r\n{failure}", failure.len());
        serve(socket, &reply, asked);
    }
}

const SKIPPED: &str = "the password is not sent ";

#[test]
fn a_password_is_sent_to_a_certificate_that_is_trusted_on_that_very_connection() {
    let (ours, theirs) = (Authority::new("our CA"), Authority::new("their CA"));
    let folder = tempfile::tempdir().unwrap();
    let ca = ours.file(folder.path());
    let (ours, theirs) = (ours.server(DOMAIN), theirs.server(DOMAIN));
    for url in ["xmpps://chat.example", "https://chat.example/http-bind"] {
        let is_stream = url.starts_with("xmpp");
        // With the first `good` handshakes the certificate is trusted. At which one was a login tried?
        let examine = |good: usize| {
            let (shaken, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let at = Target::serving({
                let (ours, theirs) = (ours.clone(), theirs.clone());
                let asked = Arc::clone(&asked);
                move |socket: TcpStream| {
                    if socket.peek(&mut [0]).unwrap_or(0) == 0 {
                        return;
                    }
                    let order = shaken.fetch_add(1, Ordering::SeqCst) + 1;
                    let config = if order <= good { &ours } else { &theirs };
                    if let Ok(tls) = server_tls(socket, config.clone()) {
                        either(is_stream, tls, || asked.store(order, Ordering::SeqCst));
                    }
                }
            });
            let to = format!("chat.example:{at}");
            let common = ["--user", "alice@chat.example", "--resolve", &to];
            let ca = ["--ca-file", ca.to_str().unwrap(), "--format", "json"];
            let (_, out, errors) = doctor(&[&[url], &common[..], &ca].concat());
            (asked.load(Ordering::SeqCst), format!("{out}{errors}"))
        };
        let (login, out) = examine(usize::MAX);
        assert!(login > 2 && !out.contains(SKIPPED), "{url}: {out}");
        for good in [0, 1, login - 2, login - 1] {
            let (asked, out) = examine(good);
            // Requests of BOSH overtake each other: a login may have been early enough.
            assert!(asked <= good, "{url}, {good} of {login}, {asked}: {out}");
            assert!(asked > 0 || out.contains(SKIPPED), "{url}, {good} of {login}: {out}");
        }
    }
}

/// That it is sent to no other machine so is seen where the decision is made, in `src/doctor/talk/line.rs`.
#[test]
fn a_password_may_be_sent_without_encryption_to_this_machine() {
    for (scheme, path) in [("xmpp", ""), ("http", "/http-bind")] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let at = Target::serving(move |socket| {
            either(scheme == "xmpp", socket, || {
                count.fetch_add(1, Ordering::SeqCst);
            });
        });
        let url = format!("{scheme}://{at}{path}");
        let (_, out, errors) = doctor(&[&url, "--user", "alice@localhost"]);
        assert!(asked.load(Ordering::SeqCst) > 0, "{url}: {out}{errors}");
        assert!(!out.contains(SKIPPED), "{url}: {out}{errors}");
    }
}

/// Sends this again and again, until nobody takes it.
fn floods(begin: &'static str, again: &'static str) -> SocketAddr {
    Target::serving(move |mut socket: TcpStream| {
        let _ = socket.read(&mut [0; 8192]);
        let mut result = socket.write_all(begin.as_bytes());
        let many = again.repeat(65536 / again.len());
        while result.is_ok() {
            result = socket.write_all(many.as_bytes());
        }
    })
}

#[test]
fn a_server_that_does_not_end_is_broken_off() {
    let started = Instant::now();
    for (begin, again) in [
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nlong\r\n"),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
        ("", "rubbish "),
        ("<?xml version='1.0'?>", "<a/>"),
    ] {
        for scheme in ["http", "ws", "xmpp"] {
            let at = floods(begin, again);
            let (code, out, errors) =
                doctor(&[&format!("{scheme}://{at}{}", if scheme == "xmpp" { "" } else { "/ws" })]);
            assert_eq!(code, Some(1), "{scheme}, {begin}{again}: {out}{errors}");
        }
    }
    assert!(started.elapsed() < 2 * LONG, "{:?}", started.elapsed());
}

#[test]
fn a_websocket_that_does_not_end_has_its_own_cause() {
    let at = Target::serving(|mut socket: TcpStream| {
        let mut buffer = [0; 8192];
        let size = socket.read(&mut buffer).unwrap_or(0);
        let head = String::from_utf8_lossy(&buffer[..size]).into_owned();
        let Some((_, key)) = head.split_once("Sec-WebSocket-Key: ") else { return };
        let accept = accept(key.split("\r\n").next().unwrap());
        let upgrade =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
        let agreed = format!("Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Accept: {accept}");
        let mut result = write!(socket, "{upgrade}\r\n{agreed}\r\n\r\n");
        while result.is_ok() {
            result = socket.write_all(&b"\x81\x04<a/>".repeat(10_000));
        }
    });
    let (code, out, errors) = doctor(&[&format!("ws://{at}/ws")]);
    assert_eq!(code, Some(1), "{out}{errors}");
    assert!(out.contains("more comes than anybody asked for"), "{out}{errors}");
    assert!(!out.contains("[upgrade-dropped]"), "{out}{errors}");
}

#[test]
fn plain_http_needs_no_certificates_and_tls_says_what_is_missing() {
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    let at = floods("", "rubbish ");
    let url = format!("http://{at}/http-bind");
    let (code, out, errors) = run_with(LONG, &none, &["doctor", "--quick", &url]);
    assert_eq!(code, Some(1), "{out}{errors}");
    for subject in ["https://127.0.0.1/http-bind", "chat.example"] {
        let (code, out, errors) = run_with(LONG, &none, &["doctor", "--quick", subject]);
        assert_eq!((code, &*out), (Some(3), ""), "{errors}");
        assert!(errors.contains("name some with --ca-file"), "{errors}");
    }
}
