//! A server's certificate as a browser judges it, in words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::trouble::{self, Trouble};
use crate::diag::sanitise::one_line;
use crate::wire::tls::is_marked_as_ca;

/// With so few seconds left a certificate should have been renewed.
const SOON: i64 = 14 * 86_400;

/// Lets every certificate pass, and remembers what would have been said to it: what is behind a wrong certificate can be
/// examined, too. It has no certificate of its own, and remembers whether one was asked for.
#[derive(Debug)]
pub struct Watching {
    strict: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Option<Presented>>,
    asked: AtomicBool,
}

/// A certificate that was presented.
#[derive(Debug, Clone)]
pub struct Presented {
    name: ServerName<'static>,
    chain: Vec<CertificateDer<'static>>,
    verdict: Result<(), Error>,
    now: UnixTime,
}

impl Watching {
    /// Judges as this one does.
    pub fn new(strict: Arc<dyn ServerCertVerifier>) -> Arc<Self> {
        Arc::new(Self { strict, seen: Mutex::default(), asked: AtomicBool::default() })
    }

    /// What was presented.
    pub fn presented(&self) -> Option<Presented> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server asked for a certificate of the client.
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Watching {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.strict.verify_server_cert(certificate, others, name, ocsp, now);
        let chain = std::iter::once(certificate).chain(others);
        let presented = Presented {
            name: name.to_owned(),
            chain: chain.map(|one| one.clone().into_owned()).collect(),
            verdict: verdict.map(|_| ()),
            now,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

/// What a certificate says of itself.
struct About {
    /// Its names, or the CN if it has none that count.
    names: String,
    issuer: String,
    from: i64,
    until: i64,
    self_signed: bool,
}

impl Presented {
    /// Whether a browser would take it.
    pub fn is_trusted(&self) -> bool {
        self.verdict.is_ok()
    }

    /// The certificate in a few words: for which names, by whom, until when.
    pub fn words(&self) -> String {
        match self.about() {
            Some(About { names, issuer, until, .. }) => {
                format!(
                    "certificate of {names}, issued by {issuer}, valid until {}{}",
                    date(until),
                    self.left(until)
                )
            }
            None => "a certificate that cannot be read".to_owned(),
        }
    }

    fn left(&self, until: i64) -> String {
        let days = (until - self.seconds()).div_euclid(86_400);
        match days {
            ..0 => String::new(),
            0 => " (less than a day left)".to_owned(),
            1 => " (1 day left)".to_owned(),
            _ => format!(" ({days} days left)"),
        }
    }

    /// That it is about to expire: whoever renews it should have done so.
    pub fn soon(&self) -> Option<(Trouble, String)> {
        let About { from, until, .. } = self.about()?;
        let left = until - self.seconds();
        let is_late = (0..SOON).contains(&left) && left < (until - from) / 6;
        (is_late && self.is_trusted()).then(|| {
            let words = format!("the certificate expires on {}{}", date(until), self.left(until));
            (Trouble::new(&trouble::CERTIFICATE_SOON), words)
        })
    }

    fn seconds(&self) -> i64 {
        i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX)
    }

    fn about(&self) -> Option<About> {
        let (_, leaf) = X509Certificate::from_der(self.chain.first()?).ok()?;
        let alternatives = leaf.subject_alternative_name().ok().flatten();
        let mut names: Vec<String> = alternatives
            .into_iter()
            .flat_map(|names| &names.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                GeneralName::IPAddress(bytes) => address(bytes),
                _ => None,
            })
            .collect();
        if names.is_empty() {
            let cn = leaf.subject().iter_common_name().next().and_then(|cn| cn.as_str().ok());
            names.push(match cn {
                Some(cn) => format!("{cn} (a CN alone, which no browser reads)"),
                None => "no name".to_owned(),
            });
        }
        let issuer = leaf.issuer();
        let common = issuer.iter_common_name().next().and_then(|cn| cn.as_str().ok());
        let organisation = issuer.iter_organization().next().and_then(|name| name.as_str().ok());
        let issuer_words = match (organisation, common) {
            (Some(organisation), Some(common)) => format!("{organisation} ({common})"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => issuer.to_string(),
        };
        if names.len() > 4 {
            let more = names.len() - 3;
            names.truncate(3);
            names.push(format!("{more} others"));
        }
        Some(About {
            names: one_line(&names.join(", ")).into_owned(),
            issuer: one_line(&issuer_words).into_owned(),
            from: leaf.validity().not_before.timestamp(),
            until: leaf.validity().not_after.timestamp(),
            self_signed: leaf.issuer() == leaf.subject(),
        })
    }

    /// What a browser says to it: each fault with its words.
    pub fn faults(&self) -> Vec<(Trouble, String)> {
        let Err(error) = &self.verdict else { return Vec::new() };
        let Some(about) = self.about() else {
            let words = "the certificate cannot be read".to_owned();
            return vec![(Trouble::new(&trouble::CERTIFICATE_UNTRUSTED), words)];
        };
        let asked = self.name.to_str();
        let mut faults = Vec::new();
        let now = self.seconds();
        if about.until < now {
            faults.push((
                Trouble::new(&trouble::CERTIFICATE_EXPIRED),
                format!("the certificate expired on {}", date(about.until)),
            ));
        }
        if about.from > now {
            faults.push((
                Trouble::new(&trouble::CERTIFICATE_EARLY),
                format!(
                    "the certificate is valid from {} on only: check the clocks of both machines",
                    date(about.from)
                ),
            ));
        }
        let parsed = self.chain.first().map(ParsedCertificate::try_from);
        if let Some(Ok(parsed)) = parsed
            && verify_server_name(&parsed, &self.name).is_err()
        {
            faults.push((
                Trouble::new(&trouble::CERTIFICATE_NAME).with("host", &asked),
                format!("the certificate is for {}, not for {asked}", about.names),
            ));
        }
        let untrusted = match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
                | CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. },
            ) => false,
            _ => faults.is_empty(),
        };
        if untrusted {
            faults.push(self.untrusted(error, &about));
        }
        faults
    }

    fn untrusted(&self, error: &Error, about: &About) -> (Trouble, String) {
        let issuer = &about.issuer;
        let of = |kind| Trouble::new(kind).with("issuer", issuer);
        if about.self_signed && self.chain.len() == 1 {
            let words = "the certificate is self-signed; browsers reject it";
            return (of(&trouble::CERTIFICATE_UNTRUSTED), words.to_owned());
        }
        if let Error::InvalidCertificate(error) = error
            && is_marked_as_ca(error)
        {
            let words = "the certificate is marked as that of a CA, which browsers do not accept from a server";
            return (of(&trouble::CERTIFICATE_UNTRUSTED), words.to_owned());
        }
        if !matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer)) {
            let words = format!("the certificate is not valid ({error})");
            return (of(&trouble::CERTIFICATE_UNTRUSTED), words);
        }
        match self.chain.len() {
            1 => (
                of(&trouble::CERTIFICATE_CHAIN),
                format!(
                    "the server sends its certificate alone, without that of its issuer {issuer}, which is not \
                     known by itself; some browsers find it elsewhere, others and most clients refuse"
                ),
            ),
            _ => (
                of(&trouble::CERTIFICATE_UNTRUSTED),
                format!("no known authority stands behind the certificate, which {issuer} issued"),
            ),
        }
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
}

/// `2027-01-03`
fn date(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "an impossible date".to_owned(), |at| at.format("%Y-%m-%d").to_string())
}
