//! What the XML stream of a session says, whatever carries it (RFC 6120).

use std::sync::LazyLock;
use std::time::Duration;

use super::management::{Management, Step};
use super::questions::Questions;
use crate::trace::reading::Stanza;
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{Header, Kind, ns};

/// The stream between a client and its server, through all its restarts.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// The full JID that was bound.
    pub jid: Option<String>,
    /// What opens it, as the client and as the server said it last; none in BOSH, whose `<body/>` says it.
    pub headers: [Option<Box<Header>>; 2],
    /// How often each side has opened it.
    pub opened: [u32; 2],
    /// The login succeeded.
    pub authenticated: bool,
    /// Stream management; none before anything of it was said. Most sessions of BOSH have none.
    management: Option<Box<Management>>,
    questions: Questions,
}

/// What a stream without stream management has.
static UNMANAGED: LazyLock<Management> = LazyLock::new(Management::default);

impl Stream {
    /// Stream management.
    pub fn management(&self) -> &Management {
        self.management.as_deref().unwrap_or(&UNMANAGED)
    }

    pub(super) fn management_mut(&mut self) -> &mut Management {
        self.management.get_or_insert_default()
    }

    /// Takes the elements that one message of BOSH carried. `rid` is that of the request that carried them, or whose
    /// response did.
    pub(super) fn take<'a>(
        &mut self,
        from: Side,
        elements: impl Iterator<Item = &'a Element>,
        rid: Option<u64>,
        at: Duration,
    ) -> Vec<Stanza> {
        let stanza = |element| {
            let mut stanza = Stanza::of(element);
            self.learn(from, element, &mut stanza, rid, at);
            stanza
        };
        elements.map(stanza).collect()
    }

    /// Takes an element that is all of a content of this size, and what it means for stream management.
    pub(super) fn take_whole(
        &mut self,
        from: Side,
        element: &Element,
        size: usize,
        at: Duration,
    ) -> (Stanza, Option<Step>) {
        let mut stanza = Stanza::whole(element, size);
        if Header::opens(element) {
            self.headers[from as usize] = Some(Box::new(Header::of(element)));
            self.opened[from as usize] += 1;
        }
        self.learn(from, element, &mut stanza, None, at);
        let step = self.management_mut().take(from, element, &stanza.summary, at);
        (stanza, step)
    }

    fn learn(
        &mut self,
        from: Side,
        element: &Element,
        stanza: &mut Stanza,
        rid: Option<u64>,
        at: Duration,
    ) {
        if from == Side::Server {
            if let Some(jid) = &stanza.summary.bound {
                self.jid = Some(jid.clone());
            }
            if stanza.summary.kind == Kind::Sasl && element.name() == "success" {
                self.authenticated = true;
                // With SASL2 and Bind 2 this is the full JID (XEP-0386 §4).
                let jid = element.child(ns::SASL2, "authorization-identifier");
                let jid = jid.map(|jid| jid.text().trim().to_owned());
                if let Some(jid) = jid.filter(|jid| jid.contains('/')) {
                    self.jid = Some(jid);
                }
            }
        }
        self.questions.take(from, stanza, rid, at);
    }
}
