//! `xmppscope doctor` without real servers: at the built-in one, and at scripted ones that are each wrong in one way.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::rig::{LONG, Nowhere, Proxy, Target, run, run_with};

/// What it says as JSON, and its exit status.
fn doctor(arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = run(&[&["doctor", "--quick", "--format", "json"], arguments].concat());
    let value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    (code, value)
}

fn troubles(report: &Value) -> Vec<&str> {
    let problems = report["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["trouble"].as_str().unwrap()).collect()
}

/// A server that answers whatever comes with the same bytes, and closes.
fn saying(answer: &'static str) -> SocketAddr {
    Target::serving(move |mut socket: TcpStream| {
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let _ = socket.read(&mut [0; 8192]);
        let _ = socket.write_all(answer.as_bytes());
    })
}

#[test]
fn the_reference_server_is_well_over_bosh() {
    let cm = Proxy::start_cm(&["--account", "alice:secret"]);
    let url = format!("http://{}/http-bind", cm.address);
    let origin = ["--domain", "localhost", "--origin", "https://page.example"];
    let (code, report) = doctor(&[&[&*url], &origin[..]].concat());
    assert_eq!((code, &report["verdict"]), (Some(0), &"well".into()), "{report:#}");
    let checks: Vec<&str> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "well")
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    for check in [
        "addresses",
        "bosh-session",
        "cors",
        "preflight",
        "cors-errors",
        "bosh-mechanisms",
        "bosh-repeat",
        "bosh-nodes",
        "bosh-release",
    ] {
        assert!(checks.contains(&check), "{check}: {checks:?}");
    }
}

#[test]
fn a_login_that_is_broken_off_is_not_called_refused() {
    let to_each = |fault: &str, trouble: &str| {
        let cm = Proxy::start_cm(&["--account", "alice:secret", "--fault", fault]);
        let url = format!("ws://{}/xmpp-websocket", cm.address);
        let (code, out, _) = run_with(
            LONG,
            &[("XMPPSCOPE_PASSWORD", "secret")],
            &["doctor", "--quick", "--format", "json", &url, "--user", "alice@localhost"],
        );
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, troubles(&report)), (Some(1), vec![trouble]), "{fault}: {report:#}");
    };
    to_each("kind:sasl dir:client: close 1011", "login-broken-off");
    to_each("kind:sasl dir:server: policy-violation", "login-broken-off");
    to_each("kind:iq dir:client: close 1011", "login-broken-off");
}

#[test]
fn answers_that_are_not_bosh_have_a_cause_by_name() {
    for (answer, trouble, piece) in [
        (
            "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
            "path-wrong",
            "404",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n",
            "back-end-down",
            "502",
        ),
        (
            "HTTP/1.1 301 Moved Permanently\r\nLocation: /http-bind/\r\nContent-Length: 0\r\n\r\n",
            "redirected",
            "slash",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://sso.example/login?next=%2F\r\nContent-Length: 0\r\n\r\n",
            "login-page",
            "login",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
            "login-page",
            "401",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
            "path-wrong",
            "",
        ),
        ("", "refused", "without a response"),
        ("\u{15}\u{3}\u{3}\0\u{2}\u{2}F", "tls-on-plain-port", "TLS"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "not-bosh", "SSH"),
    ] {
        let at = saying(answer);
        let (code, report) = doctor(&[&format!("http://{at}/http-bind")]);
        assert_eq!((code, troubles(&report)), (Some(1), vec![trouble]), "{answer:?}: {report:#}");
        let problem = &report["problems"][0];
        let why = problem["why"].to_string();
        assert!(why.contains(piece), "{answer:?}: {why}");
        assert!(!problem["advice"].as_str().unwrap().is_empty(), "{answer:?}");
    }
}

#[test]
fn what_is_elsewhere_at_the_same_server_is_found() {
    let cm = Proxy::start_cm(&["--quiet"]);
    for (path, trouble) in [("/http-bin", "path-wrong"), ("/", "path-wrong")] {
        let url = format!("http://{}{path}", cm.address);
        let (code, report) = doctor(&[&url, "--domain", "localhost"]);
        assert_eq!((code, troubles(&report)), (Some(1), vec![trouble]), "{report:#}");
        let advice = report["problems"][0]["advice"].as_str().unwrap();
        let found = format!("Configure the client with http://{}/http-bind", cm.address);
        assert!(advice.starts_with(&found), "{advice}");
    }
    let url = format!("ws://{}/http-bind", cm.address);
    let (code, report) = doctor(&[&url, "--domain", "localhost"]);
    assert_eq!((code, troubles(&report)), (Some(1), vec!["other-transport"]), "{report:#}");
}

#[test]
fn a_port_without_tls_is_told_where_tls_was_meant() {
    let at = saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let (code, report) = doctor(&[&format!("https://{at}/http-bind")]);
    assert_eq!((code, troubles(&report)), (Some(1), vec!["plain-on-tls-port"]), "{report:#}");
}

#[test]
fn where_nothing_answers_the_status_is_3() {
    let nowhere = Nowhere::new();
    let free = nowhere.address;
    for url in
        [format!("http://{free}/http-bind"), format!("ws://{free}/ws"), format!("xmpp://{free}")]
    {
        let (code, report) = doctor(&[&url]);
        assert_eq!((code, troubles(&report)), (Some(3), vec!["unreachable"]), "{url}: {report:#}");
    }
}

#[test]
fn one_of_two_addresses_that_is_dead_is_no_failure() {
    let cm = Proxy::start_cm(&["--quiet"]);
    let nowhere = Nowhere::new();
    let pinned = [cm.address, nowhere.address].map(|at| format!("chat.example:{at}"));
    let arguments = ["http://chat.example/http-bind", "--domain", "localhost"];
    let both = ["--resolve", &*pinned[1], "--resolve", &*pinned[0]];
    let (code, report) = doctor(&[&arguments[..], &both[..]].concat());
    assert_eq!((code, troubles(&report)), (Some(0), vec!["address-dead"]), "{report:#}");
    assert_eq!(report["verdict"], "weak");
}

#[test]
fn nonsense_gets_an_error_that_says_what_to_write() {
    for (arguments, piece) in [
        (&["alice@chat.example"][..], "xmppscope doctor chat.example --user alice@chat.example"),
        (&["chat.example/http-bind"], "https://chat.example/http-bind for the URL"),
        (&["ftp://chat.example"], "must begin with http:// or https://"),
        (&["https://u:p@chat.example"], "must not contain a user name or password"),
        (&["chat.example", "--origin", "page.example"], "such as https://www.example"),
        (&["chat.example", "--user", "alice"], "such as alice@chat.example"),
        (&["chat.example", "--user", "alice@chat.example"], "XMPPSCOPE_PASSWORD"),
        (&["chat.example", "--resolve", "chat.example"], "HOST:ADDR"),
        (&["chat.example", "--dns", "ns.example"], "expected an IP address"),
        (&["chat.example", "--wait", "0"], "1..=600"),
        (&["chat.example", "--direct", "127.0.0.1:5280"], "--direct"),
    ] {
        let (code, out, err) = run(&[&["doctor"], arguments].concat());
        assert_eq!((code, &*out), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains(piece), "{arguments:?}: {err}");
    }
}

#[test]
fn a_dry_run_lists_the_checks_and_connects_to_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/http-bind", listener.local_addr().unwrap());
    let (code, out, _) = run(&["doctor", &url, "--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("bosh-hold") && !out.contains("websocket-idle"), "{out}");
    assert!(listener.accept().is_err());
}
