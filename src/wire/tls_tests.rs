use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::*;

/// A certificate as `openssl req -x509` makes it: self-signed, and marked as a CA's.
fn marked(from: (i32, u8), until: (i32, u8)) -> (String, CertificateDer<'static>) {
    let mut params = CertificateParams::new(vec!["chat.example".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = rcgen::date_time_ymd(from.0, from.1, 1);
    params.not_after = rcgen::date_time_ymd(until.0, until.1, 1);
    let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    (made.pem(), made.der().clone())
}

#[test]
fn a_certificate_marked_as_a_cas_is_trusted_where_it_is_named_itself() {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600)); // 2026-01-01
    let (pem, own) = marked((2025, 1), (2030, 1));
    let (expired_pem, expired) = marked((2020, 1), (2021, 1));
    let (_, strange) = marked((2025, 1), (2030, 1));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem + &expired_pem).unwrap();
    let verifier = verifier(Some(file.path()), false).unwrap();
    let verify = |certificate: &CertificateDer<'_>, name: &'static str| {
        let name = ServerName::try_from(name).unwrap();
        let judged = verifier.verify_server_cert(certificate, &[], &name, &[], now);
        judged.map(drop).map_err(|error| match error {
            rustls::Error::InvalidCertificate(error) => error,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(verify(&own, "chat.example"), Ok(()));
    let other = verify(&own, "else.example").unwrap_err();
    assert!(matches!(other, CertificateError::NotValidForNameContext { .. }), "{other:?}");
    let late = verify(&expired, "chat.example").unwrap_err();
    assert!(matches!(late, CertificateError::ExpiredContext { .. }), "{late:?}");
    assert!(is_marked_as_ca(&verify(&strange, "chat.example").unwrap_err()));
}
