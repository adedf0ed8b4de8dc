//! What a proxy does with every connection, and how it reaches its target.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpStream;

use super::answer;
use crate::clock::Clock;
use crate::wire::address::Address;
use crate::wire::tap::Queue;

/// How long an address may take to answer if there is another one to try.
const GIVE_WAY: Duration = Duration::from_secs(5);

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
    /// Where the taps report.
    pub queue: Arc<Queue>,
    /// The clock of the trace.
    pub clock: Clock,
    /// Clients at once.
    pub connections: usize,
    /// Where it listens, once it does.
    pub listens: Option<SocketAddr>,
}

/// Whether a connection leads to whoever listens at `listens`.
fn leads_to(listens: SocketAddr, tcp: &TcpStream) -> bool {
    let (Ok(peer), Ok(own)) = (tcp.peer_addr(), tcp.local_addr()) else { return false };
    let ip = |address: SocketAddr| address.ip().to_canonical();
    let here = ip(peer).is_loopback() || ip(peer) == ip(own);
    peer.port() == listens.port()
        && (ip(peer) == ip(listens) || here && listens.ip().is_unspecified())
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
            let connect = TcpStream::connect(address);
            let tcp = if more || addresses.peek().is_some() {
                let tcp = tokio::time::timeout(GIVE_WAY, connect).await;
                tcp.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            } else {
                connect.await
            };
            match tcp {
                Ok(tcp) if self.listens.is_some_and(|listens| leads_to(listens, &tcp)) => {
                    return Err(format!(
                        "{} is this proxy itself, which listens there; name the server as --target",
                        self.target
                    ));
                }
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
