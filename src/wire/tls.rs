//! TLS settings: trusting a server's certificate, and listening with one of our own. Where HTTP is spoken HTTP/1.1
//! alone is offered, since the tunnel reads nothing else.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};

use crate::diag::name;
use crate::files::{create_private, text};

/// Bytes of a file of certificates: those of a whole system take a quarter of it.
const LONGEST: u64 = 1 << 20;

/// What can go wrong before the first handshake.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate or key file can't be read or holds none.
    #[error("cannot read certificates from {path}: {cause}", path = name(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: String,
    },
    /// A certificate or key file can't be written.
    #[error("cannot write {path}: {cause}", path = name(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// No certificate could be made.
    #[error("cannot generate a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// The certificate, the key or the settings don't fit.
    #[error("unusable certificate or key: {0}")]
    Rustls(#[from] rustls::Error),
    /// The system's certificates can't be found.
    #[error("no trusted certificates on this system ({0}); name some with --ca-file")]
    NoRoots(String),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Settings for connections to an https target.
pub fn client(ca_file: Option<&Path>, insecure: bool) -> Result<Arc<ClientConfig>, TlsError> {
    for_http(verifier(ca_file, insecure)?)
}

/// The same for one whose certificates are verified in this way.
pub fn for_http(verifier: Arc<dyn ServerCertVerifier>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = verifying(verifier)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Settings for connections on which another protocol is spoken: trusting the certificates in a file, those of the
/// system, or any.
pub fn trusting(ca_file: Option<&Path>, insecure: bool) -> Result<ClientConfig, TlsError> {
    Ok(verifying(verifier(ca_file, insecure)?)?)
}

/// Settings for connections whose certificates are verified in this way.
pub fn verifying(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, rustls::Error> {
    speaking(rustls::ALL_VERSIONS, verifier)
}

/// The same with these versions of TLS.
fn speaking(
    versions: &[&'static SupportedProtocolVersion],
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, rustls::Error> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Verifies certificates by the CAs in a file or by those of the system, or accepts any.
pub fn verifier(
    ca_file: Option<&Path>,
    insecure: bool,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    if insecure {
        return Ok(Arc::new(Trusting(provider())));
    }
    let (roots, named) = roots(ca_file)?;
    let verifier = by_roots(roots)?;
    Ok(Arc::new(Named { verifier, named }))
}

/// Verifies certificates by these CAs.
pub(super) fn verifier_of(roots: RootCertStore) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let verifier = by_roots(roots)?;
    Ok(verifier)
}

fn by_roots(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| TlsError::NoRoots(error.to_string()))
}

/// Settings for a single connection with these versions of TLS, on which the certificate has to be for `name` whatever name SNI
/// asks for. No session is resumed: each connection verifies the certificate itself.
pub fn for_name(
    name: ServerName<'static>,
    verifier: Arc<dyn ServerCertVerifier>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, rustls::Error> {
    let mut config = speaking(versions, Arc::new(ForName { name, verifier }))?;
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// What rustls says of a handshake that failed.
pub fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether a certificate is refused only because it is marked as that of a CA (basicConstraints), as those that
/// `openssl req -x509` makes are.
pub fn is_marked_as_ca(error: &CertificateError) -> bool {
    // The error of the library below is wrapped, and its type is not ours.
    matches!(error, CertificateError::Other(_))
        && format!("{error:?}").contains("CaUsedAsEndEntity")
}

/// Where a certificate that is marked as a CA's is to be put.
pub const MARKED_AS_CA: &str = "its certificate is marked as that of a CA, as `openssl req -x509` makes them; to trust \
    exactly this certificate, save it to a file and use --ca-file";

/// What a certificate for another name needs.
pub const NAMES: &str =
    "only its subjectAltName counts, not its CN (openssl: -addext subjectAltName=DNS:NAME)";

/// The certificates to trust, and those of them that the user has named.
fn roots(
    ca_file: Option<&Path>,
) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), TlsError> {
    let mut roots = RootCertStore::empty();
    let mut named = Vec::new();
    if let Some(path) = ca_file {
        let unusable = |cause: String| TlsError::Read { path: path.to_owned(), cause };
        let text = read(path)?;
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|e| unusable(e.to_string()))?;
            roots.add(certificate.clone())?;
            named.push(certificate);
        }
        if roots.is_empty() {
            return Err(unusable("no PEM certificate in it".to_owned()));
        }
        return Ok((roots, named));
    }
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let cause = native.errors.first().map_or("none installed".to_owned(), ToString::to_string);
        return Err(TlsError::NoRoots(cause));
    }
    Ok((roots, named))
}

/// A certificate to listen with, and what a client needs to trust it.
#[derive(Debug)]
pub struct Identity {
    /// Settings for accepting connections.
    pub config: Arc<ServerConfig>,
    /// The certificate file, where one was asked for.
    pub file: Option<PathBuf>,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
}

/// A self-signed certificate for `names`: kept in `dir` and used again from there, or made for this run alone.
pub fn identity(names: Vec<String>, dir: Option<&Path>) -> Result<Identity, TlsError> {
    let file = dir.map(|dir| dir.join("cert.pem"));
    let (certificate, key) = match (dir, &file) {
        (Some(dir), Some(file)) => {
            let key_file = dir.join("key.pem");
            if !file.exists() {
                let (certificate, key) = generate(names)?;
                let written = |path: &Path, pem: &str| {
                    write(path, pem)
                        .map_err(|cause| TlsError::Write { path: path.to_owned(), cause })
                };
                std::fs::create_dir_all(dir)
                    .map_err(|cause| TlsError::Write { path: dir.to_owned(), cause })?;
                written(&key_file, &key)?;
                written(file, &certificate)?;
            }
            (read(file)?, read(&key_file)?)
        }
        _ => generate(names)?,
    };
    let bad = |cause: rustls::pki_types::pem::Error| TlsError::Read {
        path: file.clone().unwrap_or_default(),
        cause: cause.to_string(),
    };
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(bad)?;
    let fingerprint = chain.first().map(fingerprint).unwrap_or_default();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(bad)?;
    let mut config = accepting(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { config: Arc::new(config), file, fingerprint })
}

/// Settings for accepting connections with this certificate.
pub(super) fn accepting(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = ::ring::digest::digest(&::ring::digest::SHA256, certificate);
    let bytes: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// PEM of a new certificate and its key.
fn generate(names: Vec<String>) -> Result<(String, String), TlsError> {
    let made = rcgen::generate_simple_self_signed(names)?;
    Ok((made.cert.pem(), made.signing_key.serialize_pem()))
}

/// A file with certificates or a key.
pub(super) fn read(path: &Path) -> Result<String, TlsError> {
    text(path, LONGEST)
        .map_err(|cause| TlsError::Read { path: path.to_owned(), cause: cause.to_string() })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    create_private(path)?.write_all(text.as_bytes())
}

/// Verifies certificates by their CAs. One that is marked as a CA's own is accepted where the user has named this very
/// certificate: nobody but who has its key can use it. It has to be in time and for the name as any other.
#[derive(Debug)]
struct Named {
    verifier: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verifier.verify_server_cert(certificate, others, name, ocsp, now) {
            // That it is in time was verified before (a test holds this).
            Err(rustls::Error::InvalidCertificate(error))
                if is_marked_as_ca(&error) && self.named.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Verifies certificates for one name, whatever the name of the connection is.
#[derive(Debug)]
struct ForName {
    name: ServerName<'static>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for ForName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier.verify_server_cert(certificate, others, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// `--insecure`: any certificate is taken; signatures are still verified.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
