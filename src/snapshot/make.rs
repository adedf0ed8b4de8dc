//! From events to a transcript.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ring::digest;

use super::content::{REQUEST_HEADERS, RESPONSE_HEADERS, content, element, headers, kept, lines};
use super::exchange::{Content, Exchange, Message};
use super::names::{Facts, Names, Varying, rid_name, shape};
use super::shelf::Shelf;
use super::streams::{Streams, only_counts};
use super::transcript::{Exchanges, Strand, Transcript};
use super::tree::{Leaf, Tree};
use crate::diag::sanitise::one_line;
use crate::trace::redact;
use crate::trace::{
    self, AppliedFault, CloseFrame, Effect, Event, Fact, Link, Reading, Request, Response, Session,
    SessionId, Story,
};
use crate::wire::Side;
use crate::wire::websocket::Opcode;

/// What is answered within this time was not held, though nothing else was said meanwhile.
const AT_ONCE: Duration = Duration::from_millis(400);
/// A silence that is longer was meant.
const QUIET: Duration = Duration::from_secs(1);
/// What is answered within this time, with things said all the while, was not held either: then it is the pace of the
/// clients that took the time.
const BUSY: Duration = Duration::from_secs(2);
/// So much before `wait` is over an answer may come that came since it was over.
const EARLY: Duration = Duration::from_millis(250);
/// Sessions are put in order by about so many bytes of their text.
const BEGIN: usize = 1024;
/// Two answers on two connections that are closer than this can be seen in either order.
const RACE: Duration = Duration::from_millis(100);

/// Makes a transcript of a trace.
///
/// With `own`, only exchanges are shown of which the request or the response is among these events; names are known from
/// all of them.
pub fn transcript(events: &[Event], own: Option<&Range<usize>>, varying: &Varying) -> Transcript {
    let mut maker = Maker::default();
    for (number, event) in events.iter().enumerate() {
        let shown = own.is_none_or(|own| own.contains(&number));
        maker.take(event, shown);
    }
    maker.finish(varying)
}

/// Makes a transcript of events as they come. They are not kept: memory is needed for what is told of each exchange beside
/// its content, about a hundred bytes.
#[derive(Default)]
pub struct Maker {
    story: Story,
    shelf: Shelf,
    strands: BTreeMap<Key, Draft>,
    /// When the last event was.
    last: Duration,
    /// When the last silence was over that was meant.
    quiet: Option<Duration>,
    /// Where an exchange stands: its strand and its place there.
    places: HashMap<u64, (Key, usize)>,
    /// Where the bytes stand that are not HTTP, by connection.
    raw: HashMap<u64, usize>,
    /// Where the elements of streams stand.
    streams: Streams,
}

/// Sessions in the order of their first requests, and behind them what belongs to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Session(SessionId),
    None,
}

/// What was found of a strand.
#[derive(Default)]
struct Draft {
    turns: Vec<Turn>,
    /// The path of its first request.
    path: Option<String>,
    rids: HashSet<u64>,
    /// The rid from which others are counted.
    base: Option<u64>,
    /// What carries the session, if that is not BOSH.
    over: Option<&'static str>,
    /// The connection that carries it now.
    conn: Option<u64>,
}

/// An exchange, with what its words are made of.
struct Turn {
    /// Its number on the shelf.
    exchange: usize,
    /// It is no exchange of HTTP: elements of a stream.
    is_stream: bool,
    shown: bool,
    rid: Option<u64>,
    /// When the last byte of the request came, and the first of the answer.
    asked: Duration,
    answered: Option<Duration>,
}

impl Turn {
    fn new(exchange: usize, shown: bool) -> Self {
        let (asked, answered) = (Duration::ZERO, None);
        Self { exchange, is_stream: false, shown, rid: None, asked, answered }
    }
}

impl Maker {
    /// Takes the next event; whether what belongs to it is shown.
    pub fn take(&mut self, event: &Event, shown: bool) {
        let effect = self.story.take(event);
        let begun = match &event.fact {
            Fact::Request(request) => request.first,
            Fact::Response(response) => response.first,
            _ => event.at,
        };
        if begun.saturating_sub(self.last) >= QUIET {
            self.quiet = Some(begun);
        }
        self.last = self.last.max(event.at);
        match &event.fact {
            Fact::Request(request) => self.request(event, request, &effect, shown),
            Fact::Response(response) => self.response(response, &effect, shown),
            Fact::Raw(raw) => self.said(event.conn, raw.from, &raw.bytes, "not HTTP", shown),
            Fact::Frame(frame) if Opcode(frame.opcode).is_control() => {}
            Fact::Frame(_) | Fact::Part(_) => self.spoken(event, &effect, shown),
            Fact::Secured(_) => self.secured(&effect),
            Fact::Closed { stopped, .. } => self.closed(event, &effect, *stopped, shown),
            Fact::Lost { messages, .. } => {
                let exchange = self.alone(shown);
                exchange.client.words = format!("{messages} messages were not observed");
            }
            Fact::Fault(fault) => self.fault(event.conn, fault, &effect, shown),
            Fact::Opened { .. } | Fact::Failed { .. } | Fact::Ended { .. } | Fact::Finished => {}
        }
        for exchange in &effect.abandoned {
            let words = match effect.left {
                Some((Side::Client, _)) => "nothing, the client left",
                Some((Side::Server, _)) => "nothing, the server left",
                None => "nothing",
            };
            if let Some(number) = self.turn(exchange).map(|turn| turn.exchange) {
                words.clone_into(&mut self.shelf.get_mut(number).server.words);
            }
        }
    }

    /// One side sent a message of WebSocket, or a part of a stream over TCP.
    fn spoken(&mut self, event: &Event, effect: &Effect, shown: bool) {
        let (Some(message), Some(sent)) = (&effect.message, event.fact.content()) else { return };
        let Some(id) = message.session else {
            let words = "over WebSocket, not XMPP";
            return self.said(event.conn, message.from, &sent.bytes, words, shown);
        };
        if let Some(new) = message.resumes {
            self.join(new, id);
        }
        let what = match &message.reading {
            Reading::Element(found) | Reading::Header(found) if only_counts(found) => return,
            Reading::Element(found) | Reading::Header(found) => Some(found),
            Reading::Space | Reading::Empty => return,
            _ => None,
        };
        let strand = self.strand(id, event.conn);
        let count = strand.turns.len();
        let again = strand.conn.replace(event.conn).is_some_and(|before| before != event.conn);
        let place = match what {
            Some(found) => self.streams.place(id, message.from, found, count),
            // What is no element answers nothing.
            None if message.from == Side::Server => count.checked_sub(1),
            None => None,
        };
        let strand = self.strand(id, event.conn);
        let place = place.filter(|_| !again).unwrap_or(count);
        if place == strand.turns.len() {
            let new = self.shelf.add(Exchange::default());
            let strand = self.strand(id, event.conn);
            let asked = event.at;
            strand.turns.push(Turn { is_stream: true, asked, ..Turn::new(new, shown) });
        }
        let turn = &mut self.strand(id, event.conn).turns[place];
        turn.shown |= shown;
        if message.from == Side::Server {
            turn.answered.get_or_insert(event.at);
        }
        let number = turn.exchange;
        let exchange = self.shelf.get_mut(number);
        let side = match message.from {
            Side::Client => &mut exchange.client,
            Side::Server => &mut exchange.server,
        };
        if again {
            side.say("on another connection");
        }
        match what {
            Some(found) => side.content.push(element(found, &sent.bytes)),
            None if matches!(message.reading, Reading::StreamEnd) => side.say("ends the stream"),
            None => {
                side.say("not an element");
                side.content = Content::Text(lines(&sent.bytes));
            }
        }
    }

    /// The strand of a session that a connection carries by itself.
    fn strand(&mut self, id: SessionId, conn: u64) -> &mut Draft {
        let over = match self.story.carried(conn).map(|session| &session.link) {
            Some(Link::Tcp(_)) => "TCP",
            _ => "WebSocket",
        };
        let strand = self.strands.entry(Key::Session(id)).or_default();
        strand.over.get_or_insert(over);
        strand
    }

    /// A stream resumes a session: what was said on it belongs there.
    fn join(&mut self, new: SessionId, old: SessionId) {
        let Some(strand) = self.strands.remove(&Key::Session(new)) else { return };
        let before = self.strands.entry(Key::Session(old)).or_default();
        self.streams.join(new, old, before.turns.len());
        before.over = before.over.or(strand.over);
        before.conn = strand.conn;
        if let Some(first) = strand.turns.iter().find(|turn| turn.shown) {
            self.shelf.get_mut(first.exchange).client.say("on another connection");
        }
        before.turns.extend(strand.turns);
    }

    /// TLS has begun.
    fn secured(&mut self, effect: &Effect) {
        let strand = effect.session.and_then(|id| self.strands.get_mut(&Key::Session(id)));
        if let Some(turn) = strand.and_then(|strand| strand.turns.last()) {
            self.shelf.get_mut(turn.exchange).server.say("then TLS");
        }
    }

    /// Something was done on purpose to a message: it is said beside what the client saw, or by itself.
    fn fault(&mut self, conn: u64, fault: &AppliedFault, effect: &Effect, shown: bool) {
        let words = format!("fault {}", one_line(&fault.fault));
        let strand = effect.session.and_then(|id| self.strands.get(&Key::Session(id)));
        let known = strand.and_then(|strand| strand.turns.last()).map(|turn| turn.exchange);
        let exchange = match known {
            Some(number) => self.shelf.get_mut(number),
            None => self.raw(conn, shown),
        };
        match fault.from {
            Side::Client => exchange.client.say(&words),
            Side::Server => exchange.server.say(&words),
        }
    }

    /// A connection that carried a stream is gone: how it ended.
    fn closed(&mut self, event: &Event, effect: &Effect, stopped: bool, shown: bool) {
        let Some(session) = effect.session.and_then(|id| self.story.session(id)) else { return };
        let Some(line) = session.link.line().filter(|line| line.conn == event.conn) else { return };
        let close = session
            .websocket()
            .map_or([None, None], |link| link.close.each_ref().map(Option::as_ref));
        let says = |side: Side| match close[side as usize] {
            Some(frame) => close_words(frame),
            None if close.iter().all(Option::is_none)
                && line.closed.iter().any(Option::is_none)
                && !stopped
                && line.left.is_some_and(|(left, _)| left == side) =>
            {
                "cuts the connection".to_owned()
            }
            None => String::new(),
        };
        let [client, server] = [Side::Client, Side::Server].map(says);
        let Some(strand) = self.strands.get_mut(&Key::Session(session.id)) else { return };
        if client.is_empty() && server.is_empty() {
            return;
        }
        let (asked, answered) = (event.at, Some(event.at));
        let [client, server] =
            [client, server].map(|words| Message { words, ..Message::default() });
        let new = self.shelf.add(Exchange { client, server });
        strand.turns.push(Turn { is_stream: true, asked, answered, ..Turn::new(new, shown) });
    }

    /// One side said something that is not HTTP: all of a connection is one exchange.
    fn said(&mut self, conn: u64, from: Side, bytes: &[u8], words: &str, shown: bool) {
        let lines = lines(bytes);
        let exchange = self.raw(conn, shown);
        let message = match from {
            Side::Client => &mut exchange.client,
            Side::Server => &mut exchange.server,
        };
        words.clone_into(&mut message.words);
        match &mut message.content {
            Content::Text(known) => known.extend(lines),
            other => *other = Content::Text(lines),
        }
    }

    fn turn(&mut self, exchange: &trace::Exchange) -> Option<&mut Turn> {
        let (key, place) = self.places.get(&exchange.number)?;
        self.strands.get_mut(key)?.turns.get_mut(*place)
    }

    /// A new exchange that belongs to no session.
    fn alone(&mut self, shown: bool) -> &mut Exchange {
        let number = self.shelf.add(Exchange::default());
        self.strands.entry(Key::None).or_default().turns.push(Turn::new(number, shown));
        self.shelf.get_mut(number)
    }

    /// The exchange that holds what is not HTTP on this connection.
    fn raw(&mut self, conn: u64, shown: bool) -> &mut Exchange {
        let place = if let Some(&place) = self.raw.get(&conn) {
            place
        } else {
            self.alone(shown);
            let place = self.strands.entry(Key::None).or_default().turns.len() - 1;
            self.raw.insert(conn, place);
            place
        };
        let number = self.strands.entry(Key::None).or_default().turns[place].exchange;
        self.shelf.get_mut(number)
    }

    fn request(&mut self, event: &Event, request: &Request, effect: &Effect, shown: bool) {
        let Some(message) = &effect.message else { return };
        let Some(exchange) = &message.exchange else { return };
        let key = exchange.session().map_or(Key::None, Key::Session);
        let strand = self.strands.entry(key).or_default();
        let path = strand.path.get_or_insert_with(|| request.target.clone());
        let mut words = Vec::new();
        if request.method != "POST" || (key != Key::None && *path != request.target) {
            let (method, target) = (one_line(&request.method), redact::target(&request.target));
            words.push(format!("{method} {}", one_line(&target)));
        } else if key == Key::None {
            words.push(format!("POST {}", one_line(&redact::target(&request.target))));
        }
        if request.version == 0 {
            words.push("HTTP/1.0".to_owned());
        }
        if let Some(rid) = exchange.rid() {
            strand.base.get_or_insert(rid);
            if !strand.rids.insert(rid) {
                words.push("again".to_owned());
            }
        }
        words.extend(kept(&request.content));
        let client = Message {
            words: words.join(", "),
            headers: headers(&request.headers, &REQUEST_HEADERS),
            content: content(&message.reading, &request.content.bytes, &request.headers),
        };
        let server = Message { words: "nothing".to_owned(), ..Message::default() };
        let new = self.shelf.add(Exchange { client, server });
        let (rid, asked) = (exchange.rid(), event.at);
        strand.turns.push(Turn { rid, asked, ..Turn::new(new, shown) });
        self.places.insert(exchange.number, (key, strand.turns.len() - 1));
    }

    fn response(&mut self, response: &Response, effect: &Effect, shown: bool) {
        let Some(message) = &effect.message else { return };
        let interim = (100..200).contains(&response.status) && response.status != 101;
        if interim {
            return;
        }
        let content = content(&message.reading, &response.content.bytes, &response.headers);
        let browser = message.exchange.as_ref().is_some_and(|exchange| exchange.origin.is_some());
        let mut words = Vec::new();
        let is_bosh = message.bosh().is_some();
        if response.status != 200 || !is_bosh {
            words.push(response.status.to_string());
        }
        if response.own {
            words.push("of the proxy".to_owned());
        }
        let Some(exchange) = &message.exchange else {
            words.push("nothing was asked".to_owned());
            let exchange = self.alone(shown);
            let headers = headers(&response.headers, &RESPONSE_HEADERS);
            exchange.server = Message { words: words.join(", "), headers, content };
            return;
        };
        if exchange.is_bosh() && !exchange.answered_early {
            let empty = matches!(
                &content,
                Content::Xml(tree) if tree.nodes.is_empty() && tree.attr("type").is_none()
            );
            words.push(self.timing(exchange, response.first, empty));
        }
        if exchange.answered_early {
            words.push("before the request was complete".to_owned());
        }
        words.extend(kept(&response.content));
        let mut headers = headers(&response.headers, &RESPONSE_HEADERS);
        headers.retain(|(name, _)| browser || !name.starts_with("access-control-"));
        if let Some(turn) = self.turn(exchange) {
            turn.shown |= shown;
            turn.answered = Some(response.first);
            let number = turn.exchange;
            self.shelf.get_mut(number).server =
                Message { words: words.join(", "), headers, content };
            if let Some(id) = message.session.filter(|_| response.status == 101) {
                // The handshake belongs to the session that begins with it.
                let empty = self.shelf.add(Exchange::default());
                let Some(turn) = self.turn(exchange) else { return };
                let turn = std::mem::replace(turn, Turn::new(empty, false));
                let strand = self.strand(id, exchange.conn);
                strand.conn = Some(exchange.conn);
                strand.turns.push(turn);
            }
        }
        // Nothing more comes to it.
        self.places.remove(&exchange.number);
    }

    /// When a request was answered, in words. What the pace of the clients, or of this machine, may change has no say as
    /// far as the order of things tells the same.
    fn timing(&self, exchange: &trace::Exchange, answered: Duration, empty: bool) -> String {
        let place = self.places.get(&exchange.number);
        let strand = place.and_then(|(key, place)| Some((self.strands.get(key)?, place)));
        let later = strand.and_then(|(strand, place)| strand.turns.get(place + 1..));
        let later = || later.into_iter().flatten();
        let wait = exchange.session().and_then(|id| self.story.session(id)).and_then(Session::wait);
        let waited = answered.saturating_sub(exchange.at);
        let at_wait =
            wait.is_some_and(|wait| wait > 0 && waited + EARLY >= Duration::from_secs(wait));
        // What came late fills a gap that this request waited behind.
        let filled =
            later().filter_map(|turn| turn.rid).filter(|rid| Some(*rid) < exchange.rid()).max();
        if let (Some(rid), Some((strand, _))) = (filled, strand) {
            return format!("held until {} came", strand.rid(rid));
        }
        let next = later().find(|turn| turn.rid > exchange.rid()).map(|turn| turn.asked);
        if let Some(next) = next
            && (empty || !exchange.acts())
            && !(at_wait && answered.saturating_sub(next) > EARLY)
        {
            return "held until the next request".to_owned();
        }
        let silent = if exchange.acts() { BUSY } else { self.silent(exchange.at) };
        match () {
            () if empty && at_wait && !exchange.creates() => "held until wait",
            () if waited < silent => "at once",
            () => "held",
        }
        .to_owned()
    }

    /// For how long a request of that time has to wait to have been held.
    fn silent(&self, asked: Duration) -> Duration {
        if self.quiet.is_some_and(|over| over > asked) { AT_ONCE } else { BUSY }
    }

    /// The transcript.
    pub fn finish(self, varying: &Varying) -> Transcript {
        let Self { shelf: mut kept, strands, story, places, .. } = self;
        // Not needed any more, and large.
        drop((story, places));
        let mut facts = Facts::new(varying);
        let mut found: Vec<(Key, Draft)> = strands.into_iter().collect();
        for (_, strand) in &found {
            strand.say_disorder(&mut kept);
            strand.say_origin_once(&mut kept);
            facts.learn(strand.turns.iter().map(|turn| kept.get(turn.exchange)), strand.base);
        }
        let mut names = Names::new(varying, facts);
        order(&mut found, &names, &kept);
        let mut strands = Vec::new();
        for (number, (key, strand)) in found.into_iter().enumerate() {
            if !strand.turns.iter().any(|turn| turn.shown) {
                continue;
            }
            let began = strand.turns.first().is_some_and(|turn| turn.shown);
            let mut title = match key {
                Key::Session(_) => match strand.over {
                    None => format!("session {}", number + 1),
                    Some(over) => format!("session {} over {over}", number + 1),
                },
                Key::None => "no session".to_owned(),
            };
            if !began && key != Key::None {
                title += ", set up before";
            }
            let granted = strand.granted(&kept);
            let turns = strand.turns.iter().filter(|turn| turn.shown);
            let mut numbers: Vec<usize> = turns.map(|turn| turn.exchange).collect();
            numbers.shrink_to_fit();
            for &number in &numbers {
                let exchange = kept.get(number).into_owned();
                kept.set(number, names.replace(exchange, strand.base, granted));
            }
            if strand.over.is_some() {
                numbers = paired(&numbers, &mut kept);
            }
            strands.push((title, numbers));
        }
        kept.close();
        let kept = Arc::new(kept);
        let strand = |(title, numbers)| Strand {
            title,
            exchanges: Exchanges::of(Arc::clone(&kept), numbers),
        };
        Transcript { strands: strands.into_iter().map(strand).collect() }
    }
}

impl Draft {
    /// Says of answers that they came before one that was due earlier.
    fn say_disorder(&self, kept: &mut Shelf) {
        let base = self.base.unwrap_or_default();
        let turns: Vec<_> = self.turns.iter().map(|t| (t.rid, t.asked, t.answered)).collect();
        for (number, turn) in self.turns.iter().enumerate() {
            let (Some(rid), Some(answered)) = (turn.rid, turn.answered) else { continue };
            // Requests are open a few at a time: the ones around are enough.
            let around = number.saturating_sub(32)..turns.len().min(number + 32);
            let earlier = turns[around].iter().filter_map(|&(other, asked, due)| {
                (other? < rid && asked < answered && due? > answered + RACE).then_some(other?)
            });
            if let Some(first) = earlier.min() {
                kept.get_mut(turn.exchange).server.words +=
                    &format!(", before that of {}", rid_name(first, base));
            }
        }
    }

    /// Whether a response has named the session.
    fn granted(&self, kept: &Shelf) -> bool {
        self.turns.iter().any(|turn| {
            let exchange = kept.get(turn.exchange);
            exchange.server.xml().is_some_and(|body| body.attr("sid").is_some())
        })
    }

    /// Of a browser's requests, what is said of other origins stands where it is new.
    fn say_origin_once(&self, kept: &mut Shelf) {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        for turn in self.turns.iter().filter(|turn| turn.shown && !turn.is_stream) {
            let before = kept.get(turn.exchange);
            let Exchange { mut client, mut server } = before.clone().into_owned();
            let browser = client.headers.iter().any(|(name, _)| name == "origin");
            say_once(&mut client.headers, &mut asked, "origin");
            // To others it does not matter, and is not shown.
            if browser && turn.answered.is_some() {
                say_once(&mut server.headers, &mut answered, "access-control-allow-origin");
            }
            if client.headers != before.client.headers || server.headers != before.server.headers {
                kept.set(turn.exchange, Exchange { client, server });
            }
        }
    }

    /// The name of a rid.
    fn rid(&self, rid: u64) -> String {
        rid_name(rid, self.base.unwrap_or(rid))
    }

    /// When its first request came and was answered.
    fn begun(&self) -> (Duration, Option<Duration>) {
        self.turns.first().map_or((Duration::ZERO, None), |turn| (turn.asked, turn.answered))
    }
}

impl Message {
    /// Adds to its words.
    fn say(&mut self, words: &str) {
        if !self.words.is_empty() {
            self.words += ", ";
        }
        self.words += words;
    }
}

impl Content {
    /// Adds an element of a stream.
    fn push(&mut self, element: Tree) {
        let leaf = Leaf::Element(element);
        match self {
            Self::Xml(all) => all.nodes.push(leaf),
            Self::None | Self::Text(_) => {
                *self = Self::Xml(Tree { nodes: vec![leaf], ..Tree::default() });
            }
        }
    }
}

/// What the server says by itself right after the client did, on a stream, stands in that exchange: the text of a transcript
/// does not tell the two apart, and is compared with what is read from it.
fn paired(numbers: &[usize], kept: &mut Shelf) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::with_capacity(numbers.len());
    for &number in numbers {
        let this = kept.get(number).into_owned();
        if let Some(&last) = all.last().filter(|_| this.client.is_nothing()) {
            let before = kept.get(last).into_owned();
            if before.server.is_nothing() && !this.server.is_nothing() {
                kept.set(last, Exchange { client: before.client, server: this.server });
                continue;
            }
        }
        all.push(number);
    }
    all
}

/// `Close 1000`
fn close_words(close: &CloseFrame) -> String {
    close.status.map_or("Close".to_owned(), |status| format!("Close {status}"))
}

/// Removes headers about other origins that are the same as in the message before. If there are none any more, that is
/// said of the `first` of them.
fn say_once(headers: &mut Vec<(String, String)>, last: &mut Vec<(String, String)>, first: &str) {
    let these =
        |(name, _): &(String, String)| name == "origin" || name.starts_with("access-control-");
    let now: Vec<_> = headers.iter().filter(|header| these(header)).cloned().collect();
    if now == *last {
        headers.retain(|header| !these(header));
    } else if now.is_empty() {
        headers.push((first.to_owned(), "(none)".to_owned()));
    }
    *last = now;
}

/// Puts sessions that were opened at the same time in an order that does not depend on which came first.
fn order(found: &mut [(Key, Draft)], names: &Names<'_>, kept: &Shelf) {
    let mut start = 0;
    while start < found.len() {
        let mut end = start + 1;
        let mut open = found[start].1.begun().1;
        while end < found.len() && found[end].0 != Key::None {
            let (asked, answered) = found[end].1.begun();
            if open.is_none_or(|open| open <= asked) {
                break;
            }
            open = open.max(answered);
            end += 1;
        }
        if end - start > 1 {
            found[start..end].sort_by_cached_key(|(_, strand)| {
                let mut names = names.clone();
                let granted = strand.granted(kept);
                // The beginning decides, and where that is the same, a digest of the whole.
                let (mut begin, mut whole) = (String::new(), digest::Context::new(&digest::SHA256));
                for turn in &strand.turns {
                    let exchange = kept.get(turn.exchange).into_owned();
                    let text = shape(&names.replace(exchange, strand.base, granted).text(false));
                    if begin.len() < BEGIN {
                        begin += &text;
                    }
                    whole.update(text.as_bytes());
                }
                (begin, whole.finish().as_ref().to_vec())
            });
        }
        start = end;
    }
}
