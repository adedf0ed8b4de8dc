//! Where the server is, and the way to it: a connection, TLS on it, and in a sentence what went wrong.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::wire::socket::Socket;
use crate::wire::tls;

/// The port of XMPP for clients (RFC 6120 §14.7).
const PORT: u16 = 5222;
/// How long one address of the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long without a byte the system asks whether the server is still there.
const QUIET: Duration = Duration::from_secs(60);

/// The server's host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST[:PORT], such as 127.0.0.1:5222, [::1]:5222 or chat.example")]
pub struct NoAddress;

impl std::str::FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        // A bare IPv6 address has colons of its own.
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self { host: ip.to_string(), port: PORT });
        }
        let (host, port) = match text.rsplit_once(':') {
            None => (text, PORT),
            Some((host, port)) => (host, port.parse().map_err(|_| NoAddress)?),
        };
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(ip) => ip.parse::<IpAddr>().map_err(|_| NoAddress)?.to_string(),
            None => host.to_owned(),
        };
        let sound = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let named = !host.is_empty() && host.chars().all(sound) && port != 0;
        let bare = host.contains(':') && host.parse::<IpAddr>().is_err();
        if named && !bare { Ok(Self { host, port }) } else { Err(NoAddress) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Address {
    /// Whether it is this machine by its name or address.
    pub fn is_loopback(&self) -> bool {
        self.host.parse::<IpAddr>().map_or(self.host == "localhost", |ip| ip.is_loopback())
    }

    /// Connects to the first address that answers, or says in a sentence why none does.
    pub async fn connect(&self) -> Result<TcpStream, String> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found = found.map_err(|error| {
            format!("cannot resolve {}: {error}; check the host name", self.host)
        })?;
        let mut refused = format!("{} has no IP address", self.host);
        for address in found {
            match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => {
                    let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
                    let alive =
                        socket2::TcpKeepalive::new().with_time(QUIET).with_interval(QUIET / 4);
                    let _ = socket2::SockRef::from(&tcp).set_tcp_keepalive(&alive); // the same
                    return Ok(tcp);
                }
                Ok(Err(error)) => refused = unreachable(address, &error),
                Err(_) => refused = unreachable(address, &io::ErrorKind::TimedOut.into()),
            }
        }
        Err(refused)
    }
}

fn unreachable(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("nothing listens at {address}: connection refused; is the server running?")
        }
        io::ErrorKind::TimedOut => {
            format!("the connection to {address} timed out; is there a firewall in between?")
        }
        _ => format!("cannot connect to {address}: {error}"),
    }
}

/// TLS on a connection, as `domain`: that is whose certificate it has to be (RFC 6120 §13.7.2).
pub async fn secure(
    tcp: TcpStream,
    domain: &str,
    config: Arc<ClientConfig>,
) -> Result<Socket, String> {
    let name = name_of(domain)
        .ok_or_else(|| format!("{domain} is not a valid name for a TLS certificate"))?;
    let tls = TlsConnector::from(config).connect(name, tcp).await;
    tls.map(|tls| Socket::Tls(Box::new(tls.into()))).map_err(|error| untrusted(domain, &error))
}

/// A domain as certificates name it: with letters beyond ASCII in their other form (RFC 5890 §2.3.2.1).
fn name_of(domain: &str) -> Option<ServerName<'static>> {
    let bare = domain.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(ServerName::from(ip));
    }
    ServerName::try_from(idna::domain_to_ascii(domain).ok()?).ok()
}

fn untrusted(domain: &str, error: &io::Error) -> String {
    let advice = match tls::cause(error) {
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            // A bad signature is that of a stranger with the name of somebody trusted.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate is not signed by a trusted CA; add the CA with --ca-file, or use --insecure"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired; use --insecure to accept it"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                return format!(
                    "STARTTLS as {domain}: its certificate is for another domain; {}; use --insecure to \
                     accept it ({error})",
                    tls::NAMES
                );
            }
            error if tls::is_marked_as_ca(error) => tls::MARKED_AS_CA,
            _ => "its certificate is not valid; use --insecure to accept it",
        },
        _ => "the handshake failed",
    };
    format!("STARTTLS as {domain}: {advice} ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_as_certificates_name_them() {
        for (domain, name) in [
            ("chat.example", Some("chat.example")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("[::1]", Some("::1")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("a b", None),
            ("", None),
        ] {
            let found = name_of(domain).map(|name| name.to_str().into_owned());
            assert_eq!(found.as_deref(), name, "{domain}");
        }
    }

    #[test]
    fn addresses_people_give() {
        for (text, read) in [
            ("chat.example", "chat.example:5222"),
            ("chat.example:15222", "chat.example:15222"),
            ("127.0.0.1:5222", "127.0.0.1:5222"),
            ("::1", "[::1]:5222"),
            ("[::1]", "[::1]:5222"),
            ("[::1]:5223", "[::1]:5223"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), read);
            assert_eq!(address.is_loopback(), !text.starts_with("chat"), "{text}");
        }
        for text in
            ["", ":5222", "a:", "a:0", "a:x", "a:99999", "http://a:80", "u@a", "[a]:1", "a b"]
        {
            assert_eq!(text.parse::<Address>(), Err(NoAddress), "{text}");
        }
    }
}
