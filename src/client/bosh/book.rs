//! What the client of a session keeps book of: the rids and keys it has used, the terms asked for and granted.

use super::grant::Grant;
use super::keys::Keys;
use super::rids::Rids;
use super::wrapper::Wrapper;
use crate::bosh::{Body, BodyType, NS};
use crate::xml::Element;
use crate::xmpp::ns;

/// The state of a client's session, whoever decides on its requests. A request is drafted "as the next one would be"
/// ([`Book::draft`], [`Book::restart`]); whoever sends it may say anything else in it, and tells which rid was used in the
/// end ([`Book::mark_used`]).
#[derive(Debug, Default)]
pub struct Book {
    rids: Rids,
    keys: Option<Keys>,
    asked: Wrapper,
    grant: Option<Grant>,
    over: bool,
}

impl Book {
    /// Of a session whose first request has this rid.
    pub fn new(first: u64, keys: Option<Keys>) -> Self {
        Self { rids: Rids::starting_at(first), keys, ..Self::default() }
    }

    /// The session is asked for with this request. If there are keys, it announces them: see [`Keys::first`].
    pub fn ask(&mut self, request: Wrapper) {
        self.asked = request;
    }

    /// The next request, empty, as it should be. It takes the next key, but no rid yet.
    pub fn draft(&mut self) -> Wrapper {
        let mut body = Wrapper::default().with("rid", self.rids.next().to_string());
        body.set("sid", self.sid().map(str::to_owned));
        if let Some(keys) = &mut self.keys {
            let (key, newkey) = keys.take();
            body.set("key", Some(key));
            body.set("newkey", newkey);
        }
        body
    }

    /// The next request, if it is to restart the stream in the client's language (XEP-0206 §5).
    pub fn restart(&mut self) -> Wrapper {
        let mut body = self.draft();
        for name in ["to", "xml:lang"] {
            body.set(name, self.asked.get(name).map(str::to_owned));
        }
        body.with("xmpp:restart", "true")
    }

    /// A request with this rid is sent.
    pub fn mark_used(&mut self, rid: u64) {
        self.rids.mark_used(rid);
    }

    /// The response came to the request that asked for the session.
    pub fn open(&mut self, response: Body) {
        self.grant = Some(Grant::new(response, &self.asked));
    }

    /// Takes a response of the session in: what it brings, with the namespaces of stanzas mended where they were left away
    /// (XEP-0206 §2 tolerates it).
    pub fn receive(&mut self, response: &Body) -> Vec<Element> {
        let ended = response.kind() == BodyType::Terminate;
        self.over |= ended || response.payloads().any(|payload| payload.is(ns::STREAMS, "error"));
        let mut payloads: Vec<Element> = response.payloads().cloned().collect();
        for payload in &mut payloads {
            if matches!(payload.name(), "message" | "presence" | "iq") {
                payload.move_namespace(NS, ns::CLIENT);
            }
        }
        payloads
    }

    /// The session is over, as HTTP says or a stream error.
    pub fn end(&mut self) {
        self.over = true;
    }

    /// Whether the session is over, or its stream.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The rids.
    pub fn rids(&self) -> &Rids {
        &self.rids
    }

    /// The keys, if it uses some.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The request that asks for the session.
    pub fn asked(&self) -> &Wrapper {
        &self.asked
    }

    /// What was granted.
    pub fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    /// The `sid`, once it is open.
    pub fn sid(&self) -> Option<&str> {
        self.grant.as_ref().and_then(|grant| grant.body().sid())
    }
}
