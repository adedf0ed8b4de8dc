//! What a page may not do, though it works without a browser.

use super::setup::Setup;

const NONE: &str = "http_cors_override = { bosh = { enabled = false } }";

pub fn all() -> Vec<Setup> {
    vec![
        Setup::location(
            "cors-doubled",
            "/http-bind",
            "add_header Access-Control-Allow-Origin * always;
             # here",
        )
        .has("cors-doubled")
        .mend("# here", "nginx"),
        Setup::apache(
            "cors-doubled-apache",
            "ProxyPass /http-bind http://{server}/http-bind
             Header always set Access-Control-Allow-Origin *
             # here",
        )
        .ejabberd("")
        .has("cors-doubled")
        .mend("# here", "apache"),
        Setup::location("cors-missing", "/http-bind", "# here")
            .prosody(NONE)
            .has("cors-missing")
            .follows(&["cors-preflight"])
            .mend("# here", "nginx"),
        Setup::location("cors-missing-prosody", "/http-bind", "")
            .prosody(NONE)
            .has("cors-missing")
            .follows(&["cors-preflight"])
            .mend(NONE, "prosody"),
        Setup::apache(
            "cors-missing-apache",
            "ProxyPass /http-bind http://{server}/http-bind
             # here",
        )
        .prosody(NONE)
        .has("cors-missing")
        .follows(&["cors-preflight"])
        .mend("# here", "apache"),
        Setup::haproxy("cors-missing-haproxy", "# here")
            .prosody(NONE)
            .has("cors-missing")
            .follows(&["cors-preflight"])
            .mend("# here", "haproxy"),
        Setup::caddy("cors-missing-caddy", "# here\n  reverse_proxy {server}")
            .prosody(NONE)
            .has("cors-missing")
            .follows(&["cors-preflight"])
            .mend("# here", "caddy"),
        Setup::location(
            "cors-origin",
            "/http-bind",
            "proxy_hide_header Access-Control-Allow-Origin;
             add_header Access-Control-Allow-Origin https://other.example always;",
        )
        .has("cors-origin")
        .mend(
            "proxy_hide_header Access-Control-Allow-Origin;
             add_header Access-Control-Allow-Origin https://other.example always;",
            "nginx",
        ),
        Setup::location(
            "cors-on-errors",
            "/http-bind",
            "proxy_hide_header Access-Control-Allow-Origin;
             add_header Access-Control-Allow-Origin https://page.example;",
        )
        .ejabberd("")
        .has("cors-on-errors")
        .mend("add_header Access-Control-Allow-Origin https://page.example;", "nginx"),
        Setup::location(
            "cors-preflight-405",
            "/http-bind",
            "if ($request_method !~ ^(GET|POST)$) { return 405; }",
        )
        .has("cors-preflight")
        .mend("if ($request_method !~ ^(GET|POST)$) { return 405; }", "nginx"),
        Setup::location("cors-preflight-403", "/http-bind", "limit_except GET POST { deny all; }")
            .ejabberd("")
            .has("cors-preflight")
            .mend("limit_except GET POST { deny all; }", "nginx"),
    ]
}
