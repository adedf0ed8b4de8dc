//! What is secret: the one description, as data. It is the same for header names, parameters of URLs and forms, names
//! in JSON, attributes, elements, and labels such as `name='token' value='…'`; the rest of this folder only applies it.
//!
//! Names are compared in lower case, without digits at the end and without `-`, `_`, `.` and the like: `API_Key`,
//! `x-api-key` and `apiKey2` are one name.

/// Version of this description. Captures say which one they were written with; `docs/reference/capture.md` lists them.
pub const VERSION: u32 = 2;

/// A name that contains one of these is that of a secret, if no innocent ending follows.
pub(super) const STRONG: &[&str] = &[
    "accesskey",
    "accountkey",
    "apikey",
    "appkey",
    "applicationkey",
    "authcode",
    "authkey",
    "authorisation",
    "authorization",
    "bearer",
    "clientassertion",
    "clientkey",
    "cookie",
    "credential",
    "csrf",
    "encryptionkey",
    "functionskey",
    "hmackey",
    "jwt",
    "licensekey",
    "masterkey",
    "passcode",
    "passhash",
    "passphrase",
    "passwd",
    "passwor", // password, Passwort
    "pincode",
    "preauth",
    "previd", // XEP-0198: who knows it resumes the session
    "privatekey",
    "privkey",
    "pwd",
    "samlassertion",
    "samlresponse",
    "secret",
    "securitykey",
    "sesskey",
    "sessid",
    "sessionid",
    "sessionkey",
    "sharedkey",
    "signature",
    "signingkey",
    "streamkey",
    "subscriptionkey",
    "token",
    "totp",
    "ufrag", // of ICE
    "xsrf",
];

/// A name that has one of these as a word is that of a secret, if no innocent word follows.
pub(super) const WORDS: &[&str] = &[
    "auth", "hmac", "oauth", "otp", "pass", "pin", "psk", "pswd", "pw", "session", "sig", "ticket",
];

/// The same in parameters of a URL or a form only: elsewhere too much else has this name. What a single sign-on sends beside
/// them opens nothing by itself, and stays: `state`, `RelayState`, `SAMLRequest`, `login_hint`, `session_state`.
pub(super) const PARAMETER_WORDS: &[&str] = &[
    "assertion", // RFC 7521
    "code",
    "key",
    "magic", // links that log in
    "mfa",
    "nonce",
    "pgt",     // CAS: proxy granting tickets
    "samlart", // SAML: artifact
    "ssosig",  // Discourse
    "verifier",
    "wresult", // WS-Federation: assertion
];

/// Of what is above, this does not make an element's content secret: `<session/>` is a feature, `<credentials/>` holds
/// elements that are judged by themselves, a signature is public.
pub(super) const NOT_IN_ELEMENTS: &[&str] =
    &["auth", "credentials", "hmac", "session", "sig", "signature", "ticket"];

/// What says behind a secret's name that something else is meant: `token_type`. With a `*`, also what begins so.
pub(super) const INNOCENT_ENDINGS: &[&str] = &[
    "age",
    "alg*",
    "ary", // secretary
    "attempts",
    "changed",
    "count*",
    "disabled",
    "domain",
    "duration",
    "enabled",
    "end",
    "endpoint*",
    "error*",
    "expir*",
    "field",
    "format",
    "hint",
    "identifier",
    "idle*",
    "input",
    "invalid",
    "iz*", // tokenizer
    "label",
    "le",      // session idle
    "letime*", // session idle time
    "len",
    "length",
    "less",
    "level",
    "lifetime",
    "max*",
    "mechanism*",
    "method*",
    "min*",
    "missing",
    "name",
    "policy",
    "protected*",
    "provider",
    "realm",
    "required",
    "scheme",
    "server",
    "size",
    "start",
    "state",
    "status",
    "strength",
    "supported",
    "through",
    "timeout*",
    "ttl",
    "type",
    "types",
    "uri",
    "url",
    "user",
    "userid",
    "username",
    "wrong",
];

/// Names that contain what is above and are innocent all the same.
pub(super) const INNOCENT: &[&str] = &[
    "accesscontrolallowcredentials",
    "bypass",
    "compass",
    "encompass",
    "overpass",
    "surpass",
    "trespass",
    "underpass",
    "withcredentials",
];

/// Values that are no secret, whatever their name.
pub(super) const INNOCENT_VALUES: &[&str] = &[
    "0",
    "1",
    "denied",
    "expired",
    "failed",
    "false",
    "invalid",
    "missing",
    "no",
    "none",
    "null",
    "optional",
    "required",
    "true",
    "undefined",
    "yes",
];

/// What namespaces an element has its meaning in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning(u8);

impl Meaning {
    pub(super) const NONE: Self = Self(0);
    /// SASL, SASL2, FAST, legacy login and registration, components, and where an element is by mistake.
    pub(super) const LOGIN: Self = Self(1);
    /// Server dialback.
    pub(super) const DIALBACK: Self = Self(2);
    /// Upload of files.
    pub(super) const UPLOAD: Self = Self(4);
    /// Any, since it is not known.
    pub(super) const ANY: Self = Self(7);

    /// That of a namespace: of one that is empty or disguised by references, too.
    pub(super) fn of(namespace: &[u8]) -> Self {
        let namespace = namespace.to_ascii_lowercase();
        let has = |parts: &[&str]| {
            parts.iter().any(|part| memchr::memmem::find(&namespace, part.as_bytes()).is_some())
        };
        let mut meaning = 0;
        if namespace.is_empty()
            || namespace == b"http://jabber.org/protocol/httpbind"
            || has(LOGIN_NAMESPACES)
        {
            meaning |= Self::LOGIN.0;
        }
        if has(&["dialback", "&"]) {
            meaning |= Self::DIALBACK.0;
        }
        if has(&["http:upload", "&"]) {
            meaning |= Self::UPLOAD.0;
        }
        Self(meaning)
    }

    pub(super) fn includes(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Parts of the namespaces of [`Meaning::LOGIN`].
const LOGIN_NAMESPACES: &[&str] = &[
    "&",
    "fast",
    "iq:auth",
    "iq:register",
    "jabber:client",
    "jabber:component",
    "jabber:server",
    "sasl",
    "scram",
];

/// Elements whose content is secret in namespaces with this meaning.
pub(super) const ELEMENTS: &[(&str, Meaning)] = &[
    ("auth", Meaning::LOGIN),
    ("challenge", Meaning::LOGIN),
    ("response", Meaning::LOGIN),
    ("success", Meaning::LOGIN),
    ("digest", Meaning::LOGIN),
    ("handshake", Meaning::LOGIN), // XEP-0114
    ("hash", Meaning::LOGIN),
    ("initial-response", Meaning::ANY),
    ("additional-data", Meaning::ANY),
    ("task-data", Meaning::ANY),
    ("result", Meaning::DIALBACK), // XEP-0220
    ("verify", Meaning::DIALBACK),
];

/// An element whose content is secret where it has not this attribute: XEP-0363 had the URL there before version 0.3.
pub(super) const WITHOUT: (&str, &str) = ("put", "url");

/// How much of an attribute's value is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// All of it; but it names a session, so the same value has to look the same everywhere.
    Identity,
    /// Of the URL, what follows the `?`.
    Query,
    /// Nothing, although its name looks like it.
    Nothing,
}

/// Attributes that mean something else than their name says, by element.
pub(super) const ATTRIBUTES: &[(&str, &str, Extent)] = &[
    ("enabled", "id", Extent::Identity), // XEP-0198: what a client resumes the session with
    ("enabled", "key", Extent::Whole),   // XEP-0397, instant stream resumption
    ("isr-enabled", "key", Extent::Whole),
    ("inst-resumed", "key", Extent::Whole),
    ("inst-resume", "key", Extent::Whole),
    ("jibri", "streamid", Extent::Whole), // the key of a live stream
    ("crypto", "key-params", Extent::Whole), // SDES in XEP-0167
    ("put", "url", Extent::Query),        // XEP-0363: who knows it may upload
    ("command", "sessionid", Extent::Nothing), // XEP-0050
];
/// The attribute whose value is an [identity](Extent::Identity) in every element.
pub(super) const IDENTITY: &str = "previd";

/// Attributes, parameters and names in JSON that label the value that stands beside them.
pub(super) const LABELS: &[&str] = &[
    "attribute",
    "field",
    "header",
    "http-equiv",
    "itemprop",
    "key",
    "name",
    "option",
    "param",
    "parameter",
    "property",
    "setting",
    "var",
];
/// What such a value is called, if it is not the element's content.
pub(super) const LABELLED: &[&str] =
    &["content", "data", "default", "text", "val", "value", "values"];
/// Elements whose text names the value in the element behind them, as in XML-RPC, property lists, tables and forms.
pub(super) const LABEL_ELEMENTS: &[&str] =
    &["dt", "key", "label", "name", "param-name", "td", "th"];
/// Elements that have such a value.
pub(super) const LABELLED_ELEMENTS: &[&str] = &[
    "data",
    "dd",
    "input",
    "integer",
    "output",
    "param-value",
    "real",
    "string",
    "td",
    "text",
    "textarea",
    "value",
];
/// Elements of HTML that only say how a text looks, in which a label may stand alone.
pub(super) const INLINE: &[&str] =
    &["b", "code", "em", "font", "i", "kbd", "mark", "samp", "small", "span", "strong", "tt", "u"];
/// Elements in which `name` is a name that people gave.
pub(super) const NAMED_BY_PEOPLE: &[&str] = &[
    "button",
    "conference",
    "contact",
    "content", // of Jingle
    "feature",
    "fieldset",
    "form",
    "group",
    "identity",
    "item",
    "room",
];
/// Elements of HTML that have no content, although their tags do not end in `/>`.
pub(super) const VOID: &[&str] = &["br", "img", "input", "link", "meta", "param"];
/// Values of `type` that make an element's content, or the value beside it, secret.
pub(super) const SECRET_TYPES: &[&str] = &["password", "text-private"];

/// What occurs in the bytes wherever something of the above does, so that one look tells whether there can be a secret.
pub(super) const STEMS: &[&str] = &[
    "assertion",
    "auth",
    "bearer",
    "code",
    "cookie",
    "credential",
    "csrf",
    "hmac",
    "jwt",
    "key",
    "magic",
    "mfa",
    "nonce",
    "otp",
    "pass",
    "pgt",
    "pin",
    "previd",
    "psk",
    "pswd",
    "pw",
    "samlart",
    "samlres",
    "secret",
    "sess",
    "sig",
    "ticket",
    "token",
    "ufrag",
    "verifier",
    "wresult",
    "xsrf",
];
/// The same for what is secret by its element or attribute.
pub(super) const ELEMENT_STEMS: &[&str] = &[
    "additional-data",
    "challenge",
    "digest",
    "handshake",
    "inst-resum",
    "isr-enabled",
    "isr:key",
    "response",
    "streamid",
    "success",
    "task-data",
    "text-private",
    "verify",
];
/// The same for names that are in frequent use elsewhere: they mean something as an element's only.
pub(super) const TAG_STEMS: &[&str] = &["enabled", "hash", "put", "result"];

/// Authentication schemes that may be shown.
pub(super) const SCHEMES: &[&str] =
    &["basic", "bearer", "digest", "hoba", "negotiate", "ntlm", "scram-sha-1", "scram-sha-256"];
/// Attributes of `Set-Cookie` (RFC 6265 section 4.1, and later ones).
pub(super) const COOKIE_ATTRIBUTES: &[&str] = &[
    "domain",
    "expires",
    "httponly",
    "max-age",
    "partitioned",
    "path",
    "priority",
    "samesite",
    "secure",
];
/// What a subprotocol of WebSocket contains, or the one before it ends in, that is a token.
pub(super) const ANNOUNCING: &[&str] = &[
    "api-key",
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "jwt",
    "password",
    "secret",
    "session",
    "ticket",
    "token",
];

/// A value that occurs in here is not looked for elsewhere: it would hide the protocol.
pub(super) const PROTOCOL: &str = "\
http://jabber.org/protocol/httpbind http://jabber.org/protocol/caps http://jabber.org/protocol/muc#user \
http://jabber.org/protocol/disco#info http://jabber.org/protocol/disco#items http://etherx.jabber.org/streams \
urn:ietf:params:xml:ns:xmpp-sasl urn:ietf:params:xml:ns:xmpp-stanzas urn:ietf:params:xml:ns:xmpp-streams \
urn:ietf:params:xml:ns:xmpp-bind urn:ietf:params:xml:ns:xmpp-session urn:ietf:params:xml:ns:xmpp-framing \
urn:ietf:params:xml:ns:xmpp-tls urn:xmpp:sasl:2 urn:xmpp:sm:3 urn:xmpp:ping urn:xmpp:fast:0 urn:xmpp:mam:2 \
urn:xmpp:xbosh xmpp:restartlogic xmpp:version jabber:client jabber:server jabber:iq:roster jabber:iq:auth \
jabber:iq:register jabber:x:data message presence version features mechanisms mechanism challenge response success \
failure terminate condition inactivity requests polling content accept charset resource streams restart secure \
localhost anonymous example anybody nobody user users admin guest default password passwords passwd secret secrets \
token tokens bearer basic digest plain external scram-sha-1 scram-sha-256 hidden bytes login session sessions cookie \
cookies private public unavailable subscribe subscribed groupchat headline normal conference remote-server-not-found \
not-authorized item-not-found bad-request internal-server-error service-unavailable text/xml; charset=utf-8 \
text/html application/json application/x-www-form-urlencoded keep-alive websocket upgrade connection content-length \
content-type transfer-encoding chunked gzip deflate test testing tests changeme letmein hello world";
