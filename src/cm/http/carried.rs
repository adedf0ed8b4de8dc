//! A stream without BOSH, as its connection knows it.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::serve::Service;
use crate::cm::stream::{Framing, Front, Input, Outbound, Security};

/// The stream of a connection. When it is dropped, the connection is gone.
pub(in crate::cm) struct Carried {
    service: Arc<Service>,
    number: u64,
    ready: Arc<Notify>,
    /// The service waits for those who hold this when it stops.
    _stopped: watch::Receiver<bool>,
}

impl Carried {
    /// Rings when something is to be sent.
    pub(in crate::cm) fn ready(&self) -> &Notify {
        &self.ready
    }
}

impl Front for Carried {
    fn input(&self, input: Input) {
        self.service.tell(|machine, now| machine.carried(self.number, input, now));
    }

    fn output(&self) -> Option<Outbound> {
        self.service.output(self.number)
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.service.forget(self.number);
        self.service.tell(|machine, now| machine.carried_gone(self.number, now));
    }
}

impl Service {
    /// A stream of a client at `peer`; none if there are too many sessions, or the end is near.
    pub(in crate::cm) fn carry(
        self: &Arc<Self>,
        peer: IpAddr,
        framing: Framing,
        security: Security,
    ) -> Option<Carried> {
        let number = self.tell(|machine, now| machine.carry(peer, framing, security, now))?;
        let (service, ready) = (Arc::clone(self), self.remember(number));
        Some(Carried { service, number, ready, _stopped: self.stopping() })
    }
}
