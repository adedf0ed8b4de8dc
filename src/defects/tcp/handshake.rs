//! TLS itself: versions, protocols, certificates, and its end (RFC 6120 §4.4, §13.7; RFC 7590; XEP-0368).

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, SupportedProtocolVersion, version};

use crate::cm::parts::Parts;
use crate::cm::tls::{Parting, Terms};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect("tcp-close-notify/bare", "TCP is ended without the end of TLS", |parts| {
        parts.change_tls(|terms| terms.parting = Parting::Bare);
    }),
    defect("tcp-close-notify/left", "TLS is ended, and TCP stays open", |parts| {
        parts.change_tls(|terms| terms.parting = Parting::Left);
    }),
    defect(
        "tcp-close-notify/later",
        "TCP is ended without the end of TLS on every connection but the first",
        |parts| later(parts, |terms| terms.parting = Parting::Bare),
    ),
    defect("tcp-close-notify/direct", "direct TLS is not ended before TCP", |parts| {
        on(parts, Way::Direct, |terms| terms.parting = Parting::Bare);
    }),
    defect("tls-versions/new", "TLS 1.2 is not spoken", |parts| {
        parts.change_tls(|terms| speak(terms, &version::TLS13));
    }),
    defect("tls-versions/old", "TLS 1.3 is not spoken", |parts| {
        parts.change_tls(|terms| speak(terms, &version::TLS12));
    }),
    defect("tls-versions/direct", "TLS 1.2 is not spoken from the first byte", |parts| {
        on(parts, Way::Direct, |terms| speak(terms, &version::TLS13));
    }),
    defect(
        "dtls-alpn-selected/other",
        "of several protocols that a client offers by ALPN, that of HTTP is chosen",
        |parts| parts.change_tls(|terms| protocols(terms, &["http/1.1", "xmpp-client"])),
    ),
    defect("dtls-alpn-selected/refused", "a client that offers xmpp-client is refused", |parts| {
        parts.change_tls(|terms| protocols(terms, &["xmpp-server"]));
    }),
    defect(
        "dtls-alpn-selected/later",
        "that of HTTP is chosen on every connection but the first",
        |parts| later(parts, |terms| protocols(terms, &["http/1.1", "xmpp-client"])),
    ),
    defect(
        "tcp-certificate-names/direct",
        "with direct TLS the certificate is another's",
        |parts| {
            let other = certificate("other.example", false);
            on(parts, Way::Direct, move |terms| present(terms, &other));
        },
    ),
    defect(
        "tcp-certificate-names/starttls",
        "after STARTTLS the certificate is another's",
        |parts| {
            let other = certificate("other.example", false);
            on(parts, Way::StartTls, move |terms| present(terms, &other));
        },
    ),
    defect(
        "tcp-certificate-names/later",
        "the certificate is another's on every connection but the first",
        |parts| {
            let other = certificate("other.example", false);
            later(parts, move |terms| present(terms, &other));
        },
    ),
    defect("tcp-certificate-no-ca", "the certificate is marked as that of a CA", |parts| {
        let marked = certificate("localhost", true);
        parts.change_tls(move |terms| present(terms, &marked));
    }),
];

/// How TLS begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    StartTls,
    Direct,
}

/// Changes what holds for connections on which TLS begins in this way.
fn on(parts: &mut Parts, way: Way, change: impl Fn(&mut Terms) + Send + 'static) {
    parts.change_tls(move |terms| {
        if terms.starttls == (way == Way::StartTls) {
            change(terms);
        }
    });
}

/// Changes what holds for every connection but the first with TLS.
fn later(parts: &mut Parts, change: impl Fn(&mut Terms) + Send + 'static) {
    let mut first = true;
    parts.change_tls(move |terms| {
        if !std::mem::take(&mut first) {
            change(terms);
        }
    });
}

/// One version of TLS alone.
fn speak(terms: &mut Terms, version: &'static SupportedProtocolVersion) {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let Ok(builder) = builder.with_protocol_versions(&[version]) else { return };
    let resolver = Arc::clone(&terms.config.cert_resolver);
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols.clone_from(&terms.config.alpn_protocols);
    terms.config = Arc::new(config);
}

fn protocols(terms: &mut Terms, names: &[&str]) {
    let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::make_mut(&mut terms.config).alpn_protocols = names;
}

/// A certificate and its key.
type Identity = Option<Arc<dyn ResolvesServerCert>>;

fn present(terms: &mut Terms, identity: &Identity) {
    if let Some(identity) = identity {
        Arc::make_mut(&mut terms.config).cert_resolver = Arc::clone(identity);
    }
}

/// A new certificate, signed by itself.
fn certificate(name: &str, ca: bool) -> Identity {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).ok()?;
    if ca {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let key = rcgen::KeyPair::generate().ok()?;
    let certificate = params.self_signed(&key).ok()?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let certified = CertifiedKey::from_der(chain, key, &default_provider()).ok()?;
    Some(Arc::new(SingleCertAndKey::from(certified)))
}
