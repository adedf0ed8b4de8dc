//! How connections to a target are made: over the network, or in memory to the embedded connection manager.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::byte_stream::{Dialling, Stream};
use super::offer::{ALPN, Offer};
use super::over_tls::put;
use crate::cm::http::serve::Service;
use crate::cm::tcp::Protection;
use crate::scenario::Action;
use crate::scenario::target::Target;
use crate::wire::address::Address;
use crate::wire::names::Names;
use crate::wire::socket::Socket;
use crate::wire::tls::{self, TlsError};

/// Which of a target's addresses a connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// The one that it is known by.
    #[default]
    Usual,
    /// The one without TLS.
    Plain,
    /// The one with TLS.
    Tls,
    /// That of WebSocket.
    WebSocket,
    /// That of streams over TCP.
    Tcp,
    /// That of streams over TCP with TLS from the first byte.
    DirectTls,
}

impl Route {
    /// Whether streams without BOSH are carried on it.
    pub fn is_stream(self) -> bool {
        matches!(self, Self::WebSocket | Self::Tcp | Self::DirectTls)
    }
}

/// Makes connections.
pub trait Dial: Send + Sync {
    /// Makes one. If it carries a stream with TLS from the first byte, this is what the client offers.
    fn dial<'a>(&'a self, route: Route, offer: &'a Offer) -> Dialling<'a>;

    /// Makes one to an address of HTTP that was learned from the target.
    fn learned<'a>(&'a self, address: &'a Address) -> Dialling<'a>;

    /// Puts TLS on a connection (RFC 6120 §5).
    fn secure<'a>(&'a self, _stream: Box<dyn Stream>, _offer: &'a Offer) -> Dialling<'a> {
        Box::pin(async { Err(io::Error::other("TLS is spoken with targets on the network alone")) })
    }

    /// Has the target do this, if it is in reach to be told so: none if it is not.
    fn control(&self, _action: Action) -> Option<Controlling<'_>> {
        None
    }
}

/// Something that is being done to a target.
pub type Controlling<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Connections in memory.
pub struct Memory {
    service: Arc<Service>,
    /// Where it is found over HTTP.
    authority: String,
    peer: SocketAddr,
}

impl Memory {
    /// To this connection manager, which is found at `authority` over HTTP, and sees clients at `peer`.
    pub fn new(service: Arc<Service>, authority: String, peer: SocketAddr) -> Self {
        Self { service, authority, peer }
    }
}

/// What one direction of a connection in memory holds before its writer waits.
const PIPE: usize = 256 << 10;

/// TLS in memory: with a certificate made when it is first needed, which its clients trust as they trust any.
struct MemoryTls {
    server: Arc<ServerConfig>,
    client: Arc<dyn ServerCertVerifier>,
}

/// # Errors
/// In words; a certificate can always be made.
fn memory_tls() -> io::Result<&'static MemoryTls> {
    static TLS: LazyLock<Result<MemoryTls, String>> = LazyLock::new(|| {
        let identity = tls::identity(vec![MEMORY.to_owned()], None);
        let identity = identity.map_err(|error| error.to_string())?;
        let mut server = ServerConfig::clone(&identity.config);
        server.alpn_protocols = vec![ALPN.as_bytes().to_vec()];
        let client = tls::verifier(None, true).map_err(|error| error.to_string())?;
        Ok(MemoryTls { server: Arc::new(server), client })
    });
    TLS.as_ref().map_err(|why| io::Error::other(why.clone()))
}

/// The name of the server in memory.
const MEMORY: &str = "localhost";

impl Dial for Memory {
    fn dial<'a>(&'a self, route: Route, offer: &'a Offer) -> Dialling<'a> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            let service = Arc::clone(&self.service);
            let protection = match route {
                Route::Tcp => Protection::StartTls(Arc::clone(&memory_tls()?.server)),
                Route::DirectTls => Protection::Direct(Arc::clone(&memory_tls()?.server)),
                _ => {
                    tokio::spawn(service.connection(theirs, self.peer));
                    return Ok(Box::new(ours) as Box<dyn Stream>);
                }
            };
            tokio::spawn(service.tcp(theirs, self.peer, protection));
            let ours = Box::new(ours) as Box<dyn Stream>;
            if route == Route::DirectTls { self.secure(ours, offer).await } else { Ok(ours) }
        })
    }

    fn learned<'a>(&'a self, address: &'a Address) -> Dialling<'a> {
        Box::pin(async move {
            if address.is_tls() || address.authority() != self.authority {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            self.dial(Route::Usual, &Offer::default()).await
        })
    }

    fn secure<'a>(&'a self, stream: Box<dyn Stream>, offer: &'a Offer) -> Dialling<'a> {
        match memory_tls() {
            Ok(tls) => put(stream, MEMORY, &tls.client, offer),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn control(&self, action: Action) -> Option<Controlling<'_>> {
        match action {
            Action::Stop => Some(Box::pin(self.service.shut_down())),
            // Each run has one of its own, so that nobody waits for it to be there again.
            Action::Start => Some(Box::pin(std::future::ready(()))),
            _ => None,
        }
    }
}

/// Connections over TCP, with TLS where the address says so.
pub struct Network {
    usual: Address,
    tls: Option<Address>,
    websocket: Option<Address>,
    tcp: Option<Address>,
    direct_tls: Option<Address>,
    /// The name that certificates of streams are for (RFC 6120 §13.7.2).
    domain: String,
    verifier: Arc<dyn ServerCertVerifier>,
    /// For HTTP.
    settings: Arc<ClientConfig>,
    names: Names,
}

impl Network {
    /// To the addresses of a target, whose certificates are verified in this way.
    ///
    /// # Errors
    /// No settings could be made.
    pub fn new(
        target: &Target,
        verifier: Arc<dyn ServerCertVerifier>,
        names: Names,
    ) -> Result<Self, TlsError> {
        let settings = tls::for_http(Arc::clone(&verifier))?;
        Ok(Self {
            names,
            verifier,
            usual: target.address.clone(),
            tls: target.tls.clone(),
            websocket: target.websocket.clone(),
            tcp: target.tcp.clone(),
            direct_tls: target.direct_tls.clone(),
            domain: target.domain.clone(),
            settings,
        })
    }

    async fn connect(&self, route: Route, offer: &Offer) -> io::Result<Box<dyn Stream>> {
        let address = match route {
            Route::Tls if !self.usual.is_tls() => self.tls.as_ref().unwrap_or(&self.usual),
            Route::WebSocket => self.websocket.as_ref().unwrap_or(&self.usual),
            Route::Tcp => self.tcp.as_ref().unwrap_or(&self.usual),
            Route::DirectTls => self.direct_tls.as_ref().unwrap_or(&self.usual),
            _ => &self.usual,
        };
        match self.reach(address).await? {
            Ok(tcp) => self.protect(address, tcp, offer).await,
            // Who asks knows which address the usual one is.
            Err(refused) if route == Route::Usual => Err(refused),
            Err(refused) => Err(io::Error::other(format!("{address}: {refused}"))),
        }
    }

    /// A connection of TCP; or why none of the addresses has one.
    async fn reach(&self, address: &Address) -> io::Result<Result<TcpStream, io::Error>> {
        let found = self.names.places(address).await.map_err(io::Error::other)?;
        let mut refused = io::Error::from(io::ErrorKind::NotFound);
        for one in found {
            match TcpStream::connect(one).await {
                Ok(tcp) => return Ok(Ok(tcp)),
                Err(error) => refused = error,
            }
        }
        Ok(Err(refused))
    }

    async fn protect(
        &self,
        address: &Address,
        tcp: TcpStream,
        offer: &Offer,
    ) -> io::Result<Box<dyn Stream>> {
        let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
        if !address.is_tls() {
            return Ok(Box::new(Socket::Plain(tcp)));
        }
        if address.scheme.is_stream() {
            return self.secure(Box::new(Socket::Plain(tcp)), offer).await;
        }
        let name = address.server_name().map_err(io::Error::other)?;
        let tls = TlsConnector::from(Arc::clone(&self.settings)).connect(name, tcp).await?;
        Ok(Box::new(Socket::Tls(Box::new(tls.into()))))
    }
}

impl Dial for Network {
    fn secure<'a>(&'a self, stream: Box<dyn Stream>, offer: &'a Offer) -> Dialling<'a> {
        put(stream, &self.domain, &self.verifier, offer)
    }

    fn learned<'a>(&'a self, address: &'a Address) -> Dialling<'a> {
        Box::pin(async move {
            let tcp = self.reach(address).await??;
            self.protect(address, tcp, &Offer::default()).await
        })
    }

    fn dial<'a>(&'a self, route: Route, offer: &'a Offer) -> Dialling<'a> {
        Box::pin(self.connect(route, offer))
    }
}
