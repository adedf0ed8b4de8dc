//! A certificate authority of this program: clients under test trust it, and it signs what their servers show them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};

use super::tls::{self, TlsError};
use crate::files::{create_private, text};

/// Certificates are valid from and to the first of January of these years, and expired ones no longer than to the one between.
const YEARS: (i32, i32, i32) = (2020, 2021, 2120);
/// What it is called.
const NAME: &str = "xmppscope test CA";
/// The file with the certificate of an authority, in its folder.
pub const CA_FILE: &str = "ca.pem";
/// The file with its key.
const KEY_FILE: &str = "ca-key.pem";
/// Bytes of the file of a key: a tenth is enough.
const LONGEST: u64 = 64 << 10;

/// A certificate authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// There is no key to be had.
    pub fn new() -> Result<Self, TlsError> {
        Self::with(NAME, KeyPair::generate()?)
    }

    /// A new one with a name of its own, which nobody trusts.
    ///
    /// # Errors
    /// There is no key to be had.
    pub fn unknown() -> Result<Self, TlsError> {
        Self::with("another CA", KeyPair::generate()?)
    }

    /// The one that is kept in a folder, made if there is none: the certificate in `ca.pem`, the key in `ca-key.pem`.
    ///
    /// # Errors
    /// A file cannot be read or written, or is something else.
    pub fn kept(dir: &Path) -> Result<Self, TlsError> {
        let key_file = dir.join(KEY_FILE);
        if key_file.exists() {
            let read = |cause: String| TlsError::Read { path: key_file.clone(), cause };
            let key = text(&key_file, LONGEST).map_err(|error| read(error.to_string()))?;
            let key = KeyPair::from_pem(&key).map_err(|error| read(error.to_string()))?;
            return Self::with(NAME, key);
        }
        let made = Self::new()?;
        std::fs::create_dir_all(dir)
            .map_err(|cause| TlsError::Write { path: dir.to_owned(), cause })?;
        let (key, certificate) = (made.issuer.key().serialize_pem(), made.pem());
        for (path, pem) in [(key_file, key), (dir.join(CA_FILE), certificate)] {
            let written = create_private(&path).and_then(|mut file| file.write_all(pem.as_bytes()));
            written.map_err(|cause| TlsError::Write { path, cause })?;
        }
        Ok(made)
    }

    fn with(name: &str, key: KeyPair) -> Result<Self, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let (from, _, to) = YEARS;
        (params.not_before, params.not_after) =
            (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key)? })
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Settings for accepting connections with a new certificate for these names, which may have expired. Nothing is offered
    /// by ALPN.
    ///
    /// # Errors
    /// A name cannot stand in a certificate.
    pub fn issue(&self, names: Vec<String>, expired: bool) -> Result<ServerConfig, TlsError> {
        let mut params = CertificateParams::new(names.clone())?;
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, names.into_iter().next().unwrap_or_default());
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let (from, past, to) = YEARS;
        let end = if expired { past } else { to };
        (params.not_before, params.not_after) =
            (date_time_ymd(from, 1, 1), date_time_ymd(end, 1, 1));
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(tls::accepting(vec![certificate.der().clone()], key)?)
    }

    /// Verifies certificates by this authority alone.
    ///
    /// # Errors
    /// Its certificate is not one of an authority.
    pub fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        tls::verifier_of(roots)
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    /// What a client that trusts `trusted` says of a certificate for a name.
    async fn judged(trusted: &Authority, config: ServerConfig, name: &'static str) -> String {
        let client = tls::verifying(trusted.verifier().unwrap()).unwrap();
        let (ours, theirs) = tokio::io::duplex(16 << 10);
        let accept = TlsAcceptor::from(Arc::new(config)).accept(theirs);
        let connect = TlsConnector::from(Arc::new(client));
        let connect = connect.connect(ServerName::try_from(name).unwrap(), ours);
        let (_, connected) = tokio::join!(accept, connect);
        connected.map_or_else(|error| error.to_string(), |_| "fine".to_owned())
    }

    #[tokio::test]
    async fn its_certificates_are_accepted_for_their_names_while_they_are_valid() {
        let (one, other) = (Authority::new().unwrap(), Authority::unknown().unwrap());
        let names = || vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        for (trusted, expired, name, verdict) in [
            (&one, false, "localhost", "fine"),
            (&one, false, "127.0.0.1", "fine"),
            (&one, false, "other.example", "not valid for name"),
            (&one, true, "localhost", "expired"),
            (&other, false, "localhost", "UnknownIssuer"),
        ] {
            let judged = judged(trusted, one.issue(names(), expired).unwrap(), name).await;
            assert!(judged.contains(verdict), "{name}, {expired}: {judged}");
        }
    }

    #[test]
    fn one_that_is_kept_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new");
        let made = Authority::kept(&dir).unwrap();
        let again = Authority::kept(&dir).unwrap();
        assert_eq!(std::fs::read_to_string(dir.join(CA_FILE)).unwrap(), made.pem());
        assert_eq!(made.issuer.key().public_key_pem(), again.issuer.key().public_key_pem());
        std::fs::write(dir.join(KEY_FILE), "nonsense").unwrap();
        let wrong = Authority::kept(&dir).err().unwrap().to_string();
        assert!(wrong.starts_with("cannot read certificates from "), "{wrong}");
    }
}
