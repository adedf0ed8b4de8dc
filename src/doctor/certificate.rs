//! A server's certificate as a browser judges it, in words.

use rustls::{CertificateError, Error};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::trouble::{self, Trouble};
use crate::diag::sanitise::one_line;
use crate::wire::presented::{Flaw, Presented};
use crate::wire::tls::is_marked_as_ca;

/// With so few seconds left a certificate should have been renewed.
const SOON: i64 = 14 * 86_400;

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
        let fault = |flaw| match flaw {
            Flaw::OtherName => Some((
                Trouble::new(&trouble::CERTIFICATE_NAME).with("host", &asked),
                format!("the certificate is for {}, not for {asked}", about.names),
            )),
            Flaw::Expired => Some((
                Trouble::new(&trouble::CERTIFICATE_EXPIRED),
                format!("the certificate expired on {}", date(about.until)),
            )),
            Flaw::NotYetValid => Some((
                Trouble::new(&trouble::CERTIFICATE_EARLY),
                format!(
                    "the certificate is valid from {} on only: check the clocks of both machines",
                    date(about.from)
                ),
            )),
            // That is said where nobody trusts it for that reason.
            Flaw::OfCa => None,
            Flaw::Untrusted => Some(self.untrusted(error, &about)),
        };
        self.flaws().into_iter().filter_map(fault).collect()
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
