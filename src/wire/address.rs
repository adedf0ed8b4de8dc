//! The address of an HTTP server as a URL gives it: how to reach it, and how it is named.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use rustls::pki_types::ServerName;

/// Where an HTTP server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// TLS is spoken with it.
    pub https: bool,
    host: String,
    port: u16,
    /// Path and query of the URL.
    pub path: String,
}

/// Why a URL is not such an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL at all.
    #[error("{url:?} is not a URL: {why}; expected something like http://127.0.0.1:5280")]
    NotUrl {
        /// What was given.
        url: String,
        /// What the parser says.
        why: String,
    },
    /// No scheme, or one that can't be proxied.
    #[error("{url:?} must begin with http:// or https://{hint}")]
    Scheme {
        /// What was given.
        url: String,
        /// What to give instead, if that is clear.
        hint: String,
    },
    /// User and password in the URL.
    #[error("the target must not contain a user name or password")]
    Credentials,
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        let not_url = |why: &str| AddressError::NotUrl { url: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|e: http::uri::InvalidUri| not_url(&e.to_string()))?;
        let scheme =
            |hint: &str| AddressError::Scheme { url: url.to_owned(), hint: hint.to_owned() };
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some("ws") => {
                return Err(scheme("; WebSocket goes through the same proxy: use http://"));
            }
            Some("wss") => {
                return Err(scheme("; WebSocket goes through the same proxy: use https://"));
            }
            _ => return Err(scheme("")),
        };
        let authority = uri.authority().ok_or_else(|| not_url("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(AddressError::Credentials);
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(not_url("it names no host"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().len() > host.len() => {
                return Err(not_url("the port is no number from 1 to 65535"));
            }
            None if https => 443,
            None => 80,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { https, host: host.to_owned(), port, path })
    }
}

impl Address {
    /// The host without the brackets of an IPv6 address.
    fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether the target is this machine by its name or address.
    pub fn is_loopback(&self) -> bool {
        self.name().parse::<IpAddr>().map_or(self.name() == "localhost", |ip| ip.is_loopback())
    }

    /// The value of `Host` that names the address.
    pub fn authority(&self) -> String {
        match (self.https, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// The addresses to try.
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        if let Ok(ip) = self.name().parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        let found = tokio::net::lookup_host((self.name(), self.port)).await;
        let addresses: Vec<_> = found
            .map_err(|error| {
                format!("cannot resolve {}: {error}; is the host name right?", self.host)
            })?
            .collect();
        if addresses.is_empty() {
            return Err(format!("{} has no address", self.host));
        }
        Ok(addresses)
    }

    /// The name that its certificate has to have.
    pub fn server_name(&self) -> Result<ServerName<'static>, String> {
        ServerName::try_from(self.name().to_owned())
            .map_err(|_| format!("{} can't be the name on a certificate", self.host))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_people_give() {
        let address: Address = "http://127.0.0.1:5280/http-bind".parse().unwrap();
        assert_eq!(
            (address.to_string().as_str(), address.path.as_str()),
            ("http://127.0.0.1:5280", "/http-bind")
        );
        assert!(address.is_loopback());
        let address: Address = "https://chat.example".parse().unwrap();
        assert_eq!(address.authority(), "chat.example");
        assert!(!address.is_loopback());
        let address: Address = "https://[::1]:5281".parse().unwrap();
        assert_eq!((address.authority().as_str(), address.is_loopback()), ("[::1]:5281", true));
    }

    #[test]
    fn urls_that_are_none() {
        for (url, word) in [
            ("127.0.0.1:5280", "must begin with http://"),
            ("localhost", "must begin with http://"),
            ("wss://a/ws", "use https://"),
            ("http://", "not a URL"),
            ("http://a:99999", "not a URL"),
            ("http://u:p@a/", "password"),
            ("", "not a URL"),
        ] {
            let error = url.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(word), "{url}: {error}");
        }
    }
}
