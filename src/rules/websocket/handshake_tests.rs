use crate::rules::finding::Level;
use crate::rules::playbook::{at_least, names, words};

const ASK: &str = "GET /xmpp-websocket?room=x | Host: meet.example.org | Connection: Upgrade | Upgrade: websocket \
    | Sec-WebSocket-Version: 13 | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Protocol: xmpp \
    | Origin: https://www.example.org";
const SWITCH: &str = "101 Switching Protocols | Connection: upgrade | Upgrade: websocket \
    | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: xmpp";

/// What is found if this answer comes to this request.
fn to(ask: &str, answer: &str) -> Vec<String> {
    at_least(Level::Note, &format!("0 1 C> {ask}\n10 1 S> {answer}"))
}

/// The one finding, in which all of these have to occur.
fn one(found: &[String], parts: &[&str]) {
    assert_eq!(found.len(), 1, "{found:?}");
    for part in parts {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
}

#[test]
fn a_handshake_as_it_should_be_yields_nothing() {
    for (ask, answer) in [
        (ASK.to_owned(), SWITCH.to_owned()),
        (ASK.replace("Protocol: xmpp", "Protocol: foo, xmpp"), SWITCH.to_owned()),
        (ASK.replace("Connection: Upgrade", "connection: keep-alive, UPGRADE"), SWITCH.to_owned()),
        (
            ASK.replace("Upgrade: websocket", "UPGRADE: WebSocket"),
            SWITCH.replace("Upgrade: websocket", "upgrade: WebSocket"),
        ),
        (
            format!("{ASK} | Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
            format!(
                "{SWITCH} | Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=12"
            ),
        ),
        (format!("{ASK} | Sec-WebSocket-Extensions: permessage-deflate"), SWITCH.to_owned()),
        (ASK.to_owned(), format!("100 Continue\n11 1 S> {SWITCH}")),
    ] {
        assert_eq!(to(&ask, &answer), [""; 0], "{ask} {answer}");
    }
}

#[test]
fn what_is_not_xmpp_is_not_judged() {
    let other = ASK
        .replace("/xmpp-websocket?room=x", "/colibri-ws/1")
        .replace("| Sec-WebSocket-Protocol: xmpp ", "");
    assert_eq!(to(&other, "404 Not Found"), [""; 0]);
    assert_eq!(
        to(&ASK.replace("/xmpp-websocket?room=x", "/ws").replace(": xmpp", ": vite-hmr"), "502"),
        [""; 0]
    );
    // RFC 8441: 200 is the answer that opens a WebSocket over HTTP/2.
    assert_eq!(
        to("CONNECT /xmpp-websocket | :protocol: websocket | sec-websocket-protocol: xmpp", "200"),
        [""; 0]
    );
}

#[test]
fn a_refusal_names_who_answered_and_quotes_the_page() {
    one(
        &to(
            ASK,
            "502 Bad Gateway | Server: nginx/1.18.0 | <html><center>nginx/1.18.0</center></html>",
        ),
        &[
            "Error ws-refused Between",
            "HTTP 502 Bad Gateway from \"nginx/1.18.0\" (its own page)",
            "could not connect to the back end",
        ],
    );
    one(
        &to(
            ASK,
            "503 Service Unavailable | <html><body><h1>503 Service Unavailable</h1> No server is available to handle this request. </body></html>",
        ),
        &[
            "Between",
            "from HAProxy (by its page)",
            "The page says \"No server is available to handle this request.\"",
        ],
    );
    one(
        &to(
            ASK,
            "503 Service Unavailable | server: envoy | <p>upstream connect error or disconnect/reset before headers. reset reason: connection failure</p>",
        ),
        &["Between", "from \"envoy\" (its own page)", "reset reason: connection failure"],
    );
    one(
        &to(ASK, "404 Not Found | Server: nginx | <p>Unknown host: 192.0.2.70</p>"),
        &[
            "Between",
            "from Prosody (by its page), passed on by \"nginx\"",
            "\"Unknown host: 192.0.2.70\"",
            "Host is meet.example.org",
            "proxy_set_header Host",
        ],
    );
    one(
        &to(ASK, "404 Not Found | X-Content-Type-Options: nosniff | <p>404 page not found</p>"),
        &["Between", "Traefik", "no route for this path"],
    );
    one(&to(ASK, "404 Not Found | Server: Cowboy"), &["ws-refused Server", "enable its module"]);
    one(
        &to(ASK, "404 Not Found"),
        &["ws-refused Nobody", "Host is meet.example.org, Origin https://www.example.org"],
    );
    one(
        &to(ASK, "522 | Server: cloudflare"),
        &["Between", "could not connect to the origin server"],
    );
    one(
        &to(ASK, "401 Unauthorized | WWW-Authenticate: Basic realm=x"),
        &["(Basic realm=x)", "cannot add Authorization"],
    );
    one(&to(ASK, "500 Internal Server Error | Server: Jetty"), &["ws-refused Server"]);
    one(&to(ASK, "405 Method Not Allowed"), &["GET is not allowed there"]);
    one(
        &to(ASK, "302 Found | Location: https://sso.example.org/login?x"),
        &["Between", "a login stands in front"],
    );
    one(
        &to(ASK, "301 Moved | Location: https://meet.example.org/xmpp-websocket/"),
        &["Nobody", "Configure the client with wss://meet.example.org/xmpp-websocket/."],
    );
    one(
        &to(
            ASK,
            "400 Bad Request | Server: nginx | <p>The plain HTTP request was sent to HTTPS port</p>",
        ),
        &["Client", "wss://"],
    );
}

#[test]
fn a_refusal_with_403_quotes_origin_and_host() {
    one(
        &to(ASK, "403 Forbidden"),
        &["Nobody", "Origin https://www.example.org", "Host is meet.example.org"],
    );
    one(
        &to(ASK, "403 Forbidden | <p>Origin is not allowed</p>"),
        &["ws-refused Server", "\"Origin is not allowed\""],
    );
    one(
        &to(ASK, "403 Forbidden | <p>Request forbidden by administrative rules.</p>"),
        &["Between", "The XMPP server did not send this"],
    );
    one(
        &to(&ASK.replace(" | Origin: https://www.example.org", ""), "403 Forbidden"),
        &["there is no Origin"],
    );
    one(
        &to(ASK, "400 Bad Request | <p>Origin is not allowed</p>"),
        &["Server", "the status for this is 403"],
    );
}

#[test]
fn a_page_in_place_of_101_means_that_upgrade_was_lost() {
    one(
        &to(
            ASK,
            "200 | Server: Apache/2.4 | <html><p>It works! Now point your WebSocket client to this URL to connect to Prosody.</p></html>",
        ),
        &[
            "ws-upgrade-lost Between",
            "It works!",
            "the path is right",
            "after this point",
            "mod_proxy_wstunnel",
        ],
    );
    one(
        &to(
            ASK,
            "200 | <html><head><title>ejabberd ejabberd_http_ws</title></head><p>To use WebSocket connection you need a client</p></html>",
        ),
        &["from ejabberd (by its page)", "the path is right"],
    );
    one(
        &to(ASK, "200 | <!DOCTYPE html><html><title>Chat</title></html>"),
        &["ws-upgrade-lost Between", "web application"],
    );
    one(
        &to(ASK, "426 Upgrade Required | Upgrade: websocket"),
        &["ws-upgrade-lost Between", "after this point"],
    );
    one(&to(ASK, "426 | Sec-WebSocket-Version: 8, 7"), &["ws-refused Server", "version 8, 7"]);
}

#[test]
fn what_is_missing_where_it_passed_is_named() {
    one(
        &to(&ASK.replace(" | Upgrade: websocket", ""), "400 Bad Request"),
        &["ws-upgrade-lost Between", "no Upgrade: websocket"],
    );
    one(
        &to(&ASK.replace("Connection: Upgrade", "Connection: close"), "400"),
        &["ws-upgrade-lost", "Connection: close instead of Upgrade"],
    );
    one(
        &to(
            &format!(
                "{} | X-Forwarded-For: 192.0.2.1",
                ASK.replace("Connection: Upgrade | Upgrade: websocket |", "Connection: close |")
            ),
            "200 | <p>It works! Now point your WebSocket client here</p>",
        ),
        &["in front of this point"],
    );
    one(
        &to(&ASK.replace("Version: 13", "Version: 8"), "400"),
        &["ws-refused Client", "is 8 instead of 13", "does not say in Sec-WebSocket-Version"],
    );
    one(
        &to(&ASK.replace("| Sec-WebSocket-Protocol: xmpp ", ""), "501 Not Implemented"),
        &["ws-subprotocol-not-offered Client", "no subprotocol"],
    );
    one(&to(ASK, "501 Not Implemented"), &["ws-refused Nobody", "is passed on"]);
}

#[test]
fn a_101_is_compared_with_what_was_asked() {
    let with = |what: &str| SWITCH.replace("| Sec-WebSocket-Protocol: xmpp", what);
    one(&to(ASK, &with("")), &["Error ws-subprotocol-missing Server", "browsers close"]);
    one(
        &to(&ASK.replace(": xmpp", ": foo, xmpp"), &with("| Sec-WebSocket-Protocol: foo")),
        &["ws-subprotocol-missing", "foo, and not xmpp"],
    );
    one(
        &to(&ASK.replace(": xmpp", ": foo, xmpp"), &with("| Sec-WebSocket-Protocol: foo, xmpp")),
        &["ws-subprotocol-wrong Server", "several subprotocols (foo, xmpp)"],
    );
    one(
        &to(ASK, &with("| Sec-WebSocket-Protocol: XMPP")),
        &["ws-subprotocol-wrong", "names the subprotocol XMPP"],
    );
    one(
        &to(ASK, &with("| Sec-WebSocket-Protocol: xmpp | Sec-WebSocket-Protocol: xmpp")),
        &["ws-subprotocol-wrong", "2 Sec-WebSocket-Protocol lines"],
    );
    one(
        &to(&ASK.replace("| Sec-WebSocket-Protocol: xmpp ", ""), SWITCH),
        &["ws-subprotocol-wrong", "offered none"],
    );
    one(
        &to(ASK, &SWITCH.replace("s3pPLM", "AAAAAA")),
        &["ws-accept-wrong Server", "instead of s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    );
    one(
        &to(ASK, &SWITCH.replace("Connection: upgrade", "Connection: close")),
        &["ws-accept-wrong", "no Connection: Upgrade"],
    );
    one(
        &to(ASK, &format!("{SWITCH} | Sec-WebSocket-Extensions: permessage-deflate")),
        &["ws-extension-wrong", "no extension"],
    );
    let ask = format!("{ASK} | Sec-WebSocket-Extensions: permessage-deflate");
    one(
        &to(
            &ask,
            &format!(
                "{SWITCH} | Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9"
            ),
        ),
        &["ws-extension-wrong", "client_max_window_bits"],
    );
}

#[test]
fn a_refusal_that_is_repeated_is_explained_once() {
    let script =
        format!("0 1 C> {ASK}\n5 1 S> 502\n10 2 C> {ASK}\n15 2 S> 502\n20 2 C> {ASK}\n25 2 S> 404");
    let found = words("ws-refused", &script);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[1].contains("HTTP 502, for the 2nd time. See #1."), "{found:?}");
    assert!(found[2].contains("Host is"), "{found:?}");
}

#[test]
fn plain_gets_beside_a_websocket_that_works_are_no_handshakes() {
    let get = "C> GET /xmpp-websocket?room=x | Host: meet.example.org";
    let script = format!(
        "0 1 C> {ASK}\n5 1 S> {SWITCH}\n60000 2 {get}\n60005 2 S> 200 | <html>It works!</html>\n120000 2 {get}\n120005 2 S> 426"
    );
    assert_eq!(names(&script), [""; 0]);
    let alone = format!("0 1 {get}\n5 1 S> 426\n60000 1 {get}\n60005 1 S> 426");
    assert_eq!(names(&alone), ["ws-plain-get"]);
    assert_eq!(at_least(Level::Warning, &alone), [""; 0]);
}

#[test]
fn bosh_at_a_path_of_websocket_is_the_clients_mistake() {
    let post = "C> POST /ws | <body rid='100000' to='a' ver='1.6' wait='60' hold='1' xml:lang='en' xmpp:version='1.0'/>";
    let found = at_least(
        Level::Note,
        &format!(
            "0 1 {post}\n5 1 S> 400 Bad Request | Server: nginx | <html><h1>Bad Request</h1></html>"
        ),
    );
    one(
        &found,
        &[
            "Error bosh-at-websocket Client",
            "to /ws, a path at which servers have WebSocket",
            "ws:// or wss://",
            "/http-bind",
        ],
    );
    // A path that is usual for WebSocket, and has BOSH.
    let works = format!(
        "0 1 {post}\n5 1 S> <body sid='s' wait='60' requests='2' hold='1' ver='1.6'/>\n10 2 {post}\n15 2 S> 502"
    );
    assert_eq!(names(&works), ["http-status"]);
    // A path on which a WebSocket was opened before.
    let before = format!(
        "0 1 C> {}\n5 1 S> {SWITCH}\n10 2 {}\n15 2 S> 404",
        ASK.replace("/xmpp-websocket", "/chat"),
        post.replace("/ws", "/chat")
    );
    assert_eq!(names(&before), ["bosh-at-websocket"]);
}

#[test]
fn a_handshake_without_an_answer_is_reported_once_its_connection_is_gone() {
    one(
        &at_least(Level::Note, &format!("0 1 C> {ASK}\n15 1 S. fin")),
        &["Error ws-no-answer Nobody", "the server's side closed"],
    );
    one(
        &at_least(Level::Note, &format!("0 1 C> {ASK}\n20000 1 C. fin")),
        &["Warning ws-no-answer", "no answer in 20.0 s"],
    );
    for end in ["15 1 C. fin", "15 1 S. stopped", "12 1 !lost 1\n15 1 S. fin"] {
        let found = names(&format!("0 1 C> {ASK}\n{end}"));
        assert!(!found.contains(&"ws-no-answer"), "{end}: {found:?}");
    }
    assert_eq!(
        names(&format!("0 1 C> {ASK}\n5 1 !failed no route\n6 1 own> 502\n7 1 S. fin")),
        ["target-failed"]
    );
}

#[test]
fn a_websocket_at_a_path_of_bosh_is_told_so() {
    let ask = ASK.replace("/xmpp-websocket?room=x", "/http-bind");
    let page = "<p>It works! Now point your BOSH client to this URL to connect to Prosody.</p>";
    one(
        &to(&ask, &format!("200 | {page}")),
        &["ws-refused Client", "a path of BOSH", "/xmpp-websocket"],
    );
    one(&to(&ask, "405 Method Not Allowed"), &["ws-refused Client", "a path of BOSH"]);
    one(&to(&ask, "502 Bad Gateway"), &["ws-refused Between"]);
}

#[test]
fn a_connection_manager_that_answers_is_named() {
    for (path, answer, party) in [
        ("/chat", "200 | <body/>", "Client"),
        ("/ws", "200 | <body type='terminate' condition='bad-request'/>", "Nobody"),
        ("/ws", "400 Bad Request | <body type='terminate' condition='bad-request'/>", "Nobody"),
    ] {
        let found = to(&ASK.replace("/xmpp-websocket?room=x", path), answer);
        one(
            &found,
            &[&format!("ws-refused {party}:"), "a connection manager answers at this path"],
        );
    }
}

#[test]
fn a_websocket_that_finds_no_handshake_did_not_get_it() {
    let found = to(ASK, "400 Bad Request | not a WebSocket handshake");
    one(&found, &["ws-upgrade-lost Between:", "something after this point took Upgrade"]);
    let found = to(ASK, "400 Bad Request | WebSocket protocol version not supported");
    one(&found, &["ws-refused Nobody:"]);
}

#[test]
fn a_path_that_was_made_by_mistake_is_named() {
    for (path, piece) in [
        ("/undefined", "No WebSocket answers at /undefined"),
        ("/xmpp-websocket/xmpp-websocket", "the same part twice"),
        ("//xmpp-websocket", "two slashes in a row"),
    ] {
        let found = to(&ASK.replace("/xmpp-websocket?room=x", path), "404 Not Found");
        one(&found, &["ws-refused Client:", piece]);
    }
}

#[test]
fn pages_that_say_more_than_their_status_are_understood() {
    one(
        &to(ASK, "200 | <html><body><h1>It works!</h1></body></html>"),
        &["Between", "the start page of a web server"],
    );
    one(&to(ASK, "403 Forbidden | server: istio-envoy"), &["Between", "upgrade_configs"]);
    one(
        &to(ASK, "403 Forbidden | Server: nginx | <p>You're not allowed to do that.</p>"),
        &["ws-refused Server", "from Prosody (by its page)", "cross_domain_websocket"],
    );
    one(
        &to(
            ASK,
            "500 Proxy Error | Server: Apache | <p>The proxy server could not handle the request</p><p>Reason: Error during SSL Handshake with remote server</p>",
        ),
        &["Between", "\"Reason: Error during SSL Handshake", "speaks TLS to a back end"],
    );
    // The page is that of the server behind: nginx only passes it on.
    one(
        &to(
            ASK,
            "404 Not Found | Server: nginx | <p>Whatever you were looking for is not here. Keep looking.</p>",
        ),
        &["ws-refused Server"],
    );
    // A content coding that was not removed is not quoted.
    let found = to(ASK, "404 Not Found | undecoded: unknown | <p>Unknown host: a</p>");
    assert!(!found[0].contains("Unknown host"), "{found:?}");
}

#[test]
fn websockets_of_other_things_are_not_judged_by_their_last_name() {
    let other = ASK.replace("| Sec-WebSocket-Protocol: xmpp ", "");
    for path in ["/sockjs/123/abc/websocket", "/api/v1/ws", "/socket.io/?EIO=4"] {
        assert_eq!(
            to(&other.replace("/xmpp-websocket?room=x", path), "404 Not Found"),
            [""; 0],
            "{path}"
        );
    }
    one(&to(&other.replace("/xmpp-websocket?room=x", "/ws"), "404 Not Found"), &["ws-refused"]);
}
