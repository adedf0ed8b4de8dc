//! XML streams over TCP whose TLS the proxy takes over or passes on, between peers that look at certificates, ALPN and SNI.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

use crate::rig::{LONG, Left, Proxy, Target, expect, leave, rest, send};
use crate::streams_rig::{
    ANSWER, Authority, DOMAIN, FAILURE, HEADER, LOGIN, OFFER, PROCEED, STARTTLS, across, alpn,
    asked, assert_refused, client_of, client_tls, drain, ends, handshake, offered, proceeds,
    timed_out, trusting,
};

/// A proxy that takes TLS over, in front of a target with certificates of this CA; and its own certificate.
struct Between {
    authority: Authority,
    target: Target,
    proxy: Proxy,
    certificate: String,
    _folder: TempDir,
}

impl Between {
    fn start(scheme: &str, options: &[&str]) -> Self {
        let (authority, target) = (Authority::new("our CA"), Target::start());
        let folder = tempfile::tempdir().unwrap();
        let (ca, keys) = (authority.file(folder.path()), folder.path().join("keys"));
        let url = format!("{scheme}://{}", target.address);
        let mut all = vec!["--tls-dir", keys.to_str().unwrap(), "--tls-name", DOMAIN];
        if !options.contains(&"--insecure") {
            all.extend(["--ca-file", ca.to_str().unwrap()]);
        }
        all.extend(options);
        let proxy = Proxy::start(&url, &all);
        let certificate = std::fs::read_to_string(keys.join("cert.pem")).unwrap();
        Self { authority, target, proxy, certificate, _folder: folder }
    }

    fn client(&self) -> rustls::ClientConfig {
        trusting(&self.certificate, rustls::DEFAULT_VERSIONS)
    }

    /// What was printed, once all of this is in it.
    #[track_caller]
    fn told(self, words: &[&str]) -> Left {
        for word in words {
            self.proxy.wait_for(word);
        }
        self.proxy.stop()
    }
}

#[test]
fn starttls_is_taken_over_with_what_both_sides_ask_for() {
    let between = Between::start("xmpp", &["--tls-name", "elsewhere.example"]);
    let both: &[&_] = &[&TLS12, &TLS13];
    for (versions, offers, takes, sni) in [
        (both, &["xmpp-client"][..], Some("xmpp-client"), DOMAIN),
        (both, &["other", "xmpp-client"], Some("other"), "elsewhere.example"),
        (both, &["xmpp-client"], None, DOMAIN),
        (&[&TLS12], &[], None, DOMAIN),
        (&[&TLS13], &[], None, "127.0.0.1"),
    ] {
        let (client, server) = proceeds(&between.proxy, &between.target);
        let mut config = trusting(&between.certificate, versions);
        config.alpn_protocols = alpn(offers);
        // The certificate of the proxy is for all of these.
        let tls = client_of(&config, sni);
        let mut accepting = between.authority.server(DOMAIN);
        accepting.alpn_protocols = alpn(&takes.map_or(vec![], |name| vec![name]));
        let (client, server) = handshake((client, tls), (server, accepting));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        assert_eq!(server.conn.server_name(), Some(sni).filter(|sni| *sni != "127.0.0.1"));
        for agreed in [client.conn.alpn_protocol(), server.conn.alpn_protocol()] {
            assert_eq!(agreed, takes.map(str::as_bytes), "{offers:?}");
        }
        across(&mut client, &mut server, HEADER);
        across(&mut server, &mut client, ANSWER);
        across(&mut client, &mut server, LOGIN);
        across(&mut client, &mut server, "</stream:stream>");
        across(&mut server, &mut client, "</stream:stream>");
        // close_notify is passed on as well.
        server.conn.send_close_notify();
        server.conn.complete_io(&mut server.sock).unwrap();
        server.sock.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut client), b"");
        client.conn.send_close_notify();
        client.conn.complete_io(&mut client.sock).unwrap();
        drop(client);
        assert_eq!(rest(&mut server), b"");
    }
    let left = between.told(&[
        "TLS by STARTTLS, taken over, client TLS 1.3 xmpp-client, SNI chat.example, server TLS 1.3 \
         xmpp-client, certificate verified for chat.example",
        "client TLS 1.3 other, SNI elsewhere.example, server TLS 1.3 other, certificate verified for \
         chat.example",
        "client TLS 1.3, SNI chat.example, server TLS 1.3, certificate verified for chat.example",
        "client TLS 1.2, SNI chat.example, server TLS 1.3, certificate verified for chat.example",
        "client TLS 1.3, without SNI, server TLS 1.3, certificate verified for chat.example",
    ]);
    assert!(left.out.contains("5 sessions"), "{}", left.out);
    assert!(!left.out.contains("U0VDUkVU"), "{}", left.out);
    let capture = std::fs::read_to_string(&left.capture).unwrap();
    assert!(
        capture.contains(
            r#""event":"secured","starttls":true,"client":{"version":"TLS 1.3","alpn":"xmpp-client","offers":["xmpp-client"],"sni":"chat.example"},"server":{"version":"TLS 1.3","alpn":"xmpp-client","sni":"chat.example","verified":"chat.example"}}"#
        ),
        "{capture}"
    );
}

#[test]
fn a_certificate_that_is_not_right_is_refused_and_the_client_gets_no_tls() {
    let between = Between::start("xmpp", &[]);
    let stranger = Authority::new("another CA");
    for config in [
        between.authority.server("elsewhere.example"),
        between.authority.expired(),
        stranger.server(DOMAIN),
        stranger.itself(),
    ] {
        let (client, server) = proceeds(&between.proxy, &between.target);
        let (client, server) =
            handshake((client, client_of(&between.client(), DOMAIN)), (server, config));
        assert_refused(client, "no TLS with the client");
        assert_refused(server, "no TLS with the server");
    }
    between.told(&[
        "its certificate is not for chat.example, the domain that the client asks for",
        "(server): TLS with xmpp://127.0.0.1:",
        "its certificate has expired",
        "its certificate is not signed by a trusted CA; give the CA with --ca-file",
        "its certificate is marked as that of a CA, as `openssl req -x509` makes them; to trust exactly this \
         certificate, save it to a file and use --ca-file",
    ]);
}

/// Cause: a certificate as `openssl req -x509` makes it was refused though --ca-file named it.
#[test]
fn a_certificate_that_is_named_itself_is_accepted_though_it_is_marked_as_a_cas() {
    let between = Between::start("xmpp", &[]);
    let (client, server) = proceeds(&between.proxy, &between.target);
    let own = between.authority.itself();
    let tls = client_of(&between.client(), DOMAIN);
    let (client, server) = handshake((client, tls), (server, own));
    across(&mut client.unwrap(), &mut server.unwrap(), HEADER);
    between.told(&["certificate verified for chat.example"]);
}

#[test]
fn any_certificate_is_accepted_if_that_is_asked_for() {
    let between = Between::start("xmpp", &["--insecure"]);
    for config in [between.authority.server("elsewhere.example"), between.authority.expired()] {
        let (client, server) = proceeds(&between.proxy, &between.target);
        let tls = client_of(&between.client(), DOMAIN);
        let (client, server) = handshake((client, tls), (server, config));
        across(&mut client.unwrap(), &mut server.unwrap(), HEADER);
    }
    between.told(&["certificate not verified (--insecure)"]);
}

#[test]
fn a_reset_within_tls_is_a_reset() {
    let between = Between::start("xmpp", &[]);
    for by_client in [true, false] {
        let (client, server) = proceeds(&between.proxy, &between.target);
        let tls = client_of(&between.client(), DOMAIN);
        let accepting = between.authority.server(DOMAIN);
        let (client, server) = handshake((client, tls), (server, accepting));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        across(&mut client, &mut server, HEADER);
        across(&mut server, &mut client, ANSWER);
        let (client, server) = (client.sock, server.sock);
        let (leaves, mut stays) = if by_client { (client, server) } else { (server, client) };
        leave(leaves, true);
        let end = stays.read_to_end(&mut vec![]).map_err(|error| error.kind());
        assert_eq!(end, Err(std::io::ErrorKind::ConnectionReset));
    }
}

#[test]
fn the_domain_of_a_stream_may_have_letters_that_dns_has_not() {
    let between = Between::start("xmpp", &["--tls-name", "xn--bcher-kva.example"]);
    let (mut client, mut server) = (between.proxy.connect(), between.target.accept());
    let header = format!(" {}", HEADER.replace(DOMAIN, "bücher.example"));
    across(&mut client, &mut server, &header);
    across(&mut client, &mut server, STARTTLS);
    across(&mut server, &mut client, PROCEED);
    let tls = client_of(&between.client(), "xn--bcher-kva.example");
    let accepting = between.authority.server("xn--bcher-kva.example");
    let (client, server) = handshake((client, tls), (server, accepting));
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert_eq!(server.conn.server_name(), Some("xn--bcher-kva.example"));
    across(&mut client, &mut server, &header);
    between.told(&["certificate verified for xn--bcher-kva.example"]);
}

#[test]
fn a_client_that_does_not_trust_the_proxy_is_named() {
    let between = Between::start("xmpp", &[]);
    let (client, server) = proceeds(&between.proxy, &between.target);
    let distrusting = client_of(&between.authority.client(), DOMAIN);
    let accepting = between.authority.server(DOMAIN);
    let (client, server) = handshake((client, distrusting), (server, accepting));
    assert_refused(client, "no trust");
    // TLS with the server was agreed first, and carries nothing.
    assert_eq!(drain(&mut server.unwrap()), b"");
    between.told(&["(client): TLS: the client does not trust the certificate"]);
}

#[test]
fn starttls_passed_on_is_between_the_client_and_the_server() {
    let (authority, target) = (Authority::new("our CA"), Target::start());
    let url = format!("xmpp://{}", target.address);
    let proxy = Proxy::start(&url, &["--starttls", "pass"]);
    let mut config = authority.client();
    config.alpn_protocols = alpn(&["xmpp-client"]);
    let closings = ["tcp1 #1 TCP connection closed after ", "tcp2 #2 TCP connection closed after "];
    for (at_once, closing) in [false, true].into_iter().zip(closings) {
        let mut accepting = authority.server(DOMAIN);
        accepting.alpn_protocols = alpn(&["xmpp-client"]);
        let mut tls = client_of(&config, DOMAIN);
        let (client, server) = if at_once {
            let (mut client, mut server) = offered(&proxy, &target);
            send(&mut client, &with_hello(STARTTLS, &mut tls));
            expect(&mut server, STARTTLS.as_bytes());
            across(&mut server, &mut client, PROCEED);
            (client, server)
        } else {
            proceeds(&proxy, &target)
        };
        let (client, server) = handshake((client, tls), (server, accepting));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        assert_eq!(client.conn.alpn_protocol(), Some(&b"xmpp-client"[..]));
        across(&mut client, &mut server, HEADER);
        across(&mut server, &mut client, ANSWER);
        drop(client);
        ends(&mut server.sock);
        drop(server);
        proxy.wait_for(closing);
    }
    let left = proxy.stop();
    for start in closings {
        let line = left.out.lines().find(|line| line.contains(start)).unwrap();
        let words = "; 2 elements from the client and 3 to it before TLS; ";
        assert!(line.contains(words), "{line}");
    }
    let passed = "TLS by STARTTLS, passed on: nothing that follows can be seen";
    assert_eq!(left.out.matches(passed).count(), 2, "{}", left.out);
    assert!(!left.out.contains("stream not closed"), "{}", left.out);
    assert!(!left.out.contains("not XMPP") && !left.out.contains("not an XML"), "{}", left.out);
}

#[test]
fn tls_may_begin_in_the_same_segment_or_byte_by_byte() {
    let between = Between::start("xmpp", &[]);
    for (ahead, bytes) in [(true, false), (true, true), (false, true)] {
        let (mut client, mut server) = offered(&between.proxy, &between.target);
        let mut tls = client_of(&between.client(), DOMAIN);
        let chunk = if bytes { 1 } else { usize::MAX };
        let write = |socket: &mut TcpStream, bytes: &[u8]| {
            for part in bytes.chunks(chunk) {
                send(socket, part);
            }
        };
        if ahead {
            write(&mut client, &with_hello(STARTTLS, &mut tls));
        } else {
            write(&mut client, STARTTLS.as_bytes());
        }
        expect(&mut server, STARTTLS.as_bytes());
        write(&mut server, PROCEED.as_bytes());
        expect(&mut client, PROCEED.as_bytes());
        if !ahead {
            write(&mut client, &with_hello("", &mut tls));
        }
        let accepting = between.authority.server(DOMAIN);
        let (client, server) = handshake((client, tls), (server, accepting));
        across(&mut client.unwrap(), &mut server.unwrap(), HEADER);
    }
    between.told(&["TLS by STARTTLS"]);
}

#[test]
fn what_a_server_sends_between_proceed_and_tls_is_refused() {
    let between = Between::start("xmpp", &[]);
    for late in [false, true] {
        let (mut client, mut server) = asked(&between.proxy, &between.target);
        if late {
            across(&mut server, &mut client, PROCEED);
            send(&mut server, b"<iq/>");
        } else {
            send(&mut server, format!("{PROCEED}<iq/>").as_bytes());
            expect(&mut client, PROCEED.as_bytes());
        }
        ends(&mut client);
        ends(&mut server);
    }
    let left =
        between.told(&["sent 5 bytes after <proceed/>, before TLS began: an attack on STARTTLS"]);
    let is_finding =
        |line: &&str| line.contains("sent 5 bytes after <proceed/>") && !line.contains("2 times");
    assert_eq!(left.out.lines().filter(is_finding).count(), 2, "{}", left.out);
}

#[test]
fn starttls_refused_is_no_end() {
    let between = Between::start("xmpp", &[]);
    let (mut client, mut server) = offered(&between.proxy, &between.target);
    // The rest is held back until the server's answer is there.
    send(&mut client, format!("{STARTTLS}<presence/>").as_bytes());
    expect(&mut server, STARTTLS.as_bytes());
    server.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let nothing = server.read(&mut [0]).expect_err("nothing but STARTTLS");
    assert!(timed_out(&nothing), "{nothing}");
    server.set_read_timeout(Some(LONG)).unwrap();
    across(&mut server, &mut client, FAILURE);
    expect(&mut server, b"<presence/>");
    across(&mut client, &mut server, "</stream:stream>");
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut client), b"");
    drop(client);
    assert_eq!(rest(&mut server), b"");
    let left = between.told(&["closed after"]);
    assert!(!left.out.contains("taken over"), "{}", left.out);
}

#[test]
fn nothing_hangs_wherever_somebody_leaves() {
    let between = Between::start("xmpp", &[]);
    let (proxy, target) = (&between.proxy, &between.target);
    // STARTTLS is never answered: the client gives up, …
    for reset in [false, true] {
        let (client, mut server) = asked(proxy, target);
        leave(client, reset);
        ends(&mut server);
        // … with bytes behind it that were held back, …
        let (mut client, mut server) = offered(proxy, target);
        send(&mut client, format!("{STARTTLS}<presence/>").as_bytes());
        expect(&mut server, STARTTLS.as_bytes());
        leave(client, reset);
        if reset {
            ends(&mut server);
        } else {
            assert_eq!(rest(&mut server), b"<presence/>");
        }
        // … or the server leaves instead.
        let (mut client, server) = asked(proxy, target);
        leave(server, reset);
        ends(&mut client);
        // It is answered, and one of them leaves before TLS …
        let (client, mut server) = proceeds(proxy, target);
        leave(client, reset);
        ends(&mut server);
        let (mut client, server) = proceeds(proxy, target);
        leave(server, reset);
        ends(&mut client);
        // … or within the handshake.
        let (mut client, mut server) = proceeds(proxy, target);
        send(&mut client, &with_hello("", &mut client_of(&between.client(), DOMAIN)));
        server.read_exact(&mut [0; 100]).unwrap();
        leave(client, reset);
        drain(&mut server);
    }
    // A login where TLS has to begin goes nowhere.
    let (mut client, mut server) = proceeds(proxy, target);
    send(&mut client, LOGIN.as_bytes());
    drain(&mut client); // an alert, perhaps
    ends(&mut server);
    between.told(&["(client): TLS: the client sends something that is not TLS"]);
}

#[test]
fn the_server_may_leave_with_bytes_held_back() {
    let between = Between::start("xmpp", &[]);
    let (mut client, mut server) = offered(&between.proxy, &between.target);
    send(&mut client, format!("{STARTTLS}<presence/>").as_bytes());
    expect(&mut server, STARTTLS.as_bytes());
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut client), b"");
    expect(&mut server, b"<presence/>");
    drop(client);
    ends(&mut server);
}

#[test]
fn direct_tls_is_taken_over_with_what_the_client_asks_for() {
    let between = Between::start("xmpps", &[]);
    for offers in [&[][..], &["xmpp-client"], &["other", "xmpp-client"]] {
        let client = between.proxy.connect();
        let mut config = between.client();
        config.alpn_protocols = alpn(offers);
        let mut tls = client_of(&config, DOMAIN);
        let mut client = client;
        send(&mut client, &with_hello("", &mut tls));
        let server = between.target.accept();
        let mut accepting = between.authority.server(DOMAIN);
        accepting.alpn_protocols = alpn(&["xmpp-client"]);
        let (client, server) = handshake((client, tls), (server, accepting));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        // XEP-0368 wants it offered; a client that does not is not given it.
        assert_eq!(server.conn.alpn_protocol(), Some(&b"xmpp-client"[..]));
        let mirrored = (!offers.is_empty()).then_some(&b"xmpp-client"[..]);
        assert_eq!(client.conn.alpn_protocol(), mirrored);
        across(&mut client, &mut server, HEADER);
        across(&mut server, &mut client, ANSWER);
    }
    // No TLS, where there has to be some: the target is not even asked.
    for bytes in [HEADER, "GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n", "hello"] {
        let mut client = between.proxy.connect();
        send(&mut client, bytes.as_bytes());
        ends(&mut client);
    }
    drop(between.proxy.connect());
    // The target speaks another protocol on this port.
    let mut client = between.proxy.connect();
    send(&mut client, &with_hello("", &mut client_of(&between.client(), DOMAIN)));
    let mut server = between.target.accept();
    send(&mut server, format!("{ANSWER}{OFFER}").as_bytes());
    ends(&mut client);
    between.told(&[
        "TLS from the first byte, taken over, client TLS 1.3, SNI chat.example, server TLS 1.3 \
         xmpp-client, certificate verified for chat.example",
        "taken over, client TLS 1.3 xmpp-client, SNI chat.example, server TLS 1.3 xmpp-client",
        "(client): TLS: the client begins with an XMPP stream, not with TLS; with an xmpps:// target the client has to \
         begin with TLS at once",
        "the client begins with an HTTP/1 request, not with TLS",
        "the client begins with the banner of an SSH server, not with TLS",
        "the client begins with something unknown, not with TLS",
        "(server): TLS with xmpps://127.0.0.1:",
        "what it sends is not TLS; is this the port for direct TLS?",
    ]);
}

#[test]
fn direct_tls_without_a_target_is_an_error_within_tls() {
    let nowhere = crate::rig::Nowhere::new();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let options = ["--insecure", "--tls-dir", keys.to_str().unwrap(), "--tls-name", DOMAIN];
    let proxy = Proxy::start(&format!("xmpps://{}", nowhere.address), &options);
    let certificate = std::fs::read_to_string(keys.join("cert.pem")).unwrap();
    let config = trusting(&certificate, rustls::DEFAULT_VERSIONS);
    let mut client = client_tls(proxy.connect(), client_of(&config, DOMAIN)).unwrap();
    send(&mut client, HEADER.as_bytes());
    client.flush().unwrap();
    let answer = String::from_utf8(rest(&mut client)).unwrap();
    assert!(answer.contains("<remote-connection-failed "), "{answer}");
    drop(client);
    proxy.wait_for("is the server running?");
}

/// These bytes, and a `ClientHello` behind them.
fn with_hello(text: &str, tls: &mut rustls::ClientConnection) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    while tls.wants_write() {
        tls.write_tls(&mut bytes).unwrap();
    }
    bytes
}
