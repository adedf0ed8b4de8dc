//! XML streams over TCP: where the target is, and TLS, which the proxy takes over. It agrees on TLS with the target first, by what
//! the client asks for, so that a client never trusts this proxy where the target could not be trusted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, TlsConnector};

use super::answer;
use super::settings::Proxy;
use crate::random::{Random, Secure};
use crate::wire::Side;
use crate::wire::address::{Address, Scheme, resolve};
use crate::wire::resolve::{Found, services};
use crate::wire::secured::{Secured, Tls};
use crate::wire::socket::Socket;
use crate::wire::tap::Tap;
use crate::wire::tunnel::{self, End};
use crate::xmpp::ns;

/// How long a client may take for its stream header, if it gets an error in place of the target's.
const PATIENCE: Duration = Duration::from_secs(10);
/// The protocol that XEP-0368 names for ALPN.
const ALPN: &[u8] = b"xmpp-client";
/// The first byte of TLS.
const HANDSHAKE: u8 = 0x16;

impl Proxy {
    /// Serves a client of an XMPP server.
    pub(super) async fn handle_stream(self: Arc<Self>, tcp: TcpStream, mut tap: Tap) {
        let (mut client, mut server) = if self.target.scheme == Scheme::Xmpps {
            match Box::pin(self.direct_tls(tcp, &mut tap)).await {
                Ok(both) => both,
                Err(cause) => {
                    tap.failed(cause);
                    return tap.close();
                }
            }
        } else {
            match Box::pin(self.reach_stream()).await {
                Ok(server) => (Socket::Plain(tcp), Socket::Plain(server)),
                Err(cause) => return Box::pin(refuse(tcp, tap, cause)).await,
            }
        };
        loop {
            match tunnel::join(&mut client, &mut server, &mut tap, None).await {
                End::Fin | End::Unanswered(_) => return tap.close(),
                End::Reset => {
                    client.reset();
                    server.reset();
                    return tap.close();
                }
                End::StartTls { client: behind_client, server: behind_server } => {
                    let joined = if self.streams.pass_starttls {
                        tap.secured(Secured { starttls: true, passed: true, ..Secured::default() });
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
                }
            }
        }
    }

    /// The client has to speak TLS at once, and the target does.
    async fn direct_tls(
        &self,
        client: TcpStream,
        tap: &mut Tap,
    ) -> Result<(Socket, Socket), String> {
        let mut first = [0];
        match client.peek(&mut first).await {
            Ok(0) => return Err("the client left before it sent anything".to_owned()),
            Ok(_) if first[0] != HANDSHAKE => {
                let what = if first[0] == b'<' { "XMPP without TLS" } else { "no TLS" };
                return Err(format!(
                    "TLS: the client speaks {what}; with an xmpps:// target it has to begin with TLS \
                     at once (direct TLS, XEP-0368). For STARTTLS, use an xmpp:// target"
                ));
            }
            Ok(_) => {}
            Err(error) => return Err(format!("the client was lost: {error}")),
        }
        let hello = Hello::read(client, &[], &self.target).await?;
        let name = hello.sni.clone().unwrap_or_else(|| self.target.name().to_owned());
        let server = self.reach_stream().await?;
        let (client, server, secured) = self.take_over(hello, server, &name, false).await?;
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
            return Err(format!(
                "{} sent {} bytes behind <proceed/>, before TLS began: an attack on STARTTLS, or a \
                 defect of the server",
                self.target,
                behind_server.len()
            ));
        }
        let to = tap.conversation().to().filter(|to| !to.is_empty());
        let name = to.unwrap_or_else(|| self.target.name()).to_owned();
        let hello = Hello::read(client, behind_client, &self.target).await?;
        let (client, server, secured) = self.take_over(hello, server, &name, true).await?;
        tap.secured(secured);
        Ok((client, server))
    }

    /// Agrees on TLS with the target, whose certificate has to be for this name, and then with the client.
    async fn take_over(
        &self,
        hello: Hello,
        server: TcpStream,
        name: &str,
        starttls: bool,
    ) -> Result<(Socket, Socket, Secured), String> {
        let (Some(connect), Some(accept)) = (&self.connect, &self.accept) else {
            return Err("TLS is not configured".to_owned());
        };
        let mut config = (**connect).clone();
        config.alpn_protocols = match &hello.alpn[..] {
            [] if !starttls => vec![ALPN.to_vec()],
            offered => offered.to_vec(),
        };
        let server_name = ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name:?} is not a valid name for a TLS certificate"))?;
        let server = TlsConnector::from(Arc::new(config)).connect(server_name, server).await;
        let server = server.map_err(|error| answer::connecting(&self.target, name, &error))?;
        let agreed = &server.get_ref().1;
        let verified = (!self.streams.insecure).then(|| name.to_owned());
        let with_server = Tls { sni: Some(name.to_owned()), verified, ..Tls::of(agreed) };

        let mut config: ServerConfig = (**accept).clone();
        config.alpn_protocols = match agreed.alpn_protocol() {
            Some(chosen) if hello.alpn.iter().any(|offered| offered == chosen) => {
                vec![chosen.to_vec()]
            }
            _ => Vec::new(),
        };
        let client = hello.start.into_stream(Arc::new(config)).await;
        let client = client.map_err(|error| answer::accepting(&self.target, &error))?;
        let offers = hello.alpn.iter().map(|name| String::from_utf8_lossy(name).into_owned());
        let offers = offers.collect();
        let with_client = Tls { sni: hello.sni, offers, ..Tls::of(client.get_ref().1) };
        let secured = Secured {
            starttls,
            passed: false,
            client: Some(with_client),
            server: Some(with_server),
        };
        let socket = |tls: tokio_rustls::TlsStream<TcpStream>| Socket::Tls(Box::new(tls));
        Ok((socket(client.into()), socket(server.into()), secured))
    }

    /// Connects to the XMPP server, as SRV records say if the target has no port; or says in a sentence why not.
    async fn reach_stream(&self) -> Result<TcpStream, String> {
        let mut places = vec![(self.target.name().to_owned(), None)];
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
            places = match services(resolver, service, name, chance).await? {
                Found::Nothing => places,
                Found::NotOffered => {
                    return Err(format!(
                        "{name} does not offer this service: the target of its SRV record {service} \
                         is \".\""
                    ));
                }
                Found::Services(all) => {
                    all.into_iter().map(|service| (service.host, Some(service.port))).collect()
                }
            };
        }
        let mut cause = String::new();
        for (host, port) in places {
            let addresses = match port {
                Some(port) => resolve(&host, port).await,
                None => self.target.resolve().await,
            };
            cause = match addresses {
                Ok(addresses) => match self.connect_to_first(addresses).await {
                    Ok(tcp) => return Ok(tcp),
                    Err(cause) => cause,
                },
                Err(cause) => cause,
            };
        }
        Err(cause)
    }
}

/// What a client says when it begins with TLS, and the handshake that goes on from there.
struct Hello {
    start: StartHandshake<TcpStream>,
    sni: Option<String>,
    alpn: Vec<Vec<u8>>,
}

impl Hello {
    /// Reads it from the client, of which these bytes have come already.
    async fn read(client: TcpStream, mut begun: &[u8], target: &Address) -> Result<Self, String> {
        let said = |error: &io::Error| answer::accepting(target, error);
        let mut acceptor = Acceptor::default();
        while !begun.is_empty() {
            acceptor.read_tls(&mut begun).map_err(|error| said(&error))?;
        }
        let complete = acceptor.accept().map_err(|(error, _)| said(&io::Error::other(error)))?;
        let start = match complete {
            Some(accepted) => StartHandshake::from_parts(accepted, client),
            None => {
                LazyConfigAcceptor::new(acceptor, client).await.map_err(|error| said(&error))?
            }
        };
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_owned);
        let alpn = hello.alpn().map(|all| all.map(<[u8]>::to_vec).collect()).unwrap_or_default();
        Ok(Self { start, sni, alpn })
    }
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

/// Reports the cause, and answers the client's stream header with a stream error that says it.
async fn refuse(mut client: TcpStream, mut tap: Tap, cause: String) {
    tap.failed(cause.clone());
    let mut buffer = vec![0; 4096];
    let header = async {
        while tap.conversation().to().is_none() {
            match client.read(&mut buffer).await {
                Ok(0) | Err(_) => return false,
                Ok(n) => tap.passed(Side::Client, &buffer[..n]),
            };
        }
        true
    };
    if tokio::time::timeout(PATIENCE, header).await == Ok(true) {
        let answer = error(tap.conversation().to().unwrap_or_default(), &cause);
        tap.answered(answer.as_bytes());
        // A client that is gone needs no answer.
        let _ = client.write_all(answer.as_bytes()).await;
        let _ = client.shutdown().await;
    }
    tap.close();
}

/// A stream that says why there is none (RFC 6120 §4.9.3.15).
/// `from` is a value as the client wrote it, in which nothing but a quote can need escaping.
fn error(from: &str, cause: &str) -> String {
    let from = from.replace('\'', "&apos;");
    let cause = cause.replace('&', "&amp;").replace('<', "&lt;");
    let (streams, errors) = (ns::STREAMS, ns::STREAM_ERRORS);
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{streams}' from='{from}' \
         id='xmppscope' version='1.0' xml:lang='en'><stream:error><remote-connection-failed \
         xmlns='{errors}'/><text xmlns='{errors}' xml:lang='en'>xmppscope: {cause}</text>\
         </stream:error></stream:stream>"
    )
}
