//! What one stream has received, and what it has sent that was not acknowledged.

use std::collections::VecDeque;
use std::time::Duration;

use crate::xml::Element;

/// The account of one stream, from the moment that stream management was enabled. Numbers begin anew at 2^32.
#[derive(Debug, Default)]
pub(in crate::cm::server) struct Managed {
    /// What the client names to resume it, if that was granted.
    pub(super) id: Option<String>,
    /// Stanzas received.
    pub(super) handled: u32,
    /// Stanzas that the client has acknowledged.
    acknowledged: u32,
    /// The same, without beginning anew.
    ever: u64,
    /// Stanzas sent since.
    unacknowledged: VecDeque<Element>,
    bytes: usize,
    /// The client was asked for an acknowledgement, and has not answered.
    pub(super) asked: bool,
    /// When it is asked, or, while it is away, when it is not waited for any more.
    pub(super) due: Option<Duration>,
}

/// The client acknowledges more than was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooHigh {
    /// Stanzas sent.
    pub(super) sent: u32,
}

impl Managed {
    /// Nothing was received or sent.
    pub(super) fn new(id: Option<String>) -> Self {
        Self { id, ..Self::default() }
    }

    /// Stanzas sent.
    pub(super) fn sent(&self) -> u32 {
        self.acknowledged.wrapping_add(self.unacknowledged.len() as u32)
    }

    /// A stanza came.
    pub(in crate::cm::server) fn receive(&mut self) {
        self.handled = self.handled.wrapping_add(1);
    }

    /// A stanza is sent. It is kept.
    pub(super) fn send(&mut self, stanza: &Element) {
        self.bytes += stanza.footprint();
        self.unacknowledged.push_back(stanza.detached());
    }

    /// The client has received so many stanzas in all.
    pub(super) fn acknowledge(&mut self, count: u32) -> Result<(), TooHigh> {
        let behind = self.acknowledged.wrapping_sub(count);
        if u64::from(behind) <= self.ever.min(u64::from(u32::MAX / 2)) {
            return Ok(()); // it said as much before
        }
        let further = count.wrapping_sub(self.acknowledged);
        if further as usize > self.unacknowledged.len() {
            return Err(TooHigh { sent: self.sent() });
        }
        for stanza in self.unacknowledged.drain(..further as usize) {
            self.bytes -= stanza.footprint();
        }
        self.acknowledged = count;
        self.ever += u64::from(further);
        Ok(())
    }

    /// What was not acknowledged, in order.
    pub(super) fn unacknowledged(&self) -> impl Iterator<Item = &Element> {
        self.unacknowledged.iter()
    }

    /// The same, which nobody acknowledges any more.
    pub(super) fn take_unacknowledged(&mut self) -> VecDeque<Element> {
        self.bytes = 0;
        std::mem::take(&mut self.unacknowledged)
    }

    /// How many stanzas were not acknowledged.
    pub(super) fn count(&self) -> usize {
        self.unacknowledged.len()
    }

    /// About how many bytes they hold.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn managed(acknowledged: u32, sent: usize) -> Managed {
        let mut managed = Managed { acknowledged, ..Managed::default() };
        for n in 0..sent {
            managed.send(&Element::new("", "iq").with_attr("id", &n.to_string()));
        }
        managed
    }

    #[test]
    fn what_is_acknowledged_is_kept_no_longer() {
        for first in [0, u32::MAX - 1] {
            let mut managed = managed(first, 5);
            assert_eq!(managed.sent(), first.wrapping_add(5));
            assert_eq!(managed.acknowledge(first.wrapping_add(3)), Ok(()));
            let kept: Vec<_> = managed.unacknowledged().filter_map(|iq| iq.attr("id")).collect();
            assert_eq!(kept, ["3", "4"]);
            assert_eq!(managed.acknowledge(first.wrapping_add(2)), Ok(()), "an old one");
            let sent = first.wrapping_add(5);
            for more in [1, 1 << 31, u32::MAX - 5] {
                assert_eq!(managed.acknowledge(sent.wrapping_add(more)), Err(TooHigh { sent }));
            }
            assert_eq!(managed.count(), 2);
            assert_eq!(managed.acknowledge(sent), Ok(()));
            assert_eq!((managed.count(), managed.bytes()), (0, 0));
        }
    }

    #[test]
    fn what_is_received_is_counted_modulo_2_to_the_32() {
        let mut managed = Managed { handled: u32::MAX, ..Managed::default() };
        managed.receive();
        assert_eq!(managed.handled, 0);
    }
}
