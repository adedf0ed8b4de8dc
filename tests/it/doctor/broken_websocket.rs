//! What is wrong with WebSocket alone.

use super::setup::{Setup, UPGRADE, WEBSOCKET, location};

pub fn all() -> Vec<Setup> {
    [handshakes(), lasting()].concat()
}

fn handshakes() -> Vec<Setup> {
    vec![
        Setup::location("upgrade-dropped-nginx", "/xmpp-websocket", "# here")
            .ejabberd("")
            .at(WEBSOCKET)
            .has("upgrade-dropped")
            .mend("# here", "nginx"),
        // Prosody agrees to what it was not asked for, and then closes the connection as HTTP/1.0 wants it.
        Setup::location("upgrade-dropped-nginx-prosody", "/xmpp-websocket", "# here")
            .at(WEBSOCKET)
            .has("upgrade-dropped")
            .mend("# here", "nginx"),
        Setup::apache(
            "upgrade-dropped-apache",
            "ProxyPass /xmpp-websocket http://{server}/xmpp-websocket",
        )
        .ejabberd("")
        .at(WEBSOCKET)
        .has("upgrade-dropped")
        .mend("ProxyPass /xmpp-websocket http://{server}/xmpp-websocket", "apache"),
        Setup::caddy(
            "upgrade-dropped-caddy",
            "reverse_proxy {server} {
               header_up -Upgrade
               header_up -Connection
             }",
        )
        .ejabberd("")
        .at(WEBSOCKET)
        .has("upgrade-dropped")
        .mend(
            "reverse_proxy {server} {
               header_up -Upgrade
               header_up -Connection
             }",
            "caddy",
        ),
        Setup::nginx(
            "upgrade-dropped-at-one-address",
            &format!(
                "server {{
                   listen 127.0.0.1:{{port}} ssl;
                   ssl_certificate {{valid}}/fullchain.pem;
                   ssl_certificate_key {{valid}}/privkey.pem;
                   {}
                 }}
                 server {{
                   listen 127.0.0.2:{{port}} ssl;
                   ssl_certificate {{valid}}/fullchain.pem;
                   ssl_certificate_key {{valid}}/privkey.pem;
                   {}
                 }}",
                location("/xmpp-websocket", UPGRADE),
                location("/xmpp-websocket", "# here")
            ),
        )
        .at("wss://chat.example/xmpp-websocket --resolve chat.example:127.0.0.1:{port} --resolve chat.example:127.0.0.2:{port}")
        .has("upgrade-dropped")
        .mend("# here", "nginx"),
        Setup::location("origin-refused-ejabberd", "/xmpp-websocket", UPGRADE)
            .ejabberd("websocket_origin: [\"https://other.example\"]")
            .at(WEBSOCKET)
            .has("origin-refused")
            .mend("websocket_origin: [\"https://other.example\"]", "ejabberd"),
        Setup::location(
            "origin-refused-nginx",
            "/xmpp-websocket",
            &format!(
                "if ($http_origin !~ '^(https://other.example)?$') {{ return 403; }}\n{UPGRADE}"
            ),
        )
        .at(WEBSOCKET)
        .has("origin-refused")
        .mend("if ($http_origin !~ '^(https://other.example)?$') { return 403; }", "nginx"),
        Setup::haproxy(
            "origin-refused-haproxy",
            "# here
             http-request deny if { req.hdr(Origin) -m found } !{ req.hdr(Origin) https://other.example }",
        )
        .at(WEBSOCKET)
        .has("origin-refused")
        .mend("# here", "haproxy"),
    ]
}

fn lasting() -> Vec<Setup> {
    vec![
        Setup::location(
            "subprotocol-missing-nginx",
            "/xmpp-websocket",
            &format!("{UPGRADE}\nproxy_hide_header Sec-WebSocket-Protocol;"),
        )
        .at(WEBSOCKET)
        .has("subprotocol-missing")
        .mend("proxy_hide_header Sec-WebSocket-Protocol;", "nginx"),
        Setup::haproxy(
            "subprotocol-missing-haproxy",
            "http-response del-header Sec-WebSocket-Protocol",
        )
        .ejabberd("")
        .at(WEBSOCKET)
        .has("subprotocol-missing")
        .mend("http-response del-header Sec-WebSocket-Protocol", "haproxy"),
        Setup::location(
            "idle-timeout-nginx",
            "/xmpp-websocket",
            &format!("{UPGRADE}\nproxy_read_timeout 2s;"),
        )
        .at(WEBSOCKET)
        .slow()
        .has("idle-timeout")
        .mend("proxy_read_timeout 2s;", "nginx"),
        Setup::haproxy("idle-timeout-haproxy", "timeout tunnel 2s")
            .ejabberd("")
            .at(WEBSOCKET)
            .slow()
            .has("idle-timeout")
            .mend("timeout tunnel 2s", "haproxy"),
        Setup::apache(
            "idle-timeout-apache",
            "ProxyPass / http://{server}/ upgrade=websocket
             Timeout 2
             # here",
        )
        .at(WEBSOCKET)
        .slow()
        .has("idle-timeout")
        .mend("# here", "apache"),
    ]
}
