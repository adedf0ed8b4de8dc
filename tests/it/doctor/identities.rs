//! Certificates, in folders as certbot makes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

use super::setup::HOST;
use crate::prosody::DOMAIN;

/// A CA, an intermediate CA and what they sign. A folder for each certificate has `cert.pem` (without the intermediate
/// certificate), `chain.pem`, `fullchain.pem` and `privkey.pem`; `haproxy.pem` has all of it.
pub struct Identities {
    folder: TempDir,
}

impl Identities {
    /// The names of the folders.
    pub const NAMES: [&'static str; 5] = ["valid", "expired", "soon", "other", "self-signed"];

    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("xmppscope-identities-").tempdir().unwrap();
        let (root, root_certificate) = authority("Root", None);
        let (intermediate, chain) = authority("Intermediate", Some(&root));
        fs::write(folder.path().join("ca.pem"), root_certificate.pem()).unwrap();
        let sign = |name: &str, host: &str, until: i32, issuer: Option<&Issuer<'_, KeyPair>>| {
            let mut params = CertificateParams::new([host.to_owned(), DOMAIN.to_owned()]).unwrap();
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = match until {
                0 => (SystemTime::now() + Duration::from_secs(5 * 86_400)).into(),
                year => date_time_ymd(year, 1, 1),
            };
            let key = KeyPair::generate().unwrap();
            let (certificate, chain) = match issuer {
                Some(issuer) => (params.signed_by(&key, issuer).unwrap().pem(), chain.pem()),
                None => (params.self_signed(&key).unwrap().pem(), String::new()),
            };
            let (full, key) = (format!("{certificate}{chain}"), key.serialize_pem());
            let files = [
                ("cert", &certificate),
                ("chain", &chain),
                ("fullchain", &full),
                ("privkey", &key),
                ("key", &key),
                ("haproxy", &format!("{full}{key}")),
            ];
            fs::create_dir(folder.path().join(name)).unwrap();
            for (file, text) in files {
                fs::write(folder.path().join(name).join(format!("{file}.pem")), text).unwrap();
            }
        };
        // ejabberd cannot count further than 2050
        sign("valid", HOST, 2050, Some(&intermediate));
        sign("expired", HOST, 2021, Some(&intermediate));
        sign("soon", HOST, 0, Some(&intermediate));
        sign("other", "other.example", 2050, Some(&intermediate));
        sign("self-signed", HOST, 2050, None);
        // The servers run as other users; what is here opens nothing.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// The file for `--ca-file`.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn authority(
    name: &str,
    by: Option<&Issuer<'_, KeyPair>>,
) -> (Issuer<'static, KeyPair>, Certificate) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = date_time_ymd(2050, 1, 1);
    let certificate = match by {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (Issuer::new(params, key), certificate)
}
