//! Accepts clients, and serves each of them until both sides are done.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::answer;
use super::relay::Relay;
use super::settings::Proxy;
use crate::wire::conversation::Expect;
use crate::wire::host::HostEditor;
use crate::wire::socket::Socket;
use crate::wire::tap::Tap;
use crate::wire::tunnel::{self, End};

/// How long answers that are under way may take when the proxy is told to stop.
const GRACE: Duration = Duration::from_secs(1);

impl Proxy {
    /// Serves clients until `stop` is done, then lets answers under way finish for at most a second.
    pub async fn serve(mut self, listener: TcpListener, stop: impl Future<Output = ()>) {
        self.listens = listener.local_addr().ok();
        let queue = Arc::clone(&self.queue);
        let proxy = Arc::new(self);
        tokio::select! {
            () = stop => {}
            () = proxy.accept(listener) => {}
        }
        let patience = tokio::time::Instant::now() + GRACE;
        while queue.owed() > 0 && tokio::time::Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let open = Arc::new(Semaphore::new(self.connections));
        loop {
            match listener.accept().await {
                Ok((tcp, client)) => {
                    let Ok(place) = Arc::clone(&open).try_acquire_owned() else {
                        tracing::warn!(
                            "{} connections are open, and no more are accepted: does {} lead back to this \
                             proxy?",
                            self.connections,
                            self.target
                        );
                        continue;
                    };
                    let conn = self.queue.number();
                    let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
                    let queue = Arc::clone(&self.queue);
                    if self.target.scheme.is_stream() {
                        let tap = Tap::expecting(Expect::Stream, conn, client, queue, self.clock);
                        tokio::spawn(Arc::clone(&self).handle_stream(tcp, tap, place));
                    } else {
                        let tap = Box::new(Tap::new(conn, client, queue, self.clock));
                        tokio::spawn(Arc::clone(&self).handle(tcp, tap, place));
                    }
                }
                Err(error) => {
                    tracing::warn!("cannot accept a client: {error}");
                    // Out of files, most likely: the others go on, and may free some.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Serves a client, who has a place as long as this takes.
    async fn handle(
        self: Arc<Self>,
        tcp: TcpStream,
        mut tap: Box<Tap>,
        _place: OwnedSemaphorePermit,
    ) {
        let mut client = match &self.accept {
            None => Socket::Plain(tcp),
            Some(config) => {
                let handshake = TlsAcceptor::from(Arc::clone(config)).accept(tcp);
                match Box::pin(answer::in_time("the client", handshake)).await {
                    Ok(tls) => Socket::Tls(Box::new(tls.into())),
                    Err(error) => {
                        tap.failed(answer::accepting(&self.target, &error));
                        return tap.close();
                    }
                }
            }
        };
        let mut server = match Box::pin(self.reach()).await {
            Ok(server) => server,
            Err(cause) => return Box::pin(answer::refuse(client, *tap, cause)).await,
        };
        let host = self.host.clone().map(HostEditor::new).map(Box::new);
        let faults = self.faults.clone();
        let end = match faults {
            None => tunnel::join(&mut client, &mut server, &mut tap, host).await,
            Some(faults) => {
                let relay = Relay::new(faults, Expect::Http, &client, Some(Arc::clone(&self)));
                Box::pin(async {
                    relay.with_host(host).join(&mut client, &mut server, &mut tap).await
                })
                .await
            }
        };
        match end {
            // STARTTLS is a matter of XML streams.
            End::Fin | End::StartTls { .. } => tap.close(),
            End::Reset => {
                client.reset();
                server.reset();
                tap.close();
            }
            End::Unanswered(error) => {
                let cause = answer::unanswered(&self.target, error.as_ref());
                drop(server);
                Box::pin(answer::refuse(client, *tap, cause)).await;
            }
        }
    }

    /// Connects to the target, or says in a sentence why not.
    pub(super) async fn reach(&self) -> Result<Socket, String> {
        let addresses = self.target.resolve().await?;
        self.secure(self.connect_to_first(addresses, false).await?).await
    }

    async fn secure(&self, tcp: TcpStream) -> Result<Socket, String> {
        let Some(config) = &self.connect else { return Ok(Socket::Plain(tcp)) };
        let name = self.target.server_name()?;
        let connector = TlsConnector::from(Arc::clone(config));
        let tls = answer::in_time("the target", connector.connect(name, tcp)).await;
        tls.map(|tls| Socket::Tls(Box::new(tls.into())))
            .map_err(|error| answer::connecting(&self.target, self.target.name(), false, &error))
    }
}
