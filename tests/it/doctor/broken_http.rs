//! What goes wrong on the way to the server.

use super::setup::{BOSH, Setup, UPGRADE, WEBSOCKET, location};

pub fn all() -> Vec<Setup> {
    [ways(), refusals(), answers(), changes()].concat()
}

/// Requests that go elsewhere.
fn ways() -> Vec<Setup> {
    vec![
        Setup::nginx(
            "host-not-passed",
            "location / {
               proxy_pass http://{server};
               proxy_set_header X-Forwarded-Proto $scheme;
               # here
             }",
        )
        .prosody(ONE_HOST)
        .has("host-not-passed")
        .mend("# here", "nginx"),
        Setup::apache(
            "host-not-passed-apache",
            "ProxyPreserveHost Off
             ProxyPass / http://{server}/ upgrade=websocket",
        )
        .prosody(ONE_HOST)
        .at(WEBSOCKET)
        .has("host-not-passed")
        .mend("ProxyPreserveHost Off", "apache"),
        Setup::caddy(
            "host-not-passed-caddy",
            "reverse_proxy {server} {
               header_up Host {upstream_hostport}
             }",
        )
        .prosody(ONE_HOST)
        .at(WEBSOCKET)
        .has("host-not-passed")
        .mend("header_up Host {upstream_hostport}", "caddy"),
        Setup::nginx(
            "path-with-a-slash-too-many",
            "location /http-bind {
               proxy_pass http://{server}/;
               proxy_set_header Host $host;
               proxy_set_header X-Forwarded-Proto $scheme;
             }",
        )
        .ejabberd("")
        .has("path-wrong")
        .mend("proxy_pass http://{server}/;", "nginx"),
        Setup::location("path-wrong", "/http-bind", "")
            .at("https://chat.example/bosh")
            .has("path-wrong")
            .instead("https://chat.example/bosh", BOSH),
        Setup::caddy(
            "path-removed-by-caddy",
            "handle_path /http-bind* {
               reverse_proxy {server}
             }",
        )
        .has("path-wrong")
        .mend(
            "handle_path /http-bind* {
               reverse_proxy {server}
             }",
            "caddy",
        ),
        Setup::nginx("redirected", &format!("# here\n  {}", location("/http-bind/", "")))
            .has("redirected")
            .mend("# here", "nginx"),
        Setup::apache(
            "redirected-apache",
            "# here
             RewriteEngine On
             RewriteRule ^/http-bind$ /http-bind/ [R=301,L]
             ProxyPass /http-bind/ http://{server}/http-bind/",
        )
        .has("redirected")
        .mend("# here", "apache"),
    ]
}

/// A login or a rule before it.
fn refusals() -> Vec<Setup> {
    vec![
        Setup::apache(
            "login-basic-apache",
            "ProxyPass / http://{server}/ upgrade=websocket
             <Location />
               AuthType Basic
               AuthName Intranet
               AuthUserFile /dev/null
               Require valid-user
             </Location>
             # here",
        )
        .ejabberd("")
        .at(WEBSOCKET)
        .has("login-page")
        .mend("# here", "apache"),
        Setup::apache(
            "blocked-apache",
            "ProxyPass / http://{server}/ upgrade=websocket
             <Location />
               Require all denied
             </Location>
             # here",
        )
        .at(WEBSOCKET)
        .has("blocked")
        .mend("# here", "apache"),
        Setup::nginx(
            "login-page",
            &format!(
                "auth_request /auth;
                 location = /auth {{ return 401; }}
                 location @login {{ return 302 https://login.example/start?rd=https://$host$request_uri; }}
                 {}",
                location("/http-bind", "error_page 401 = @login;\n# here")
            ),
        )
        .has("login-page")
        .mend("# here", "nginx"),
        Setup::nginx(
            "login-basic",
            &format!(
                "auth_basic Intranet;
                 auth_basic_user_file /dev/null;
                 {}",
                location("/http-bind", "# here")
            ),
        )
        .has("login-page")
        .mend("# here", "nginx"),
        Setup::nginx(
            "blocked",
            &format!(
                "deny all;
                 {}",
                location("/http-bind", "# here")
            ),
        )
        .has("blocked")
        .mend("# here", "nginx"),
        Setup::haproxy(
            "blocked-haproxy",
            "# here
             http-request deny if METH_POST",
        )
        .has("blocked")
        .mend("# here", "haproxy"),
    ]
}

/// Something else that answers.
fn answers() -> Vec<Setup> {
    vec![
        Setup::nginx(
            "back-end-down",
            "location / {
               proxy_pass http://127.0.0.1:{dead};
               proxy_set_header Host $host;
               proxy_set_header X-Forwarded-Proto $scheme;
             }",
        )
        .has("back-end-down")
        .mend("proxy_pass http://127.0.0.1:{dead};", "nginx"),
        Setup::haproxy(
            "back-end-down-haproxy",
            "frontend web
               bind 127.0.0.1:{port} ssl crt {valid}/haproxy.pem
               http-request set-header X-Forwarded-Proto https
               default_backend xmpp
             backend xmpp
               server xmpp 127.0.0.1:{dead}",
        )
        .has("back-end-down")
        .mend("server xmpp 127.0.0.1:{dead}", "haproxy"),
        Setup::apache(
            "back-end-down-apache",
            "ProxyPass / http://127.0.0.1:{dead}/ upgrade=websocket",
        )
        .at(WEBSOCKET)
        .has("back-end-down")
        .mend("ProxyPass / http://127.0.0.1:{dead}/ upgrade=websocket", "apache"),
        Setup::location("body-limit", "/http-bind", "client_max_body_size 8k;")
            .slow()
            .has("body-limit")
            .mend("client_max_body_size 8k;", "nginx"),
        Setup::haproxy(
            "body-limit-haproxy",
            "option http-buffer-request
             # here
             http-request deny deny_status 413 if { req.body_size gt 8192 }",
        )
        .slow()
        .has("body-limit")
        .mend("# here", "haproxy"),
        Setup::nginx(
            "cached",
            &format!(
                "proxy_cache_path {{folder}}/cache keys_zone=all:1m;
                 server {{
                   listen 127.0.0.1:{{port}} ssl;
                   ssl_certificate {{valid}}/fullchain.pem;
                   ssl_certificate_key {{valid}}/privkey.pem;
                   proxy_cache all;
                   proxy_cache_methods GET HEAD POST;
                   proxy_cache_valid 200 1m;
                   {}
                 }}",
                location("/http-bind", "# here")
            ),
        )
        .has("cached")
        .mend("# here", "nginx"),
        Setup::location("websocket-wrong-path", "/", UPGRADE)
            .ejabberd("")
            .at("wss://chat.example/ws")
            .has("path-wrong")
            .instead("wss://chat.example/ws", WEBSOCKET),
    ]
}

/// What comes through only now and then, or not as it was sent.
fn changes() -> Vec<Setup> {
    vec![
        Setup::nginx(
            "limited-requests",
            &format!(
                "limit_req_zone $binary_remote_addr zone=xmpp:1m rate=1r/m;
                 server {{
                   listen 127.0.0.1:{{port}} ssl;
                   ssl_certificate {{valid}}/fullchain.pem;
                   ssl_certificate_key {{valid}}/privkey.pem;
                   limit_req zone=xmpp burst=3 nodelay;
                   {}
                 }}",
                location("/http-bind", "")
            ),
        )
        .has("limited")
        .mend("limit_req_zone $binary_remote_addr zone=xmpp:1m rate=1r/m;", "nginx")
        .instead("burst=3", "burst=100"),
        Setup::nginx(
            "limited-connections-websocket",
            &format!(
                "limit_conn_zone $binary_remote_addr zone=xmpp:1m;
                 server {{
                   listen 127.0.0.1:{{port}} ssl;
                   ssl_certificate {{valid}}/fullchain.pem;
                   ssl_certificate_key {{valid}}/privkey.pem;
                   limit_conn xmpp 1;
                   {}
                 }}",
                location("/xmpp-websocket", UPGRADE)
            ),
        )
        .at(WEBSOCKET)
        .has("limited")
        .instead("limit_conn xmpp 1;", "limit_conn xmpp 50;"),
        Setup::haproxy(
            "limited-haproxy",
            "frontend web
               bind 127.0.0.1:{port} ssl crt {valid}/haproxy.pem
               http-request set-header X-Forwarded-Proto https
               default_backend xmpp
             backend xmpp
               timeout queue 500ms
               server xmpp {server} maxconn 1",
        )
        .has("limited")
        .mend("server xmpp {server} maxconn 1", "haproxy"),
        Setup::location(
            "changed-type",
            "/http-bind",
            "proxy_hide_header Content-Type; add_header Content-Type text/html;",
        )
        .has("changed")
        .mend("proxy_hide_header Content-Type; add_header Content-Type text/html;", "nginx"),
        Setup::haproxy("changed-type-haproxy", "http-response set-header Content-Type text/html")
            .ejabberd("")
            .has("changed")
            .mend("http-response set-header Content-Type text/html", "haproxy"),
        Setup::location("changed-coding", "/http-bind", "add_header Content-Encoding gzip;")
            .has("changed")
            .instead("add_header Content-Encoding gzip;", ""),
        Setup::location(
            "changed-namespace",
            "/http-bind",
            "sub_filter_types text/xml; sub_filter_once off; sub_filter http://jabber https://jabber;",
        )
        .has("changed")
        .instead(
            "sub_filter_types text/xml; sub_filter_once off; sub_filter http://jabber https://jabber;",
            "",
        ),
        Setup::caddy("no-route-caddy", "handle /other/* {\n  reverse_proxy {server}\n}")
            .has("path-wrong")
            .mend("handle /other/* {\n  reverse_proxy {server}\n}", "caddy"),
        Setup::nginx(
            "xmpp-port",
            "location / {
               proxy_pass http://127.0.0.1:{starttls};
               proxy_set_header Host $host;
               proxy_set_header X-Forwarded-Proto $scheme;
             }",
        )
        .has("xmpp-port")
        .mend("proxy_pass http://127.0.0.1:{starttls};", "nginx"),
        Setup::direct("xmpp-port-of-tls")
            .at(&format!("{BOSH} --resolve chat.example:127.0.0.1:{{starttls}}"))
            .has("xmpp-port")
            .instead("{starttls}", "{https}"),
        Setup::location(
            "origin-refused-bosh",
            "/http-bind",
            "if ($http_origin !~ '^(https://other.example)?$') { return 403; }",
        )
        .has("origin-refused")
        .mend("if ($http_origin !~ '^(https://other.example)?$') { return 403; }", "nginx"),
    ]
}

/// Its virtual hosts have the modules, so that a Host header that is none of them leads nowhere.
const ONE_HOST: &str = r#"modules_enabled = { "saslauth", "tls", "roster", "disco", "posix", "smacks" }
http_default_host = ""
VirtualHost "localhost"
  modules_enabled = { "bosh", "websocket" }
VirtualHost "chat.example"
  modules_enabled = { "bosh", "websocket" }
"#;
