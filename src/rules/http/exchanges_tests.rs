use super::*;
use crate::rules::playbook::{at_least, names, open, words};

fn polling() -> String {
    open() + "10 1 C> <body rid='100001' sid='s1'/>\n"
}

fn after_open(script: &str) -> Vec<String> {
    at_least(Level::Warning, &(polling() + script))
}

#[test]
fn a_504_while_wait_was_running_names_the_read_timeout() {
    assert_eq!(
        after_open(
            "60020 1 S> 504 Gateway Time-out | Server: nginx/1.24 | Content-Type: text/html | \
                    <html><head><title>504 Gateway Time-out</title></head></html>"
        ),
        ["60020 Error http-status Between: rid 100001: HTTP 504 Gateway Time-out from \
          \"nginx/1.24\" after 60.0 s. wait=60 \
          ran out at the same time: the read timeout of the reverse proxy (about 60 s) must be \
          longer than wait. Raise it (proxy_read_timeout in nginx), or let the client request a \
          shorter wait. Earlier responses came from \"Cowboy\". strophe.js sends the same rid \
          again."]
    );
}

#[test]
fn a_504_before_wait_runs_out_is_explained() {
    let found = after_open("50010 1 S> 504");
    assert!(found[0].contains("wait=60 was still running: the read timeout"), "{found:?}");
    let found = after_open("20 1 S> 504");
    assert!(
        found[0].contains("The reverse proxy got no answer of the back end in time"),
        "{found:?}"
    );
}

#[test]
fn each_status_is_explained() {
    for (answer, start, piece) in [
        ("400", "Warning http-status Server", "legacy form of bad-request"),
        ("403", "Warning http-status Server", "legacy form of policy-violation"),
        ("404", "Warning http-status Server", "does not know this session"),
        ("405", "Error http-status Between", "POST is not allowed at /http-bind"),
        ("413", "Error http-status Between", "client_max_body_size"),
        ("500", "Error http-status Nobody", "its log says why"),
        ("502", "Error http-status Between", "could not connect to the back end"),
        ("503", "Error http-status Between", "strophe.js sends the same rid again"),
        (
            "301 | Location: /http-bind/",
            "Error http-status Between",
            "redirects to /http-bind/, which differs by the slash at its end. Most",
        ),
        (
            "307 | Location: /b",
            "Error http-status Between",
            "redirects to /b. Configure the client",
        ),
        ("204", "Error http-status Nobody", "The response to a valid request has status 200"),
    ] {
        let found = after_open(&format!("20 1 S> {answer}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("20 {start}: rid 100001: HTTP ")), "{found:?}");
        assert!(found[0].contains(piece), "{found:?}");
    }
}

#[test]
fn a_creation_that_gets_404_is_at_the_wrong_path() {
    let script = "0 1 C> POST /chat | <body rid='100000' to='a' wait='60' hold='1' ver='1.6' \
        xml:lang='en' xmpp:version='1.0'/>\n2 1 S> 404 Not Found | Server: Apache";
    assert!(words("http-status", script)[0].contains("usually at /http-bind, /http-bind/, /bosh"));
}

#[test]
fn a_request_too_large_is_compared_with_the_largest_accepted() {
    let text = "x".repeat(2000);
    let found = after_open(&format!(
        "15 1 S> <body/>
         20 1 C> <body rid='100002' sid='s1'><message xmlns='jabber:client'>{text}</message></body>
         30 1 S> 413"
    ));
    assert!(found[0].contains("(1 stanza); the largest accepted so far had"), "{found:?}");
}

#[test]
fn a_page_instead_of_bosh_is_described() {
    let found = after_open(
        "20 1 S> 200 | Content-Type: text/html; charset=utf-8 | Server: Apache | \
         <!DOCTYPE html><title>Log in</title>",
    );
    assert_eq!(
        found,
        [
            "20 Error not-bosh Between: The response to rid 100001 is not BOSH: 200 from \"Apache\" (text/html, 36 B, \
             titled \"Log in\"). Something else answers at /http-bind, such as a web server or a login page, or the URL is \
             not the connection manager's; connection managers are usually at /http-bind, /http-bind/, /bosh or /bosh/."
        ]
    );
    let found = after_open("20 1 S> 200 | <html><p>It works");
    assert!(found[0].contains("Error not-bosh"), "{found:?}");
}

#[test]
fn pages_elsewhere_are_not_reported() {
    let script = "0 1 C> GET / | Accept: */*\n2 1 S> 404 | <html/>";
    assert_eq!(names(script), [""; 0]);
}

#[test]
fn an_empty_response_is_an_error_unless_an_older_copy_is_released() {
    let found = after_open("20 1 S> 200 | Server: Cowboy");
    assert!(found[0].starts_with("20 Error empty-answer Server: rid 100001 got HTTP 200 from"));
    let found = after_open("15 2 C> <body rid='100001' sid='s1'/>\n20 1 S> 200");
    assert!(found[0].starts_with("20 Warning empty-answer Server"), "{found:?}");
    assert!(found[0].contains("open a second time"), "{found:?}");
}

#[test]
fn a_cut_response_is_an_error() {
    let found = after_open("20 1 S- fin\n20 1 S> 200 | cut: yes | <body sid='s1'");
    assert!(
        found[0].contains("answer-cut Between: The connection ended within the response to rid")
    );
}

#[test]
fn what_is_not_http_is_reported_with_advice() {
    let script =
        "0 1 !raw C a TLS handshake where HTTP/1 was expected\n1 2 !raw S invalid HTTP version";
    let found = at_least(Level::Note, script);
    assert!(found[0].contains("The client speaks TLS to a port without TLS"), "{found:?}");
    assert!(
        found[1].contains("The server sends data that is not HTTP/1: invalid HTTP version."),
        "{found:?}"
    );
}

#[test]
fn a_target_that_fails_is_an_error_with_the_cause_and_our_response_a_note() {
    let script = "0 1 !failed nothing listens at 127.0.0.1:5280
        1 1 C> <body rid='7' sid='s1'/>\n2 1 own> 502 Bad Gateway | xmppscope: nothing";
    assert_eq!(names(script), ["target-failed", "own-answer"]);
    assert_eq!(
        at_least(Level::Warning, script),
        ["0 Error target-failed Server: nothing listens at 127.0.0.1:5280."]
    );
    let script = "0 1 !failed TLS: the client does not trust the certificate (x)";
    assert!(at_least(Level::Note, script)[0].starts_with("0 Error target-failed Client"));
}

#[test]
fn bosh_by_get_is_an_error() {
    let script = "0 1 C> GET /http-bind | <body rid='100000' sid='x'/>";
    assert_eq!(names(script), ["not-post"]);
}

#[test]
fn a_client_that_leaves_within_a_response_is_a_note_and_a_server_that_does_an_error() {
    // Regression: both were an error of something in between.
    let cut = "30 1 S> 200 | Server: Cowboy | cut: yes | <body sid='s1'";
    let script = polling() + &format!("25 1 C- reset\n{cut}\n30 1 . gone");
    assert_eq!(at_least(Level::Warning, &script), [""; 0]);
    let found = words("client-gave-up", &script);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("The client closed the connection within the response to rid 100001"),
        "{found:?}"
    );
    for first in ["25 1 S- reset\n", "25 1 S- fin\n26 1 C- fin\n"] {
        let found = at_least(Level::Note, &(polling() + first + cut));
        assert!(found[0].contains("Error answer-cut Between"), "{found:?}");
    }
    // Regression: where nobody saw who ended it, something between was named.
    for first in ["25 1 &- fin\n", "25 1 &- reset\n", ""] {
        let found = at_least(Level::Note, &(polling() + first + cut));
        assert!(found[0].contains("Warning answer-cut Nobody"), "{found:?}");
    }
}
