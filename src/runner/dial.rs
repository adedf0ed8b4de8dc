//! How connections to a target are made: over the network, or in memory to the embedded connection manager.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::cm::http::serve::Service;
use crate::cm::tcp::Protection;
use crate::scenario::Action;
use crate::scenario::target::Target;
use crate::wire::address::Address;
use crate::wire::names::Names;
use crate::wire::socket::Socket;
use crate::wire::tls;

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

/// A byte stream to a target.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Ends it with a reset, where there is such a thing.
    fn reset(&mut self);
}

impl Stream for DuplexStream {
    fn reset(&mut self) {}
}

impl Stream for Box<dyn Stream> {
    fn reset(&mut self) {
        (**self).reset();
    }
}

impl Stream for TlsStream<Box<dyn Stream>> {
    fn reset(&mut self) {
        self.get_mut().0.reset();
    }
}

impl Stream for Socket {
    fn reset(&mut self) {
        Socket::reset(self);
    }
}

/// A stream that is being made.
pub type Dialling<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections.
pub trait Dial: Send + Sync {
    /// Makes one.
    fn dial(&self, route: Route) -> Dialling<'_>;

    /// Puts TLS on a connection (RFC 6120 §5).
    fn secure(&self, _stream: Box<dyn Stream>) -> Dialling<'_> {
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
    peer: SocketAddr,
}

impl Memory {
    /// To this connection manager, which sees clients at `peer`.
    pub fn new(service: Arc<Service>, peer: SocketAddr) -> Self {
        Self { service, peer }
    }
}

/// What one direction of a connection in memory holds before its writer waits.
const PIPE: usize = 256 << 10;

/// TLS in memory: with a certificate made when it is first needed, which its clients trust as they trust any.
struct MemoryTls {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// # Errors
/// In words; a certificate can always be made.
fn memory_tls() -> io::Result<&'static MemoryTls> {
    static TLS: LazyLock<Result<MemoryTls, String>> = LazyLock::new(|| {
        let identity = tls::identity(vec![MEMORY.to_owned()], None);
        let identity = identity.map_err(|error| error.to_string())?;
        let mut server = ServerConfig::clone(&identity.config);
        server.alpn_protocols = vec![STREAM_ALPN.to_vec()];
        let client = tls::trusting(None, true).map_err(|error| error.to_string())?;
        Ok(MemoryTls { server: Arc::new(server), client: Arc::new(client) })
    });
    TLS.as_ref().map_err(|why| io::Error::other(why.clone()))
}

/// The name of the server in memory.
const MEMORY: &str = "localhost";
/// The protocol that XEP-0368 names.
const STREAM_ALPN: &[u8] = b"xmpp-client";

impl Dial for Memory {
    fn dial(&self, route: Route) -> Dialling<'_> {
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
            if route == Route::DirectTls { self.secure(ours).await } else { Ok(ours) }
        })
    }

    fn secure(&self, stream: Box<dyn Stream>) -> Dialling<'_> {
        Box::pin(async move {
            let mut client = ClientConfig::clone(&memory_tls()?.client);
            client.alpn_protocols = vec![STREAM_ALPN.to_vec()];
            let name = ServerName::try_from(MEMORY).map_err(io::Error::other)?;
            let tls = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
            Ok(Box::new(tls) as Box<dyn Stream>)
        })
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
    /// The name that certificates of streams are for.
    domain: String,
    settings: Arc<ClientConfig>,
    names: Names,
}

impl Network {
    /// To the addresses of a target. A certificate is trusted as `settings` say.
    pub fn new(target: &Target, settings: Arc<ClientConfig>, names: Names) -> Self {
        Self {
            names,
            usual: target.address.clone(),
            tls: target.tls.clone(),
            websocket: target.websocket.clone(),
            tcp: target.tcp.clone(),
            direct_tls: target.direct_tls.clone(),
            domain: target.domain.clone(),
            settings,
        }
    }

    async fn connect(&self, route: Route) -> io::Result<Socket> {
        let address = match route {
            Route::Tls if !self.usual.is_tls() => self.tls.as_ref().unwrap_or(&self.usual),
            Route::WebSocket => self.websocket.as_ref().unwrap_or(&self.usual),
            Route::Tcp => self.tcp.as_ref().unwrap_or(&self.usual),
            Route::DirectTls => self.direct_tls.as_ref().unwrap_or(&self.usual),
            _ => &self.usual,
        };
        let found = self.names.places(address).await.map_err(io::Error::other)?;
        let mut refused = io::Error::from(io::ErrorKind::NotFound);
        for one in found {
            match TcpStream::connect(one).await {
                Ok(tcp) => return self.protect(address, tcp).await,
                Err(error) => refused = error,
            }
        }
        Err(match route {
            // Who asks knows which address the usual one is.
            Route::Usual => refused,
            _ => io::Error::other(format!("{address}: {refused}")),
        })
    }

    async fn protect(&self, address: &Address, tcp: TcpStream) -> io::Result<Socket> {
        let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
        if !address.is_tls() {
            return Ok(Socket::Plain(tcp));
        }
        let (name, settings) = if address.scheme.is_stream() {
            (self.name()?, self.stream_settings())
        } else {
            let name = address.server_name().map_err(io::Error::other)?;
            (name, Arc::clone(&self.settings))
        };
        let tls = TlsConnector::from(settings).connect(name, tcp).await?;
        Ok(Socket::Tls(Box::new(tls.into())))
    }
}

impl Network {
    /// The domain, which certificates of streams are for (RFC 6120 §13.7.2).
    fn name(&self) -> io::Result<ServerName<'static>> {
        ServerName::try_from(self.domain.clone()).map_err(io::Error::other)
    }

    /// With the protocol that XEP-0368 names.
    fn stream_settings(&self) -> Arc<ClientConfig> {
        let mut settings = ClientConfig::clone(&self.settings);
        settings.alpn_protocols = vec![STREAM_ALPN.to_vec()];
        Arc::new(settings)
    }
}

impl Dial for Network {
    fn secure(&self, stream: Box<dyn Stream>) -> Dialling<'_> {
        Box::pin(async move {
            let connector = TlsConnector::from(self.stream_settings());
            Ok(Box::new(connector.connect(self.name()?, stream).await?) as Box<dyn Stream>)
        })
    }

    fn dial(&self, route: Route) -> Dialling<'_> {
        Box::pin(async move { Ok(Box::new(self.connect(route).await?) as Box<dyn Stream>) })
    }
}
