//! What may help where the first steps at a target fail.

use crate::bosh::Condition;
use crate::diag::sanitise::one_line;
use crate::scenario::{Login, Transport};
use crate::trace::redact::header;

const LOG: &str = "the log of the connection manager: it may say what it lacks";
pub(super) const SERVER_LOG: &str = "the log of the server";
pub(super) const DOMAIN: &str = "`domain` and `anonymous` in a target file, `--domain` with a URL";
const ROUTE: &str = "the address of the XMPP server, if the connection manager is a separate program: in a target file, \
     `create: { attributes: { route: 'xmpp:HOST:5222' } }`";
const ATTRIBUTES: &str = "attributes that this server insists on, or does not accept: in a target file, \
     `create: { attributes: { content: 'text/xml; charset=utf-8', ack: '1', hold: ~ } }` sets two and leaves one out";

/// What helps against conditions whose cause is known.
pub(super) fn against(condition: Option<Condition>, domain: &str) -> Option<Vec<String>> {
    let remedies = match condition? {
        Condition::HostUnknown | Condition::HostGone | Condition::ImproperAddressing => {
            vec![format!("another domain than {domain}: {DOMAIN}"), ROUTE.to_owned()]
        }
        Condition::RemoteConnectionFailed => vec![ROUTE.to_owned(), LOG.to_owned()],
        Condition::SeeOtherUri => vec!["the URL that the response names".to_owned()],
        _ => return None,
    };
    Some(remedies)
}

/// What may help where no session is created.
pub(super) fn creation(status: Option<u16>, is_body: bool, location: Option<&str>) -> Vec<String> {
    let remedies: &[&str] = match status {
        None => &[LOG, ATTRIBUTES, ROUTE],
        Some(300..=399) => return vec![redirected(location)],
        Some(401 | 407) => &["a path without a login of HTTP, which scenarios do not have"],
        Some(500..) => {
            &["whether the connection manager runs, if a reverse proxy is before it", LOG]
        }
        Some(_) if is_body => &[ATTRIBUTES, LOG],
        Some(_) => {
            &["another path: that of BOSH is often /http-bind, /http-bind/ or /bosh", ATTRIBUTES]
        }
    };
    remedies.iter().map(|&remedy| remedy.to_owned()).collect()
}

/// Another URL may help, which a redirect names.
fn redirected(location: Option<&str>) -> String {
    let to = location.map(|to| format!(": {}", one_line(&header("location", to))));
    format!("the URL to which it redirects{}", to.unwrap_or_default())
}

/// What may help where there is no connection to carry a stream.
pub(super) fn opening(
    transport: Transport,
    status: Option<u16>,
    location: Option<&str>,
) -> Vec<String> {
    let remedies: &[&str] = match status {
        _ if transport == Transport::Tcp => &["another port: clients usually connect to 5222"],
        None => &["whether the server runs, and speaks HTTP at this port"],
        Some(300..=399) => return vec![redirected(location)],
        Some(401 | 407) => &["a path without a login of HTTP, which scenarios do not have"],
        Some(500..) => &["whether the server runs, if a reverse proxy is before it", SERVER_LOG],
        Some(_) => &[
            "another path: that of WebSocket is often /xmpp-websocket, /ws or /websocket",
            "whether a reverse proxy passes `Upgrade` and `Connection` on, if there is one",
        ],
    };
    remedies.iter().map(|&remedy| remedy.to_owned()).collect()
}

/// What may help where a login fails on a stream without BOSH.
pub(super) fn logging_in_on(login: &Login, domain: &str) -> Vec<String> {
    let encrypted = "a wss:// URL, or a setting of the server that regards WebSocket as secure (Prosody: \
                     consider_websocket_secure = true), if it offers no mechanism";
    vec![who(login, domain), encrypted.to_owned()]
}

/// What may help where a session has no features.
pub(super) fn features() -> Vec<String> {
    vec![
        "whether the server behind speaks XMPP 1.0, and was asked to: `xmpp:version='1.0'` (XEP-0206 §4)".to_owned(),
        "an https:// URL, if the server wants TLS before it offers a login".to_owned(),
    ]
}

/// What may help where a login fails.
pub(super) fn logging_in(login: &Login, domain: &str) -> Vec<String> {
    let encrypted =
        "an https:// URL, or a setting of the server that regards BOSH as secure (Prosody: consider_bosh_secure = true), \
         if it offers no mechanism"
            .to_owned();
    vec![who(login, domain), encrypted]
}

/// Who cannot log in.
fn who(login: &Login, domain: &str) -> String {
    match login {
        Login::Account(name) => {
            format!("whether the account {name} exists at {domain}, and its password")
        }
        _ => format!(
            "whether {domain} allows anonymous logins; without `anonymous` in the target file, scenarios that need them are skipped"
        ),
    }
}
