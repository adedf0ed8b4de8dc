//! What moderators do: they kick, give and take voice; the owner makes others moderators (XEP-0045 §8, §9.6 to §9.9).

use jid::{BareJid, FullJid};

use super::room::{News, Occupant, Role, Room, unavailable};
use crate::cm::backend::Link;
use crate::cm::server::iq::question;
use crate::cm::server::state::Server;
use crate::xml::Element;
use crate::xmpp::ns;

/// What is to become of an occupant.
struct Change {
    nick: String,
    /// None: the occupant is kicked.
    role: Option<Role>,
    reason: Option<Element>,
}

/// The type and the condition of an error.
type Refusal = (&'static str, &'static str);

const BAD_REQUEST: Refusal = ("modify", "bad-request");
const FORBIDDEN: Refusal = ("auth", "forbidden");
const NOT_ALLOWED: Refusal = ("cancel", "not-allowed");
const NOT_FOUND: Refusal = ("cancel", "item-not-found");
const NOT_OFFERED: Refusal = ("cancel", "feature-not-implemented");

impl Change {
    fn read(item: &Element) -> Result<Self, Refusal> {
        if item.attr("affiliation").is_some() {
            return Err(NOT_OFFERED);
        }
        let nick = item.attr("nick").ok_or(BAD_REQUEST)?.to_owned();
        let role = match item.attr("role").ok_or(BAD_REQUEST)? {
            "none" => None,
            name => Some(role_named(name).ok_or(BAD_REQUEST)?),
        };
        let mut reason = item.child(ns::MUC_ADMIN, "reason").cloned();
        if let Some(reason) = &mut reason {
            reason.move_namespace(ns::MUC_ADMIN, ns::MUC_USER);
        }
        Ok(Self { nick, role, reason })
    }
}

fn role_named(name: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|role| role.name() == name)
}

impl Room {
    fn moderates(&self, who: &FullJid, link: Link) -> bool {
        let mut occupants = self.occupants.values();
        self.owns(who)
            || occupants.any(|occupant| occupant.link == link && occupant.role == Role::Moderator)
    }

    /// Whether a moderator, who may be the owner, may do this.
    fn allows(&self, owner: bool, change: &Change) -> Result<(), Refusal> {
        let target = self.occupants.get(&change.nick).ok_or(NOT_FOUND)?;
        let owns = self.owns(&target.jid);
        match (target.role, change.role) {
            (now, Some(then)) if now == then => Ok(()),
            (_, None) if owns && !owner => Err(NOT_ALLOWED),
            (_, Some(_)) if owns => Err(NOT_ALLOWED),
            (_, Some(Role::Moderator)) if !owner => Err(FORBIDDEN),
            // From those who are no less than oneself no role can be taken (§8.4, §9.7).
            (Role::Moderator, Some(_)) | (_, Some(Role::Visitor)) if !owner => Err(NOT_ALLOWED),
            _ => Ok(()),
        }
    }

    /// The occupants with a role, or the users with an affiliation.
    fn listed(&self, owner: bool, item: &Element) -> Result<Element, Refusal> {
        let mut list = Element::new(ns::MUC_ADMIN, "query");
        match (item.attr("role"), item.attr("affiliation")) {
            (Some(name), None) => {
                let role = role_named(name).ok_or(BAD_REQUEST)?;
                for (nick, who) in self.occupants.iter().filter(|(_, who)| who.role == role) {
                    list.push(self.listed_occupant(nick, who));
                }
            }
            (None, Some("owner")) if owner => {
                let owner = Element::new(ns::MUC_ADMIN, "item")
                    .with_attr("affiliation", "owner")
                    .with_attr("jid", self.owner.as_str());
                list.push(owner);
            }
            (None, Some("admin" | "member" | "outcast")) if owner => {}
            (None, Some("owner" | "admin" | "member" | "outcast")) => return Err(FORBIDDEN),
            _ => return Err(BAD_REQUEST),
        }
        Ok(list)
    }

    fn listed_occupant(&self, nick: &str, who: &Occupant) -> Element {
        Element::new(ns::MUC_ADMIN, "item")
            .with_attr("affiliation", self.affiliation(&who.jid))
            .with_attr("jid", who.jid.as_str())
            .with_attr("nick", nick)
            .with_attr("role", who.role.name())
    }
}

impl Server {
    /// A question or a demand of muc#admin.
    pub(super) fn muc_moderate(
        &mut self,
        link: Link,
        from: &FullJid,
        address: &BareJid,
        iq: &Element,
    ) {
        let Some(room) = self.muc.rooms.get(address) else { return };
        let Some(query) = question(iq).filter(|query| query.name() == "query") else {
            return self.refuse(link, iq, "modify", "bad-request");
        };
        let owner = room.owns(from);
        let mut items = query.children().filter(|child| child.is(ns::MUC_ADMIN, "item"));
        let judged = if !room.moderates(from, link) {
            Err(FORBIDDEN)
        } else if iq.attr("type") == Some("get") {
            let list = items.next().ok_or(BAD_REQUEST).and_then(|item| room.listed(owner, item));
            list.map(|list| (Vec::new(), Some(list)))
        } else {
            let change = |item| {
                let change = Change::read(item)?;
                room.allows(owner, &change).map(|()| change)
            };
            items.map(change).collect::<Result<Vec<_>, _>>().and_then(|changes| {
                if changes.is_empty() { Err(BAD_REQUEST) } else { Ok((changes, None)) }
            })
        };
        match judged {
            Err((kind, condition)) => self.refuse(link, iq, kind, condition),
            Ok((changes, list)) => {
                let actor = room.nick_of(link);
                // Who is kicked hears of it first, then the moderator, then the others (§8.2).
                let mut later = Vec::new();
                for change in &changes {
                    later.extend(self.muc_change(address, actor.as_deref(), change));
                }
                self.answer(link, iq, list);
                self.tell(later);
            }
        }
    }

    /// Makes a change, tells who is kicked, and returns what the others are to be told.
    fn muc_change(
        &mut self,
        address: &BareJid,
        actor: Option<&str>,
        change: &Change,
    ) -> Vec<(Link, Element)> {
        let Some(room) = self.muc.rooms.get_mut(address) else { return Vec::new() };
        let Some(who) = room.occupants.get_mut(&change.nick) else { return Vec::new() };
        let link = who.link;
        let place = (address, change.nick.as_str());
        let news = News { actor, reason: change.reason.as_ref(), ..News::default() };
        if let Some(role) = change.role {
            who.role = role;
            let presence = who.presence.clone();
            return room.shown_to_all(place, &presence, &news);
        }
        let news = News { gone: true, codes: &["307"], ..news };
        let told = room.shown_to_all(place, &unavailable(), &news);
        let (own, others) = told.into_iter().partition(|(to, _)| *to == link);
        self.tell(own);
        self.muc_remove(address, &change.nick);
        others
    }
}
