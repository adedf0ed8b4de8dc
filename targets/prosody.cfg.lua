-- How targets/start runs Prosody. All it stores is below /srv, which is a temporary folder there.
data_path = "/srv/data"
pidfile = "/srv/prosody.pid"
log = { info = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { ENV_BED_TCP }
c2s_direct_tls_ports = { ENV_BED_TLS }
ssl = { certificate = "/srv/cert.pem", key = "/srv/key.pem" }
http_interfaces = { "127.0.0.1" }
http_ports = { ENV_BED_PORT }
https_ports = { }
http_default_host = "localhost"
modules_enabled = {
  "saslauth", "tls", "roster", "disco", "ping", "posix", "bosh", "websocket", "smacks",
  "carbons", "pep", "blocklist", "vcard_legacy",
}
modules_disabled = { "s2s" }
consider_bosh_secure = true
consider_websocket_secure = true
authentication = "internal_hashed"

VirtualHost "localhost"
VirtualHost "anon.localhost"
  authentication = "anonymous"
  modules_enabled = { "version" }
Component "conference.localhost" "muc"
