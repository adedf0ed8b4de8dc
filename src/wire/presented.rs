//! The certificate that a server presents: it passes, is remembered, and is judged beside the handshake.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Remembers a certificate and what is said to it. It may let every one pass, so that what is behind a wrong certificate can be
/// examined, too. It has no certificate of its own, and remembers whether one was asked for.
#[derive(Debug)]
pub struct Watching {
    strict: Arc<dyn ServerCertVerifier>,
    enforces: bool,
    seen: Mutex<Option<Presented>>,
    asked: AtomicBool,
}

/// A certificate that was presented.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The name that it has to be for.
    pub name: ServerName<'static>,
    /// The certificate, and those that came with it.
    pub chain: Vec<CertificateDer<'static>>,
    /// What a strict verifier says to it.
    pub verdict: Result<(), Error>,
    /// When.
    pub now: UnixTime,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is for other names.
    OtherName,
    /// It is marked as that of a CA (basicConstraints).
    OfCa,
    /// Nobody who is trusted stands behind it.
    Untrusted,
}

/// What a certificate is that has none of them.
pub const VALID: &str = "valid";

impl Flaw {
    /// All of them, by name.
    pub const ALL: [(&str, Self); 5] = [
        ("expired", Self::Expired),
        ("not-yet-valid", Self::NotYetValid),
        ("other-name", Self::OtherName),
        ("ca-certificate", Self::OfCa),
        ("untrusted", Self::Untrusted),
    ];
}

impl Watching {
    /// Judges as this one does, and lets every certificate pass.
    pub fn new(strict: Arc<dyn ServerCertVerifier>) -> Arc<Self> {
        Self::of(strict, false)
    }

    /// Judges as this one does, and refuses what it refuses.
    pub fn enforcing(strict: Arc<dyn ServerCertVerifier>) -> Arc<Self> {
        Self::of(strict, true)
    }

    fn of(strict: Arc<dyn ServerCertVerifier>, enforces: bool) -> Arc<Self> {
        Arc::new(Self { strict, enforces, seen: Mutex::default(), asked: AtomicBool::default() })
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
        let answer = if self.enforces { presented.verdict.clone() } else { Ok(()) };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        answer.map(|()| ServerCertVerified::assertion())
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

impl Presented {
    /// What is wrong with it. Names and dates are looked at also if the verifier trusts any certificate.
    pub fn flaws(&self) -> Vec<Flaw> {
        let Some((_, leaf)) =
            self.chain.first().and_then(|der| X509Certificate::from_der(der).ok())
        else {
            return vec![Flaw::Untrusted];
        };
        let now = self.seconds();
        let parsed = self.chain.first().map(ParsedCertificate::try_from);
        let misnamed =
            matches!(parsed, Some(Ok(parsed)) if verify_server_name(&parsed, &self.name).is_err());
        let constraints = leaf.basic_constraints().ok().flatten();
        let mut flaws = Vec::new();
        for (is_so, flaw) in [
            (leaf.validity().not_after.timestamp() < now, Flaw::Expired),
            (leaf.validity().not_before.timestamp() > now, Flaw::NotYetValid),
            (misnamed, Flaw::OtherName),
        ] {
            flaws.extend(is_so.then_some(flaw));
        }
        let untrusted = match &self.verdict {
            Ok(()) => false,
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => true,
            // What a verifier says first hides what it would have said next.
            Err(_) => flaws.is_empty(),
        };
        flaws.extend(constraints.is_some_and(|it| it.value.ca).then_some(Flaw::OfCa));
        flaws.extend(untrusted.then_some(Flaw::Untrusted));
        flaws
    }

    /// When it was presented, in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    /// What is wrong with a certificate for `a.example`, of the year 2020, at a time of another year.
    fn flaws(ca: bool, name: &str, verdict: Result<(), Error>, year: u64) -> Vec<Flaw> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        if ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let now = Duration::from_secs((year - 1970) * 31_557_000 + 86_400 * 30);
        let presented = Presented {
            name: ServerName::try_from(name.to_owned()).unwrap(),
            chain: vec![certificate.der().clone()],
            verdict,
            now: UnixTime::since_unix_epoch(now),
        };
        presented.flaws()
    }

    #[test]
    fn a_certificate_is_judged_by_its_time_its_names_and_its_issuer() {
        let unknown = || Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        let expired = || Err(Error::InvalidCertificate(CertificateError::Expired));
        assert_eq!(flaws(false, "a.example", Ok(()), 2020), []);
        assert_eq!(flaws(false, "b.example", Ok(()), 2020), [Flaw::OtherName]);
        assert_eq!(flaws(false, "a.example", expired(), 2022), [Flaw::Expired]);
        assert_eq!(
            flaws(true, "a.example", unknown(), 2018),
            [Flaw::NotYetValid, Flaw::OfCa, Flaw::Untrusted]
        );
    }
}
