//! The I/O of streams over TCP: connections are accepted and protected, and live until their streams end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use super::document::Document;
use super::parted::Parted;
use super::tapped::Tapped;
use crate::cm::http::carried::Carried;
use crate::cm::http::serve::Service;
use crate::cm::stream::{Codec, Ended, Framing, Front as _, Input, Security, live};
use crate::cm::tls::Terms;
use crate::wire::conversation::Expect;
use crate::wire::secured::{Secured, Tls};
use crate::wire::tap::Tap;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// How connections are protected.
#[derive(Debug, Clone)]
pub enum Protection {
    /// They are not, and TLS is not offered.
    None,
    /// By STARTTLS if the client wants it.
    Offered(Arc<ServerConfig>),
    /// By STARTTLS, without which nobody can log in.
    StartTls(Arc<ServerConfig>),
    /// By TLS from the first byte.
    Direct(Arc<ServerConfig>),
}

impl Service {
    /// Accepts clients that speak XMPP over TCP until the service stops.
    pub async fn accept_tcp(self: Arc<Self>, listener: TcpListener, protection: Protection) {
        let mut stopped = self.stopping();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            match accepted {
                Ok((tcp, peer)) => {
                    let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
                    let (service, protection) = (Arc::clone(&self), protection.clone());
                    tokio::spawn(async move {
                        if let Some(_place) = service.place() {
                            Arc::clone(&service).tcp(tcp, peer, protection).await;
                        } else {
                            tracing::warn!("too many connections at once: {peer} is refused");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!("cannot accept a client: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Serves a connection to its end, whatever carries its bytes.
    pub async fn tcp<S>(self: Arc<Self>, stream: S, peer: SocketAddr, protection: Protection)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let tap = self.tap(Expect::Stream, peer);
        let security = match protection {
            Protection::Offered(_) => Security::Offered,
            Protection::StartTls(_) => Security::Required,
            Protection::None | Protection::Direct(_) => Security::Settled,
        };
        // An error is a client that is gone, whom nothing can be told.
        let _ = match protection {
            Protection::None => self.clear(stream, peer, tap, security, None).await,
            Protection::Offered(config) | Protection::StartTls(config) => {
                self.clear(stream, peer, tap, security, Some(config)).await
            }
            Protection::Direct(config) => self.direct(stream, peer, tap, config).await,
        };
    }

    /// A connection without TLS, until TLS begins on it.
    async fn clear<S>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        tap: Option<Tap>,
        security: Security,
        config: Option<Arc<ServerConfig>>,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(carried) = self.carry(peer.ip(), Framing::Raw, security) else { return Ok(()) };
        let mut io = Tapped::new(stream, tap);
        let ended = self.live(&mut io, &carried).await;
        let (Ok(Ended::StartTls), Some(config)) = (&ended, config) else {
            io.close();
            return ended.map(drop);
        };
        let (mut tap, stream) = io.into_parts();
        let tls = secure(stream, self.terms(config, true), tap.as_mut()).await?;
        carried.input(Input::Secured);
        let mut io = Tapped::new(tls, tap);
        let ended = self.live(&mut io, &carried).await;
        io.close();
        ended.map(drop)
    }

    /// A connection with TLS from the first byte.
    async fn direct<S>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        mut tap: Option<Tap>,
        config: Arc<ServerConfig>,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let tls = secure(stream, self.terms(config, false), tap.as_mut()).await?;
        Box::pin(self.clear(tls, peer, tap, Security::Settled, None)).await
    }

    async fn live<S>(&self, io: &mut S, carried: &Carried) -> io::Result<Ended>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut codec: Box<dyn Codec> = Box::new(Document::new(self.limits()));
        live(io, &mut *codec, carried.ready(), carried).await
    }
}

/// TLS on a connection.
async fn secure<S>(stream: S, terms: Terms, tap: Option<&mut Tap>) -> io::Result<Parted<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Terms { config, starttls, parting } = terms;
    let handshake = async {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let asked = Tls::asked(&start.client_hello());
        Ok((start.into_stream(config).await?, asked))
    };
    let tls = timeout(HANDSHAKE, handshake).await;
    let tls = tls.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    match (tls, tap) {
        (Ok((tls, asked)), Some(tap)) => {
            let client =
                Some(Tls { sni: asked.sni, offers: asked.offers, ..Tls::of(tls.get_ref().1) });
            tap.secured(Secured { starttls, client, ..Secured::default() });
            Ok(Parted::new(tls, parting))
        }
        (Err(error), Some(tap)) => {
            tap.failed(format!("TLS: the handshake with the client failed: {error}"));
            Err(error)
        }
        (tls, None) => tls.map(|(tls, _)| Parted::new(tls, parting)),
    }
}
