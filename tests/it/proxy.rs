//! The tunnel, between raw sockets: what passes is what was sent, and what is printed is what passed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::lag::{between, in_time};
use crate::rig::{
    LONG, Nowhere, Proxy, Target, connect, expect, leave, message, ok, post, rest, run, send,
};

const NS: &str = "http://jabber.org/protocol/httpbind";

fn poll(rid: u64) -> Vec<u8> {
    post(&format!("<body xmlns='{NS}' sid='abcdef' rid='{rid}'/>"))
}

fn empty() -> Vec<u8> {
    ok(&format!("<body xmlns='{NS}'/>"))
}

#[test]
fn ten_megabytes_pass_unchanged_both_ways() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let big: Vec<u8> = (0..10_000_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    let head = format!("POST /up HTTP/1.1\r\nContent-Length: {}\r\n\r\n", big.len());
    let up = [head.as_bytes(), &big].concat();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", big.len());
    let down = [head.as_bytes(), &big].concat();
    let mut client = proxy.connect();
    let mut server = target.accept();
    let mut writer = client.try_clone().unwrap();
    let sent = up.clone();
    let writing = thread::spawn(move || send(&mut writer, &sent));
    expect(&mut server, &up);
    writing.join().unwrap();
    let sent = down.clone();
    let writing = thread::spawn(move || send(&mut server, &sent));
    expect(&mut client, &down);
    writing.join().unwrap();
    drop(client);
    proxy.wait_for("POST /up → 200 OK, 10.0 MB (hidden: not text)");
    proxy.stop();
}

#[test]
fn a_gzip_answer_passes_coded_and_is_shown_decoded() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let body = format!(
        "<body xmlns='{NS}'><message xmlns='jabber:client' from='bob@localhost'><body>hi</body></message></body>"
    );
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        gzip.len()
    );
    let answer = [head.as_bytes(), &gzip].concat();
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, &poll(5));
    expect(&mut server, &poll(5));
    send(&mut server, &answer);
    expect(&mut client, &answer);
    proxy.wait_for("bob@localhost: \"hi\"");
    let left = proxy.stop();
    assert!(
        left.out.contains(&format!("{} B gzip of {} B", gzip.len(), body.len())),
        "{}",
        left.out
    );
}

#[test]
fn chunked_requests_and_http_1_0_pass_as_they_are() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let body =
        format!("<body xmlns='{NS}' sid='abcdef' rid='7'><presence xmlns='jabber:client'/></body>");
    let (one, two) = body.split_at(30);
    let request = format!(
        "POST /http-bind HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:X};x=1\r\n{two}\r\n0\r\nTrailer: 1\r\n\r\n",
        one.len(),
        two.len()
    );
    let mut client = proxy.connect();
    let mut server = target.accept();
    for byte in request.as_bytes().chunks(17) {
        send(&mut client, byte);
    }
    expect(&mut server, request.as_bytes());
    send(&mut server, &empty());
    expect(&mut client, &empty());

    let mut client = proxy.connect();
    let mut server = target.accept();
    let request = String::from_utf8(poll(8)).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    send(&mut client, request.as_bytes());
    expect(&mut server, request.as_bytes());
    let answer = format!(
        "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n<body xmlns='{NS}'><presence xmlns='jabber:client' from='x@y/until-close'/></body>"
    );
    send(&mut server, answer.as_bytes());
    server.shutdown(Shutdown::Both).unwrap();
    assert_eq!(String::from_utf8(rest(&mut client)).unwrap(), answer);
    drop(client);
    let left = proxy.stop();
    assert!(left.out.contains("C> rid 7 #1 1 stanza"), "{}", left.out);
    assert!(left.out.contains("x@y/until-close"), "{}", left.out);
}

#[test]
fn two_pipelined_requests_reach_the_target_at_once_and_are_answered_in_order() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--format", "compact"]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, &[poll(1), poll(2)].concat());
    // The second one is there although the first has no answer: a CM needs it to release the first.
    expect(&mut server, &[poll(1), poll(2)].concat());
    let two = ok(&format!("<body xmlns='{NS}'><presence xmlns='jabber:client'/></body>"));
    send(&mut server, &empty());
    send(&mut server, &two);
    expect(&mut client, &[empty(), two].concat());
    // gloox sends its last two and leaves without reading.
    send(&mut client, &[poll(3), poll(4)].concat());
    client.shutdown(Shutdown::Write).unwrap();
    expect(&mut server, &[poll(3), poll(4)].concat());
    assert_eq!(rest(&mut server), b"", "the half-close is passed on");
    send(&mut server, &empty());
    expect(&mut client, &empty());
    drop((client, server));
    proxy.wait_for("rid 3");
    let left = proxy.stop();
    let order: Vec<_> = left.out.lines().filter(|line| line.contains("S> rid")).collect();
    assert!(order[0].contains("rid 1 ") && order[1].contains("rid 2 "), "{}", left.out);
}

#[test]
fn an_abort_while_held_reaches_the_target_at_once() {
    for reset in [false, true] {
        let target = Target::start();
        let proxy = in_time(|| {
            let proxy = Proxy::start(&target.url(), &[]);
            let mut client = proxy.connect();
            let mut server = target.accept();
            send(&mut client, &poll(1));
            expect(&mut server, &poll(1));
            thread::sleep(Duration::from_millis(100));
            let start = Instant::now();
            leave(client, reset);
            let end = server.read(&mut [0]);
            let took = start.elapsed();
            if reset {
                assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
            } else {
                assert_eq!(end.unwrap(), 0);
            }
            between(Duration::ZERO, took, Duration::from_millis(50), "the end took")?;
            Ok(proxy)
        });
        proxy.wait_for("rid 1");
        let left = proxy.stop();
        assert!(
            left.out.contains("client closed the connection") || left.out.contains("client reset"),
            "{}",
            left.out
        );
    }
}

#[test]
fn a_target_killed_while_it_holds_is_a_502_that_scripts_may_read() {
    for reset in [false, true] {
        let target = Target::start();
        let proxy = Proxy::start(&target.url(), &[]);
        let mut client = proxy.connect();
        let mut server = target.accept();
        let request = String::from_utf8(poll(1))
            .unwrap()
            .replace("\r\n\r\n", "\r\nOrigin: http://chat.example\r\n\r\n");
        send(&mut client, request.as_bytes());
        expect(&mut server, request.as_bytes());
        leave(server, reset);
        let answer = String::from_utf8(rest(&mut client)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        assert!(
            answer.contains("\r\nAccess-Control-Allow-Origin: http://chat.example\r\n"),
            "{answer}"
        );
        let word = if reset { "reset the connection" } else { "closed the connection" };
        assert!(answer.contains(word), "{answer}");
        drop(client);
        let left = proxy.stop();
        assert!(left.out.contains(word), "{}", left.out);
    }
}

#[test]
fn an_idle_connection_the_target_closes_is_closed_and_not_answered() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, &poll(1));
    expect(&mut server, &poll(1));
    send(&mut server, &empty());
    expect(&mut client, &empty());
    drop(server);
    assert_eq!(rest(&mut client), b"");
    drop(client);
    proxy.stop();
}

#[test]
fn an_answer_before_the_end_of_the_request_is_no_lost_one() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    let request = poll(1);
    let (half, other) = request.split_at(150);
    send(&mut client, half);
    expect(&mut server, half);
    let refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
    send(&mut server, refusal);
    expect(&mut client, refusal);
    send(&mut client, other);
    expect(&mut server, other);
    drop((client, server));
    proxy.wait_for("C> rid 1 #1");
    let left = proxy.stop();
    assert!(left.out.contains("413 Too Large, before the request was complete"), "{}", left.out);
    let is_error = |line: &str| line.contains("error") && line.contains("(client)");
    assert!(!left.out.lines().any(is_error), "{}", left.out);
}

#[test]
fn an_answer_cut_in_the_middle_stays_cut() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, &poll(1));
    expect(&mut server, &poll(1));
    let half = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<body xm";
    send(&mut server, half);
    drop(server);
    assert_eq!(rest(&mut client), half);
    drop(client);
    let left = proxy.stop();
    assert!(left.out.contains("cut"), "{}", left.out);
}

#[test]
fn without_a_target_the_client_gets_502_and_a_preflight_is_granted() {
    let nowhere = Nowhere::new();
    let proxy = Proxy::start(&format!("http://{}", nowhere.address), &[]);
    let mut client = proxy.connect();
    send(&mut client, &poll(1));
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(answer.contains("\r\nAccess-Control-Allow-Origin: *\r\n"), "{answer}");
    assert!(answer.contains("is the server running?"), "{answer}");

    let mut client = proxy.connect();
    send(
        &mut client,
        b"OPTIONS /http-bind HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: POST\r\n\r\n",
    );
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.contains("Access-Control-Allow-Origin: http://a.example"), "{answer}");

    let mut client = proxy.connect();
    send(&mut client, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    let left = proxy.stop();
    assert!(left.out.contains("is the server running?"), "{}", left.out);
}

#[test]
fn an_unresolvable_target_is_said_to_be_one() {
    let proxy = Proxy::start("http://no-such-host.invalid:5280", &[]);
    let mut client = proxy.connect();
    send(&mut client, &poll(1));
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.contains("cannot resolve no-such-host.invalid"), "{answer}");
    proxy.stop();
}

#[test]
fn malformed_xml_and_binary_garbage_pass_and_are_explained() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    let bad = post(&format!("<body xmlns='{NS}' sid='s' rid='1'><message><b></message></body>"));
    send(&mut client, &bad);
    expect(&mut server, &bad);
    send(&mut server, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    expect(&mut client, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");

    let mut client = proxy.connect();
    let mut server = target.accept();
    let garbage: Vec<u8> = (0..=255).rev().cycle().take(5000).collect();
    send(&mut client, &garbage);
    expect(&mut server, &garbage);
    send(&mut server, &garbage);
    expect(&mut client, &garbage);
    drop((client, server));
    let left = proxy.stop();
    assert!(left.out.contains("not well-formed"), "{}", left.out);
    assert_eq!(left.out.matches("5000 bytes, ").count(), 2, "{}", left.out);
    assert!(!left.out.contains('\u{1b}'));
}

#[test]
fn one_hundred_continue_head_and_upgrades_look_as_they_would_without_us() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    let head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    send(&mut client, head);
    expect(&mut server, head);
    send(&mut server, b"HTTP/1.1 100 Continue\r\n\r\n");
    expect(&mut client, b"HTTP/1.1 100 Continue\r\n\r\n");
    send(&mut client, b"hi");
    expect(&mut server, b"hi");
    send(&mut server, &empty());
    expect(&mut client, &empty());
    send(&mut client, b"GET /xmpp-websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n");
    message(&mut server);
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n\x81\x02hi";
    send(&mut server, switch);
    expect(&mut client, switch);
    send(&mut client, b"\x81\x82\0\0\0\0hi");
    expect(&mut server, b"\x81\x82\0\0\0\0hi");
    drop((client, server));
    let left = proxy.stop();
    let lines: Vec<_> = left.out.lines().filter(|line| line.contains("/xmpp-websocket")).collect();
    assert_eq!(lines.len(), 2, "{}", left.out);
    assert!(lines[0].contains("101 Switching Protocols, websocket, xmpp"), "{}", left.out);
    assert_eq!(left.out.matches("not XMPP, 2 B").count(), 2, "{}", left.out);
    assert!(lines[1].contains("closed after"), "{}", left.out);
    assert!(!left.out.contains("not HTTP"), "{}", left.out);
}

#[test]
fn host_is_kept_or_set_as_asked() {
    for (option, expected) in
        [("keep", "Host: localhost\r\n"), ("chat.example", "Host: chat.example\r\n")]
    {
        let target = Target::start();
        let proxy = Proxy::start(&target.url(), &["--host", option]);
        let mut client = proxy.connect();
        send(&mut client, &poll(1));
        let mut server = target.accept();
        assert!(message(&mut server).contains(expected));
        drop((client, server));
        proxy.stop();
    }
}

#[test]
fn a_thousand_requests_are_held_at_once() {
    let address = Target::serving(|mut socket| {
        message(&mut socket);
        let mut byte = [0];
        // Held until the client sends the next byte, which is none of HTTP's business here.
        if socket.read(&mut byte).is_ok() {
            let _ = socket.write_all(&ok("<body xmlns='http://jabber.org/protocol/httpbind'/>"));
        }
    });
    let proxy = Proxy::start(&format!("http://{address}"), &["--format", "compact"]);
    let mut clients: Vec<TcpStream> = (0..1000)
        .map(|n| {
            let mut client = proxy.connect();
            let body = format!("<body xmlns='{NS}' sid='session{n}' rid='1'/>");
            send(&mut client, &post(&body));
            client
        })
        .collect();
    for client in &mut clients {
        send(client, b"\r");
    }
    for client in &mut clients {
        assert_eq!(message(client).as_bytes(), empty());
    }
    drop(clients);
    let left = proxy.stop();
    assert!(
        left.out.contains("1000 sessions, 1000 exchanges"),
        "{}",
        left.out.lines().last().unwrap()
    );
    assert_eq!(left.out.matches("empty poll").count(), 1000);
}

#[test]
fn traffic_goes_on_when_nobody_reads_the_output() {
    let address = Target::serving(|mut socket| {
        loop {
            message(&mut socket);
            if socket
                .write_all(&ok(&format!(
                    "<body xmlns='{NS}'>{}</body>",
                    "<presence xmlns='jabber:client'/>".repeat(200)
                )))
                .is_err()
            {
                return;
            }
        }
    });
    // A pipe that nobody reads is full after 64 kB.
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{address}");
    let proxy = Proxy::start_with(&url, &["--buffer", "2MB"], folder, Stdio::piped());
    let mut client = proxy.connect();
    let request = post(&format!("<body xmlns='{NS}' sid='abcdef' rid='1'/>"));
    let start = Instant::now();
    for _ in 0..500 {
        send(&mut client, &request);
        message(&mut client);
    }
    assert!(start.elapsed() < LONG);
    drop(client);
    let left = proxy.stop();
    assert_eq!(left.status.code(), Some(0));
    assert!(left.errors.contains("not being read"), "{}", left.errors);
    let capture = std::fs::read_to_string(&left.capture).unwrap();
    assert!(capture.ends_with("\"event\":\"finished\"}\n"), "the capture does not need a reader");
}

#[test]
fn what_could_not_be_shown_is_counted() {
    let address = Target::serving(|mut socket| {
        loop {
            message(&mut socket);
            if socket.write_all(&empty()).is_err() {
                return;
            }
        }
    });
    // The queue takes nothing but the smallest: every exchange is lost, and told.
    let proxy = Proxy::start(&format!("http://{address}"), &["--buffer", "100"]);
    let mut client = proxy.connect();
    for rid in 0..10 {
        send(&mut client, &poll(rid));
        message(&mut client);
    }
    drop(client);
    proxy.wait_for("20 messages");
    let left = proxy.stop();
    assert!(left.out.lines().last().unwrap().contains("20 messages not recorded"), "{}", left.out);
}

#[test]
fn a_capture_shows_exactly_what_was_printed_live() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    let create =
        post(&format!("<body xmlns='{NS}' rid='10' to='localhost' wait='60' hold='1' ver='1.6'/>"));
    let created = ok(&format!(
        "<body xmlns='{NS}' sid='abcdef' wait='60' hold='1' requests='2' inactivity='60' polling='5'/>"
    ));
    let secret = post(&format!(
        "<body xmlns='{NS}' sid='abcdef' rid='11'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth></body>"
    ));
    for (request, answer) in [
        (create, created),
        (secret, empty()),
        (poll(12), empty()),
        (poll(12), ok("<html>\u{1b}[31mno</html>")),
        (poll(14), [&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..], b"\xff\xfe<a>"].concat()),
    ] {
        send(&mut client, &request);
        expect(&mut server, &request);
        send(&mut server, &answer);
        expect(&mut client, &answer);
    }
    drop(client);
    drop(server);
    let left = proxy.stop();
    assert_eq!(left.status.code(), Some(0));
    let capture = left.capture.to_str().unwrap();
    let (code, shown, errors) = run(&["show", capture]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(shown, left.out);
    let text = std::fs::read_to_string(&left.capture).unwrap();
    assert!(!text.contains("AGFsaWNl") && !shown.contains("AGFsaWNl"), "the secret leaked");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&left.capture).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);

    // Cut in the middle of a line, and damaged in another: said, and the rest is shown.
    let mut lines: Vec<&str> = text.lines().collect();
    lines[3] = "{\"at\":1,\"conn";
    let cut = lines[..lines.len() - 2].join("\n") + "\n{\"at\":12345";
    let path = left.capture.with_extension("cut");
    std::fs::write(&path, cut).unwrap();
    let (code, shown, errors) = run(&["show", path.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("line 4 is damaged"), "{errors}");
    assert!(errors.contains("the capture is incomplete"), "{errors}");
    assert!(shown.contains("rid 12"), "{shown}");
}

#[test]
fn tls_on_both_sides() {
    // The outer proxy listens with TLS; the inner one speaks TLS with it.
    let target = Target::start();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let outer = Proxy::start(&target.url(), &["--tls-dir", keys.to_str().unwrap()]);
    assert!(outer.banner.contains("https://"), "{}", outer.banner);
    let url = format!("https://localhost:{}", outer.address.port());
    let certificate = keys.join("cert.pem");
    let inner = Proxy::start(&url, &["--ca-file", certificate.to_str().unwrap()]);
    let mut client = inner.connect();
    let mut server = target.accept();
    send(&mut client, &poll(1));
    expect(&mut server, &poll(1));
    send(&mut server, &empty());
    expect(&mut client, &empty());
    drop(client);
    assert_eq!(rest(&mut server), b"");
    drop(server);

    let distrusting = Proxy::start(&url, &[]);
    let mut client = distrusting.connect();
    send(&mut client, &poll(1));
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.contains("--ca-file"), "{answer}");
    let trusting = Proxy::start(&url, &["--insecure"]);
    let mut client = trusting.connect();
    let mut server = target.accept();
    send(&mut client, &poll(2));
    expect(&mut server, &poll(2));
    drop((client, server));
    let mut plain = outer.connect();
    send(&mut plain, &poll(3));
    rest(&mut plain);
    let left = outer.stop();
    assert!(left.out.contains("does not trust"), "{}", left.out);
    assert!(left.out.contains("configured with the https:// URL"), "{}", left.out);
    for proxy in [inner, distrusting, trusting] {
        assert_eq!(proxy.stop().status.code(), Some(0));
    }
}

#[test]
fn what_can_t_be_done_is_said_with_the_right_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let url = "http://127.0.0.1:1";
    for (arguments, code, words) in [
        (vec!["proxy", "--target", url, "--listen", &address], 3, "the port is in use"),
        (vec!["proxy", "--target", "127.0.0.1:5280"], 2, "must begin with http://"),
        (
            vec!["proxy", "--target", url, "--listen", "nonsense"],
            2,
            "expected an address and a port",
        ),
        (
            vec![
                "proxy",
                "--target",
                url,
                "--listen",
                "127.0.0.1:0",
                "--write",
                "/no/such/folder/x",
            ],
            3,
            "cannot write",
        ),
        (vec!["proxy", "--target", url, "--filter", "kind:mesage"], 2, "message"),
        (vec!["proxy", "--target", url, "--insecure"], 2, "https://"),
        (
            vec!["proxy", "--target", "https://localhost", "--ca-file", "/no/such.pem"],
            3,
            "/no/such.pem",
        ),
        (vec!["proxy", "--target", url, "--buffer", "lots"], 2, "64MiB"),
        (vec!["show", "/no/such/capture"], 3, "cannot read"),
        (vec!["show", "Cargo.toml"], 2, "not an xmppscope capture"),
        (vec!["prxy"], 2, "proxy"),
    ] {
        let (got, out, errors) = run(&arguments);
        assert_eq!(got, Some(code), "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
        assert_eq!(out, "", "{arguments:?}");
    }
}

#[test]
fn show_ends_quietly_when_its_reader_has_seen_enough() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(["show", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let _ = writeln!(
        input,
        r#"{{"xmppscope":"capture","version":1,"tool":"t","started":"2026-01-01T00:00:00Z","target":"x","secrets":"hidden"}}"#
    );
    for at in 0..20_000 {
        // Fails as soon as the reader is gone, which is what is tested.
        if writeln!(
            input,
            r#"{{"at":{at},"conn":1,"event":"failed","cause":"no reason at all, but a long one"}}"#
        )
        .is_err()
        {
            break;
        }
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

#[test]
fn stopping_waits_a_second_for_answers_under_way_and_no_longer() {
    let target = Target::start();
    in_time(|| {
        let proxy = Proxy::start(&target.url(), &[]);
        let mut client = connect(proxy.address);
        let mut server = target.accept();
        send(&mut client, &poll(1));
        expect(&mut server, &poll(1));
        let answering = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            // If the proxy had to stop before, that shows in what its client gets.
            let _ = server.write_all(&empty());
            server
        });
        let start = Instant::now();
        let left = proxy.stop();
        let took = start.elapsed();
        drop(answering.join().unwrap());
        between(Duration::ZERO, took, Duration::from_millis(1500), "stopping took")?;
        let answer = String::from_utf8(rest(&mut client)).unwrap();
        if answer.as_bytes() != empty() || !left.out.contains("empty poll, held") {
            return Err(format!("the answer under way was lost: {answer:?}\n{}", left.out));
        }
        Ok(())
    });
}

#[test]
fn after_a_switch_nothing_is_edited_or_kept_back() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--host", "chat.example"]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n");
    assert!(message(&mut server).contains("Host: chat.example\r\n"));
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\n\r\n";
    send(&mut server, switch);
    expect(&mut client, switch);
    for bytes in [&b"EHLO"[..], b"GET / HTTP/1.1\r\nHost: inner\r\n\r\n"] {
        send(&mut client, bytes);
        expect(&mut server, bytes);
    }
}

#[test]
fn without_a_target_what_is_not_http_is_closed() {
    let nowhere = Nowhere::new();
    let proxy = Proxy::start(&format!("http://{}", nowhere.address), &[]);
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"\xff\xfe\xfd\r\n\r\n"] {
        let mut client = proxy.connect();
        send(&mut client, bytes);
        assert_eq!(rest(&mut client), b"");
    }
}

#[test]
fn no_answer_of_ours_follows_the_last_one_of_a_connection() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, &[poll(1), poll(2)].concat());
    expect(&mut server, &[poll(1), poll(2)].concat());
    let last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    send(&mut server, last);
    drop(server);
    assert_eq!(rest(&mut client), last);
}

#[test]
fn secrets_are_hidden_where_the_traffic_is_broken_too() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &[]);
    let many = "X: y\r\n".repeat(300);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>U0VDUkVU</auth>";
    gzip.write_all(format!("<body xmlns='{NS}' sid='a' rid='1'>{auth}</body>").as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let coded = |headers: &str| {
        let head = format!("POST /b HTTP/1.1\r\n{headers}Content-Length: {}\r\n\r\n", gzip.len());
        [head.as_bytes(), &gzip].concat()
    };
    for bytes in [
        format!(
            "POST / HTTP/1.1\r\nAuthorization: Basic U0VDUkVU\r\nCookie: a=U0VDUkVU\r\n{many}\r\n"
        )
        .into_bytes(),
        b"POST /?token=U0VDUkVU HTTP/1.1\r\nCookie: a=U0VDUkVU\r\nContent-Length: 3, 4\r\n\r\n"
            .to_vec(),
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n{\"password\":\"U0VDUkVU\"}".to_vec(),
        b"POST / HTTP/1.1\r\nCookie: a=U0VDUkVU".to_vec(),
        coded(""),
        coded("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"),
    ] {
        let mut client = proxy.connect();
        let mut server = target.accept();
        send(&mut client, &bytes);
        expect(&mut server, &bytes);
        drop(client);
        rest(&mut server);
    }
    proxy.wait_for("#6");
    let left = proxy.stop();
    let capture = std::fs::read_to_string(&left.capture).unwrap();
    for text in [&capture, &left.out] {
        assert!(!text.contains("U0VDUkVU"), "{text}");
        // gzip's magic, in base64
        assert!(!text.contains("H4sI"), "{text}");
    }
}

#[test]
fn a_filter_that_leaves_out_answers_still_shows_the_requests() {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--filter", "dir:client"]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    for request in [&b"GET /page HTTP/1.1\r\n\r\n"[..], &poll(7)] {
        send(&mut client, request);
        expect(&mut server, request);
        send(&mut server, &empty());
        expect(&mut client, &empty());
    }
    proxy.wait_for("rid 7");
    proxy.wait_for("GET /page");
}

/// Cause: a proxy whose target was itself connected to itself until it had no files left.
#[test]
fn a_proxy_whose_target_is_itself_says_so() {
    for (listens, host) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("[::]", "[::1]"),
    ] {
        // A port that was free a moment ago.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let target = format!("http://{host}:{free}");
        let folder = tempfile::tempdir().unwrap();
        let out = std::fs::File::create(folder.path().join("out")).unwrap();
        let proxy = Proxy::start_at(&target, &format!("{listens}:{free}"), folder, out.into());
        let mut client = crate::rig::connect(([127, 0, 0, 1], free).into());
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 502 ") && answer.contains("is this proxy itself"),
            "{answer}"
        );
        proxy.wait_for("is this proxy itself");
        let left = proxy.stop();
        assert_eq!(left.out.matches("is this proxy itself").count(), 1, "{}", left.out);
    }
}

#[test]
fn further_connections_than_allowed_are_closed() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", upstream.local_addr().unwrap());
    let proxy = Proxy::start(&target, &["--max-connections", "1"]);
    let first = proxy.connect();
    let (_held, _) = upstream.accept().unwrap();
    let mut second = proxy.connect();
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    drop(first);
    let left = proxy.stop();
    assert!(left.errors.contains("1 connections are open"), "{}", left.errors);
}

/// Cause: after a signal, all that waited was printed first, which took minutes.
#[test]
fn a_proxy_that_is_told_to_stop_does_so_whatever_waits() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("xmpp://{}", upstream.local_addr().unwrap());
    let proxy = Proxy::start(&target, &["--starttls", "pass"]);
    let mut client = proxy.connect();
    let (mut server, _) = upstream.accept().unwrap();
    let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a'>";
    let sent = header.to_owned() + &"<a/>".repeat(500_000);
    let mut read = vec![0; sent.len()];
    let writes = thread::spawn(move || {
        client.write_all(sent.as_bytes()).unwrap();
        client
    });
    server.read_exact(&mut read).unwrap();
    let start = Instant::now();
    let left = proxy.stop();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "it took {took:?}");
    assert!(left.errors.contains("are left out of the output and the capture"), "{}", left.errors);
    assert!(left.out.contains("were not recorded"));
    assert!(std::fs::read_to_string(&left.capture).unwrap().contains("\"event\":\"lost\""));
    drop(writes.join().unwrap());
}
