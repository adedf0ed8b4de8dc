//! The server as the session machine sees it: a task for each stream.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{Notify, watch};

use super::link;
use super::outbox::{Entry, Outbox, Shared, size, weight};
use super::settings::Settings;
use crate::bosh::Condition;
use crate::cm::backend::{Backend, Command, Event, Link, Opening};
use crate::cm::bounce::bounced;

/// So many times what may be unsent may wait to be written, since elements take many times their text.
const IN_MEMORY: usize = 4;

/// The server as the session machine sees it.
#[derive(Debug)]
pub struct Upstream {
    pub(super) settings: Arc<Settings>,
    pub(super) shared: Arc<Shared>,
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
    pub(super) fn enter(&self, link: Link) -> (link::Commands, Outbox) {
        let (commands, receiver) = unbounded_channel();
        let room = Arc::new(Notify::new());
        let commanded = Arc::default();
        let entry = Entry {
            commands,
            commanded: Arc::clone(&commanded),
            waiting: 0,
            held: false,
            managed: false,
            room: Arc::clone(&room),
        };
        self.shared.lock().links.insert(link, entry);
        let shared = Arc::clone(&self.shared);
        (receiver, Outbox { link, shared, room, commanded, _alive: self.alive.0.subscribe() })
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

impl Upstream {
    fn is_managed(&self, link: Link) -> bool {
        self.shared.lock().links.get(&link).is_some_and(|entry| entry.managed)
    }

    /// Its task sees that nobody commands it any more, and closes the stream.
    fn forget(&self, link: Link) {
        let mut queue = self.shared.lock();
        queue.links.remove(&link);
        queue.events.retain(|(of, _)| *of != link);
    }

    /// Hands a command to the task of a stream.
    fn pass(&self, link: Link, command: Command) {
        let mut queue = self.shared.lock();
        let Some(entry) = queue.links.get(&link) else { return };
        let weight = weight(&command);
        let before = entry.commanded.fetch_add(weight, Ordering::Relaxed);
        if before + weight > self.settings.bounds.unsent.saturating_mul(IN_MEMORY) {
            // Its task sees that nobody commands it any more, and closes the stream.
            queue.links.remove(&link);
            let failed = Event::Failed(Condition::RemoteConnectionFailed);
            queue.events.push_back((link, failed));
        } else {
            let _ = entry.commands.send(Box::new(command)); // its task may have ended just now
        }
    }
}

impl Backend for Upstream {
    fn command(&mut self, link: Link, command: Command, _now: Duration) {
        match command {
            Command::Open(opening) => self.open(link, opening),
            Command::Ping => {} // the server finds out for itself
            Command::Undelivered(stanzas) => {
                if !self.is_managed(link) {
                    let back = stanzas.iter().filter_map(bounced).map(Command::Send);
                    back.for_each(|back| self.pass(link, back));
                }
            }
            Command::Lost if self.is_managed(link) => {
                self.pass(link, Command::Lost);
                self.forget(link);
            }
            Command::Close | Command::Lost => self.forget(link),
            other => self.pass(link, other),
        }
    }

    fn domain(&self) -> Option<&str> {
        self.settings.domains.first().map(String::as_str)
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
