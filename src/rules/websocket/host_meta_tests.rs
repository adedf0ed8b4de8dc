use super::*;
use crate::rules::playbook::at_least;

const WEBSOCKET: &str = "<Link rel='urn:xmpp:alt-connections:websocket' href='wss://a/ws'/>";

fn of(path: &str, answer: &str) -> Vec<String> {
    at_least(Level::Note, &format!("0 1 C> GET /.well-known/{path} | Host: a\n5 1 S> {answer}"))
}

fn file(links: &str) -> Vec<String> {
    of("host-meta", &format!("200 | <XRD xmlns='{XRD}'>{links}</XRD>"))
}

#[test]
fn host_meta_as_it_should_be_yields_nothing() {
    assert_eq!(file(WEBSOCKET), [""; 0]);
    assert_eq!(
        file(
            "<Link rel='lrdd' template='http://b/{uri}'/><Link rel='urn:xmpp:alt-connections:xbosh' href='https://b'/>"
        ),
        [""; 0]
    );
    assert_eq!(
        file("<Link rel='urn:xmpp:alt-connections:websocket' href='ws://localhost:5280/ws'/>"),
        [""; 0]
    );
    assert_eq!(file("<Link rel='urn:xmpp:alt-connections:tls' href='x:1'/>"), [""; 0]);
    let json =
        "200 | {\"links\":[{\"rel\":\"urn:xmpp:alt-connections:websocket\",\"href\":\"wss://a\"}]}";
    assert_eq!(of("host-meta.json", json), [""; 0]);
    assert_eq!(of("host-meta", "304"), [""; 0]);
}

#[test]
fn what_clients_cannot_use_is_named() {
    for (path, answer, wanted) in [
        (
            "host-meta",
            "404 Not Found",
            "Note host-meta-missing Nobody: There is no /.well-known/host-meta",
        ),
        (
            "host-meta",
            "200 | <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.1'/>",
            "Error host-meta-wrong Server",
        ),
        ("host-meta", "200 | <!DOCTYPE html><html></html>", "a web page instead of an XRD"),
        ("host-meta", "200 | <XRD", "not well-formed"),
        ("host-meta.json", "200 | <XRD/>", "not JSON"),
        ("host-meta.json", "200 | {}", "no list of links"),
    ] {
        let found = of(path, answer);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(wanted), "{found:?}");
    }
    assert!(file("")[0].contains("Note host-meta-wrong"));
    assert!(
        file("<Link rel='urn:xmpp:alt-connections:wss' href='wss://a'/>")[0]
            .contains("has to be urn:xmpp:alt-connections:websocket")
    );
    assert!(file(&WEBSOCKET.replace("wss:", "ws:"))[0].contains("Error host-meta-insecure Server"));
    assert!(file(&WEBSOCKET.replace("wss:", "https:"))[0].contains("has to begin with wss://"));
}

#[test]
fn a_page_of_another_origin_needs_the_header() {
    let ask = |origin: &str, answer: &str| {
        let body = format!("<XRD xmlns='{XRD}'>{WEBSOCKET}</XRD>");
        let ask = format!("C> GET /.well-known/host-meta | Host: a{origin}");
        at_least(
            Level::Note,
            &format!(
                "0 1 {ask}\n5 1 S> 200{answer} | {body}\n9 1 {ask}\n10 1 S> 200{answer} | {body}"
            ),
        )
    };
    let found = ask(" | Origin: https://b", "");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("Warning host-meta-hidden Server"), "{found:?}");
    assert!(
        ask(" | Origin: https://b", " | Access-Control-Allow-Origin: https://c")[0]
            .contains("is https://c")
    );
    for (origin, answer) in [
        ("", ""),
        (" | Origin: https://a", ""),
        (" | Origin: https://b | Sec-Fetch-Site: same-origin", ""),
        (" | Origin: https://b", " | Access-Control-Allow-Origin: *"),
    ] {
        assert_eq!(ask(origin, answer), [""; 0]);
    }
}
