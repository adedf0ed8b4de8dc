//! Where the tasks of streams put what happens, and where the session machine takes it from.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, watch};

use crate::cm::backend::{Command, Event, Link};
use crate::xml::Element;
use crate::xmpp::ns;

/// Bytes of one stream that may wait for the session machine before its connection is read on.
pub(super) const ROOM: usize = 64 << 10;

/// What the tasks and the session machine share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    /// Rung when there is something to tell.
    pub(super) wake: Arc<Notify>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) events: VecDeque<(Link, Event)>,
    pub(super) links: HashMap<Link, Entry>,
}

/// A stream that the session machine may command.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) commands: UnboundedSender<Box<Command>>,
    /// Bytes of the commands that its task has not taken up.
    pub(super) commanded: Arc<AtomicUsize>,
    /// Bytes of its events that wait.
    pub(super) waiting: usize,
    /// The session has more than enough waiting.
    pub(super) held: bool,
    /// The server acknowledges what is sent on the stream, and sends again what is not (XEP-0198).
    pub(super) managed: bool,
    /// Rung when its connection may be read on.
    pub(super) room: Arc<Notify>,
}

impl Entry {
    pub(super) fn has_room(&self) -> bool {
        self.waiting < ROOM && !self.held
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the task of a stream puts what happens.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) link: Link,
    pub(super) shared: Arc<Shared>,
    pub(super) room: Arc<Notify>,
    pub(super) commanded: Arc<AtomicUsize>,
    pub(super) _alive: watch::Receiver<()>,
}

impl Outbox {
    /// Hands on what happened, unless the session has closed the stream.
    pub(super) fn put(&self, event: Event) {
        let mut queue = self.shared.lock();
        let Some(entry) = queue.links.get_mut(&self.link) else { return };
        entry.waiting += size(&event);
        entry.managed |= is_managed(&event);
        if is_last(&event) {
            queue.links.remove(&self.link);
        }
        queue.events.push_back((self.link, event));
        drop(queue);
        self.shared.wake.notify_one();
    }

    /// A command was taken up.
    pub(super) fn took(&self, command: &Command) {
        self.commanded.fetch_sub(weight(command), Ordering::Relaxed);
    }

    /// Whether more may come; what nobody hears any more has room enough.
    pub(super) fn has_room(&self) -> bool {
        self.shared.lock().links.get(&self.link).is_none_or(Entry::has_room)
    }

    /// Waits until that may have changed.
    pub(super) async fn room(&self) {
        self.room.notified().await;
    }
}

fn is_managed(event: &Event) -> bool {
    let Event::Element(element) = event else { return false };
    matches!((element.namespace(), element.name()), (ns::SM3, "enabled" | "resumed"))
}

/// About how much memory a command takes.
pub(super) fn weight(command: &Command) -> usize {
    match command {
        Command::Send(element) => element.footprint(),
        _ => size_of::<Command>(),
    }
}

/// About how much memory an event takes.
pub(super) fn size(event: &Event) -> usize {
    match event {
        Event::Element(element) => element.span.len() + size_of::<Element>(),
        _ => size_of::<Event>(),
    }
}

/// Whether nothing follows this event.
pub(super) fn is_last(event: &Event) -> bool {
    matches!(event, Event::Error(_) | Event::Closed | Event::Failed(_))
}
