//! The archive as a whole: it is gone through once, an entry at a time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::io::{self, BufRead};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::clip::{Clip, LONGEST};
use super::concern::{Concern, is_xmpp};
use super::entry::{Entry, Message, instant};
use super::exchange::{Body, Messages, Times, Url, events, is_http1};
use super::fields::{Object, Scalar};
use super::lanes::Lanes;
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::event::{Event, Fact};
use crate::trace::import::sorter::Sorter;
use crate::trace::intake::Intake;
use crate::trace::source::{Source, Unknown};

/// So many things that are wrong are said.
const MOST_ERRORS: usize = 20;

/// Of the name of a program, so many characters are shown.
const LONGEST_NAME: usize = 60;

/// Whether a file that begins so is an HTTP Archive.
pub(in crate::trace::import) fn is(start: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(start, name).is_some();
    let log = memchr::memmem::find_iter(start, br#""log""#).any(|at| {
        let behind = start[at + 5..].trim_ascii_start();
        behind.starts_with(b":") && behind[1..].trim_ascii_start().starts_with(b"{")
    });
    start.trim_ascii_start().starts_with(b"{")
        && log
        && (has(br#""creator""#) || has(br#""entries""#))
}

/// Reads it.
pub(in crate::trace::import) fn open(
    from: Box<dyn BufRead + Send>,
    intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    let mut archive = Archive::new(intake);
    let mut json =
        serde_json::Deserializer::from_reader(io::BufReader::new(Clip::new(from, LONGEST)));
    let read = Root(&mut archive).deserialize(&mut json);
    if let Some(error) = archive.failed.take() {
        return Err(error.into());
    }
    match read {
        Ok(()) => {}
        Err(error) if error.is_io() => return Err(io::Error::from(error).into()),
        Err(error) => archive.broken(&error),
    }
    archive.finish()
}

/// What has been read of an archive.
struct Archive {
    intake: Intake,
    sorter: Sorter,
    creator: Program,
    browser: Program,
    /// How many entries there were.
    count: u64,
    /// What was taken of them, in the order of events.
    items: Vec<Item>,
    /// The connection of each entry, as a number.
    groups: Vec<u32>,
    connections: HashMap<String, u32>,
    /// Where XMPP is.
    endpoints: HashSet<String>,
    /// The first of them, as a URL.
    target: Option<String>,
    /// The time of the entry before, and the time zone of the first.
    before: Option<Duration>,
    zone: Option<DateTime<FixedOffset>>,
    unknown: BTreeSet<Unknown>,
    missing_contents: u64,
    silent: u64,
    errors: Vec<CaptureError>,
    failed: Option<io::Error>,
}

/// An entry that was taken.
struct Item {
    /// How many events there were before its last one.
    end: usize,
    /// Where it went, if it depends on that whether it is shown.
    endpoint: Option<String>,
    kept: bool,
    start: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Program {
    name: Scalar,
    version: Scalar,
}

impl Archive {
    fn new(intake: Intake) -> Self {
        Self {
            intake,
            sorter: Sorter::default(),
            creator: Program::default(),
            browser: Program::default(),
            count: 0,
            items: Vec::new(),
            groups: Vec::new(),
            connections: HashMap::new(),
            endpoints: HashSet::new(),
            target: None,
            before: None,
            zone: None,
            unknown: [Unknown::Framing].into(),
            missing_contents: 0,
            silent: 0,
            errors: Vec::new(),
            failed: None,
        }
    }

    fn error(&mut self, error: CaptureError) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        }
    }

    fn damaged(&mut self, why: &str) {
        let place = format!("entry {} of the archive", self.count);
        self.error(CaptureError::Part { place, why: why.to_owned() });
    }

    /// The file cannot be read to its end.
    fn broken(&mut self, error: &serde_json::Error) {
        let (line, entry) = (error.line(), self.count);
        let why = if error.is_eof() {
            format!("it ends within entry {entry}; export it again, and copy all of it")
        } else {
            format!(
                "it is damaged within entry {entry}, and what follows cannot be read; export it again"
            )
        };
        let place = format!("line {line}, column {}", error.column());
        self.errors.push(CaptureError::Cut { place, why });
    }

    /// Keeps an event.
    fn keep(&mut self, event: &Event) {
        // A handshake comes before the messages of its WebSocket.
        let rank = u8::from(!matches!(event.fact, Fact::Request(_) | Fact::Response(_)));
        if let Err(error) = self.sorter.take_as(event, rank) {
            self.failed.get_or_insert(error);
        }
    }

    /// The entry, whose messages have been taken.
    fn entry(&mut self, mut entry: Entry, spoken: &Spoken) {
        let conn = self.count;
        let bodies = [Body::of_request(&mut entry), Body::of_response(&mut entry)];
        let concern = Concern::of(
            &entry,
            [bodies[0].bytes.as_deref(), bodies[1].bytes.as_deref()],
            spoken.xmpp,
        );
        let is_websocket = spoken.xmpp.is_some() || is_websocket(&entry);
        self.group(&entry);
        if concern == Concern::No {
            return self.take(None, false, Duration::ZERO);
        }
        let url = Url::of(entry.request.url.as_text());
        let kept = concern == Concern::Yes;
        if kept {
            self.endpoints.insert(url.endpoint());
            self.target.get_or_insert_with(|| {
                let path = url.endpoint();
                format!("{}{}", url.origin, &path[path.find('/').unwrap_or(path.len())..])
            });
            self.learn(&entry, &bodies, is_websocket, spoken);
        }
        let start = if let Some((start, date)) = instant(&entry.started) {
            self.zone.get_or_insert(date);
            start
        } else {
            if kept {
                self.damaged("it has no date, so its time is that of the entry before");
                self.unknown.insert(Unknown::Times);
            }
            self.before.or(spoken.first).unwrap_or_default()
        };
        self.before = Some(start);
        let times = Times::of(start, &entry).before(spoken.first);
        if kept && !times.known && !fails(&entry) {
            self.unknown.insert(Unknown::Times);
        }
        for event in events(&entry, times, conn, is_websocket, bodies, &mut self.intake) {
            self.keep(&event);
        }
        self.take((!kept).then(|| url.endpoint()), kept, times.start);
    }

    fn take(&mut self, endpoint: Option<String>, kept: bool, start: Duration) {
        self.items.push(Item { end: self.sorter.len(), endpoint, kept, start });
    }

    /// Learns on which connection an entry was.
    fn group(&mut self, entry: &Entry) {
        let next = self.connections.len() as u32 + 1;
        let name = entry.connection.clone().text().unwrap_or_default();
        let group = if name.is_empty() { 0 } else { *self.connections.entry(name).or_insert(next) };
        self.groups.resize(usize::try_from(self.count).unwrap_or_default(), 0);
        self.groups.push(group);
    }

    /// Learns what is not known of an exchange that is shown.
    fn learn(&mut self, entry: &Entry, bodies: &[Body; 2], is_websocket: bool, spoken: &Spoken) {
        if bodies.iter().any(|body| body.damaged) {
            self.damaged("its content is said to be in base64, and is not");
        }
        let fails = fails(entry);
        if bodies[0].bytes.is_none() || (bodies[1].bytes.is_none() && !fails) {
            self.missing_contents += 1;
        }
        let unnamed = matches!(entry.connection, Scalar::None);
        let is_port = self.creator.name.as_text() == "Firefox";
        if unnamed || is_port || !is_http1(&entry.request.http_version) {
            self.unknown.insert(Unknown::Connections);
        }
        if fails && entry.response.error.as_text().is_empty() && entry.error.as_text().is_empty() {
            self.unknown.insert(Unknown::Ends);
        }
        if entry.request.headers.0.is_empty() || (entry.response.headers.0.is_empty() && !fails) {
            self.unknown.insert(Unknown::Heads);
        }
        if is_websocket {
            self.unknown.extend([Unknown::Control, Unknown::Ends]);
            let opened = entry.response.status.number() == Some(101.0);
            if opened && spoken.xmpp.is_none() {
                self.silent += 1;
            }
        }
    }

    /// What was read, in order.
    fn finish(mut self) -> Result<(Preface, Events), CaptureError> {
        let what = self.what();
        for item in &mut self.items {
            item.kept |=
                item.endpoint.as_ref().is_some_and(|endpoint| self.endpoints.contains(endpoint));
        }
        let left_out = self.items.iter().filter(|item| !item.kept).count();
        let mut items = self.items.iter();
        let mut item = items.next();
        self.sorter.retain(|number| {
            while item.is_some_and(|item| item.end <= number) {
                item = items.next();
            }
            item.is_some_and(|item| item.kept)
        });
        let start = self.items.iter().filter(|item| item.kept).map(|item| item.start).min();
        let Some(start) = start else {
            return Err(self.useless(&what));
        };
        let mut source = Source::new(what, std::mem::take(&mut self.unknown));
        if self.missing_contents > 0 {
            source.unknown.insert(Unknown::Contents);
            source.notes.push(format!(
                "contents of {} are missing",
                counted(self.missing_contents, "exchange")
            ));
        }
        if self.silent > 0 {
            source.unknown.insert(Unknown::Missing);
            source.notes.push("messages of the WebSocket are missing, which Chrome and Edge export, Firefox and Safari do not".to_owned());
        }
        if left_out > 0 {
            source.notes.push(format!("{} left out", counted(left_out as u64, "other request")));
        }
        let zone = self.zone.unwrap_or_default();
        let started =
            DateTime::from_timestamp_micros(i64::try_from(start.as_micros()).unwrap_or_default())
                .unwrap_or_default()
                .with_timezone(zone.offset());
        let target = self.target.take().unwrap_or_default();
        let target = self.intake.text(target.into_bytes(), 0).bytes;
        let preface = Preface::read(started, String::from_utf8_lossy(&target).into_owned(), source);
        let end = self.sorter.last().unwrap_or(start).saturating_sub(start);
        let finished = Event { at: end, conn: 0, fact: Fact::Finished };
        let traffic = Lanes::new(self.sorter.events(start), self.groups);
        let events = traffic.chain(self.errors.into_iter().map(Err)).chain([Ok(finished)]);
        Ok((preface, Box::new(events)))
    }

    /// There is nothing to show in it.
    fn useless(&self, what: &str) -> CaptureError {
        let of = match self.count {
            0 => "it has no requests".to_owned(),
            1 => "its only request does not concern XMPP (BOSH or WebSocket)".to_owned(),
            many => format!("none of its {many} requests concerns XMPP (BOSH or WebSocket)"),
        };
        let cut = match self.errors.last() {
            Some(CaptureError::Cut { place, why }) => format!("; {place}: {why}"),
            _ => {
                ": open the network tools before the login, let them keep the log, and export again"
                    .to_owned()
            }
        };
        CaptureError::Foreign(format!("this is {what}, but {of}{cut}"))
    }

    /// What was read, with the program that has written it.
    fn what(&self) -> String {
        let name = |program: &Program| {
            let words = [&program.name, &program.version]
                .map(|part| part.clone().text().unwrap_or_default());
            let name = words.join(" ");
            let name: String =
                name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
            name
        };
        let (creator, browser) = (name(&self.creator), name(&self.browser));
        let of = match self.creator.name.as_text() {
            // Its version is that of WebKit, the same for years.
            "WebInspector" => "Chrome or Edge".to_owned(),
            "WebKit Web Inspector" => "Safari".to_owned(),
            _ if creator.is_empty() => browser,
            _ if browser.is_empty() || browser == creator => creator,
            _ => format!("{browser}, by {creator}"),
        };
        if of.is_empty() {
            "an HTTP Archive (HAR)".to_owned()
        } else {
            format!("an HTTP Archive (HAR) of {of}")
        }
    }
}

/// Whether an entry is the handshake of a WebSocket.
fn is_websocket(entry: &Entry) -> bool {
    let url = entry.request.url.as_text();
    entry.kind.as_text() == "websocket" || url.starts_with("ws://") || url.starts_with("wss://")
}

/// Whether an entry has no response.
fn fails(entry: &Entry) -> bool {
    entry.response.status.number().unwrap_or_default() < 100.0
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What is known of the messages of an entry.
#[derive(Debug, Default)]
struct Spoken {
    /// When the first was sent.
    first: Option<Duration>,
    /// Whether they are XMPP; none if there are no messages.
    xmpp: Option<bool>,
}

/// The object that is the file.
struct Root<'a>(&'a mut Archive);
/// The object `log`.
struct Log<'a>(&'a mut Archive);
/// The list of entries.
struct Entries<'a>(&'a mut Archive);
/// An entry.
struct One<'a>(&'a mut Archive);
/// The messages of an entry.
struct Frames<'a>(&'a mut Archive, &'a mut Spoken);

/// What is read into an archive while it comes.
macro_rules! reads {
    ($type:ident) => {
        impl<'de> DeserializeSeed<'de> for $type<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_any(self)
            }
        }
    };
}

reads!(Root);
reads!(Log);
reads!(Entries);
reads!(One);
reads!(Frames);

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "log" => map.next_value_seed(Log(&mut *self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Log<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "creator" => self.0.creator = map.next_value::<Object<Program>>()?.0,
                "browser" => self.0.browser = map.next_value::<Object<Program>>()?.0,
                "entries" => map.next_value_seed(Entries(&mut *self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(One(&mut *self.0))?.is_some() {
            if let Some(error) = &self.0.failed {
                return Err(A::Error::custom(error));
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let archive = self.0;
        archive.count += 1;
        let (mut entry, mut spoken) = (Entry::default(), Spoken::default());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "connection" | "_connectionId" => entry.connection = map.next_value()?,
                "_resourceType" => entry.kind = map.next_value()?,
                "_error" => entry.error = map.next_value()?,
                "startedDateTime" => entry.started = map.next_value()?,
                "time" => entry.time = map.next_value()?,
                "request" => entry.request = map.next_value::<Object<_>>()?.0,
                "response" => entry.response = map.next_value::<Object<_>>()?.0,
                "timings" => entry.timings = map.next_value::<Object<_>>()?.0,
                "_webSocketMessages" => {
                    map.next_value_seed(Frames(&mut *archive, &mut spoken))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        archive.entry(entry, &spoken);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Frames<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(archive, spoken) = self;
        let mut messages = Messages::default();
        while let Some(Object(message)) = list.next_element::<Object<Message>>()? {
            let Some(event) = messages.event(message, archive.count, &mut archive.intake) else {
                continue;
            };
            if let Fact::Frame(frame) = &event.fact
                && frame.opcode < 8
            {
                let bytes = frame.content.bytes.trim_ascii_start();
                // A stanza of an old dialect may have no namespace.
                let xmpp = is_xmpp(bytes) || bytes.starts_with(b"<stream:stream");
                spoken.xmpp = Some(spoken.xmpp.unwrap_or_default() || xmpp);
            }
            spoken.first = Some(spoken.first.map_or(event.at, |first| first.min(event.at)));
            archive.keep(&event);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
