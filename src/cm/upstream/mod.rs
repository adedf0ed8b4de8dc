//! An XMPP server elsewhere: the connection manager as a translator between HTTP and a TCP stream (XEP-0124 §3).
//!
//! [`stream`] is what is said on one stream, without I/O; each runs in a task of its own, which hands what happens to a
//! queue that [`Upstream`] gives to the session machine.

pub mod address;
mod features;
mod link;
pub mod reader;
pub mod stream;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jid::BareJid;
use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};

use super::backend::{Backend, Command, Event, Link, Opening};
use crate::bosh::Condition;
use crate::xml::{Element, Scope, write};
use address::Address;
use stream::Bounds;

/// Bytes of one stream that may wait for the session machine before its connection is read on.
const ROOM: usize = 64 << 10;

/// The server, and how it is spoken to.
pub struct Settings {
    /// Where it is.
    pub address: Address,
    /// Whom TLS trusts, or why it can't be known.
    pub tls: Result<Arc<ClientConfig>, String>,
    /// Whether to go on without TLS where it is on another machine and offers none.
    pub plain: bool,
    /// The domains that may be asked for; all if there are none.
    pub domains: Vec<String>,
    /// What is borne of either side.
    pub bounds: Bounds,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Settings {
    /// The domain that a stream may be opened to, prepared; nothing if it is none, or another one.
    fn domain(&self, to: &str) -> Option<String> {
        let jid = BareJid::new(to).ok().filter(|jid| jid.node().is_none())?;
        let domain = jid.to_string();
        (self.domains.is_empty() || self.domains.contains(&domain)).then_some(domain)
    }
}

/// The server as the session machine sees it.
#[derive(Debug)]
pub struct Upstream {
    settings: Arc<Settings>,
    shared: Arc<Shared>,
    runtime: Handle,
    alive: Streams,
}

/// The streams of an [`Upstream`], which may outlive it for a moment.
#[derive(Debug, Clone)]
pub struct Streams(Arc<watch::Sender<()>>);

impl Streams {
    /// Waits until the last one has ended.
    pub async fn ended(&self) {
        self.0.closed().await;
    }
}

/// What the tasks and the session machine share.
#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Rung when there is something to tell.
    wake: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<(Link, Event)>,
    links: HashMap<Link, Entry>,
}

/// A stream that the session machine may command.
#[derive(Debug)]
struct Entry {
    commands: UnboundedSender<Box<Command>>,
    /// Bytes of its events that wait.
    waiting: usize,
    /// The session has more than enough waiting.
    held: bool,
    /// Rung when its connection may be read on.
    room: Arc<Notify>,
}

impl Entry {
    fn has_room(&self) -> bool {
        self.waiting < ROOM && !self.held
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the task of a stream puts what happens.
#[derive(Debug)]
struct Outbox {
    link: Link,
    shared: Arc<Shared>,
    room: Arc<Notify>,
    _alive: watch::Receiver<()>,
}

impl Outbox {
    /// Hands on what happened, unless the session has closed the stream.
    fn put(&self, event: Event) {
        let mut queue = self.shared.lock();
        let Some(entry) = queue.links.get_mut(&self.link) else { return };
        entry.waiting += size(&event);
        if link::is_last(&event) {
            queue.links.remove(&self.link);
        }
        queue.events.push_back((self.link, event));
        drop(queue);
        self.shared.wake.notify_one();
    }

    /// Whether more may come; what nobody hears any more has room enough.
    fn has_room(&self) -> bool {
        self.shared.lock().links.get(&self.link).is_none_or(Entry::has_room)
    }

    /// Waits until that may have changed.
    async fn room(&self) {
        self.room.notified().await;
    }
}

/// What the server said, for a log: nothing in it moves the cursor or reorders text.
fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}

/// About how much memory an event takes.
fn size(event: &Event) -> usize {
    match event {
        Event::Element(element) => element.span.len() + size_of::<Element>(),
        _ => size_of::<Event>(),
    }
}

impl Upstream {
    /// The server of `settings`, whose streams run on `runtime`. `wake` is rung when there is something to tell.
    pub fn new(settings: Arc<Settings>, wake: Arc<Notify>, runtime: Handle) -> Self {
        let shared = Arc::new(Shared { queue: Mutex::default(), wake });
        Self { settings, shared, runtime, alive: Streams(Arc::new(watch::Sender::new(()))) }
    }

    /// Its streams, to wait for their end.
    pub fn streams(&self) -> Streams {
        self.alive.clone()
    }

    /// Makes a link known, and gives what its task needs.
    fn enter(&self, link: Link) -> (link::Commands, Outbox) {
        let (commands, receiver) = unbounded_channel();
        let room = Arc::new(Notify::new());
        let entry = Entry { commands, waiting: 0, held: false, room: Arc::clone(&room) };
        self.shared.lock().links.insert(link, entry);
        let shared = Arc::clone(&self.shared);
        (receiver, Outbox { link, shared, room, _alive: self.alive.0.subscribe() })
    }

    fn open(&self, link: Link, mut opening: Opening) {
        let Some(domain) = self.settings.domain(&opening.to) else {
            let unknown = Event::Failed(Condition::HostUnknown);
            self.shared.lock().events.push_back((link, unknown));
            return;
        };
        opening.to = domain;
        let (commands, out) = self.enter(link);
        let settings = Arc::clone(&self.settings);
        self.runtime.spawn(async move {
            let domain = opening.to.clone();
            if let Some(reason) = link::run(opening, &settings, commands, out).await {
                tracing::warn!("upstream {}, {domain}: {reason}", settings.address);
            }
        });
    }
}

impl Backend for Upstream {
    fn command(&mut self, link: Link, command: Command, _now: Duration) {
        match command {
            Command::Open(opening) => self.open(link, opening),
            Command::Close => {
                let mut queue = self.shared.lock();
                // Its task sees that nobody commands it any more, and closes the stream.
                queue.links.remove(&link);
                queue.events.retain(|(of, _)| *of != link);
            }
            other => {
                if let Some(entry) = self.shared.lock().links.get(&link) {
                    let _ = entry.commands.send(Box::new(other)); // its task may have ended just now
                }
            }
        }
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        let mut queue = self.shared.lock();
        let (link, event) = queue.events.pop_front()?;
        if let Some(entry) = queue.links.get_mut(&link) {
            let room = entry.has_room();
            entry.waiting -= size(&event);
            if entry.has_room() && !room {
                entry.room.notify_one();
            }
        }
        Some((link, event))
    }

    fn flow(&mut self, link: Link, wanted: bool) {
        if let Some(entry) = self.shared.lock().links.get_mut(&link) {
            entry.held = !wanted;
            entry.room.notify_one();
        }
    }
}

/// Opens a stream to each domain of `settings`, or a connection if it names none, and says in a sentence what is
/// wrong with the first that can't be opened.
pub async fn probe(settings: &Arc<Settings>) -> Result<(), String> {
    if settings.domains.is_empty() {
        return settings.address.connect().await.map(drop);
    }
    for domain in &settings.domains {
        let wake = Arc::new(Notify::new());
        let upstream = Upstream::new(Arc::clone(settings), Arc::clone(&wake), Handle::current());
        let (commands, out) = upstream.enter(0);
        let opening =
            Opening { to: domain.clone(), version: Some("1.0".into()), ..Opening::default() };
        let mut task = std::pin::pin!(link::run(opening, settings, commands, out));
        let mut first = None;
        let reason = loop {
            tokio::select! {
                ended = &mut task => break ended,
                () = wake.notified() => {
                    let mut queue = upstream.shared.lock();
                    first = first.or(queue.events.pop_front());
                    queue.links.clear(); // that is all we wanted to know
                }
            }
        };
        let first = first.or_else(|| upstream.shared.lock().events.pop_front());
        match first.map(|(_, event)| event) {
            Some(Event::Opened { .. }) => {}
            Some(Event::Failed(Condition::HostUnknown | Condition::HostGone)) => {
                return Err(format!("it does not serve {domain}"));
            }
            Some(Event::Error(error)) => {
                let mut text = String::new();
                write(&error, &Scope { default: "", prefixes: &[] }, &mut text);
                return Err(format!("it answers a stream to {domain} with {}", harmless(&text)));
            }
            _ => return Err(reason.unwrap_or_else(|| format!("no stream to {domain} opens"))),
        }
    }
    Ok(())
}
