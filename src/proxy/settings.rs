//! What a proxy does with every connection, and how it reaches its target.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpStream;

use super::answer;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::wire::address::Address;
use crate::wire::tap::Queue;
use crate::wire::tls::{self, TlsError};

/// How long an address may take to answer if there is another one to try.
const GIVE_WAY: Duration = Duration::from_secs(5);

/// Clients at once, where nobody says how many.
const CONNECTIONS: usize = 10_000;

/// What a proxy does with every connection.
#[derive(Debug)]
pub struct Proxy {
    /// Where connections go.
    pub target: Address,
    /// The value that `Host` is set to, unless it is kept.
    pub host: Option<String>,
    /// TLS towards the target, if HTTP is spoken in it.
    pub connect: Option<Arc<ClientConfig>>,
    /// TLS towards the clients.
    pub accept: Option<Arc<ServerConfig>>,
    /// What holds for an XMPP target alone.
    pub streams: StreamSettings,
    /// What is to go wrong on purpose; without it, bytes are passed on as they come.
    pub faults: Option<Faults>,
    /// Where the taps report.
    pub queue: Arc<Queue>,
    /// The clock of the trace.
    pub clock: Clock,
    /// Clients at once.
    pub connections: usize,
    /// Where it listens, once it does.
    pub listens: Option<SocketAddr>,
}

/// Whether this address is that of whoever listens at `listens`.
fn leads_to(listens: SocketAddr, address: SocketAddr) -> bool {
    let (ip, own) = (address.ip().to_canonical(), listens.ip().to_canonical());
    address.port() == listens.port() && (ip == own || own.is_unspecified() && is_here(address))
}

/// Whether an address is one of this machine: then the way to it begins there too. Nothing is sent to find out.
fn is_here(address: SocketAddr) -> bool {
    let any = match address {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let way = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(address)?;
        socket.local_addr()
    });
    address.ip().to_canonical().is_loopback() || way.is_ok_and(|way| way.ip() == address.ip())
}

/// What a proxy does with XML streams.
#[derive(Debug, Default)]
pub struct StreamSettings {
    /// STARTTLS is not taken over: nothing can be seen from there on.
    pub pass_starttls: bool,
    /// The verifier accepts any certificate.
    pub insecure: bool,
    /// Verifies the target's certificate; none if TLS is passed on.
    pub verifier: Option<Arc<dyn ServerCertVerifier>>,
    /// Looks up where the server of a domain is; none if the target says that.
    pub resolver: Option<TokioResolver>,
}

impl Proxy {
    /// A proxy before this server, without TLS and without faults.
    pub fn before(target: Address, queue: Arc<Queue>, clock: Clock) -> Self {
        Self {
            target,
            host: None,
            connect: None,
            accept: None,
            streams: StreamSettings::default(),
            faults: None,
            queue,
            clock,
            connections: CONNECTIONS,
            listens: None,
        }
    }

    /// The same before a server of this process, which shows `accept` to its clients in its place: its certificate need not
    /// be verified.
    ///
    /// # Errors
    /// This system has no TLS.
    pub fn taking_over(mut self, accept: Arc<ServerConfig>) -> Result<Self, TlsError> {
        let verifier = Some(tls::verifier(None, true)?);
        self.accept = Some(accept);
        self.streams = StreamSettings { insecure: true, verifier, ..StreamSettings::default() };
        Ok(self)
    }

    /// Connects to the first address that answers. One that does not answer gives way to the next one after a while, or to
    /// those of another host if there are `more`.
    pub(super) async fn connect_to_first(
        &self,
        addresses: Vec<SocketAddr>,
        more: bool,
    ) -> Result<TcpStream, String> {
        let mut refused = None;
        let mut addresses = addresses.into_iter().peekable();
        while let Some(address) = addresses.next() {
            if self.listens.is_some_and(|listens| leads_to(listens, address)) {
                return Err(format!(
                    "{} is this proxy itself, which listens there; name the server as --target",
                    self.target
                ));
            }
            let connect = TcpStream::connect(address);
            let tcp = if more || addresses.peek().is_some() {
                let tcp = tokio::time::timeout(GIVE_WAY, connect).await;
                tcp.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            } else {
                connect.await
            };
            match tcp {
                Ok(tcp) => {
                    let _ = tcp.set_nodelay(true);
                    return Ok(tcp);
                }
                Err(error) => refused = Some((address, error)),
            }
        }
        Err(answer::unreachable(&self.target, refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_knows_its_own_address() {
        for (listens, address, itself) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "127.0.0.2:80", true),
            ("[::]:80", "[::1]:80", true),
            ("[::]:80", "[::ffff:127.0.0.1]:80", true),
            ("0.0.0.0:80", "192.0.2.1:80", false),
        ] {
            let (listens, address) = (listens.parse().unwrap(), address.parse().unwrap());
            assert_eq!(leads_to(listens, address), itself, "{listens} {address}");
        }
    }
}
