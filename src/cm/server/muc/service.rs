//! The service of which rooms are part.

use jid::{BareJid, Jid};

use crate::cm::backend::Link;
use crate::cm::server::state::Server;
use crate::xml::Element;

impl Server {
    /// Whether this is the room service or something in it.
    pub(in crate::cm::server) fn is_room_address(&self, to: &Jid) -> bool {
        to.domain().as_str().strip_prefix("conference.").is_some_and(|domain| self.serves(domain))
    }

    pub(super) fn tell(&mut self, told: Vec<(Link, Element)>) {
        for (link, stanza) in told {
            self.element(link, stanza);
        }
    }

    /// Takes an occupant out of a room, and the room away with the last one.
    pub(super) fn muc_remove(&mut self, address: &BareJid, nick: &str) {
        if let Some(room) = self.muc.rooms.get_mut(address) {
            room.occupants.remove(nick);
            if room.occupants.is_empty() {
                self.muc.rooms.remove(address);
            }
        }
    }

    /// A user has gone: it leaves every room.
    pub(in crate::cm::server) fn muc_gone(&mut self, link: Link, presence: &Element) {
        let inside = self.muc.rooms.iter().filter(|(_, room)| room.nick_of(link).is_some());
        let inside: Vec<BareJid> = inside.map(|(address, _)| address.clone()).collect();
        for address in inside {
            self.muc_leave(&address, link, presence);
        }
    }

    /// Whether rooms know nobody but streams that are there.
    #[cfg(test)]
    pub(in crate::cm::server) fn rooms_are_sound(&self) -> bool {
        let mut rooms = self.muc.rooms.values();
        rooms.all(|room| {
            let mut occupants = room.occupants.values();
            !room.occupants.is_empty()
                && occupants.all(|who| self.link_of(&who.jid) == Some(who.link))
        })
    }

    /// How many rooms there are.
    #[cfg(test)]
    pub(in crate::cm::server) fn rooms(&self) -> usize {
        self.muc.rooms.len()
    }
}
