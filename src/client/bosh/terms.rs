//! What a client asks for when it opens a session (XEP-0124 §7.1, XEP-0206 §2).

use super::body::body;
use crate::bosh::XBOSH;
use crate::xml::Element;
use crate::xmpp::ns;

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
    pub fn creation(&self, rid: u64) -> Element {
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let mut body = body(rid, None)
            .with_attr("to", &self.to)
            .with_attr_if("from", self.from.as_deref())
            .with_attr_if("route", self.route.as_deref())
            .with_attr_if("ver", self.ver.as_deref())
            .with_attr_if("wait", number(self.wait).as_deref())
            .with_attr_if("hold", number(self.hold).as_deref())
            .with_attr_if("content", self.content.as_deref())
            .with_attr_if("ack", self.acks.then_some("1"));
        body.set_attr(ns::XML, "lang", self.lang.as_deref());
        body.set_attr(XBOSH, "version", Some("1.0"));
        body
    }

    /// The request that restarts the stream of session `sid` (XEP-0206 §5).
    pub fn restart(&self, rid: u64, sid: &str) -> Element {
        let mut body = body(rid, Some(sid)).with_attr("to", &self.to);
        body.set_attr(ns::XML, "lang", self.lang.as_deref());
        body.set_attr(XBOSH, "restart", Some("true"));
        body
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
