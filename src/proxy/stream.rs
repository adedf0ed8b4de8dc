//! XML streams over TCP: where the target is, and TLS, which the proxy takes over. It agrees on TLS with the target first, by what
//! the client asks for, so that a client never trusts this proxy where the target could not be trusted.

use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::answer;
use super::relay::Relay;
use super::secure::{Begin, Hello};
use super::settings::Proxy;
use crate::random::{Random, Secure};
use crate::wire::Side;
use crate::wire::address::{Scheme, resolve};
use crate::wire::conversation::Expect;
use crate::wire::protocol::Protocol;
use crate::wire::resolve::{Found, services};
use crate::wire::secured::Secured;
use crate::wire::socket::Socket;
use crate::wire::tap::{How, Tap};
use crate::wire::tunnel::{self, End};

/// So many bytes show what a client speaks.
const BEGIN: usize = 512;
/// The first byte of TLS.
const HANDSHAKE: u8 = 0x16;

/// Why a client cannot have the target.
enum Refused {
    /// It can be told so.
    Answer(Socket, String),
    /// The connection can only be closed.
    Close(String),
    /// It left before it sent anything.
    Left(How),
}

impl From<String> for Refused {
    fn from(cause: String) -> Self {
        Self::Close(cause)
    }
}

impl Proxy {
    /// Serves a client of an XMPP server.
    pub(super) async fn handle_stream(
        self: Arc<Self>,
        tcp: TcpStream,
        mut tap: Tap,
        _place: OwnedSemaphorePermit,
    ) {
        let (mut client, mut server) = if self.target.scheme == Scheme::Xmpps {
            match Box::pin(self.direct_tls(tcp, &mut tap)).await {
                Ok(both) => both,
                Err(Refused::Answer(client, cause)) => {
                    return Box::pin(answer::refuse_stream(client, tap, cause)).await;
                }
                Err(Refused::Close(cause)) => {
                    tap.failed(cause);
                    return tap.close();
                }
                Err(Refused::Left(how)) => {
                    tap.ended(Side::Client, how);
                    return tap.close();
                }
            }
        } else {
            match Box::pin(self.reach_stream()).await {
                Ok(server) => (Socket::Plain(tcp), Socket::Plain(server)),
                Err(cause) => {
                    return Box::pin(answer::refuse_stream(Socket::Plain(tcp), tap, cause)).await;
                }
            }
        };
        let relay = |faults| Relay::new(faults, Expect::Stream, &client, None);
        let mut relay = self.faults.clone().map(relay);
        loop {
            let end = match &mut relay {
                None => tunnel::join(&mut client, &mut server, &mut tap, None).await,
                Some(relay) => Box::pin(relay.join(&mut client, &mut server, &mut tap)).await,
            };
            match end {
                End::Fin | End::Unanswered(_) => return tap.close(),
                End::Reset => {
                    client.reset();
                    server.reset();
                    return tap.close();
                }
                End::StartTls { client: behind_client, server: behind_server } => {
                    let joined = if self.streams.pass_starttls {
                        tap.secured(Secured { starttls: true, passed: true, ..Secured::default() });
                        // Nothing is held back any more, and all of it counts.
                        tap.passed(Side::Client, &behind_client);
                        tap.passed(Side::Server, &behind_server);
                        pass_on(&mut client, &mut server, &behind_client, &behind_server)
                            .await
                            .map(|()| (client, server))
                            .map_err(|error| format!("the connection was lost: {error}"))
                    } else {
                        let behind = (&behind_client[..], &behind_server[..]);
                        Box::pin(self.starttls(client, server, behind, &mut tap)).await
                    };
                    (client, server) = match joined {
                        Ok(both) => both,
                        Err(cause) => {
                            tap.failed(cause);
                            return tap.close();
                        }
                    };
                    if let Some(relay) = &mut relay {
                        relay.secured(self.streams.pass_starttls);
                    }
                }
            }
        }
    }

    /// The client has to speak TLS at once, and the target does.
    async fn direct_tls(
        &self,
        client: TcpStream,
        tap: &mut Tap,
    ) -> Result<(Socket, Socket), Refused> {
        let mut first = [0; BEGIN];
        match answer::in_time("the client", client.peek(&mut first)).await {
            Ok(0) => return Err(Refused::Left(How::Fin)),
            Ok(len) if first[0] != HANDSHAKE => {
                let protocol = Protocol::of(&first[..len]).map(|protocol| protocol.to_string());
                let what = protocol.unwrap_or_else(|| "something unknown".to_owned());
                let cause = format!(
                    "TLS: the client begins with {what}, not with TLS; with an xmpps:// target the client has \
                     to begin with TLS at once (direct TLS, XEP-0368). For STARTTLS, use an xmpp:// target"
                );
                return Err(cause.into());
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(answer::accepting(&self.target, &error).into());
            }
            Err(_) => return Err(Refused::Left(How::Reset)),
        }
        let hello = Hello::read(client, &[], &self.target).await?;
        let name = hello.sni.clone().unwrap_or_else(|| self.target.name().to_owned());
        let server = match self.reach_stream().await {
            Ok(server) => server,
            Err(cause) => {
                let Some((client, secured)) = self.take_alone(hello).await else {
                    return Err(Refused::Close(cause));
                };
                tap.secured(secured);
                return Err(Refused::Answer(client, cause));
            }
        };
        let (client, server, secured) = self.take_over(hello, server, &name, Begin::Direct).await?;
        tap.secured(secured);
        Ok((client, server))
    }

    /// The target has sent `<proceed/>`.
    async fn starttls(
        &self,
        client: Socket,
        server: Socket,
        (behind_client, behind_server): (&[u8], &[u8]),
        tap: &mut Tap,
    ) -> Result<(Socket, Socket), String> {
        let (Socket::Plain(client), Socket::Plain(server)) = (client, server) else {
            return Err("STARTTLS within TLS is not supported".to_owned());
        };
        if !behind_server.is_empty() {
            return Err(self.too_early(Some(behind_server.len())));
        }
        let to = tap.conversation().to().filter(|to| !to.is_empty());
        let name = to.unwrap_or_else(|| self.target.name()).to_owned();
        let hello = tokio::select! {
            hello = Hello::read(client, behind_client, &self.target) => hello?,
            sent = early(&server) => return Err(self.too_early(sent)),
        };
        let (client, server, secured) =
            self.take_over(hello, server, &name, Begin::StartTls).await?;
        tap.secured(secured);
        Ok((client, server))
    }

    /// The target did something between `<proceed/>` and TLS, where it has to wait: it sent bytes, or left.
    fn too_early(&self, sent: Option<usize>) -> String {
        let target = &self.target;
        match sent {
            Some(bytes) => format!(
                "{target} sent {bytes} bytes after <proceed/>, before TLS began: an attack on \
                 STARTTLS, or a defect of the server"
            ),
            None => format!("{target} closed the connection after <proceed/>, before TLS began"),
        }
    }

    /// Connects to the XMPP server, as SRV records say if the target has no port; or says in a sentence why not.
    async fn reach_stream(&self) -> Result<TcpStream, String> {
        let mut places = vec![(self.target.name().to_owned(), None)];
        let mut no_answer = None;
        if let (None, Some(resolver)) = (self.target.port(), &self.streams.resolver) {
            let service = match self.target.scheme {
                Scheme::Xmpps => "_xmpps-client._tcp",
                _ => "_xmpp-client._tcp",
            };
            let chance = |most: u32| {
                let mut bytes = [0; 4];
                Secure::default().fill(&mut bytes);
                u32::from_ne_bytes(bytes) % (most + 1)
            };
            let name = self.target.name();
            places = match services(resolver, service, name, chance).await {
                // Without an answer, the domain itself is tried (RFC 6120 §3.2.1).
                Err(cause) => {
                    tracing::warn!("{cause}; trying {name} itself");
                    no_answer = Some(cause);
                    places
                }
                Ok(Found::Nothing) => places,
                Ok(Found::NotOffered) => {
                    return Err(format!(
                        "{name} does not offer this service: the target of its SRV record {service} \
                         is \".\""
                    ));
                }
                Ok(Found::Services(all)) => {
                    all.into_iter().map(|service| (service.host, Some(service.port))).collect()
                }
            };
        }
        let mut cause = String::new();
        let mut places = places.into_iter().peekable();
        while let Some((host, port)) = places.next() {
            let addresses = match port {
                Some(port) => resolve(&host, port).await,
                None => self.target.resolve().await,
            };
            let more = places.peek().is_some();
            cause = match addresses {
                Ok(addresses) => match self.connect_to_first(addresses, more).await {
                    Ok(tcp) => return Ok(tcp),
                    Err(cause) => cause,
                },
                Err(cause) => cause,
            };
        }
        Err(match no_answer {
            Some(no_answer) => format!("{no_answer}, and {} itself: {cause}", self.target.name()),
            None => cause,
        })
    }
}

/// How many bytes a server sends where it has to wait for TLS, as far as they have come; none if it leaves.
async fn early(server: &TcpStream) -> Option<usize> {
    let sent = server.peek(&mut [0; 4096]).await;
    sent.ok().filter(|&bytes| bytes > 0)
}

/// What came behind the negotiation of STARTTLS belongs to TLS, which is passed on.
async fn pass_on(
    client: &mut Socket,
    server: &mut Socket,
    from_client: &[u8],
    from_server: &[u8],
) -> io::Result<()> {
    server.write_all(from_client).await?;
    client.write_all(from_server).await
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
