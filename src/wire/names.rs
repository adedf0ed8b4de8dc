//! Where names lead: pinned by the user, by a name server that the user named, or by the system.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::address::{Address, resolve};
use super::resolve::{Found, be_quick, services};

/// `HOST:ADDR[:PORT]`: where connections to a host go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    host: String,
    ip: IpAddr,
    /// Whatever port the URL says.
    port: Option<u16>,
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{}", self.host, SocketAddr::new(self.ip, port)),
            None => write!(f, "{}:{}", self.host, self.ip),
        }
    }
}

impl FromStr for Pinned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected HOST:ADDR or HOST:ADDR:PORT, such as chat.example:192.0.2.1 or chat.example:[::1]:8443"
                .to_owned()
        };
        let (host, address) = text.split_once(':').ok_or_else(wrong)?;
        if host.is_empty() {
            return Err(wrong());
        }
        let host = host.to_ascii_lowercase();
        if let Ok(address) = address.parse::<SocketAddr>() {
            return Ok(Self { host, ip: address.ip(), port: Some(address.port()) });
        }
        let bare = address.trim_start_matches('[').trim_end_matches(']');
        let ip = bare.parse().map_err(|_| wrong())?;
        Ok(Self { host, ip, port: None })
    }
}

/// Where names lead.
#[derive(Debug)]
pub struct Names {
    pinned: Vec<Pinned>,
    /// Or why there is none: addresses do not need it.
    resolver: Result<TokioResolver, String>,
    /// Addresses, too, are asked of the resolver and not of the system.
    named: bool,
}

impl Names {
    /// By these, and else by a name server, or by the system.
    pub fn new(pinned: Vec<Pinned>, server: Option<SocketAddr>) -> Self {
        Self { pinned, resolver: resolver(server), named: server.is_some() }
    }

    /// The addresses of a host.
    ///
    /// # Errors
    /// In words, if it has none.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let is_it = |pinned: &&Pinned| pinned.host.eq_ignore_ascii_case(host);
        let pinned: Vec<_> = self
            .pinned
            .iter()
            .filter(is_it)
            .map(|pinned| SocketAddr::new(pinned.ip, pinned.port.unwrap_or(port)))
            .collect();
        if !pinned.is_empty() {
            return Ok(pinned);
        }
        if !self.named || host.parse::<IpAddr>().is_ok() {
            let mut found = resolve(host, port).await?;
            found.dedup();
            return Ok(found);
        }
        let resolver = self.resolver.as_ref().map_err(Clone::clone)?;
        let found = resolver.lookup_ip(format!("{host}.")).await;
        let found = found.map_err(|error| match error {
            error if error.is_no_records_found() || error.is_nx_domain() => {
                format!("{host} has no address in DNS")
            }
            error => format!("cannot look up {host}: {error}"),
        })?;
        Ok(found.iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    /// Where the host of an address is, with its port.
    ///
    /// # Errors
    /// In words, if it has none.
    pub async fn places(&self, address: &Address) -> Result<Vec<SocketAddr>, String> {
        self.addresses(address.name(), address.port_or_usual()).await
    }

    /// What SRV records say of a service of a domain; `chance` as for [`services`].
    ///
    /// # Errors
    /// In words, if no name server answers.
    pub async fn services(
        &self,
        service: &str,
        domain: &str,
        chance: impl FnMut(u32) -> u32,
    ) -> Result<Found, String> {
        services(self.resolver.as_ref().map_err(Clone::clone)?, service, domain, chance).await
    }
}

/// What asks this name server, or those of the system.
fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, String> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = match server {
        Some(address) => {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            for connection in &mut server.connections {
                connection.port = address.port();
            }
            let config = ResolverConfig::from_parts(None, vec![], vec![server]);
            TokioResolver::builder_with_config(config, provider)
        }
        None => TokioResolver::builder(provider)
            .map_err(|error| format!("cannot read the system's DNS settings, /etc/resolv.conf: {error}; name a server with --dns"))?,
    };
    be_quick(builder.options_mut());
    builder.build().map_err(|error| format!("cannot set up a DNS resolver: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_pinned_to_addresses() {
        for (text, ip, port) in [
            ("chat.example:192.0.2.1", "192.0.2.1", None),
            ("Chat.example:192.0.2.1:8443", "192.0.2.1", Some(8443)),
            ("chat.example:[::1]:8443", "::1", Some(8443)),
            ("chat.example:[::1]", "::1", None),
            ("chat.example:::1", "::1", None),
        ] {
            let pinned: Pinned = text.parse().unwrap();
            assert_eq!(pinned.host, "chat.example", "{text}");
            assert_eq!((pinned.ip.to_string().as_str(), pinned.port), (ip, port), "{text}");
            assert_eq!(pinned.to_string().parse::<Pinned>().unwrap(), pinned, "{text}");
        }
        for text in ["chat.example", "chat.example:", ":1.2.3.4", "chat.example:other.example"] {
            assert!(text.parse::<Pinned>().is_err(), "{text}");
        }
    }
}
