//! Servers behind the reverse proxies.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::identities::Identities;
use super::setup::{HOST, Values};
use crate::ejabberd::{Ejabberd, Streams};
use crate::prosody::{Password, Prosody, free_port};

/// Which server, with further settings.
#[derive(Debug, Clone)]
pub enum Server {
    Prosody(String),
    Ejabberd(String),
}

/// A server that runs.
pub struct Back {
    _process: Box<dyn Any + Send + Sync>,
    /// The password of alice@localhost.
    pub password: Password,
    /// The authority of its HTTP port.
    http: String,
    https: u16,
    starttls: u16,
    direct: u16,
}

impl Back {
    /// Prosody, for which a connection is secure only if the reverse proxy says so. It grants a short time between polls, since whoever
    /// is careful waits for it.
    fn prosody(settings: &str, identities: &Identities) -> Self {
        let [https, starttls, direct] = [free_port(), free_port(), free_port()];
        let identity = identities.folder("valid");
        let identity = identity.display();
        let server = Prosody::start_with(&format!(
            r#"
modules_enabled = {{ "saslauth", "tls", "roster", "disco", "ping", "posix", "bosh", "websocket", "smacks" }}
bosh_max_polling = 1
consider_bosh_secure = false
consider_websocket_secure = false
https_ports = {{ {https} }}
https_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {starttls} }}
c2s_interfaces = {{ "127.0.0.1" }}
c2s_direct_tls_ports = {{ {direct} }}
c2s_direct_tls_interfaces = {{ "127.0.0.1" }}
ssl = {{ certificate = "{identity}/fullchain.pem", key = "{identity}/privkey.pem" }}
https_ssl = ssl
{settings}
VirtualHost "{HOST}"
"#
        ));
        let http = server.origin().replacen("http://", "", 1);
        let password = server.alice.clone();
        Self { _process: Box::new(server), password, http, https, starttls, direct }
    }

    fn ejabberd(settings: &str, identities: &Identities) -> Self {
        let [https, starttls, direct] = [free_port(), free_port(), free_port()];
        let streams = Streams { starttls, direct, identity: identities.folder("valid") };
        let server = Ejabberd::start_for(HOST, &streams, settings);
        let http = server.origin().replacen("http://", "", 1);
        let password = server.alice.clone();
        Self { _process: Box::new(server), password, http, https, starttls, direct }
    }

    fn start(server: &Server, identities: &Identities) -> Self {
        match server {
            Server::Prosody(settings) => Self::prosody(settings, identities),
            Server::Ejabberd(settings) => Self::ejabberd(settings, identities),
        }
    }

    /// What stands for it in configurations.
    pub fn values(&self) -> Values {
        Values::from([
            ("server", self.http.clone()),
            ("https", self.https.to_string()),
            ("starttls", self.starttls.to_string()),
            ("direct", self.direct.to_string()),
        ])
    }
}

/// Servers without further settings, started when they are needed first.
pub struct Servers<'a> {
    identities: &'a Identities,
    prosody: OnceLock<Arc<Back>>,
    second: OnceLock<Arc<Back>>,
    ejabberd: OnceLock<Arc<Back>>,
}

impl<'a> Servers<'a> {
    pub fn new(identities: &'a Identities) -> Self {
        let [prosody, second, ejabberd] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];
        Self { identities, prosody, second, ejabberd }
    }

    /// One that several set-ups use, or one of its own where there are settings.
    pub fn get(&self, server: &Server) -> Arc<Back> {
        let shared = match server {
            Server::Prosody(settings) if settings.is_empty() => &self.prosody,
            Server::Ejabberd(settings) if settings.is_empty() => &self.ejabberd,
            _ => return Arc::new(Back::start(server, self.identities)),
        };
        shared.get_or_init(|| Arc::new(Back::start(server, self.identities))).clone()
    }

    /// Another Prosody.
    pub fn second(&self) -> Arc<Back> {
        self.second.get_or_init(|| Arc::new(Back::prosody("", self.identities))).clone()
    }
}
