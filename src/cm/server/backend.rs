//! The server as a connection manager sees it: what is commanded on a link is about the stream that is heard there.

use std::time::Duration;

use super::state::{Said, Server};
use crate::cm::backend::{Backend, Command, Event, Link};
use crate::cm::bounce::bounced;

impl Server {
    /// A stream is over, and nobody hears it any more.
    fn close(&mut self, front: Link, link: Link) {
        self.leave(link);
        self.said.retain_mut(|said| said.forget(link) && said.forget(front));
    }
}

impl Backend for Server {
    fn command(&mut self, front: Link, command: Command, now: Duration) {
        self.now = now;
        let Some(link) = self.fronts.stream(front) else { return };
        match command {
            Command::Open(opening) => self.open(link, &opening),
            Command::Send(element) => self.receive(link, element),
            Command::Restart => self.header(link),
            Command::Undelivered(stanzas) => {
                // A managed stream knows by itself what was not acknowledged.
                let managed = self.streams.get(&link).is_some_and(|one| one.managed.is_some());
                for back in stanzas.iter().filter(|_| !managed).filter_map(bounced) {
                    self.receive(link, back);
                }
            }
            Command::Ping => self.ping(link),
            Command::Lost => {
                if !self.lose(link) {
                    self.close(front, link);
                }
            }
            Command::Close => self.close(front, link),
        }
    }

    fn next(&mut self) -> Option<(Link, Event)> {
        loop {
            let next = self.said.front_mut()?.next();
            let (stream, event) = match next {
                Some(next) => next,
                None => match self.said.pop_front()? {
                    Said::To(stream, event) => (stream, event),
                    Said::Front(link, event) => return Some((link, event)),
                    Said::Copies(..) => {
                        self.said.shrink_to(64);
                        continue;
                    }
                },
            };
            if let Some(link) = self.sends(stream, &event) {
                return Some((link, event));
            }
        }
    }

    fn domain(&self) -> Option<&str> {
        self.setup.domains.first().map(String::as_str)
    }

    fn pings(&self) -> bool {
        true
    }

    fn deadline(&self) -> Option<Duration> {
        self.dues.first().map(|(due, _)| *due)
    }

    fn wake(&mut self, now: Duration) {
        self.now = now;
        self.pass();
    }
}
