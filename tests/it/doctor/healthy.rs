//! What works.

use super::broken_discovery::{CORS, LINKS, TYPE, domain, host_meta};
use super::setup::{BOSH, Setup, UPGRADE, WEBSOCKET};

pub fn all() -> Vec<Setup> {
    vec![
        Setup::location("nginx-prosody-bosh", "/http-bind", "").slow(),
        Setup::location("nginx-ejabberd-websocket", "/xmpp-websocket", UPGRADE)
            .ejabberd("")
            .at(WEBSOCKET)
            .slow(),
        Setup::apache("apache-ejabberd-bosh", "ProxyPass /http-bind http://{server}/http-bind")
            .ejabberd("")
            .slow(),
        Setup::apache(
            "apache-prosody-websocket",
            "ProxyPass /xmpp-websocket http://{server}/xmpp-websocket upgrade=websocket",
        )
        .at(WEBSOCKET)
        .slow(),
        Setup::haproxy("haproxy-prosody-bosh", "").slow(),
        Setup::haproxy("haproxy-ejabberd-websocket", "timeout tunnel 1h")
            .ejabberd("")
            .at(WEBSOCKET)
            .slow(),
        Setup::caddy("caddy-ejabberd-bosh", "reverse_proxy {server}").ejabberd("").slow(),
        Setup::caddy("caddy-prosody-websocket", "reverse_proxy {server}").at(WEBSOCKET).slow(),
        domain("discovery", &host_meta(&format!("{TYPE} {CORS}"), &LINKS)).slow(),
        Setup::direct("prosody-alone")
            .at(&format!("{BOSH} --resolve chat.example:127.0.0.1:{{https}}"))
            .slow(),
        Setup::direct("prosody-alone-tcp")
            .at("xmpp://chat.example --resolve chat.example:127.0.0.1:{starttls}")
            .slow(),
    ]
}
