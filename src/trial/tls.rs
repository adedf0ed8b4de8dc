//! TLS of a trial: what its server offers, with which certificate, and what the client has to trust.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};

use crate::cm::tcp::Protection;
use crate::scenario::{Certificate, ServerTls, Transport};
use crate::wire::authority::Authority;
use crate::wire::tls;

/// Whom a certificate of another name is for.
const OTHER: &str = "other.example";

/// TLS of the servers of a run.
pub struct Trust {
    /// It signs the certificates of servers.
    pub authority: Authority,
    /// The file with its certificate, for clients.
    pub file: Option<String>,
    /// Servers whose scenario does not say otherwise have TLS.
    pub everywhere: bool,
}

impl Trust {
    /// One for this run, without a file, and with TLS only where the scenario wants it.
    ///
    /// # Errors
    /// There is no key to be had.
    pub fn new() -> Result<Self, tls::TlsError> {
        Ok(Self { authority: Authority::new()?, file: None, everywhere: false })
    }

    /// Settings of a server with a valid certificate for a domain and this machine.
    pub(super) fn accept(&self, carrier: Transport, domain: &str) -> io::Result<Arc<ServerConfig>> {
        accepting(&self.authority, names(domain, Ipv4Addr::LOCALHOST.into()), false, carrier)
    }

    /// Settings of a client that trusts the authority, or whoever comes.
    pub(super) fn connect(&self, carrier: Transport, anyone: bool) -> io::Result<ClientConfig> {
        let verifier = if anyone { tls::verifier(None, true) } else { self.authority.verifier() };
        let config = tls::verifying(verifier.map_err(io::Error::other)?);
        let mut config = config.map_err(io::Error::other)?;
        config.alpn_protocols = vec![protocol(carrier).to_vec()];
        Ok(config)
    }
}

/// TLS of one server.
#[derive(Debug, Clone)]
pub(super) enum Tls {
    /// There is none.
    None,
    /// STARTTLS is offered; over BOSH and WebSocket, it begins at once.
    Offered(Arc<ServerConfig>),
    /// The same, but required.
    Required(Arc<ServerConfig>),
    /// It begins with the first byte.
    Direct(Arc<ServerConfig>),
}

impl Tls {
    /// What a scenario says, or else the run, for a server of a domain at an address.
    pub(super) fn of(
        trust: &Trust,
        said: Option<ServerTls>,
        shown: Certificate,
        carrier: Transport,
        (domain, host): (&str, IpAddr),
    ) -> io::Result<Self> {
        let usual = if trust.everywhere { ServerTls::Required } else { ServerTls::None };
        let names = match shown {
            Certificate::OtherName => vec![OTHER.to_owned()],
            _ => names(domain, host),
        };
        let other = (shown == Certificate::OtherCa).then(Authority::unknown).transpose();
        let other = other.map_err(io::Error::other)?;
        let authority = other.as_ref().unwrap_or(&trust.authority);
        let config = || accepting(authority, names, shown == Certificate::Expired, carrier);
        Ok(match said.unwrap_or(usual) {
            ServerTls::None => Self::None,
            ServerTls::Offered => Self::Offered(config()?),
            ServerTls::Required | ServerTls::Refused | ServerTls::Injected => {
                Self::Required(config()?)
            }
            ServerTls::Direct => Self::Direct(config()?),
        })
    }

    /// Its settings, if there is TLS.
    pub(super) fn config(&self) -> Option<Arc<ServerConfig>> {
        match self {
            Self::None => None,
            Self::Offered(config) | Self::Required(config) | Self::Direct(config) => {
                Some(Arc::clone(config))
            }
        }
    }

    /// How connections over TCP are protected.
    pub(super) fn protection(&self) -> Protection {
        match self {
            Self::None => Protection::None,
            Self::Offered(config) => Protection::Offered(Arc::clone(config)),
            Self::Required(config) => Protection::StartTls(Arc::clone(config)),
            Self::Direct(config) => Protection::Direct(Arc::clone(config)),
        }
    }

    /// What the URL of a server begins with.
    pub(super) fn scheme(&self, carrier: Transport) -> &'static str {
        match (carrier, self) {
            (Transport::Bosh, Self::None) => "http",
            (Transport::Bosh, _) => "https",
            (Transport::WebSocket, Self::None) => "ws",
            (Transport::WebSocket, _) => "wss",
            (Transport::Tcp, Self::Direct(_)) => "xmpps",
            (Transport::Tcp, _) => "xmpp",
        }
    }
}

/// The names of a server of a domain at an address.
fn names(domain: &str, host: IpAddr) -> Vec<String> {
    let (v4, v6) = (Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string());
    let mut names = vec![domain.to_owned(), v4, v6];
    let host = host.to_string();
    if !names.contains(&host) {
        names.push(host);
    }
    names
}

fn accepting(
    authority: &Authority,
    names: Vec<String>,
    expired: bool,
    carrier: Transport,
) -> io::Result<Arc<ServerConfig>> {
    let mut config = authority.issue(names, expired).map_err(io::Error::other)?;
    config.alpn_protocols = vec![protocol(carrier).to_vec()];
    Ok(Arc::new(config))
}

/// What is spoken within TLS, by its name for ALPN.
fn protocol(carrier: Transport) -> &'static [u8] {
    match carrier {
        // XEP-0368 section 2.1
        Transport::Tcp => b"xmpp-client",
        Transport::Bosh | Transport::WebSocket => b"http/1.1",
    }
}
