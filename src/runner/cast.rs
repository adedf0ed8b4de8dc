//! Who acts in a scenario.

use std::collections::VecDeque;
use std::time::Duration;

use super::link::Link;
use super::stream::Stream;
use super::wire::Wire;
use crate::client::bosh::Book;
use crate::scenario::{self, CLIENT};
use crate::xml::Element;
use crate::xmpp::ns;

/// An actor: what the scenario says of it, its link, and what it knows of its stream, whatever carries that.
#[derive(Debug)]
pub(super) struct Actor {
    /// Its name in the scenario, with a number if there are several.
    name: String,
    /// What the scenario says of its session; nothing for one that does raw work.
    terms: Option<scenario::Session>,
    link: Link,
    /// What carries its session, if that is not BOSH.
    stream: Option<Stream>,
    /// What came for it and was not taken yet.
    inbox: VecDeque<Delivery>,
    /// Its address, once it is bound.
    jid: Option<String>,
    /// The features of the stream, once they have come.
    features: Option<Element>,
    /// How many stanzas were sent that the scenario does not spell out.
    numbered: u32,
}

/// A stanza that came.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) at: Duration,
    pub(super) element: Element,
}

impl Actor {
    fn new(name: String, terms: Option<scenario::Session>) -> Self {
        Self {
            name,
            terms,
            link: Link::new(),
            stream: None,
            inbox: VecDeque::new(),
            jid: None,
            features: None,
            numbered: 0,
        }
    }

    pub(super) fn terms(&self) -> Option<&scenario::Session> {
        self.terms.as_ref()
    }

    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    pub(super) fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Its session is carried by this.
    pub(super) fn carry(&mut self, stream: Stream) {
        self.stream = Some(stream);
    }

    /// What carries its session, if that is not BOSH.
    pub(super) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    pub(super) fn stream_mut(&mut self) -> Option<&mut Stream> {
        self.stream.as_mut()
    }

    /// Takes in what came on its stream.
    pub(super) fn hear(&mut self, wire: &Wire) {
        let arrived = self.stream.as_mut().map(|stream| stream.take_in(wire));
        for (at, element) in arrived.into_iter().flatten() {
            self.take(at, element);
        }
    }

    /// A stream begins: the features of the one before it say nothing any more.
    pub(super) fn renew(&mut self) {
        self.features = None;
    }

    /// A session is asked for: what was known of the one before is forgotten.
    pub(super) fn begin(&mut self, book: Book) {
        self.link.begin(book);
        (self.jid, self.features, self.numbered) = (None, None, 0);
    }

    /// Takes an element that came.
    pub(super) fn take(&mut self, at: Duration, element: Element) {
        if element.is(ns::STREAMS, "features") {
            self.features = Some(element.clone());
        }
        self.inbox.push_back(Delivery { at, element });
    }

    pub(super) fn inbox(&self) -> &VecDeque<Delivery> {
        &self.inbox
    }

    pub(super) fn inbox_mut(&mut self) -> &mut VecDeque<Delivery> {
        &mut self.inbox
    }

    /// It is bound to this address.
    pub(super) fn bind(&mut self, jid: String) {
        self.jid = Some(jid);
    }

    pub(super) fn jid(&self) -> Option<&str> {
        self.jid.as_deref()
    }

    /// Whether the features of its stream have come.
    pub(super) fn has_features(&self) -> bool {
        self.features.is_some()
    }

    /// The features of its stream, if they have come.
    pub(super) fn features(&self) -> Option<&Element> {
        self.features.as_ref()
    }

    /// The number of its next stanza that the scenario does not spell out.
    pub(super) fn next_number(&mut self) -> u32 {
        self.numbered += 1;
        self.numbered
    }
}

/// All actors, the client first.
#[derive(Debug, Default)]
pub(super) struct Cast {
    actors: Vec<Actor>,
}

impl Cast {
    pub(super) fn add(&mut self, name: String, terms: Option<scenario::Session>) {
        self.actors.push(Actor::new(name, terms));
    }

    pub(super) fn len(&self) -> usize {
        self.actors.len()
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.actors.iter().position(|actor| actor.name == name)
    }

    pub(super) fn get(&self, actor: usize) -> &Actor {
        &self.actors[actor]
    }

    pub(super) fn get_mut(&mut self, actor: usize) -> &mut Actor {
        &mut self.actors[actor]
    }

    /// The actor whom steps without a name are about; none before there are actors.
    pub(super) fn first(&self) -> Option<&Actor> {
        self.actors.first()
    }

    /// The actor called [`CLIENT`].
    pub(super) fn client(&self) -> Option<&Actor> {
        self.named(CLIENT)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Actor> {
        self.find(name).map(|actor| self.get(actor))
    }

    /// When a session is to do something by itself.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.actors.iter().filter_map(|actor| actor.link.deadline()).min()
    }
}
