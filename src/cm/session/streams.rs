//! The streams of a session, and what waits on them for the client. Most sessions have one (XEP-0124 §16).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::bosh::Condition;
use crate::cm::backend::{Event, Link, Opening};
use crate::cm::policy::Bounds;
use crate::cm::reply::{Payload, PayloadKind};

/// One stream to the server.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    link: Link,
    /// How the client calls it: opaque, and not to be guessed, as the sid it is made of.
    pub(super) name: Arc<str>,
    /// The server's header has come, and says this.
    pub(super) opened: Option<Header>,
    /// The client speaks XMPP 1.0 and waits for features.
    pub(super) expects_features: bool,
    /// The client was told of it.
    pub(super) announced: bool,
    /// The server has ended it, and why; the client may not know yet.
    pub(super) over: Option<Over>,
    /// It is closed: the client knows, or asked for it.
    pub(super) closed: bool,
}

/// Why the server has ended a stream; nothing where it was in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over(pub(super) Option<Condition>);

/// What the server's stream header said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) from: Option<String>,
    pub(super) version: Option<String>,
}

/// All streams of one session.
#[derive(Debug)]
pub(super) struct Streams {
    first: Link,
    all: Vec<Stream>,
    waiting: VecDeque<(usize, Payload)>,
    bytes: usize,
}

impl Streams {
    pub(super) fn new(first: Link) -> Self {
        Self { first, all: Vec::with_capacity(1), waiting: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn add(&mut self, opening: &Opening, sid: &str) -> (usize, Link) {
        let index = self.all.len();
        let link = self.first + index as Link;
        self.all.push(Stream {
            link,
            name: name_of(sid, index).into(),
            opened: None,
            expects_features: opening.version.is_some(),
            announced: false,
            over: None,
            closed: false,
        });
        (index, link)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, index: usize) -> &Stream {
        &self.all[index]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut Stream {
        &mut self.all[index]
    }

    /// The stream with this name, unless it is closed.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|stream| &*stream.name == name && !stream.closed)
    }

    /// Whether the client ever had this stream.
    pub(super) fn had(&self, name: &str) -> bool {
        self.all.iter().any(|stream| &*stream.name == name)
    }

    /// The indices of the streams that are not closed.
    pub(super) fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.all.iter().enumerate().filter(|(_, stream)| !stream.closed).map(|(index, _)| index)
    }

    /// The links that the server still serves.
    pub(super) fn live(&self) -> impl Iterator<Item = Link> + '_ {
        let live = |stream: &&Stream| !stream.closed && stream.over.is_none();
        self.all.iter().filter(live).map(|stream| stream.link)
    }

    pub(super) fn link(&self, index: usize) -> Link {
        self.all[index].link
    }

    /// Takes in what happened on a stream.
    pub(super) fn happened(&mut self, link: Link, event: Event) {
        let Some(index) = self.all.iter().position(|stream| stream.link == link) else { return };
        let stream = &mut self.all[index];
        if stream.closed || stream.over.is_some() {
            return;
        }
        match event {
            Event::Opened { from, version } => stream.opened = Some(Header { from, version }),
            Event::Element(element) => self.push(index, Payload::new(&element)),
            Event::Error(element) => {
                stream.over = Some(Over(Some(Condition::RemoteStreamError)));
                self.push(index, Payload::new(&element));
            }
            Event::Closed => stream.over = Some(Over(None)),
            Event::Failed(condition) => stream.over = Some(Over(Some(condition))),
        }
    }

    /// Whether more waits for the client than may.
    pub(super) fn are_over(&self, bounds: &Bounds) -> bool {
        self.waiting.len() > bounds.waiting || self.bytes > bounds.waiting_bytes
    }

    /// Bytes of what waits for the client.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether so much waits for the client that the server should wait too.
    pub(super) fn are_crowded(&self, bounds: &Bounds) -> bool {
        self.waiting.len() > bounds.waiting / 2 || self.bytes > bounds.waiting_bytes / 2
    }

    fn push(&mut self, index: usize, payload: Payload) {
        self.bytes += payload.xml.len();
        self.waiting.push_back((index, payload));
    }

    /// The stream of the payloads that are next, of those that may be told of now.
    pub(super) fn next(&self, may: impl Fn(usize) -> bool) -> Option<usize> {
        self.waiting.iter().map(|(index, _)| *index).find(|index| may(*index))
    }

    /// Takes the payloads that go into one response: of one stream, in order, and of kinds that go together.
    pub(super) fn take(&mut self, index: usize) -> Vec<Payload> {
        let mut taken: Vec<Payload> = Vec::new();
        let mut place = 0;
        while let Some((of, payload)) = self.waiting.get(place) {
            if *of != index {
                place += 1;
                continue;
            }
            let together = match taken.last() {
                None => true,
                Some(last) => {
                    last.kind == PayloadKind::Stanza
                        && matches!(payload.kind, PayloadKind::Stanza | PayloadKind::StreamError)
                }
            };
            if !together {
                break;
            }
            self.bytes -= payload.xml.len();
            taken.extend(self.waiting.remove(place).map(|(_, payload)| payload));
        }
        if self.waiting.is_empty() {
            self.waiting.shrink_to(0);
        }
        taken
    }

    /// Takes all that waits on one stream, whatever its kinds.
    pub(super) fn take_all(&mut self, index: usize) -> Vec<Payload> {
        let mut taken = Vec::new();
        self.waiting.retain(|(of, payload)| {
            if *of == index {
                self.bytes -= payload.xml.len();
                taken.push(payload.clone());
            }
            *of != index
        });
        if self.waiting.is_empty() {
            self.waiting.shrink_to(0);
        }
        taken
    }
}

/// The first stream has a name of its own kind too; it does not give the sid away.
fn name_of(sid: &str, index: usize) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, format!("{sid} {index}").as_bytes());
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    base64::Engine::encode(&engine, &hash.as_ref()[..16])
}
