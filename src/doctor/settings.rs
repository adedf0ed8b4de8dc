//! What is examined, and how.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;

use crate::wire::address::Address;
use crate::wire::names::Names;

/// What is examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A domain: everything that it offers.
    Domain,
    /// This URL alone, as it was written.
    Url(String),
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part of its address.
    pub user: String,
    /// Its password.
    pub password: String,
}

/// What is examined, and how.
#[derive(Debug)]
pub struct Settings {
    /// What is examined.
    pub subject: Subject,
    /// The XMPP domain.
    pub domain: String,
    /// It was taken from the URL, and may be another.
    pub guessed: bool,
    /// The origin of the page that uses the server, such as `https://chat.example`.
    pub origin: Option<String>,
    /// The server behind the reverse proxy.
    pub direct: Option<Address>,
    /// Where names lead.
    pub names: Names,
    /// Which certificates are trusted; none if nothing that is examined has TLS.
    pub trust: Option<Arc<dyn ServerCertVerifier>>,
    /// Nothing that takes long.
    pub quick: bool,
    /// What BOSH asks for, in seconds.
    pub wait: u64,
    /// For how long a WebSocket is left alone.
    pub idle: Duration,
    /// Who logs in; otherwise anonymously, if the server allows it.
    pub account: Option<Account>,
}
