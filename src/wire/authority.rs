//! A certificate authority of this program: clients under test trust it, and it signs what their servers show them.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use x509_parser::pem::parse_x509_pem;

use super::tls::{self, TlsError};
use crate::files::put_private;

/// Certificates are valid from and to the first of January of these years, and expired ones no longer than to the one between.
const YEARS: (i32, i32, i32) = (2020, 2021, 2120);
/// What it is called.
const NAME: &str = "xmppscope test CA";
/// The file with the certificate of an authority, in its folder.
pub const CA_FILE: &str = "ca.pem";
/// The file with its key.
const KEY_FILE: &str = "ca-key.pem";

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

    /// The one that is kept in a folder, made if there is none: the certificate in `ca.pem`, the key in `ca-key.pem`. Of two
    /// runs that make one at the same time, both take that of the first.
    ///
    /// # Errors
    /// A file cannot be read or written, or the two do not belong together.
    pub fn kept(dir: &Path) -> Result<Self, TlsError> {
        let (key_file, ca_file) = (dir.join(KEY_FILE), dir.join(CA_FILE));
        let put = |path: &Path, pem: &str| {
            put_private(path, pem.as_bytes())
                .map_err(|cause| TlsError::Write { path: path.to_owned(), cause })
        };
        let unusable = |path: &Path, cause: String| TlsError::Read { path: path.to_owned(), cause };
        let has_certificate = ca_file.exists(); // it is written after the key
        if !key_file.exists() {
            if has_certificate {
                let cause =
                    format!("{KEY_FILE} is not beside it: put it there, or remove {CA_FILE}");
                return Err(unusable(&ca_file, cause));
            }
            std::fs::create_dir_all(dir)
                .map_err(|cause| TlsError::Write { path: dir.to_owned(), cause })?;
            put(&key_file, &KeyPair::generate()?.serialize_pem())?;
        }
        let key = KeyPair::from_pem(&tls::read(&key_file)?)
            .map_err(|error| unusable(&key_file, error.to_string()))?;
        let kept = Self::with(NAME, key)?;
        if !ca_file.exists() {
            put(&ca_file, &kept.pem())?;
        }
        if !kept.has_key_of(&tls::read(&ca_file)?) {
            let cause = format!(
                "it is not the certificate of {KEY_FILE}: remove {CA_FILE}, and one is made of the key"
            );
            return Err(unusable(&ca_file, cause));
        }
        Ok(kept)
    }

    /// Whether a certificate, in PEM, is for this key.
    fn has_key_of(&self, certificate: &str) -> bool {
        let Ok((_, pem)) = parse_x509_pem(certificate.as_bytes()) else { return false };
        let key = self.issuer.key().subject_public_key_info();
        pem.parse_x509().is_ok_and(|certificate| certificate.public_key().raw == key)
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
        // Of the key alone, the certificate is made.
        std::fs::remove_file(dir.join(CA_FILE)).unwrap();
        Authority::kept(&dir).unwrap();
        let wrong = |words: &str| {
            let wrong = Authority::kept(&dir).err().unwrap().to_string();
            let begins = wrong.starts_with("cannot read certificates from ");
            assert!(begins && wrong.contains(words), "{wrong}");
        };
        std::fs::write(dir.join(CA_FILE), Authority::unknown().unwrap().pem()).unwrap();
        wrong("not the certificate of ca-key.pem");
        std::fs::write(dir.join(KEY_FILE), "nonsense").unwrap();
        wrong("ca-key.pem");
        std::fs::remove_file(dir.join(KEY_FILE)).unwrap();
        wrong("is not beside it");
    }

    #[test]
    fn those_who_make_one_at_the_same_time_have_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new");
        let keys: Vec<String> = std::thread::scope(|scope| {
            let make = || Authority::kept(&dir).unwrap().issuer.key().public_key_pem();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}
