//! The carriers beside BOSH: WebSocket, which is always there, and TCP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::cli::Failure;
use crate::cli::console::eprint;
use crate::cli::watch::listen;
use crate::cm::http::serve::Service;
use crate::cm::policy::Policy;
use crate::cm::tcp::Protection;
use crate::diag::name;
use crate::wire::tls;

/// The protocol of streams inside TLS (XEP-0368 §2.1).
const ALPN: &[u8] = b"xmpp-client";

/// The carriers beside BOSH.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "WebSocket and TCP")]
pub(super) struct Streams {
    /// Address to listen on for XMPP over TCP; port 0 picks a free port
    ///
    /// With --tls or --tls-dir, clients have to use STARTTLS before they log in; otherwise it is not offered.
    #[arg(long, value_name = "ADDR:PORT")]
    tcp: Option<String>,
    /// Address to listen on for XMPP over TCP with TLS from the first byte (XEP-0368)
    #[arg(long, value_name = "ADDR:PORT")]
    direct_tls: Option<String>,
    /// Use TLS on the --tcp port, with a certificate that is generated for this run
    #[arg(long, requires = "tcp")]
    tls: bool,
    /// Use TLS on the --tcp and --direct-tls ports, with cert.pem and key.pem in DIR, which are generated if missing
    ///
    /// BOSH and WebSocket stay without TLS.
    #[arg(long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// Compress WebSocket messages for clients that offer it (permessage-deflate)
    #[arg(long)]
    deflate: bool,
    /// Do not offer SASL2 and Bind 2, which log in with one exchange
    #[arg(long, conflicts_with = "upstream")]
    no_sasl2: bool,
    /// Time that a stream waits to be resumed when its connection is lost, in seconds; 0 disables resumption
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    resumption: u64,
    /// Time from the connection to the login, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    login: u64,
    /// Time without traffic to a client after which it is pinged, in seconds; 0 disables pings
    #[arg(long, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    ping: u64,
    /// Time without traffic from a client after which its connection counts as lost, in seconds; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 150, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    idle: u64,
}

/// Where clients connect over TCP.
pub(super) struct Listeners(pub(super) Vec<(TcpListener, SocketAddr, Protection)>);

impl Streams {
    /// Puts what was chosen into the settings.
    pub(super) fn settle(&self, policy: &mut Policy) {
        policy.deflate = self.deflate;
        policy.login = Duration::from_secs(self.login);
        policy.ping = Duration::from_secs(self.ping);
        policy.idle = Duration::from_secs(self.idle);
    }

    /// The address for streams over TCP without TLS; none if TLS is asked for, or nothing is.
    pub(super) fn plain(&self) -> Option<&str> {
        let protects = self.tls || self.tls_dir.is_some();
        self.tcp.as_deref().filter(|_| !protects)
    }

    pub(super) fn resumption(&self) -> Duration {
        Duration::from_secs(self.resumption)
    }

    pub(super) fn sasl2(&self) -> bool {
        !self.no_sasl2
    }

    /// Files that are read.
    pub(super) fn inputs(&self) -> impl Iterator<Item = PathBuf> {
        let dir = self.tls_dir.iter();
        dir.flat_map(|dir| [dir.join("cert.pem"), dir.join("key.pem")])
    }

    /// Listens for streams over TCP. A certificate that has to be made is one for `domains`.
    pub(super) async fn listen(&self, domains: &[String]) -> Result<Listeners, Failure> {
        let protects = self.tls || self.tls_dir.is_some() || self.direct_tls.is_some();
        let used = self.tcp.is_some() || self.direct_tls.is_some();
        let config = (protects && used).then(|| self.config(domains)).transpose()?;
        let mut listeners = Vec::new();
        if let Some(address) = &self.tcp {
            let starttls = (self.tls || self.tls_dir.is_some()).then(|| config.clone()).flatten();
            let (listener, bound) = listen("--tcp", address).await?;
            let (words, protection) = match starttls {
                Some(config) => ("STARTTLS required", Protection::StartTls(config)),
                None => ("without TLS", Protection::None),
            };
            eprint(&format!("XMPP over TCP at {bound}, {words}"));
            listeners.push((listener, bound, protection));
        }
        if let (Some(address), Some(config)) = (&self.direct_tls, config) {
            let (listener, bound) = listen("--direct-tls", address).await?;
            eprint(&format!("XMPP over TCP at {bound}, TLS from the first byte"));
            listeners.push((listener, bound, Protection::Direct(config)));
        }
        Ok(Listeners(listeners))
    }

    fn config(&self, domains: &[String]) -> Result<Arc<ServerConfig>, Failure> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let others = domains.iter().filter(|domain| *domain != "localhost").cloned();
        names.extend(others);
        let environment = |error: tls::TlsError| Failure::Environment(error.to_string());
        let identity = tls::identity(names, self.tls_dir.as_deref()).map_err(environment)?;
        match &identity.file {
            Some(file) => eprint(&format!("clients must trust the certificate {}", name(file))),
            None => eprint(&format!("certificate fingerprint (SHA-256): {}", identity.fingerprint)),
        }
        let mut config = (*identity.config).clone();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(config))
    }
}

impl Listeners {
    /// Whether another machine can connect.
    pub(super) fn are_exposed(&self) -> bool {
        self.0.iter().any(|(_, bound, _)| !bound.ip().is_loopback())
    }

    /// Serves whoever connects until the service stops.
    pub(super) fn serve(self, service: &Arc<Service>) {
        for (listener, _, protection) in self.0 {
            tokio::spawn(Arc::clone(service).accept_tcp(listener, protection));
        }
    }
}
