//! Who sent an element, by what it is. Some are sent by one side alone; of stanzas, addresses say it, once the client's own is
//! known.

use crate::wire::Side;
use crate::xml::{TokenKind, attributes, local_name, tokens};

/// What the first tag of an element says.
#[derive(Debug, Default)]
pub(super) struct Tag {
    /// Its name without prefix.
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The first tag of a piece of XML.
    pub(super) fn of(xml: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let first = tokens(xml).find_map(|token| match token.kind {
            TokenKind::Start { name, .. } => Some((name, token.span)),
            _ => None,
        });
        let Some((name, span)) = first else { return Self::default() };
        let tag = &xml[span];
        let attributes = attributes(tag)
            .map(|found| (text(&tag[found.name]), text(&tag[found.value])))
            .collect();
        Self { name: text(local_name(name)), attributes }
    }

    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether the element has this namespace, or one that goes on so.
    pub(super) fn is_in(&self, namespace: &str) -> bool {
        self.get("xmlns").is_some_and(|own| own.starts_with(namespace))
    }

    /// Who alone can have sent it.
    pub(super) fn sender(&self) -> Option<Side> {
        match self.name.as_str() {
            "body" if self.get("rid").is_some() => Some(Side::Client),
            "stream" | "open" => match (self.get("id"), self.get("to")) {
                (Some(_), _) => Some(Side::Server),
                (None, to) => to.map(|_| Side::Client),
            },
            "body" | "features" | "challenge" | "success" | "proceed" | "enabled" | "resumed"
            | "failed" | "compressed" | "continue" | "failure" => Some(Side::Server),
            "auth" | "response" | "abort" | "authenticate" | "starttls" | "enable" | "resume"
            | "compress" | "next" | "active" | "inactive" => Some(Side::Client),
            _ => None,
        }
    }

    /// Who seems to have sent a stanza to or from the client with this address.
    pub(super) fn likely(&self, own: Option<&str>) -> Option<Side> {
        if !matches!(self.name.as_str(), "iq" | "message" | "presence") {
            return None;
        }
        let bare = |jid: &str| jid.split('/').next().map(str::to_owned);
        let is_own =
            |jid: &str| own.is_some_and(|own| own == jid || bare(own).as_deref() == Some(jid));
        match (self.get("from"), self.get("to")) {
            (from, Some(to)) if is_own(to) && from.is_none_or(|from| own != Some(from)) => {
                Some(Side::Server)
            }
            (Some(from), _) if is_own(from) => Some(Side::Client),
            (Some(_), _) if own.is_some() => Some(Side::Server),
            (Some(_), Some(to)) if to.contains('/') => Some(Side::Server),
            (Some(from), None) if !from.contains('@') => Some(Side::Server),
            (Some(_), _) => None,
            (None, to) => {
                let answers = matches!(self.get("type"), Some("result" | "error"));
                let to_client = to.is_none_or(|to| to.contains('/'));
                let by_server = answers && to_client && own.is_none();
                Some(if by_server { Side::Server } else { Side::Client })
            }
        }
    }
}

/// The address that the server binds, in the answer to the client's request for one.
pub(super) fn bound(xml: &[u8]) -> Option<String> {
    let start = memchr::memmem::find(xml, b"<jid>")? + "<jid>".len();
    let end = memchr::memchr(b'<', &xml[start..])?;
    let jid = std::str::from_utf8(&xml[start..start + end]).ok()?.trim();
    (jid.contains('/') && jid.len() < 3072).then(|| jid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sent_what() {
        let (client, server) = (Some(Side::Client), Some(Side::Server));
        let own = Some("a@b/c");
        for (xml, own, sender, likely) in [
            ("<body rid='1'/>", None, client, None),
            ("<body sid='1'/>", None, server, None),
            ("<?xml version='1.0'?><stream:stream to='b'>", None, client, None),
            ("<stream:stream from='b' id='1'>", None, server, None),
            ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='b'/>", None, client, None),
            ("<success/>", None, server, None),
            ("<r xmlns='urn:xmpp:sm:3'/>", None, None, None),
            ("<iq type='get' to='b'/>", None, None, client),
            ("<iq type='result' to='a@b/c' id='1'/>", None, None, server),
            ("<iq type='result' to='b' id='1'/>", own, None, client),
            ("<message from='d@b/e' to='a@b/c'/>", None, None, server),
            ("<message from='a@b/c' to='d@b/e'/>", own, None, client),
            ("<message from='room@muc/n' to='a@b'/>", own, None, server),
            ("<message from='d@b' to='a@b'/>", None, None, None),
            ("<presence/>", own, None, client),
            ("", None, None, None),
        ] {
            let tag = Tag::of(xml.as_bytes());
            assert_eq!((tag.sender(), tag.likely(own)), (sender, likely), "{xml}");
        }
    }

    #[test]
    fn the_clients_address_is_learned_when_it_is_bound() {
        assert_eq!(bound(b"<iq><bind><jid> a@b/c </jid></bind></iq>").as_deref(), Some("a@b/c"));
        assert_eq!(bound(b"<iq><item jid='a@b'/></iq>"), None);
        assert_eq!(bound(b"<jid>a@b/c"), None);
    }
}
