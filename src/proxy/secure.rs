//! TLS on both sides of the proxy, which takes it over. What the client asks for is what the target is asked for, so that
//! both get what they would get without the proxy.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::server::{Accepted, Acceptor};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, TlsConnector};

use super::answer;
use super::settings::Proxy;
use crate::wire::address::Address;
use crate::wire::secured::{Secured, Tls};
use crate::wire::socket::Socket;
use crate::wire::tls;

/// The protocol that XEP-0368 names for ALPN.
const ALPN: &[u8] = b"xmpp-client";

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// By STARTTLS (RFC 6120 §5).
    StartTls,
    /// With the first byte (XEP-0368).
    Direct,
}

impl Proxy {
    /// Agrees on TLS with the target, whose certificate has to be for this name, and then with the client.
    pub(super) async fn take_over(
        &self,
        hello: Hello,
        server: TcpStream,
        name: &str,
        begin: Begin,
    ) -> Result<(Socket, Socket, Secured), String> {
        let (Some(trust), Some(accept)) = (&self.streams.verifier, &self.accept) else {
            return Err("TLS is not configured".to_owned());
        };
        // A stream's domain may have letters that DNS has not (RFC 7622 §3.2).
        let name = idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_owned());
        let server_name = ServerName::try_from(name.clone()).map_err(|_| {
            format!("TLS: the client asks for {name:?}, for which there can be no certificate")
        })?;
        let mut config =
            tls::for_name(server_name.clone(), Arc::clone(trust), rustls::ALL_VERSIONS)
                .map_err(|error| format!("TLS: {error}"))?;
        config.alpn_protocols = match &hello.alpn[..] {
            [] if begin == Begin::Direct => vec![ALPN.to_vec()],
            offered => offered.to_vec(),
        };
        config.enable_sni = hello.sni.is_some();
        let asked = hello.sni.clone().and_then(|sni| ServerName::try_from(sni).ok());
        let handshake = TlsConnector::from(Arc::new(config));
        let handshake = handshake.connect(asked.unwrap_or(server_name), server);
        let handshake = answer::in_time("the target", handshake);
        let server = tokio::select! {
            server = handshake => server.map_err(|error| {
                answer::connecting(&self.target, &name, begin == Begin::StartTls, &error)
            })?,
            () = leaves(&hello.client) => {
                return Err(format!(
                    "TLS: the client left before TLS with {} was negotiated",
                    self.target
                ));
            }
        };
        let (tcp, agreed) = server.get_ref();
        let verified = (!self.streams.insecure).then(|| name.clone());
        let with_server = Tls { sni: hello.sni.clone(), verified, ..Tls::of(agreed) };

        let mut config = (**accept).clone();
        config.alpn_protocols = match agreed.alpn_protocol() {
            Some(chosen) if hello.alpn.iter().any(|offered| offered == chosen) => {
                vec![chosen.to_vec()]
            }
            _ => Vec::new(),
        };
        let start = StartHandshake::from_parts(hello.accepted, hello.client);
        let client = tokio::select! {
            client = answer::in_time("the client", start.into_stream(Arc::new(config))) => {
                client.map_err(|error| answer::accepting(&self.target, &error))?
            }
            () = leaves(tcp) => {
                return Err(format!(
                    "{} closed the connection before TLS with the client was negotiated",
                    self.target
                ));
            }
        };
        let offers = offers(&hello.alpn);
        let with_client = Tls { sni: hello.sni, offers, ..Tls::of(client.get_ref().1) };
        let secured = Secured {
            starttls: begin == Begin::StartTls,
            passed: false,
            client: Some(with_client),
            server: Some(with_server),
        };
        let socket = |tls: tokio_rustls::TlsStream<TcpStream>| Socket::Tls(Box::new(tls));
        Ok((socket(client.into()), socket(server.into()), secured))
    }
}

impl Proxy {
    /// Agrees on TLS with a client that cannot have the target, so that it can be told why.
    pub(super) async fn take_alone(&self, hello: Hello) -> Option<(Socket, Secured)> {
        let mut config = (**self.accept.as_ref()?).clone();
        config.alpn_protocols = vec![ALPN.to_vec()];
        let start = StartHandshake::from_parts(hello.accepted, hello.client);
        let handshake = start.into_stream(Arc::new(config));
        let client = answer::in_time("the client", handshake).await.ok()?;
        let offers = offers(&hello.alpn);
        let agreed = Tls { sni: hello.sni, offers, ..Tls::of(client.get_ref().1) };
        let secured = Secured { client: Some(agreed), ..Secured::default() };
        Some((Socket::Tls(Box::new(client.into())), secured))
    }
}

/// What a client offers by ALPN, for people.
fn offers(alpn: &[Vec<u8>]) -> Vec<String> {
    alpn.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Comes to an end if a peer ends its direction before it sends anything more.
async fn leaves(peer: &TcpStream) {
    if let Ok(1..) = peer.peek(&mut [0]).await {
        std::future::pending::<()>().await;
    }
}

/// What a client says when it begins with TLS, and the handshake that goes on from there.
pub(super) struct Hello {
    accepted: Accepted,
    client: TcpStream,
    pub(super) sni: Option<String>,
    alpn: Vec<Vec<u8>>,
}

impl Hello {
    /// Reads it from the client, of which these bytes have come already.
    pub(super) async fn read(
        client: TcpStream,
        mut begun: &[u8],
        target: &Address,
    ) -> Result<Self, String> {
        let said = |error: &io::Error| answer::accepting(target, error);
        let mut acceptor = Acceptor::default();
        while !begun.is_empty() {
            acceptor.read_tls(&mut begun).map_err(|error| said(&error))?;
        }
        let complete = acceptor.accept().map_err(|(error, _)| said(&io::Error::other(error)))?;
        let start = if let Some(accepted) = complete {
            StartHandshake::from_parts(accepted, client)
        } else {
            let hello = LazyConfigAcceptor::new(acceptor, client);
            answer::in_time("the client", hello).await.map_err(|error| said(&error))?
        };
        let hello = start.client_hello();
        let sni = hello.server_name().map(str::to_owned);
        let alpn = hello.alpn().map(|all| all.map(<[u8]>::to_vec).collect()).unwrap_or_default();
        let StartHandshake { accepted, io: client, .. } = start;
        Ok(Self { accepted, client, sni, alpn })
    }
}
