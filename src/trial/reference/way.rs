//! The way to a server: where it is, and TLS on it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::wire::socket::Socket;

/// The way to a server.
#[derive(Debug, Clone)]
pub struct Way {
    address: SocketAddr,
    tls: Option<Tls>,
}

/// TLS on the way to a server.
#[derive(Debug, Clone)]
struct Tls {
    config: Arc<ClientConfig>,
    /// For whom the certificate has to be.
    name: ServerName<'static>,
    /// It begins with the first byte; otherwise by STARTTLS.
    at_once: bool,
}

impl From<SocketAddr> for Way {
    /// Without TLS.
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl Way {
    /// The same with TLS, from the first byte or by STARTTLS.
    pub(in crate::trial) fn with_tls(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        at_once: bool,
    ) -> Self {
        Self { tls: Some(Tls { config, name, at_once }), ..self }
    }

    /// Connects.
    pub(super) async fn connect(&self) -> io::Result<Socket> {
        let tcp = TcpStream::connect(self.address).await?;
        let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
        match &self.tls {
            Some(tls) if tls.at_once => tls.begin(tcp).await,
            _ => Ok(Socket::Plain(tcp)),
        }
    }

    /// Whether STARTTLS is to be used where it is offered.
    pub(super) fn starts_tls(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| !tls.at_once)
    }

    /// Begins TLS on a connection.
    pub(super) async fn secure(&self, socket: Socket) -> io::Result<Socket> {
        match (socket, &self.tls) {
            (Socket::Plain(tcp), Some(tls)) => tls.begin(tcp).await,
            (socket, _) => Ok(socket),
        }
    }
}

impl Tls {
    async fn begin(&self, tcp: TcpStream) -> io::Result<Socket> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let tls = connector.connect(self.name.clone(), tcp).await?;
        Ok(Socket::Tls(Box::new(tls.into())))
    }
}
