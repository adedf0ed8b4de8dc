//! What works.

use super::broken_discovery::{CORS, LINKS, TYPE, domain, host_meta};
use super::setup::{BOSH, Setup, UPGRADE, WEBSOCKET, location};

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
        Setup::haproxy(
            "haproxy-that-waits-for-requests",
            "frontend web
               timeout http-request 1s
               timeout client 1s
               bind 127.0.0.1:{port} ssl crt {valid}/haproxy.pem
               http-request set-header X-Forwarded-Proto https
               default_backend xmpp
             backend xmpp
               server xmpp {server}",
        )
        .slow(),
        Setup::nginx(
            "connections-are-not-kept",
            &format!("keepalive_timeout 0;\n{}", location("/http-bind", "proxy_http_version 1.0;")),
        )
        .slow(),
        Setup::nginx(
            "two-proxies",
            &format!(
                "server {{
                   listen 127.0.0.1:{{port}} ssl;
                   ssl_certificate {{valid}}/fullchain.pem;
                   ssl_certificate_key {{valid}}/privkey.pem;
                   {}
                 }}
                 server {{
                   listen 127.0.0.1:{{plain}};
                   location / {{
                     proxy_pass http://{{server}};
                     proxy_set_header Host $http_host;
                     {UPGRADE}
                   }}
                 }}",
                location("/xmpp-websocket", UPGRADE).replace("{server}", "127.0.0.1:{plain}")
            ),
        )
        .at(WEBSOCKET),
        Setup::nginx(
            "ipv6-at-another-port",
            &format!(
                "listen [::1]:{{port}} ssl;\n{}",
                location("/http-bind", "").replace("$host", "$http_host")
            ),
        )
        .at("https://chat.example:{port}/http-bind --resolve chat.example:[::1]"),
        Setup::location("letters-of-the-world", "/http-bind", "")
            .prosody("VirtualHost \"bücher.example\"")
            .at(&format!("{BOSH} --domain bücher.example")),
        domain("discovery", &host_meta(&format!("{TYPE} {CORS}"), &LINKS)).slow(),
        Setup::direct("prosody-alone")
            .at(&format!("{BOSH} --resolve chat.example:127.0.0.1:{{https}}"))
            .slow(),
        Setup::direct("prosody-alone-tcp")
            .at("xmpp://chat.example --resolve chat.example:127.0.0.1:{starttls}")
            .slow(),
    ]
}
