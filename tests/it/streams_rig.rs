//! Scripted peers of an XML stream over TCP, with certificates of their own.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use crate::rig::{Proxy, Target, expect, send};

pub const HEADER: &str = "<?xml version='1.0'?><stream:stream to='chat.example' version='1.0' \
    xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
pub const ANSWER: &str = "<?xml version='1.0'?><stream:stream from='chat.example' id='s1' version='1.0' \
    xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
pub const OFFER: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\
    <required/></starttls></stream:features>";
pub const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
pub const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
pub const FAILURE: &str = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>";
pub const LOGIN: &str =
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAU0VDUkVU</auth>";

/// The domain of all streams here.
pub const DOMAIN: &str = "chat.example";

/// An XMPP server at the end of the script.
pub type TlsServer = StreamOwned<ServerConnection, TcpStream>;
/// An XMPP client.
pub type TlsClient = StreamOwned<ClientConnection, TcpStream>;

/// A CA, whose certificate is in a file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([DOMAIN.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let serialized = key.serialize_pem();
        Self { issuer: Issuer::new(params, key), pem, key: serialized }
    }

    /// The file for `--ca-file`.
    pub fn file(&self, folder: &Path) -> PathBuf {
        let path = folder.join("ca.pem");
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    /// A server with a certificate for this name.
    pub fn server(&self, name: &str) -> ServerConfig {
        self.sign(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// A server whose certificate was good once.
    pub fn expired(&self) -> ServerConfig {
        let mut params = CertificateParams::new([DOMAIN.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.sign(&params)
    }

    /// A server that uses the certificate of the CA as its own.
    pub fn itself(&self) -> ServerConfig {
        server(&self.pem, &self.key)
    }

    fn sign(&self, params: &CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server(&certificate.pem(), &key.serialize_pem())
    }

    /// A client that trusts this CA.
    pub fn client(&self) -> ClientConfig {
        trusting(&self.pem, rustls::DEFAULT_VERSIONS)
    }
}

fn server(certificate: &str, key: &str) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap()
}

/// A client that trusts this certificate.
pub fn trusting(pem: &str, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Offers these protocols by ALPN.
pub fn alpn(protocols: &[&str]) -> Vec<Vec<u8>> {
    protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
}

pub fn client_of(config: &ClientConfig, name: &str) -> ClientConnection {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    ClientConnection::new(Arc::new(config.clone()), name).unwrap()
}

/// The end of TLS on the client's side.
pub fn client_tls(mut tcp: TcpStream, mut tls: ClientConnection) -> std::io::Result<TlsClient> {
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

/// The end of TLS on the server's side.
pub fn server_tls(mut tcp: TcpStream, config: ServerConfig) -> std::io::Result<TlsServer> {
    let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

/// Both ends of TLS at once.
pub fn handshake(
    (client, tls): (TcpStream, ClientConnection),
    (server, config): (TcpStream, ServerConfig),
) -> (std::io::Result<TlsClient>, std::io::Result<TlsServer>) {
    thread::scope(|scope| {
        let server = scope.spawn(|| server_tls(server, config));
        (client_tls(client, tls), server.join().unwrap())
    })
}

/// A client and a server that have come as far as the server's offer of STARTTLS.
pub fn offered(proxy: &Proxy, target: &Target) -> (TcpStream, TcpStream) {
    let (mut client, mut server) = (proxy.connect(), target.accept());
    across(&mut client, &mut server, HEADER);
    across(&mut server, &mut client, &format!("{ANSWER}{OFFER}"));
    (client, server)
}

/// They have come as far as `<starttls/>`.
pub fn asked(proxy: &Proxy, target: &Target) -> (TcpStream, TcpStream) {
    let (mut client, mut server) = offered(proxy, target);
    across(&mut client, &mut server, STARTTLS);
    (client, server)
}

/// They have come as far as `<proceed/>`.
pub fn proceeds(proxy: &Proxy, target: &Target) -> (TcpStream, TcpStream) {
    let (client, mut server) = asked(proxy, target);
    let mut client = client;
    across(&mut server, &mut client, PROCEED);
    (client, server)
}

/// What one side sends comes to the other as it is.
#[track_caller]
pub fn across(from: &mut impl Write, to: &mut impl Read, text: &str) {
    send(from, text.as_bytes());
    from.flush().unwrap();
    expect(to, text.as_bytes());
}

/// Whether a peer's connection has ended, in order or by a reset; nothing more came. Waits for it.
#[track_caller]
pub fn ends(socket: &mut TcpStream) {
    let mut rest = Vec::new();
    if let Err(error) = socket.read_to_end(&mut rest) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    assert!(rest.is_empty(), "still came: {}", rest.escape_ascii());
}

/// Reads until the peer's direction ends, in whatever way; a timeout is no end.
#[track_caller]
pub fn drain(socket: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = socket.read_to_end(&mut bytes) {
        assert!(!timed_out(&error), "no end came: {error}");
    }
    bytes
}

/// Asserts that a handshake failed because the peer closed the connection or sent an alert, not because of a timeout.
#[track_caller]
pub fn assert_refused<T>(handshake: std::io::Result<T>, why: &str) {
    let error = handshake.err().expect(why);
    assert!(!timed_out(&error), "{why}: {error}");
}

/// Whether an error is the end of the wait, not something that the peer did.
pub fn timed_out(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
