//! What is wrong with BOSH alone.

use super::setup::{BOSH, Setup};

pub fn all() -> Vec<Setup> {
    vec![
        Setup::location("read-timeout-nginx", "/http-bind", "proxy_read_timeout 1s;")
            .slow()
            .has("read-timeout")
            .mend("proxy_read_timeout 1s;", "nginx"),
        Setup::apache(
            "read-timeout-apache",
            "ProxyPass /http-bind http://{server}/http-bind
             ProxyTimeout 1",
        )
        .ejabberd("")
        .slow()
        .has("read-timeout")
        .mend("ProxyTimeout 1", "apache"),
        Setup::haproxy("read-timeout-haproxy", "timeout server 1s")
            .slow()
            .has("read-timeout")
            .mend("timeout server 1s", "haproxy"),
        Setup::caddy(
            "read-timeout-caddy",
            "reverse_proxy {server} {
               transport http {
                 response_header_timeout 1s
               }
             }",
        )
        .ejabberd("")
        .slow()
        .has("read-timeout")
        .mend(
            "transport http {
                 response_header_timeout 1s
               }",
            "caddy",
        ),
        Setup::location("not-held", "/http-bind", "")
            .prosody("bosh_max_wait = 1")
            .has("not-held")
            .mend("bosh_max_wait = 1", "prosody"),
        Setup::location("session-short", "/http-bind", "")
            .prosody("bosh_max_inactivity = 1")
            .has("session-short")
            .mend("bosh_max_inactivity = 1", "prosody"),
        Setup::nginx(
            "mechanisms-missing",
            "location /http-bind {
               proxy_pass http://{server};
               proxy_set_header Host $host;
               # here
             }",
        )
        .has("mechanisms-missing")
        .mend("# here", "nginx"),
        Setup::nginx(
            "mechanisms-missing-prosody",
            "location /http-bind {
               proxy_pass http://{server};
               proxy_set_header Host $host;
             }",
        )
        .prosody("-- here")
        .has("mechanisms-missing")
        .mend("-- here", "prosody"),
        Setup::location("domain-unknown", "/http-bind", "")
            .prosody("-- here")
            .at(&format!("{BOSH} --domain other.example"))
            .has("domain-unknown")
            .mend("-- here", "prosody"),
        Setup::location("domain-unknown-ejabberd", "/http-bind", "")
            .ejabberd("")
            .at(&format!("{BOSH} --domain other.example"))
            .has("domain-unknown")
            .instead(" --domain other.example", ""),
        Setup::nginx(
            "not-sticky",
            "upstream prosodies {
               # here
               server {server};
               server {second};
             }
             server {
               listen 127.0.0.1:{port} ssl;
               ssl_certificate {valid}/fullchain.pem;
               ssl_certificate_key {valid}/privkey.pem;
               location / {
                 proxy_pass http://prosodies;
                 proxy_set_header Host $host;
                 proxy_set_header X-Forwarded-Proto $scheme;
               }
             }",
        )
        .has("not-sticky")
        .mend("# here", "nginx"),
        Setup::haproxy("not-sticky-haproxy", "balance roundrobin\n  server second {second}")
            .has("not-sticky")
            .mend("balance roundrobin", "haproxy"),
    ]
}
