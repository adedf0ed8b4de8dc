//! What a client asks for when it opens a session (XEP-0124 §7.1, XEP-0206 §2).

use super::wrapper::Wrapper;

/// The terms that a session is opened with. An attribute that is `None` is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// `to`, the domain.
    pub to: String,
    /// `xml:lang`.
    pub lang: Option<String>,
    /// `ver`, the version of BOSH.
    pub ver: Option<String>,
    /// `wait`, in seconds.
    pub wait: Option<u64>,
    /// `hold`.
    pub hold: Option<u64>,
    /// `from`, the client's own address.
    pub from: Option<String>,
    /// `route`, where the connection manager finds the server.
    pub route: Option<String>,
    /// `content`, the Content-Type wanted of responses.
    pub content: Option<String>,
    /// Whether responses are acknowledged (XEP-0124 §9.2).
    pub acks: bool,
}

impl Terms {
    /// What is usual, at this domain: one request held, for a minute.
    pub fn new(to: impl Into<String>) -> Self {
        Self {
            to: to.into(),
            lang: Some("en".to_owned()),
            ver: Some("1.11".to_owned()),
            wait: Some(60),
            hold: Some(1),
            from: None,
            route: None,
            content: None,
            acks: false,
        }
    }

    /// The request that opens the session.
    pub fn creation(&self, rid: u64) -> Wrapper {
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let mut body = Wrapper::default().with("rid", rid.to_string()).with("to", self.to.as_str());
        for (name, value) in [
            ("from", self.from.clone()),
            ("route", self.route.clone()),
            ("ver", self.ver.clone()),
            ("wait", number(self.wait)),
            ("hold", number(self.hold)),
            ("content", self.content.clone()),
            ("ack", self.acks.then(|| "1".to_owned())),
            ("xml:lang", self.lang.clone()),
        ] {
            body.set(name, value);
        }
        body.with("xmpp:version", "1.0")
    }
}

/// The rid of a session's first request from 64 random bits: large, and so far below 2^53-1 that no session gets there
/// (XEP-0124 §14.1).
pub fn first_rid(random: u64) -> u64 {
    (1 << 32) + (random & ((1 << 52) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bosh::MAX_RID;

    #[test]
    fn the_first_rid_is_large_and_leaves_room() {
        assert_eq!(first_rid(0), 1 << 32);
        assert!(MAX_RID - first_rid(u64::MAX) > 1 << 51);
        assert_ne!(first_rid(1), first_rid(2));
    }
}
