//! What is wrong with how clients find the server: host-meta and SRV.

use super::setup::{Setup, UPGRADE, location};

/// A domain with host-meta, BOSH and WebSocket at nginx, and XMPP over TCP.
pub fn domain(name: &'static str, host_meta: &str) -> Setup {
    let lines =
        [host_meta.to_owned(), location("/http-bind", ""), location("/xmpp-websocket", UPGRADE)]
            .join("\n  ");
    Setup::nginx(name, &lines)
        .zone(&[HOSTS, STARTTLS, DIRECT].join("\n"))
        .at("chat.example")
        .has("host-meta-wrong")
}

const HOSTS: &str = "chat.example A 127.0.0.1\nxmpp.example A 127.0.0.1";
const STARTTLS: &str = "_xmpp-client._tcp.chat.example SRV 0 5 {starttls} xmpp.example";
const DIRECT: &str = "_xmpps-client._tcp.chat.example SRV 0 5 {direct} xmpp.example";

/// The location of host-meta, with these lines at its head and links.
pub fn host_meta(head: &str, links: &[(&str, &str)]) -> String {
    let links: Vec<String> = links
        .iter()
        .map(|(kind, url)| {
            format!("<Link rel=\"urn:xmpp:alt-connections:{kind}\" href=\"{url}\"/>")
        })
        .collect();
    format!(
        "location = /.well-known/host-meta {{
    {head}
    return 200 '<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">{}</XRD>';
  }}",
        links.join("")
    )
}

pub const TYPE: &str = "default_type application/xrd+xml;";
pub const CORS: &str = "add_header Access-Control-Allow-Origin *;";
pub const LINKS: [(&str, &str); 2] = [
    ("xbosh", "https://chat.example/http-bind"),
    ("websocket", "wss://chat.example/xmpp-websocket"),
];

/// A domain whose host-meta has these links.
fn links(name: &'static str, links: &[(&str, &str)]) -> Setup {
    let host_meta = host_meta(&format!("{TYPE} {CORS}"), links);
    domain(name, &host_meta).mend(&host_meta, "nginx")
}

pub fn all() -> Vec<Setup> {
    let [bosh, websocket] = LINKS;
    let spa = "location = /.well-known/host-meta { default_type text/html; \
               return 200 '<!DOCTYPE html><html><body><div id=\"app\"></div></body></html>'; }";
    let dns = |name, zone: &str| {
        let host_meta = host_meta(&format!("{TYPE} {CORS}"), &LINKS);
        domain(name, &host_meta).zone(zone)
    };
    let nowhere =
        "_xmpp-client._tcp.chat.example SRV 0 0 0 .\n_xmpps-client._tcp.chat.example SRV 0 0 0 .";
    let swapped = "_xmpp-client._tcp.chat.example SRV 0 5 {direct} xmpp.example
_xmpps-client._tcp.chat.example SRV 0 5 {starttls} xmpp.example";
    let address = "_xmpp-client._tcp.chat.example SRV 0 5 {starttls} 127.0.0.1";
    let dead = "_xmpp-client._tcp.chat.example SRV 0 5 {dead} xmpp.example";
    vec![
        links("host-meta-wrong-rel", &[("bosh", bosh.1), ("ws", websocket.1)]),
        domain("host-meta-of-a-page", spa).follows(&["host-meta-cors"]).mend(spa, "nginx"),
        links("host-meta-dead-link", &[bosh, ("websocket", "wss://dead.example/xmpp-websocket")])
            .at("chat.example --resolve dead.example:127.0.0.1:{dead}")
            .has("host-meta-dead-link"),
        links("host-meta-insecure", &[("xbosh", "http://plain.example/http-bind"), websocket])
            .front_also("listen 127.0.0.1:{plain};")
            .at("chat.example --resolve plain.example:127.0.0.1:{plain}")
            .has("host-meta-insecure")
            .follows(&["mechanisms-missing"]),
        domain("host-meta-cors", &host_meta(&format!("{TYPE}\n# here"), &LINKS))
            .has("host-meta-cors")
            .mend("# here", "nginx"),
        dns("srv-not-offered", &[HOSTS, nowhere].join("\n"))
            .has("srv-not-offered")
            .mend(nowhere, "dns"),
        dns("srv-swapped", &[HOSTS, swapped].join("\n")).has("starttls-mixed").mend(swapped, "dns"),
        dns("srv-target", &[HOSTS, address, DIRECT].join("\n"))
            .has("srv-target")
            .mend(address, "dns"),
        domain(
            "host-meta-cors-of-a-redirect",
            &format!(
                "location = /.well-known/host-meta {{ # here\n return 302 /meta; }}\n  {}",
                host_meta(&format!("{TYPE} {CORS}"), &LINKS)
                    .replace("/.well-known/host-meta", "/meta")
            ),
        )
        .has("host-meta-cors")
        .mend("# here", "nginx"),
        dns("srv-dead", &[HOSTS, dead, DIRECT].join("\n")).has("srv-dead").mend(dead, "dns"),
    ]
}
