//! What can be wrong: a list of causes with stable names, in the order in which they are to be mended, because what stands
//! further up hides what is below.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::rules::Page;
use crate::trace::Response;

/// A cause.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, which is stable.
    pub name: &'static str,
    /// What is wrong, as the title of a problem.
    pub title: &'static str,
}

/// A cause with what is known of it.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// The cause.
    pub kind: &'static Kind,
    /// What a remedy may need: `path`, `host`, `seconds`, …
    pub values: BTreeMap<&'static str, String>,
    /// The program that has to be changed, as far as its answers tell.
    pub program: Option<&'static str>,
}

impl Trouble {
    /// This cause.
    pub fn new(kind: &'static Kind) -> Self {
        Self { kind, values: BTreeMap::new(), program: None }
    }

    /// With a value for its remedy.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.insert(name, format!("{value}"));
        self
    }

    /// To be mended in this program.
    #[must_use]
    pub fn by(mut self, program: Option<&'static str>) -> Self {
        self.program = program;
        self
    }
}

/// To be mended in the program that sent this, if it says who it is.
pub fn with_program(trouble: Trouble, response: &Response) -> Trouble {
    trouble.by(Page::of(response).by())
}

macro_rules! kinds {
    ($($constant:ident $name:literal $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $constant: Kind = Kind { name: $name, title: $title };
        )*

        /// All of them, in the order in which they are to be mended.
        pub const KINDS: &[&Kind] = &[$(&$constant),*];
    };
}

kinds! {
    NO_ADDRESS "no-address" "The name has no address";
    UNREACHABLE "unreachable" "Nothing answers at this address";
    ADDRESS_DEAD "address-dead" "One of the addresses does not answer";
    SRV_NOT_OFFERED "srv-not-offered" "DNS says that the domain has no XMPP server";
    SRV_TARGET "srv-target" "The target of an SRV record is no host name";
    SRV_DEAD "srv-dead" "An SRV record names an address that does not answer";
    PLAIN_ON_TLS_PORT "plain-on-tls-port" "The port does not speak TLS";
    TLS_ON_PLAIN_PORT "tls-on-plain-port" "The port speaks TLS";
    XMPP_PORT "xmpp-port" "The port is for XMPP over TCP, not for HTTP";
    STARTTLS_MIXED "starttls-mixed" "STARTTLS and direct TLS are mixed up";
    PROXY_PROTOCOL "proxy-protocol" "The port expects the PROXY protocol";
    CLIENT_CERTIFICATE "client-certificate" "The server wants a client certificate";
    TLS_FAILED "tls-failed" "The TLS handshake fails";
    CERTIFICATE_EXPIRED "certificate-expired" "The certificate has expired";
    CERTIFICATE_SOON "certificate-soon" "The certificate is about to expire";
    CERTIFICATE_EARLY "certificate-early" "The certificate is not valid yet";
    CERTIFICATE_NAME "certificate-name" "The certificate is for another name";
    CERTIFICATE_CHAIN "certificate-chain" "The certificate comes without its intermediate certificate";
    CERTIFICATE_UNTRUSTED "certificate-untrusted" "No browser trusts the certificate";
    HOST_META_WRONG "host-meta-wrong" "Clients cannot use host-meta";
    HOST_META_INSECURE "host-meta-insecure" "host-meta lists a URL without TLS";
    HOST_META_DEAD_LINK "host-meta-dead-link" "host-meta lists a URL that does not work";
    HOST_META_CORS "host-meta-cors" "Pages may not read host-meta";
    LOGIN_PAGE "login-page" "A login page blocks the XMPP server";
    BLOCKED "blocked" "A rule in front of the server refuses the request";
    HOST_NOT_PASSED "host-not-passed" "The server does not recognise the Host header";
    BACK_END_DOWN "back-end-down" "The reverse proxy gets no answer from the XMPP server";
    PATH_WRONG "path-wrong" "The path does not lead to the XMPP server";
    OTHER_TRANSPORT "other-transport" "The URL is for the other transport";
    REDIRECTED "redirected" "The URL redirects";
    NOT_BOSH "not-bosh" "The response is not BOSH";
    UPGRADE_DROPPED "upgrade-dropped" "The upgrade to WebSocket is lost on the way";
    ORIGIN_REFUSED "origin-refused" "The server does not accept pages of this origin";
    SUBPROTOCOL_MISSING "subprotocol-missing" "The response lacks the subprotocol xmpp";
    NOT_WEBSOCKET "not-websocket" "The WebSocket cannot be opened";
    CHANGED "changed" "Answers are changed on the way";
    LIMITED "limited" "Some requests are refused while others pass";
    REFUSED "refused" "The request is refused";
    CORS_DOUBLED "cors-doubled" "The CORS header comes twice";
    CORS_MISSING "cors-missing" "The CORS header is missing";
    CORS_ORIGIN "cors-origin" "CORS allows another origin";
    CORS_PREFLIGHT "cors-preflight" "The browser's preflight request is refused";
    CORS_ON_ERRORS "cors-on-errors" "Error responses have no CORS header";
    CACHED "cached" "A cache answers in the server's place";
    DOMAIN_UNKNOWN "domain-unknown" "The server does not serve this domain";
    FEATURES_MISSING "features-missing" "The server sends no stream features";
    STARTTLS_MISSING "starttls-missing" "The server offers no encryption over TCP";
    NOT_XMPP "not-xmpp" "No XMPP stream at this port";
    MECHANISMS_MISSING "mechanisms-missing" "The server offers no way to log in";
    NOT_STICKY "not-sticky" "Requests of one session go to different servers";
    READ_TIMEOUT "read-timeout" "A timeout cuts held requests";
    NOT_HELD "not-held" "Requests are not held";
    SESSION_SHORT "session-short" "Sessions end after a short silence";
    NOT_RELEASED "not-released" "A held request is not answered when the next one comes";
    REPEAT_LOST "repeat-lost" "A repeated request does not get its response again";
    BODY_LIMIT "body-limit" "Large requests are refused";
    IDLE_TIMEOUT "idle-timeout" "Idle connections over WebSocket are cut";
    LOGIN_FAILED "login-failed" "The login fails";
    LOGIN_BROKEN_OFF "login-broken-off" "The login is broken off";
    BIND_FAILED "bind-failed" "No resource can be bound";
    MESSAGE_LOST "message-lost" "A message does not arrive";
    RESUMPTION_FAILED "resumption-failed" "A stream cannot be resumed";
}
