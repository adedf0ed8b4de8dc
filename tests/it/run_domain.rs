//! `xmppscope run` with a domain alone: its addresses are found as clients find them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::doctor::zone::serve;
use crate::rig::{Proxy, Target, run};
use crate::streams_rig::{Authority, server_tls};

/// Options that lead every name of the domain to a port of this machine, trusting an authority.
fn led(port: u16, file: &str) -> [String; 4] {
    [
        "--resolve".to_owned(),
        format!("chat.example:127.0.0.1:{port}"),
        "--ca-file".to_owned(),
        file.to_owned(),
    ]
}

#[test]
fn the_address_that_an_srv_record_names_is_tested() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_str().unwrap();
    let cm = Proxy::start_cm(&[
        "--domain",
        "chat.example",
        "--tcp",
        "127.0.0.1:0",
        "--tls-dir",
        keys,
        "--anonymous",
    ]);
    let tcp = cm.banner.split("XMPP over TCP at 127.0.0.1:").nth(1).expect(&cm.banner);
    let port = tcp.split(',').next().unwrap();
    let zone = format!(
        "_xmpp-client._tcp.chat.example SRV 0 5 {port} xmpp.chat.example\n\
         xmpp.chat.example A 127.0.0.1"
    );
    let dns = serve(&zone).to_string();
    let certificate = folder.path().join("cert.pem");
    let (code, out, err) = run(&[
        "run",
        "--domain",
        "chat.example",
        "--dns",
        &dns,
        "--ca-file",
        certificate.to_str().unwrap(),
        "--only",
        "path:rfc6120/4.2-opening or path:xep-0124/4-technique",
    ]);
    assert_eq!(code, Some(0), "{out}{err}");
    for piece in [
        &*format!("_xmpp-client._tcp: xmpp.chat.example:{port}"),
        &*format!("testing: TCP at xmpp://xmpp.chat.example:{port}; not found: BOSH, WebSocket"),
    ] {
        assert!(err.contains(piece), "{piece}: {err}");
    }
    assert!(out.contains("1 passed"), "{out}");
    assert!(out.contains("the target does not provide an address of BOSH"), "{out}");
}

#[test]
fn what_host_meta_names_is_said_and_what_is_missing_too() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test CA");
    let file = authority.file(folder.path());
    let config = authority.server("chat.example");
    let address = Target::serving(move |socket: TcpStream| {
        let Ok(mut tls) = server_tls(socket, config.clone()) else { return };
        let mut head = [0; 4096];
        let read = tls.read(&mut head).unwrap_or(0);
        let body = "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link \
                    rel='urn:xmpp:alt-connections:websocket' href='wss://chat.example/ws'/></XRD>";
        let answer = if head[..read].starts_with(b"GET /.well-known/host-meta HTTP/1.1") {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/xrd+xml\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
        } else {
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        };
        let _ = tls.write_all(answer.as_bytes());
        let _ = tls.flush();
    });
    let dns = serve("").to_string();
    let led = led(address.port(), file.to_str().unwrap());
    let led: Vec<&str> = led.iter().map(String::as_str).chain(["--dns", &dns]).collect();
    let (code, out, err) =
        run(&[&["run", "--domain", "chat.example", "--list"], &led[..]].concat());
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("rfc7395"), "{out}");
    for piece in [
        "addresses of chat.example:",
        "host-meta       names wss://chat.example/ws",
        "testing: WebSocket at wss://chat.example/ws, TCP at xmpp://chat.example; not found: BOSH, TCP with TLS at once",
    ] {
        assert!(err.contains(piece), "{piece}: {err}");
    }
}

#[test]
fn a_domain_without_an_address_ends_the_run_with_what_was_looked_up() {
    let dns = serve("").to_string();
    for given in [&["--domain", "chat.example"][..], &["--target", "chat.example"]] {
        let (code, out, err) = run(&[&["run", "--dns", &dns], given].concat());
        assert_eq!((code, &*out), (Some(3), ""), "{err}");
        for piece in [
            "no address of chat.example was found",
            "host-meta ",
            "host-meta-json ",
            "srv ",
            "no record _xmpp-client._tcp",
            "--domain chat.example",
            "xmppscope doctor chat.example",
        ] {
            assert!(err.contains(piece), "{piece}: {err}");
        }
    }
}

#[test]
fn nonsense_gets_an_error_that_says_what_to_write() {
    for (arguments, code, piece) in [
        (&["--domain", "alice@chat.example"][..], 2, "is the address of a user"),
        (&["--domain", "chat.example/bosh"], 2, "https://chat.example/bosh for the URL"),
        (&["--target", "missing.yaml"], 3, "cannot read missing.yaml"),
        (&["--target", "nothing"], 3, "xmppscope has the targets"),
        (&["--domain", "chat.example", "--defect", "bosh-no-chunked"], 2, "cannot be used with"),
        (&["--dns", "127.0.0.1"], 2, "--dns"),
        (&["--domain", "a.example", "--resolve", "a.example"], 2, "HOST:ADDR"),
    ] {
        let (exit, out, err) = run(&[&["run"], arguments].concat());
        assert_eq!((exit, &*out), (Some(code), ""), "{arguments:?}: {err}");
        assert!(err.contains(piece), "{arguments:?}: {err}");
    }
}
