//! The address of a server as a URL gives it, of HTTP, WebSocket or XMPP: how to reach it, and how it is named.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use rustls::pki_types::ServerName;

/// What is spoken with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http` or `ws`: HTTP/1.1.
    Http,
    /// `https` or `wss`: HTTP/1.1 over TLS.
    Https,
    /// `xmpp`: an XML stream over TCP (RFC 6120), secured by STARTTLS.
    Xmpp,
    /// `xmpps`: an XML stream over TLS (XEP-0368).
    Xmpps,
}

impl Scheme {
    /// Whether XML streams are spoken with it.
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Xmpp | Self::Xmpps)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Xmpp => "xmpp",
            Self::Xmpps => "xmpps",
        }
    }

    /// The port, if the URL says none.
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Xmpp => 5222,
            Self::Xmpps => 5223,
        }
    }
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What is spoken with it.
    pub scheme: Scheme,
    host: String,
    port: Option<u16>,
    /// Path and query of the URL.
    pub path: String,
}

/// Why a URL is not such an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL at all.
    #[error("{url:?} is not a valid URL: {why}; expected for example http://127.0.0.1:5280")]
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
    /// A stream has no path.
    #[error(
        "{url:?}: a URL with xmpp:// or xmpps:// has no path; remove what follows the host and port"
    )]
    Path {
        /// What was given.
        url: String,
    },
    /// User and password in the URL.
    #[error("the URL must not contain a user name or password; remove what stands before the @")]
    Credentials,
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        // What is wrong is repeated, and logs are read by others than those who may log in.
        let shown = || match url.split_once(['?', '#']) {
            Some((shown, _)) => format!("{shown}…"),
            None => url.to_owned(),
        };
        let not_url = |why: &str| {
            if url.contains('@') {
                AddressError::Credentials
            } else {
                AddressError::NotUrl { url: shown(), why: why.to_owned() }
            }
        };
        let uri: Uri = url.parse().map_err(|e: http::uri::InvalidUri| not_url(&e.to_string()))?;
        let unknown = |hint: &str| match url.split_once('@') {
            Some((user, _)) if user.contains(':') && !url.starts_with("xmpp:") => {
                AddressError::Credentials
            }
            _ => AddressError::Scheme { url: shown(), hint: hint.to_owned() },
        };
        let scheme = match uri.scheme_str() {
            Some("http" | "ws") => Scheme::Http,
            Some("https" | "wss") => Scheme::Https,
            Some("xmpp") => Scheme::Xmpp,
            Some("xmpps") => Scheme::Xmpps,
            _ => return Err(unknown(hint(url))),
        };
        let authority = uri.authority().ok_or_else(|| not_url("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(AddressError::Credentials);
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(not_url("it has no host"));
        }
        let port = match authority.port() {
            Some(port) => Some(port.as_u16()),
            None if authority.as_str().len() > host.len() => {
                // What stands there may be a password that is cut before its `@`.
                let (url, why) = (
                    format!("{}://{host}:…", scheme.name()),
                    "the port must be a number from 1 to 65535",
                );
                return Err(AddressError::NotUrl { url, why: why.to_owned() });
            }
            None => None,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        if scheme.is_stream() && path != "/" {
            return Err(AddressError::Path { url: shown() });
        }
        let port = port.filter(|&port| scheme.is_stream() || port != scheme.port());
        Ok(Self { scheme, host: host.to_owned(), port, path })
    }
}

/// What to give in place of something without a scheme that is known.
fn hint(url: &str) -> &'static str {
    if url.starts_with("xmpp:") {
        "; for an XMPP server over TCP, use xmpp://DOMAIN"
    } else if url.contains("://") {
        ", or with ws://, wss://, xmpp:// or xmpps://"
    } else {
        ""
    }
}

impl Address {
    /// The address in the URL of a BOSH endpoint: http or https.
    pub fn of_bosh(url: &str) -> Result<Self, AddressError> {
        let address: Self = url.parse()?;
        let is_http = matches!(url.get(..4), Some(start) if start.eq_ignore_ascii_case("http"));
        if !is_http {
            let hint = ", the scheme of a BOSH endpoint".to_owned();
            return Err(AddressError::Scheme { url: url.to_owned(), hint });
        }
        Ok(address)
    }

    /// TLS is spoken with it from the first byte.
    pub fn is_tls(&self) -> bool {
        matches!(self.scheme, Scheme::Https | Scheme::Xmpps)
    }

    /// The port that the URL says; none if it says none, or that of the scheme.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port, or that of the scheme if it says none.
    pub fn port_or_usual(&self) -> u16 {
        self.port.unwrap_or(self.scheme.port())
    }

    /// The host without the brackets of an IPv6 address.
    pub fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether the target is this machine by its name or address.
    pub fn is_loopback(&self) -> bool {
        self.name().parse::<IpAddr>().map_or(self.name() == "localhost", |ip| ip.is_loopback())
    }

    /// The value of `Host` that names the address.
    pub fn authority(&self) -> String {
        match self.port {
            None => self.host.clone(),
            Some(port) => format!("{}:{port}", self.host),
        }
    }

    /// The addresses to try.
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        resolve(self.name(), self.port_or_usual()).await
    }

    /// The name that its certificate has to have.
    pub fn server_name(&self) -> Result<ServerName<'static>, String> {
        ServerName::try_from(self.name().to_owned())
            .map_err(|_| format!("{} is not a valid name for a TLS certificate", self.host))
    }
}

impl Address {
    /// The same as an address of a WebSocket: `ws` or `wss` in front.
    pub fn of_websocket(&self) -> String {
        self.to_string().replacen("http", "ws", 1)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority())
    }
}

/// The addresses of a host, with a port. An error is a sentence.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = found
        .map_err(|error| format!("cannot resolve {host}: {error}; check the host name"))?
        .collect();
    if addresses.is_empty() {
        return Err(format!("{host} has no address"));
    }
    Ok(addresses)
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
        for (url, shown) in [
            ("ws://a/ws", "http://a"),
            ("wss://a:443/ws", "https://a"),
            ("wss://a:5281/ws", "https://a:5281"),
            ("http://a/b?jid=c@d", "http://a"),
            ("xmpp://example.org", "xmpp://example.org"),
            ("xmpp://example.org:5222", "xmpp://example.org:5222"),
            ("xmpps://[::1]:5223", "xmpps://[::1]:5223"),
        ] {
            assert_eq!(url.parse::<Address>().map(|a| a.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn urls_that_are_none() {
        for (url, word) in [
            ("127.0.0.1:5280", "must begin with http://"),
            ("localhost", "must begin with http://"),
            ("ftp://a/ws", "ws://, wss://, xmpp:// or xmpps://"),
            ("xmpp:a@b", "xmpp://DOMAIN"),
            ("xmpp://a/b", "has no path"),
            ("http://", "not a valid URL"),
            ("http://a:99999", "not a valid URL"),
            ("http://u:p@a/", "password"),
            ("http://u:p w@a/", "password"),
            ("http://u:p@[::a/", "password"),
            ("u:p@a", "password"),
            ("ftp://u:p@a", "password"),
            ("http://[::a/b?token=SECRET", "[::a/b…\""),
            ("", "not a valid URL"),
        ] {
            let error = url.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(word), "{url}: {error}");
        }
    }
}
