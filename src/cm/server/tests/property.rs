//! Whatever is said, in whatever order: the server does not panic, keeps nothing of streams that are closed, and
//! answers each question once.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::cm::server::state::State;

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(choices)
}

fn stanza() -> impl Strategy<Value = String> {
    let to = one_of(&[
        "",
        "to='alice@example.org'",
        "to='bob@example.org'",
        "to='alice@example.org/R1'",
        "to='bob@example.org/R3'",
        "to='nobody@example.org/x'",
        "to='example.org'",
        "to='conference.example.org'",
        "to='r@conference.example.org'",
        "to='r@conference.example.org/n'",
        "to='r@conference.example.org/m'",
        "to='/'",
        "to='x@else.where/y'",
    ]);
    let kind = one_of(&[
        "",
        "type='get'",
        "type='set'",
        "type='result'",
        "type='error'",
        "type='unavailable'",
        "type='groupchat'",
        "type='chat'",
        "type='headline'",
        "type='probe'",
        "type='subscribe'",
    ]);
    let child = one_of(&[
        "",
        "<body>x</body>",
        "<subject>s</subject>",
        "<priority>-1</priority>",
        "<priority>x</priority>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<query xmlns='jabber:iq:roster'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
        "<x xmlns='http://jabber.org/protocol/muc'/>",
        "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='bob@example.org'/></x>",
        "<query xmlns='http://jabber.org/protocol/muc#owner'/>",
        "<query xmlns='http://jabber.org/protocol/muc#admin'/>",
        "<error><recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
    ]);
    // What ends the stream is rare, so that there is something to end.
    let name = prop_oneof![
        9 => one_of(&["iq", "iq", "message", "presence"]),
        1 => one_of(&["auth", "response", "foo"]),
    ];
    (name, to, kind, child, prop::bool::weighted(0.9)).prop_map(|(name, to, kind, child, id)| {
        // Numbered where it is sent.
        let id = if id { "id='?'" } else { "" };
        format!("<{name} {to} {kind} {id}>{child}</{name}>")
    })
}

/// What an owner or a moderator may ask of the room.
fn demand() -> impl Strategy<Value = String> {
    let content = one_of(&[
        "<query xmlns='http://jabber.org/protocol/muc#owner'/>",
        "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>",
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>",
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='n' role='none'/></query>",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='m' role='moderator'/></query>",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item role='visitor'/></query>",
        "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>",
    ]);
    (one_of(&["get", "set", "set"]), content).prop_map(|(kind, content)| {
        format!("<iq to='r@conference.example.org' type='{kind}' id='?'>{content}</iq>")
    })
}

/// What a stream does next.
#[derive(Debug, Clone)]
enum Deed {
    Open,
    Restart,
    Close,
    /// As alice, bob, or without an account.
    Login(u8),
    Enter(&'static str),
    Configure,
    Say(String),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => Just(Deed::Open),
        1 => Just(Deed::Restart),
        1 => Just(Deed::Close),
        5 => (0u8..3).prop_map(Deed::Login),
        8 => one_of(&["n", "m"]).prop_map(Deed::Enter),
        4 => Just(Deed::Configure),
        20 => stanza().prop_map(Deed::Say),
        8 => demand().prop_map(Deed::Say),
    ]
}

/// Mostly the owner of the room, who has more to say than others.
fn link() -> impl Strategy<Value = Link> {
    prop_oneof![Just(1), 1u64..6]
}

/// What the streams were told in answer to one deed.
struct Told(Vec<(Link, Event)>);

impl Told {
    fn by(bed: &mut Bed) -> Self {
        Self(std::iter::from_fn(|| bed.server.next()).collect())
    }

    fn ended(&self, link: Link) -> bool {
        self.0.iter().any(|(to, event)| *to == link && matches!(event, Event::Error(_)))
    }

    /// The types of the iqs with this id, and who got them.
    fn iqs<'a>(&'a self, id: Option<&'a str>) -> impl Iterator<Item = (Link, &'a str)> {
        self.0.iter().filter_map(move |(to, event)| match event {
            Event::Element(iq) if iq.name() == "iq" && iq.attr("id") == id => {
                Some((*to, iq.attr("type").unwrap_or_default()))
            }
            _ => None,
        })
    }
}

fn enter(nick: &str) -> String {
    format!("<presence to='r@conference.example.org/{nick}'><x xmlns='{}'/></presence>", ns::MUC)
}

const CONFIGURE: &str = "<iq type='set' id='c' to='r@conference.example.org'>\
    <query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>";

impl Bed {
    fn is_bound(&self, link: Link) -> bool {
        self.server.streams.get(&link).is_some_and(|stream| matches!(stream.state, State::Bound(_)))
    }

    fn do_it(&mut self, link: Link, deed: &Deed, number: usize) {
        match deed {
            Deed::Open => self.open(link),
            Deed::Restart => self.command(link, Command::Restart),
            Deed::Close => self.command(link, Command::Close),
            Deed::Login(who) => {
                self.open(link);
                let auth = match ["alice", "bob"].get(usize::from(*who)) {
                    Some(user) => {
                        let secret = STANDARD.encode(format!("\0{user}\0{user}-secret"));
                        format!("<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>", ns::SASL)
                    }
                    None => format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL),
                };
                self.send(link, &auth);
                self.command(link, Command::Restart);
                self.send(link, &BIND.replace(">R<", &format!(">R{link}<")));
                self.send(link, "<presence/>");
            }
            Deed::Enter(nick) => self.send(link, &enter(nick)),
            Deed::Configure => self.send(link, CONFIGURE),
            Deed::Say(xml) => {
                self.send(link, &xml.replace("id='?'", &format!("id='{number}'")));
            }
        }
    }

    /// Nothing that the server keeps is about a stream that is not there.
    fn is_sound(&self) -> bool {
        let users = self.server.users.iter();
        let mut links = users.flat_map(|(bare, resources)| {
            resources.iter().map(move |(resource, link)| (bare, resource, link))
        });
        let bound = self.server.streams.keys().filter(|link| self.is_bound(**link)).count();
        let known = self.server.users.values().map(std::collections::BTreeMap::len).sum::<usize>();
        bound == known
            && self.server.users.values().all(|resources| !resources.is_empty())
            && self.server.offline.keys().all(|bare| self.server.has_account(bare))
            && self.server.rooms_are_sound()
            && links.all(|(bare, resource, link)| {
                matches!(&self.server.streams.get(link).unwrap().state, State::Bound(full)
                    if full.to_bare() == *bare && full.resource().as_str() == resource)
            })
    }
}

proptest! {
    #[test]
    fn nothing_that_clients_say_breaks_it(deeds in prop::collection::vec((link(), deed()), 1..100)) {
        let mut bed = Bed::new();
        let mut open: HashMap<Link, bool> = HashMap::new();
        // Some are there already: what they could do with one another would hardly come about by chance.
        let logins = (1..4).map(|link| (link, Deed::Login(link as u8 - 1)));
        let entries = [(1, Deed::Enter("m")), (1, Deed::Configure), (2, Deed::Enter("n"))];
        let deeds = logins.chain(entries).chain(deeds);
        for (number, (link, deed)) in deeds.enumerate() {
            let (link, deed) = (&link, &deed);
            let was_bound = bed.is_bound(*link);
            bed.do_it(*link, deed, number);
            let told = Told::by(&mut bed);
            prop_assert!(bed.is_sound(), "after {deed:?}");
            for (to, event) in &told.0 {
                // Who has closed its stream, or was told that it is over, hears nothing more.
                let heard = open.entry(*to).or_insert(false);
                *heard |= matches!(event, Event::Opened { .. });
                prop_assert!(*heard, "{event:?} for {to} after {deed:?}");
                *heard &= !matches!(event, Event::Error(_));
            }
            if matches!(deed, Deed::Close) {
                open.insert(*link, false);
            }
            let Deed::Say(xml) = deed else { continue };
            let asks = xml.starts_with("<iq ") && (xml.contains("type='get'") || xml.contains("type='set'"));
            if !asks || !was_bound || told.ended(*link) {
                continue;
            }
            // Either an answer for who asked, or the question for somebody else: one of them, once.
            let number = number.to_string();
            let id = xml.contains("id='?'").then_some(number.as_str());
            let iqs: Vec<_> = told.iqs(id).collect();
            prop_assert_eq!(iqs.len(), 1, "{}: {:?}", xml, told.0);
            let (to, kind) = iqs[0];
            prop_assert!(to == *link || matches!(kind, "get" | "set"), "{}: {:?}", xml, told.0);
        }
        for link in 1..6 {
            bed.command(link, Command::Close);
        }
        prop_assert!(Told::by(&mut bed).0.is_empty());
        prop_assert!(bed.server.streams.is_empty() && bed.server.users.is_empty());
        prop_assert_eq!(bed.server.rooms(), 0);
    }
}
