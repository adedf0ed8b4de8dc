//! What is wrong with addresses, ports and certificates.

use super::setup::{BOSH, Setup, UPGRADE, WEBSOCKET};

/// A server of nginx with these lines for TLS. WebSocket is examined sooner than BOSH.
fn tls(name: &'static str, lines: &str) -> Setup {
    let server = format!(
        "server {{
           {lines}
           location / {{
             proxy_pass http://{{server}};
             proxy_set_header Host $host;
             proxy_set_header X-Forwarded-Proto https;
             {UPGRADE}
           }}
         }}"
    );
    Setup::nginx(name, &server).at(WEBSOCKET)
}

pub fn all() -> Vec<Setup> {
    [ports(), certificates()].concat()
}

/// A port that is not what a client takes it for.
fn ports() -> Vec<Setup> {
    vec![
        Setup::location("address-dead", "/", UPGRADE)
            .at(&format!(
                "{WEBSOCKET} --resolve chat.example:[::1]:{{dead}} --resolve chat.example:127.0.0.1:{{port}}"
            ))
            .has("address-dead")
            .instead(" --resolve chat.example:[::1]:{dead}", ""),
        tls("plain-on-tls-port", "listen 127.0.0.1:{port};")
            .has("plain-on-tls-port")
            .mend("listen 127.0.0.1:{port};", "nginx"),
        Setup::location("tls-on-plain-port", "/", "")
            .at("http://chat.example/http-bind")
            .has("tls-on-plain-port")
            .instead("http://chat.example/http-bind", BOSH),
        tls(
            "tls-failed",
            "listen 127.0.0.1:{port} ssl;
             ssl_certificate {valid}/fullchain.pem;
             ssl_certificate_key {valid}/privkey.pem;
             ssl_protocols TLSv1.1;",
        )
        .has("tls-failed")
        .mend("ssl_protocols TLSv1.1;", "nginx"),
        Setup::haproxy(
            "proxy-protocol",
            "frontend web
               bind 127.0.0.1:{port} accept-proxy ssl crt {valid}/haproxy.pem
               http-request set-header X-Forwarded-Proto https
               default_backend xmpp
             backend xmpp
               server xmpp {server}",
        )
        .has("proxy-protocol")
        .mend("bind 127.0.0.1:{port} accept-proxy ssl crt {valid}/haproxy.pem", "haproxy"),
        tls(
            "client-certificate",
            "listen 127.0.0.1:{port} ssl;
             ssl_certificate {valid}/fullchain.pem;
             ssl_certificate_key {valid}/privkey.pem;
             ssl_client_certificate {self-signed}/cert.pem;
             ssl_verify_client on;",
        )
        .has("client-certificate")
        .mend("ssl_verify_client on;", "nginx"),
        Setup::haproxy(
            "client-certificate-haproxy",
            "frontend web
               bind 127.0.0.1:{port} ssl crt {valid}/haproxy.pem ca-file {self-signed}/cert.pem verify required
               http-request set-header X-Forwarded-Proto https
               default_backend xmpp
             backend xmpp
               server xmpp {server}",
        )
        .has("client-certificate")
        .mend(
            "bind 127.0.0.1:{port} ssl crt {valid}/haproxy.pem ca-file {self-signed}/cert.pem verify required",
            "haproxy",
        ),
        Setup::direct("tls-on-plain-port-prosody")
            .at("ws://chat.example/xmpp-websocket --resolve chat.example:127.0.0.1:{https}")
            .has("tls-on-plain-port")
            .instead("ws://", "wss://"),
        Setup::direct("starttls-missing")
            .prosody("modules_disabled = { \"tls\" }")
            .at("xmpp://chat.example --resolve chat.example:127.0.0.1:{starttls}")
            .has("starttls-missing")
            .instead("modules_disabled = { \"tls\" }", ""),
        Setup::direct("starttls-at-direct-tls")
            .at("xmpp://chat.example --resolve chat.example:127.0.0.1:{direct}")
            .has("starttls-mixed")
            .instead("xmpp://", "xmpps://"),
    ]
}

/// A certificate that no browser takes, or not for long.
fn certificates() -> Vec<Setup> {
    vec![
        tls(
            "certificate-soon",
            "listen 127.0.0.1:{port} ssl;
             ssl_certificate {soon}/fullchain.pem;
             ssl_certificate_key {soon}/privkey.pem;",
        )
        .has("certificate-soon")
        .instead("{soon}", "{valid}"),
        tls(
            "certificate-expired",
            "listen 127.0.0.1:{port} ssl;
             ssl_certificate {expired}/fullchain.pem;
             ssl_certificate_key {expired}/privkey.pem;",
        )
        .has("certificate-expired")
        .instead("{expired}", "{valid}"),
        Setup::haproxy(
            "certificate-expired-websocket",
            "frontend web
               bind 127.0.0.1:{port} ssl crt {expired}/haproxy.pem
               default_backend xmpp
             backend xmpp
               server xmpp {server}",
        )
        .ejabberd("")
        .at(WEBSOCKET)
        .has("certificate-expired")
        .instead("{expired}", "{valid}"),
        tls(
            "certificate-name",
            "listen 127.0.0.1:{port} ssl;
             # here
             ssl_certificate {other}/fullchain.pem; ssl_certificate_key {other}/privkey.pem;",
        )
        .has("certificate-name")
        .mend(
            "# here
             ssl_certificate {other}/fullchain.pem; ssl_certificate_key {other}/privkey.pem;",
            "nginx",
        ),
        tls(
            "certificate-chain-nginx",
            "listen 127.0.0.1:{port} ssl;
             ssl_certificate {valid}/cert.pem;
             ssl_certificate_key {valid}/privkey.pem;",
        )
        .has("certificate-chain")
        .mend("ssl_certificate {valid}/cert.pem;", "nginx"),
        Setup::caddy(
            "certificate-chain-caddy",
            "https://chat.example:{port} {
               bind 127.0.0.1
               tls {valid}/cert.pem {valid}/privkey.pem
               reverse_proxy {server}
             }",
        )
        .ejabberd("")
        .at(WEBSOCKET)
        .has("certificate-chain")
        .mend("tls {valid}/cert.pem {valid}/privkey.pem", "caddy"),
        Setup::apache(
            "certificate-untrusted",
            "SSLEngine on
             SSLCertificateFile {self-signed}/cert.pem
             SSLCertificateKeyFile {self-signed}/privkey.pem
             RequestHeader set X-Forwarded-Proto https
             ProxyPass / http://{server}/ upgrade=websocket",
        )
        .at(WEBSOCKET)
        .has("certificate-untrusted")
        .mend(
            "SSLCertificateFile {self-signed}/cert.pem
             SSLCertificateKeyFile {self-signed}/privkey.pem",
            "apache",
        ),
    ]
}
