//! Names, addresses, TLS: whether something answers at all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::InvalidMessage;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::check::{ADDRESSES, TLS};
use super::context::{Context, Doing};
use super::endpoint::{Carrier, Endpoint, about};
use super::trouble::{self, Trouble};
use crate::clock::words;
use crate::trace::Tls;
use crate::wire::presented::{Presented, Watching};
use crate::wire::protocol::Protocol;
use crate::wire::socket::Socket;
use crate::wire::tls;

/// What a port that speaks anything answers in its own way.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// How long an address may take to accept a connection, and to agree on TLS.
const PATIENCE: Duration = Duration::from_secs(5);

/// An endpoint that answers.
#[derive(Debug, Clone)]
pub struct Place {
    /// What it is.
    pub endpoint: Endpoint,
    /// The addresses that answer, at least one.
    pub alive: Vec<SocketAddr>,
    /// The server asked for a certificate of the client.
    pub asks: bool,
}

/// Why a connection could not be made.
#[derive(Debug)]
pub enum Unmade {
    /// Of TCP.
    Tcp(String),
    /// Of TLS.
    Tls(String, &'static trouble::Kind),
}

impl Unmade {
    /// In words.
    pub fn words(&self) -> &str {
        match self {
            Self::Tcp(words) | Self::Tls(words, _) => words,
        }
    }
}

/// Connects to one address.
pub async fn connect(at: SocketAddr) -> Result<TcpStream, Unmade> {
    let failed = |why: &str| Unmade::Tcp(format!("{at}: {why}"));
    match tokio::time::timeout(PATIENCE, TcpStream::connect(at)).await {
        Ok(Ok(tcp)) => {
            let _ = tcp.set_nodelay(true); // refused only by a socket that is gone
            Ok(tcp)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(failed("nothing listens there (connection refused)"))
        }
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => {
            let within = words(PATIENCE);
            Err(failed(&format!("no connection within {within}; a firewall may drop it")))
        }
    }
}

/// A connection with TLS.
pub struct Secure {
    /// The connection.
    pub socket: Socket,
    /// The server's certificate.
    pub presented: Option<Presented>,
    /// It asked for one of the client.
    pub asks: bool,
}

/// Agrees on TLS, whatever the certificate is.
pub async fn secure(
    context: &Context,
    tcp: TcpStream,
    name: &str,
    alpn: &[&str],
) -> Result<Secure, Unmade> {
    let failed = |why: &str, kind| Unmade::Tls(format!("TLS: {why}"), kind);
    let unusable = |error: &dyn std::fmt::Display| failed(&error.to_string(), &trouble::TLS_FAILED);
    let ascii = idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_owned());
    let server = ServerName::try_from(ascii).map_err(|error| unusable(&error))?;
    let Some(trust) = &context.settings.trust else {
        return Err(unusable(&"no certificates are trusted"));
    };
    let watching = Watching::new(Arc::clone(trust));
    let mut config =
        tls::verifying(Arc::clone(&watching) as Arc<_>).map_err(|error| unusable(&error))?;
    config.client_auth_cert_resolver = Arc::clone(&watching) as Arc<_>;
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let shaking = TlsConnector::from(Arc::new(config)).connect(server, tcp);
    match tokio::time::timeout(PATIENCE, shaking).await {
        Ok(Ok(stream)) => {
            let (presented, asks) = (watching.presented(), watching.was_asked());
            Ok(Secure { socket: Socket::Tls(Box::new(stream.into())), presented, asks })
        }
        Ok(Err(error)) if watching.was_asked() => Err(failed(
            &format!("the server wants a certificate of the client ({error})"),
            &trouble::CLIENT_CERTIFICATE,
        )),
        Ok(Err(error)) => Err(match tls::cause(&error) {
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                failed("the port does not speak TLS", &trouble::PLAIN_ON_TLS_PORT)
            }
            _ => unusable(&error),
        }),
        Err(_) => Err(failed(
            &format!("no answer to the handshake within {}", words(PATIENCE)),
            &trouble::TLS_FAILED,
        )),
    }
}

/// Looks up an endpoint's name, connects to each address, and agrees on TLS with each. None if nothing answers.
pub async fn reach(context: &Context, endpoint: &Endpoint, port: u16) -> Option<Place> {
    let doing = context.begin(&ADDRESSES, endpoint);
    let host = endpoint.address.name();
    let found = match context.settings.names.addresses(host, port).await {
        Ok(found) => found,
        Err(why) => {
            doing.broken(about(Trouble::new(&trouble::NO_ADDRESS), endpoint), why);
            return None;
        }
    };
    let (mut alive, mut dead) = (Vec::new(), Vec::new());
    let mut tries = tokio::task::JoinSet::new();
    for (order, &at) in found.iter().enumerate() {
        tries.spawn(async move { (order, at, connect(at).await.map(drop)) });
    }
    let mut made = tries.join_all().await;
    made.sort_by_key(|(order, ..)| *order);
    for (_, at, connected) in made {
        match connected {
            Ok(()) => alive.push(at),
            Err(unmade) => dead.push((at, unmade)),
        }
    }
    say_addresses(&doing, endpoint, &alive, &dead);
    if alive.is_empty() {
        return None;
    }
    let mut place = Place { endpoint: endpoint.clone(), alive, asks: false };
    if endpoint.address.is_tls() {
        judge_tls(context, &mut place).await;
    }
    (!place.alive.is_empty()).then_some(place)
}

fn say_addresses(
    doing: &Doing<'_>,
    endpoint: &Endpoint,
    alive: &[SocketAddr],
    dead: &[(SocketAddr, Unmade)],
) {
    let list = |all: &[String]| all.join(", ");
    let living: Vec<String> = alive.iter().map(ToString::to_string).collect();
    if alive.is_empty() {
        let why: Vec<String> = dead.iter().map(|(_, why)| why.words().to_owned()).collect();
        return doing.broken(about(Trouble::new(&trouble::UNREACHABLE), endpoint), list(&why));
    }
    if dead.is_empty() {
        let s = if alive.len() == 1 { "answers" } else { "answer" };
        return doing.well(format!("{} {s}", list(&living)));
    }
    for (at, why) in dead {
        let family = if at.is_ipv6() { "IPv6" } else { "IPv4" };
        doing.weak(
            about(Trouble::new(&trouble::ADDRESS_DEAD), endpoint)
                .with("address", at.ip())
                .with("family", family),
            format!(
                "{}; {} answers: clients that pick the dead one are delayed or fail",
                why.words(),
                list(&living)
            ),
        );
    }
}

/// Agrees on TLS with each address; those with which that fails are left out.
async fn judge_tls(context: &Context, place: &mut Place) {
    let doing = context.begin(&TLS, &place.endpoint);
    let (name, alpn): (&str, &[&str]) = match place.endpoint.carrier {
        Carrier::Tcp => (&context.settings.domain, &["xmpp-client"]),
        _ => (place.endpoint.address.name(), &["h2", "http/1.1"]),
    };
    let mut said: Vec<String> = Vec::new();
    let mut usable = Vec::new();
    let several = place.alive.len() > 1;
    for &at in &place.alive {
        let agreed = match connect(at).await {
            Ok(tcp) => secure(context, tcp, name, alpn).await,
            Err(unmade) => Err(unmade),
        };
        let on = if several { format!(" ({at})") } else { String::new() };
        match agreed {
            Err(unmade) => {
                let mut kind = match &unmade {
                    Unmade::Tls(_, kind) => kind,
                    Unmade::Tcp(_) => &trouble::UNREACHABLE,
                };
                let mut words = unmade.words().to_owned();
                if let Some(spoken) = speaks_plainly(at).await {
                    kind = match (spoken, place.endpoint.carrier) {
                        ("XMPP", Carrier::Tcp) => &trouble::STARTTLS_MIXED,
                        ("XMPP", _) => &trouble::XMPP_PORT,
                        _ => &trouble::PLAIN_ON_TLS_PORT,
                    };
                    words = format!("TLS: the port speaks {spoken}, without TLS");
                } else if kind == &trouble::TLS_FAILED
                    && wants_proxy_protocol(context, at, name).await
                {
                    kind = &trouble::PROXY_PROTOCOL;
                    words += "; behind a line of the PROXY protocol it succeeds";
                }
                doing.broken(about(Trouble::new(kind), &place.endpoint), words + &on);
            }
            Ok(Secure { socket, presented, asks }) => {
                usable.push(at);
                place.asks |= asks;
                let Some(presented) = presented else { continue };
                let faults = presented.faults();
                for (trouble, words) in &faults {
                    if !said.contains(words) {
                        doing.broken(trouble.clone().with("host", name), format!("{words}{on}"));
                        said.push(words.clone());
                    }
                }
                if let Some((trouble, words)) = presented.soon()
                    && !said.contains(&words)
                {
                    doing.weak(trouble.with("host", name), format!("{words}{on}"));
                    said.push(words);
                }
                let words = format!("{}, {}", agreed_words(&socket), presented.words());
                if faults.is_empty() && !said.contains(&words) {
                    doing.well(&words);
                    said.push(words);
                }
            }
        }
    }
    place.alive = usable;
}

fn agreed_words(socket: &Socket) -> String {
    match socket {
        Socket::Tls(stream) => {
            let Tls { version, alpn, .. } = match &**stream {
                tokio_rustls::TlsStream::Client(stream) => Tls::of(stream.get_ref().1),
                tokio_rustls::TlsStream::Server(stream) => Tls::of(stream.get_ref().1),
            };
            match alpn.as_deref() {
                Some("h2") => format!("{version}, HTTP/2 offered"),
                _ => version,
            }
        }
        Socket::Plain(_) => "no TLS".to_owned(),
    }
}

/// Whether TLS can be agreed on behind a line of the PROXY protocol, which says nothing but the truth.
async fn wants_proxy_protocol(context: &Context, at: SocketAddr, name: &str) -> bool {
    let Ok(mut tcp) = connect(at).await else { return false };
    let Ok(own) = tcp.local_addr() else { return false };
    let family = if at.is_ipv4() { "TCP4" } else { "TCP6" };
    let line = format!("PROXY {family} {} {} {} {}\r\n", own.ip(), at.ip(), own.port(), at.port());
    tcp.write_all(line.as_bytes()).await.is_ok() && secure(context, tcp, name, &[]).await.is_ok()
}

/// Whether a port that is not to speak TLS does, with XMPP in it where that is expected.
pub async fn speaks_tls(context: &Context, place: &Place) -> bool {
    let stream = place.endpoint.carrier == Carrier::Tcp;
    let name = if stream { &context.settings.domain } else { place.endpoint.address.name() };
    if place.endpoint.address.is_tls() {
        return false;
    }
    let Ok(tcp) = connect(place.alive[0]).await else { return false };
    match secure(context, tcp, name, &[]).await {
        Ok(Secure { socket, .. }) if stream => answer(socket).await == Some(Protocol::XmppStream),
        made => made.is_ok(),
    }
}

/// What is spoken at a connection, by its answer to a request of HTTP.
async fn answer(mut socket: impl AsyncRead + AsyncWrite + Unpin) -> Option<Protocol> {
    socket.write_all(REQUEST).await.ok()?;
    let mut buffer = [0; 512];
    let read = tokio::time::timeout(Duration::from_secs(2), socket.read(&mut buffer)).await;
    Protocol::of(&buffer[..read.ok()?.ok()?])
}

/// What speaks at a port that does not speak TLS, if a request of HTTP shows it.
async fn speaks_plainly(at: SocketAddr) -> Option<&'static str> {
    let mut tcp = connect(at).await.ok()?;
    tcp.write_all(REQUEST).await.ok()?;
    let mut buffer = [0; 512];
    let read = tokio::time::timeout(Duration::from_secs(2), tcp.read(&mut buffer)).await;
    let size = read.ok()?.ok()?;
    match Protocol::of(&buffer[..size])? {
        Protocol::HttpResponse
            // A port that speaks TLS may say so in plain HTTP.
            if ![&b"tls"[..], b"https"].iter().any(|word| {
                buffer[..size].windows(word.len()).any(|some| some.eq_ignore_ascii_case(word))
            }) =>
        {
            Some("HTTP")
        }
        Protocol::XmppStream => Some("XMPP"),
        _ => None,
    }
}
