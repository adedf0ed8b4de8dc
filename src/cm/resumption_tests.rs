//! Random histories of a client whose connections are cut, over WebSocket and TCP in turn, and of its partner over BOSH: bytes
//! are lost on the way both ways, the server notices late that a connection is gone, and stanzas are sent again after a
//! resumption. Whatever happens, each message arrives once and in order, and counts are right (XEP-0198 §4, §5).

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::http::{Edge as _, Strict};
use super::machine::Machine;
use super::policy::Policy;
use super::server::{Account, Password, Server, Setup};
use super::session::Token;
use super::stream::reader::{Item, Reader};
use super::stream::{Codec, Framing, Outbound, Received, Security};
use super::tcp::Document;
use crate::bosh::NS;
use crate::random::{Random, Seeded};
use crate::wire::websocket::{self, Opcode, Piece, frame};
use crate::xml::{Element, Limits, parse};
use crate::xmpp::ns;

const HISTORIES: u64 = 100_000;
/// Histories of one connection manager: each has sessions of its own.
const TOGETHER: u64 = 100;
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const HEADER: &str = "<?xml version='1.0'?><stream:stream to='example.org' version='1.0' \
    xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const OPEN: &str =
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>";

/// The connection manager, and what it has answered.
struct World {
    machine: Machine,
    now: Duration,
    chance: Seeded,
    token: Token,
    answers: Vec<(Token, Element)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let account =
            |user: &str| Account { user: user.to_owned(), password: Password::new("secret") };
        let setup = Setup {
            accounts: vec![account("alice"), account("bob")],
            ..Setup::new("example.org", "2026-01-01T00:00:00Z".parse().unwrap())
        };
        let server = Server::new(setup, Box::new(Seeded::new(seed)));
        let machine =
            Machine::new(Policy::default(), Box::new(server), Box::new(Seeded::new(seed + 1)));
        let (now, chance) = (Duration::from_secs(1), Seeded::new(seed + 2));
        Self { machine, now, chance, token: 1, answers: Vec::new() }
    }

    fn chance(&mut self, of: usize) -> usize {
        let mut bytes = [0; 4];
        self.chance.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % of
    }

    fn post(&mut self, content: &str) -> Token {
        self.token += 1;
        self.machine.request(self.token, PEER, content.as_bytes(), self.now).unwrap();
        self.token
    }

    fn answer(&mut self, token: Token) -> Option<Element> {
        let new: Vec<_> = self.machine.answers().collect();
        self.answers.extend(new.into_iter().map(|answer| {
            let xml = answer.reply.to_xml();
            (answer.token, parse(xml.as_bytes(), &Limits::default()).unwrap())
        }));
        let place = self.answers.iter().position(|(to, _)| *to == token)?;
        Some(self.answers.swap_remove(place).1)
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.machine.wake(self.now);
        }
        self.now = end;
    }
}

/// What the server says to a client, as it is read from bytes.
enum Reading {
    /// With the message that is coming, and whether what comes now is a part of it.
    WebSocket {
        reader: websocket::Reader,
        message: Vec<u8>,
        within: bool,
    },
    Tcp(Box<Reader>),
}

/// A connection of the client.
struct Conn {
    number: u64,
    codec: Box<dyn Codec>,
    reading: Reading,
    /// Bytes of the client that have not come to the server.
    up: Vec<u8>,
    /// Bytes of the server that have not come to the client.
    down: Vec<u8>,
}

impl Conn {
    fn new(world: &mut World, carrier: Framing) -> Self {
        let number = world.machine.carry(PEER, carrier, Security::Settled, world.now).unwrap();
        let (codec, reading): (Box<dyn Codec>, _) = match carrier {
            Framing::Raw => {
                let codec = Box::new(Document::new(Limits::default()));
                (codec, Reading::Tcp(Box::new(Reader::new(Limits::default()))))
            }
            Framing::Framed => {
                let request = http::Request::builder()
                    .uri("/xmpp-websocket")
                    .header("host", "example.org")
                    .header("connection", "Upgrade")
                    .header("upgrade", "websocket")
                    .header("sec-websocket-version", "13")
                    .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
                    .header("sec-websocket-protocol", "xmpp");
                let upgrade = Strict::new(&Policy::default()).upgrade(&request.body(()).unwrap());
                let (reader, message) = (websocket::Reader::default(), Vec::new());
                (upgrade.codec.unwrap(), Reading::WebSocket { reader, message, within: false })
            }
        };
        Self { number, codec, reading, up: Vec::new(), down: Vec::new() }
    }

    fn open(&mut self) {
        match &mut self.reading {
            Reading::Tcp(reader) => {
                reader.renew();
                self.up.extend(HEADER.as_bytes());
            }
            Reading::WebSocket { .. } => self.say(OPEN),
        }
    }

    fn say(&mut self, text: &str) {
        match self.reading {
            Reading::Tcp(_) => self.up.extend(text.as_bytes()),
            Reading::WebSocket { .. } => {
                self.up.extend(frame(Opcode::TEXT, text.as_bytes(), Some([7, 1, 9, 4])));
            }
        }
    }

    /// So many of the client's bytes come to the server.
    fn deliver(&mut self, world: &mut World, bytes: usize) {
        let mut received = Vec::new();
        let rest = self.up.split_off(bytes);
        self.codec.read(&std::mem::replace(&mut self.up, rest), &mut received);
        for what in received {
            match what {
                Received::Input(input) => world.machine.carried(self.number, input, world.now),
                Received::Reply(bytes) => self.down.extend(bytes),
                Received::End => {}
            }
        }
    }

    /// What the server wants sent is on its way.
    fn fetch(&mut self, world: &mut World) {
        while let Some(outbound) = world.machine.output(self.number) {
            if !matches!(outbound, Outbound::Close(_)) {
                self.codec.write(&outbound, &mut self.down);
            }
        }
    }

    /// So many of the server's bytes come to the client: what they say.
    fn read(&mut self, bytes: usize) -> Vec<Element> {
        let rest = self.down.split_off(bytes);
        let bytes = std::mem::replace(&mut self.down, rest);
        let mut found = Vec::new();
        match &mut self.reading {
            Reading::WebSocket { reader, message, within } => {
                reader.feed(&bytes, &mut |piece| match piece {
                    Piece::Head(head, _) => *within = !head.opcode.is_control(),
                    Piece::Payload(part) if *within => message.extend_from_slice(part),
                    Piece::End if *within => {
                        let text = std::mem::take(message);
                        found.push(parse(&text, &Limits::default()).unwrap());
                    }
                    _ => {}
                });
            }
            Reading::Tcp(reader) => {
                let mut rest = &bytes[..];
                while let Some(item) = reader.read(&mut rest).unwrap() {
                    match item {
                        Item::Element(element) => found.push(element),
                        Item::Header(_) | Item::Misnamed(_) => {
                            reader.renew();
                            found.push(Element::new(ns::FRAMING, "open"));
                        }
                        Item::End => {}
                    }
                }
            }
        }
        found
    }
}

/// The partner, over BOSH, whose requests are never lost.
struct Partner {
    sid: String,
    rid: u64,
    open: VecDeque<Token>,
    heard: Vec<String>,
    said: u64,
}

impl Partner {
    fn new(world: &mut World, user: &str) -> Self {
        let rid = 1000;
        let token = world.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{rid}' to='example.org' ver='1.11' wait='60' \
             hold='1' xml:lang='en' xmpp:version='1.0'/>"
        ));
        let answer = world.answer(token).unwrap();
        let sid = answer.attr("sid").unwrap().to_owned();
        let mut new = Self { sid, rid, open: VecDeque::new(), heard: Vec::new(), said: 0 };
        new.send(world, "", &auth(user));
        new.send(world, "xmpp:restart='true'", "");
        new.send(world, "", &bind("P"));
        new
    }

    fn send(&mut self, world: &mut World, attributes: &str, content: &str) {
        self.rid += 1;
        let (rid, sid) = (self.rid, &self.sid);
        let token = world.post(&format!(
            "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{rid}' sid='{sid}' {attributes}>{content}</body>"
        ));
        self.open.push_back(token);
        self.hear(world);
    }

    fn hear(&mut self, world: &mut World) {
        while let Some(answer) = self.open.front().and_then(|token| world.answer(*token)) {
            self.open.pop_front();
            assert_ne!(answer.attr("type"), Some("terminate"), "{answer:?}");
            self.heard.extend(answer.children().filter_map(body));
        }
    }

    /// Has a request open, so that what is for it comes.
    fn keep(&mut self, world: &mut World) {
        self.hear(world);
        while self.open.is_empty() {
            self.send(world, "", "");
        }
    }

    fn says(&mut self, world: &mut World, to: &str) {
        self.said += 1;
        let text = format!("b{}", self.said);
        self.send(world, "", &message(to, &text));
    }
}

/// The client that resumes.
struct Client {
    conn: Option<Conn>,
    /// The name of its stream, once it can be resumed.
    id: Option<String>,
    partner: String,
    resource: String,
    phase: Phase,
    /// What it has sent since enable and the server has not counted: the text of each.
    unacknowledged: VecDeque<String>,
    /// How many stanzas the server has counted.
    counted: u32,
    handled: u32,
    heard: Vec<String>,
    said: u64,
    /// How often it resumed, and on what it was before.
    resumed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    LoggingIn,
    Restarting,
    Binding,
    Enabling,
    Resuming,
    Ready,
}

impl Client {
    fn new(resource: String, partner: String) -> Self {
        Self {
            conn: None,
            id: None,
            partner,
            resource,
            phase: Phase::Opening,
            unacknowledged: VecDeque::new(),
            counted: 0,
            handled: 0,
            heard: Vec::new(),
            said: 0,
            resumed: 0,
        }
    }

    fn connect(&mut self, world: &mut World, carrier: Framing) {
        let mut conn = Conn::new(world, carrier);
        conn.open();
        (self.conn, self.phase) = (Some(conn), Phase::Opening);
    }

    fn say(&mut self, text: &str) {
        if let Some(conn) = &mut self.conn {
            conn.say(text);
        }
    }

    /// Sends a message; whether it arrives, stream management has to see to.
    fn says(&mut self) {
        self.said += 1;
        let text = message(&self.partner, &format!("a{}", self.said));
        self.unacknowledged.push_back(text.clone());
        if self.phase == Phase::Ready {
            self.say(&text);
        }
    }

    fn counts(&mut self, h: &Element) {
        let h: u32 = h.attr("h").unwrap().parse().unwrap();
        let new = h.checked_sub(self.counted).expect("a count goes up");
        assert!(new as usize <= self.unacknowledged.len(), "{h} is more than was sent");
        self.unacknowledged.drain(..new as usize);
        self.counted = h;
    }

    fn take(&mut self, element: &Element) {
        let (namespace, name) = (element.namespace(), element.name());
        match (self.phase, namespace, name) {
            (Phase::Opening, ns::STREAMS, "features") => {
                self.say(&auth("alice"));
                self.phase = Phase::LoggingIn;
            }
            (Phase::LoggingIn, ns::SASL, "success") => {
                if let Some(conn) = &mut self.conn {
                    conn.open();
                }
                self.phase = Phase::Restarting;
            }
            (Phase::Restarting, ns::STREAMS, "features") => {
                let (text, next) = if let Some(id) = &self.id {
                    let h = self.handled;
                    let text = format!("<resume xmlns='urn:xmpp:sm:3' h='{h}' previd='{id}'/>");
                    (text, Phase::Resuming)
                } else {
                    (bind(&self.resource), Phase::Binding)
                };
                self.say(&text);
                self.phase = next;
            }
            (Phase::Binding, ns::CLIENT, "iq") => {
                self.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
                self.phase = Phase::Enabling;
            }
            (Phase::Enabling, ns::SM3, "enabled") => {
                self.id = Some(element.attr("id").unwrap().to_owned());
                self.ready();
            }
            (Phase::Resuming, ns::SM3, "resumed") => {
                self.counts(element);
                self.resumed += 1;
                self.ready();
            }
            (Phase::Ready, ns::SM3, "r") => {
                let text = format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", self.handled);
                self.say(&text);
            }
            (Phase::Ready, ns::SM3, "a") => self.counts(element),
            (Phase::Ready, ns::CLIENT, "iq" | "message" | "presence") => {
                self.handled += 1;
                self.heard.extend(body(element));
            }
            (_, ns::FRAMING, "open") => {}
            (phase, ..) => panic!("{phase:?}: {element:?}"),
        }
    }

    /// What the server has not counted is sent, perhaps again.
    fn ready(&mut self) {
        self.phase = Phase::Ready;
        for text in self.unacknowledged.clone() {
            self.say(&text);
        }
    }

    /// Some of what is on its way arrives.
    fn move_bytes(&mut self, world: &mut World, all: bool) {
        let Some(mut conn) = self.conn.take() else { return };
        let up = if all { conn.up.len() } else { world.chance(conn.up.len() + 1) };
        conn.deliver(world, up);
        conn.fetch(world);
        let down = if all { conn.down.len() } else { world.chance(conn.down.len() + 1) };
        let found = conn.read(down);
        self.conn = Some(conn);
        for element in &found {
            self.take(element);
        }
    }

    /// The connection is cut; some of what is on its way arrives yet. Its number, if the server does not know.
    fn cut(&mut self, world: &mut World) -> Option<u64> {
        let mut conn = self.conn.take()?;
        let up = world.chance(conn.up.len() + 1);
        conn.deliver(world, up);
        conn.fetch(world);
        if world.chance(3) > 0 {
            world.machine.carried_gone(conn.number, world.now);
            return None;
        }
        Some(conn.number)
    }

    fn settle(&mut self, world: &mut World) {
        for _ in 0..20 {
            self.move_bytes(world, true);
        }
    }
}

fn message(to: &str, text: &str) -> String {
    format!("<message xmlns='jabber:client' to='{to}' type='chat'><body>{text}</body></message>")
}

fn body(stanza: &Element) -> Option<String> {
    stanza.child(ns::CLIENT, "body").map(|body| body.text().into_owned())
}

fn auth(user: &str) -> String {
    let secret = STANDARD.encode(format!("\0{user}\0secret"));
    format!("<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>", ns::SASL)
}

fn bind(resource: &str) -> String {
    format!(
        "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
        ns::BIND
    )
}

/// One history; how often its client resumed on the other carrier.
fn history(world: &mut World, partner: &mut Partner, number: u64) -> u64 {
    let (before, said) = (partner.heard.len(), partner.said);
    let mut client = Client::new(format!("R{number}"), "bob@example.org/P".to_owned());
    let (mut late, mut crossed, mut last) = (Vec::new(), 0, None);
    let mut connect = |client: &mut Client, world: &mut World| {
        let carrier = if world.chance(2) == 0 { Framing::Framed } else { Framing::Raw };
        crossed += u64::from(last.replace(carrier).is_some_and(|before| before != carrier));
        client.connect(world, carrier);
    };
    connect(&mut client, world);
    client.settle(world);
    assert_eq!(client.phase, Phase::Ready, "history {number}");
    let jid = format!("alice@example.org/R{number}");
    for _ in 0..14 {
        match world.chance(10) {
            0 | 1 => client.says(),
            2 | 3 => partner.says(world, &jid),
            4..=6 => client.move_bytes(world, false),
            7 if client.phase == Phase::Ready => client.say("<r xmlns='urn:xmpp:sm:3'/>"),
            8 => {
                late.extend(client.cut(world));
                if world.chance(2) == 0 {
                    partner.says(world, &jid);
                }
                connect(&mut client, world);
            }
            _ => {
                let time = Duration::from_millis(world.chance(3000) as u64);
                world.pass(time);
                partner.keep(world);
                // The server learns at last that a connection is gone.
                if let Some(number) = late.pop() {
                    world.machine.carried_gone(number, world.now);
                }
            }
        }
    }
    client.settle(world);
    if client.phase != Phase::Ready {
        late.extend(client.cut(world));
        connect(&mut client, world);
        client.settle(world);
    }
    client.say("<r xmlns='urn:xmpp:sm:3'/>");
    client.settle(world);
    partner.keep(world);
    let all = |letter: &str, from: u64, to: u64| -> Vec<String> {
        (from + 1..=to).map(|n| format!("{letter}{n}")).collect()
    };
    assert_eq!(
        partner.heard[before..],
        all("a", 0, client.said),
        "history {number}: to the partner"
    );
    assert_eq!(client.heard, all("b", said, partner.said), "history {number}: to the client");
    assert_eq!(u64::from(client.counted), client.said, "history {number}: counts");
    assert!(client.unacknowledged.is_empty(), "history {number}");
    for number in late {
        world.machine.carried_gone(number, world.now);
    }
    client.say(match client.conn.as_ref().map(|conn| &conn.reading) {
        Some(Reading::Tcp(_)) => "</stream:stream>",
        _ => "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    });
    if let Some(mut conn) = client.conn.take() {
        let all = conn.up.len();
        conn.deliver(world, all);
        world.machine.carried_gone(conn.number, world.now);
    }
    crossed
}

/// Histories from `seed` on; how often a client resumed on another carrier.
fn histories(seeds: std::ops::Range<u64>) -> u64 {
    let mut crossed = 0;
    for seed in seeds.step_by(TOGETHER as usize) {
        let mut world = World::new(seed);
        let mut partner = Partner::new(&mut world, "bob");
        for number in seed..seed + TOGETHER {
            crossed += history(&mut world, &mut partner, number);
        }
    }
    crossed
}

#[test]
fn nothing_is_lost_nothing_comes_twice_and_counts_are_right() {
    let crossed = histories(0..2000);
    assert!(crossed > 500, "{crossed}");
}

#[test]
#[ignore = "takes long without optimisation: `./test` runs it with the other long ones"]
fn nothing_is_lost_in_very_many_histories() {
    let half = HISTORIES / 2;
    let crossed: u64 = std::thread::scope(|scope| {
        let other = scope.spawn(move || histories(half..HISTORIES));
        histories(0..half) + other.join().unwrap()
    });
    assert!(crossed > HISTORIES / 4, "{crossed}");
}
