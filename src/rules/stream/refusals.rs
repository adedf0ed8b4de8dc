//! Why a server refuses a login, by the mechanism that the client took (RFC 6120 §6.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::rules::words::{list, short};
use crate::trace::{Link, Session};
use crate::xml::Element;
use crate::xmpp::ns;

/// Mechanisms that carry a token in place of a password.
const TOKENS: [&str; 7] =
    ["OAUTHBEARER", "XOAUTH2", "X-OAUTH2", "X-TOKEN", "JWT", "X-OAUTH", "BEARER"];

/// A login that the client has begun.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    mechanism: String,
    /// The user name in it, if the trace shows it.
    user: Option<String>,
    /// The server has answered it with a challenge.
    pub(super) challenged: bool,
}

impl Attempt {
    /// What `<auth/>` or `<authenticate/>` begins.
    pub(super) fn of(element: &Element) -> Self {
        let mechanism = element.attr("mechanism").unwrap_or_default().to_owned();
        let first = element.child(ns::SASL2, "initial-response").unwrap_or(element).text();
        let user = user(&mechanism, first.trim());
        Self { mechanism, user, challenged: false }
    }

    /// Why it was refused with not-authorized, as it follows a colon.
    pub(super) fn not_authorized(&self, offered: &[String], session: &Session) -> String {
        let name = self.mechanism.to_ascii_uppercase();
        let mut words = match &*name {
            "EXTERNAL" => format!("{}{}", certificate(&session.link), self.others(offered)),
            "ANONYMOUS" => format!(
                "this domain{} does not allow anonymous logins. Servers often have a domain of its \
                 own for guests",
                domain(session)
            ),
            "DIGEST-MD5" => {
                "wrong user name or password, the account does not exist, or the realm is not the \
                 one of the server (as a rule the XMPP domain)"
                    .to_owned()
            }
            "GSSAPI" | "GSS-SPNEGO" | "GS2-KRB5" => {
                "the Kerberos ticket was refused: it is for another service name or realm, or has \
                 expired"
                    .to_owned()
            }
            name if is_token(name) => {
                "the token was refused: it has expired, is for another user, domain or service, or \
                 the server checks it with another key"
                    .to_owned()
            }
            name if name.ends_with("-PLUS") => {
                "this mechanism binds the login to the TLS of the client, which has to reach the \
                 XMPP server: if TLS ends before it, as in a reverse proxy, take the mechanism \
                 without -PLUS. Otherwise the user name or the password is wrong"
                    .to_owned()
            }
            name if name.starts_with("SCRAM-") && self.challenged => {
                "the server knows the user name and refuses the proof: the password is wrong (some \
                 servers do the same for an account that does not exist)"
                    .to_owned()
            }
            name if name.starts_with("SCRAM-") => {
                "refused before any password was proved: the account does not exist, or its \
                 password is not stored in a form that this mechanism can use"
                    .to_owned()
            }
            _ => "wrong user name or password, or the account does not exist".to_owned(),
        };
        if let Some(user) = self.user.as_ref().filter(|user| user.contains('@')) {
            words += &format!(
                ". The user name is \"{}\", with a domain: as a rule it is the part before the @",
                short(user)
            );
        }
        words
    }

    /// Why it was refused with invalid-mechanism.
    pub(super) fn invalid(&self, offered: &[String]) -> String {
        let is_offered = offered.iter().any(|name| name.eq_ignore_ascii_case(&self.mechanism));
        match (offered, is_offered) {
            ([], _) => "the server does not offer this mechanism here".to_owned(),
            (_, true) => format!("the server offers {}, and refuses it", short(&self.mechanism)),
            _ if self.mechanism.is_empty() => {
                format!("the client names no mechanism. Offered were {}", list(offered))
            }
            _ => format!(
                "{} was not offered; offered were {}",
                short(&self.mechanism),
                list(offered)
            ),
        }
    }

    /// What else the client can take.
    fn others(&self, offered: &[String]) -> String {
        let is_other = |name: &&String| {
            !name.eq_ignore_ascii_case(&self.mechanism) && !name.eq_ignore_ascii_case("ANONYMOUS")
        };
        let others: Vec<_> = offered.iter().filter(is_other).map(|name| short(name)).collect();
        match &others[..] {
            [] => ". No other mechanism was offered".to_owned(),
            others => format!(". Take another of the mechanisms offered: {}", list(others)),
        }
    }
}

fn is_token(name: &str) -> bool {
    TOKENS.contains(&name) || name.contains("TOKEN") || name.starts_with("HT-")
}

/// ` (example.org)`, if it is known.
fn domain(session: &Session) -> String {
    let header = session.stream.headers[0].as_ref().and_then(|header| header.to.as_deref());
    let asked = session.asked().and_then(|asked| asked.to.as_deref());
    header.or(asked).map(|to| format!(" ({})", short(to))).unwrap_or_default()
}

/// What EXTERNAL needs, and what becomes of it.
fn certificate(link: &Link) -> &'static str {
    match link {
        Link::Tcp(tcp) => match &tcp.secured {
            None => "EXTERNAL means the certificate of the client's TLS, and there is no TLS",
            Some(secured) if secured.passed => {
                "EXTERNAL means the certificate of the client's TLS: it sent none, or none that the \
                 server accepts for this address"
            }
            Some(_) => {
                "EXTERNAL means the certificate of the client's TLS, which ends at this proxy \
                 (--starttls pass lets it through)"
            }
        },
        Link::Bosh(_) | Link::WebSocket(_) => {
            "EXTERNAL means the certificate of the client's TLS, and none reaches the XMPP server \
             through HTTP here"
        }
    }
}

/// The user name in the first message of a mechanism, if it is not hidden.
fn user(mechanism: &str, text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    if mechanism.eq_ignore_ascii_case("PLAIN") {
        return text.split('\0').nth(1).map(str::to_owned);
    }
    let first = mechanism.starts_with("SCRAM-").then_some(&*text)?;
    let name = first.split(',').find_map(|part| part.strip_prefix("n="))?;
    Some(name.replace("=2C", ",").replace("=3D", "="))
}
