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
    pub(super) const WORDS: [&'static str; 6] =
        ["none", "offered", "required", "direct", "refused", "injected"];
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
    pub(super) const WORDS: [&'static str; 4] = ["valid", "other-name", "expired", "other-ca"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_values() {
        assert_eq!(ServerTls::ALL.map(|(word, _)| word), ServerTls::WORDS);
        assert_eq!(Certificate::ALL.map(|(word, _)| word), Certificate::WORDS);
    }
}
