//! TLS of the server in scenarios that test a client.

/// What TLS the server offers. Over BOSH and WebSocket, all but none is `https` and `wss`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerTls {
    /// There is none.
    None,
    /// STARTTLS is offered beside the login.
    Offered,
    /// STARTTLS is required before the login.
    Required,
    /// TLS begins with the first byte (XEP-0368).
    Direct,
    /// STARTTLS is required, and refused.
    Refused,
    /// STARTTLS is required, and a question that nobody protects stands behind `<proceed/>`.
    Injected,
}

impl ServerTls {
    /// All of them, by the words that files have for them.
    pub const ALL: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("offered", Self::Offered),
        ("required", Self::Required),
        ("direct", Self::Direct),
        ("refused", Self::Refused),
        ("injected", Self::Injected),
    ];
    /// The words.
    pub(super) const WORDS: [&'static str; 6] = words(&Self::ALL);
}

/// The certificate that the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// It is valid for this server.
    Valid,
    /// It is for another name.
    OtherName,
    /// It has expired.
    Expired,
    /// It is signed by another CA, which the client does not know.
    OtherCa,
}

impl Certificate {
    /// All of them, by the words that files have for them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("valid", Self::Valid),
        ("other-name", Self::OtherName),
        ("expired", Self::Expired),
        ("other-ca", Self::OtherCa),
    ];
    /// The words.
    pub(super) const WORDS: [&'static str; 4] = words(&Self::ALL);
}

/// The words of values.
const fn words<T, const N: usize>(all: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = all[at].0;
        at += 1;
    }
    words
}
