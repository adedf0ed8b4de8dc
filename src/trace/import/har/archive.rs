//! What is kept of an archive, and the trace that it becomes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::time::Duration;

use chrono::FixedOffset;
use serde::Deserialize;

use super::concern::Concern;
use super::entry::{Entry, moment};
use super::exchange::{Body, Spoken, Times, Url, events, is_http1};
use super::fields::Scalar;
use crate::diag::counted;
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::event::{Event, Fact};
use crate::trace::import::instant::date;
use crate::trace::import::lanes::Lanes;
use crate::trace::import::sorter::Sorter;
use crate::trace::intake::Intake;
use crate::trace::source::{Source, Unknown};

/// So many things that are wrong are said.
const MOST_ERRORS: usize = 20;

/// Of the name of a program, so many characters are shown.
const LONGEST_NAME: usize = 60;

/// What has been read of an archive.
pub(super) struct Archive {
    pub(super) intake: Intake,
    sorter: Sorter,
    pub(super) creator: Program,
    pub(super) browser: Program,
    /// How many entries there were.
    pub(super) count: u64,
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
    zone: Option<FixedOffset>,
    unknown: BTreeSet<Unknown>,
    undated: u64,
    missing_contents: u64,
    silent: u64,
    errors: Vec<CaptureError>,
    pub(super) failed: Option<io::Error>,
}

/// An entry that was taken.
struct Item {
    /// How many events there were before its last one.
    end: usize,
    /// Where it went, if it depends on that whether it is shown.
    endpoint: Option<String>,
    kept: bool,
    /// When it began, if that is known.
    start: Option<Duration>,
}

/// A program that has a part in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Program {
    name: Scalar,
    version: Scalar,
}

impl Archive {
    pub(super) fn new(intake: Intake) -> Self {
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
            undated: 0,
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
    pub(super) fn broken(&mut self, error: &serde_json::Error) {
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
    pub(super) fn keep(&mut self, event: &Event) {
        // A handshake comes before the messages of its WebSocket.
        let rank = u8::from(!matches!(event.fact, Fact::Request(_) | Fact::Response(_)));
        if let Err(error) = self.sorter.take_as(event, rank) {
            self.failed.get_or_insert(error);
        }
    }

    /// The entry, whose messages have been taken.
    pub(super) fn entry(&mut self, mut entry: Entry, spoken: &Spoken) {
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
            return self.take(None, false, None);
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
        let (dated, zone) = moment(&entry.started).unzip();
        self.zone = self.zone.or(zone.flatten());
        // Before the first date it is the time at which the trace begins.
        let known = dated.or(self.before).or(spoken.first);
        let start = known.unwrap_or_default();
        self.before = known;
        if kept && dated.is_none() {
            self.undated += 1;
            self.unknown.insert(Unknown::Times);
        }
        let times = Times::of(start, &entry).before(spoken.first);
        if kept && !times.known && !fails(&entry) {
            self.unknown.insert(Unknown::Times);
        }
        for event in events(&entry, times, conn, is_websocket, bodies, &mut self.intake) {
            self.keep(&event);
        }
        self.take((!kept).then(|| url.endpoint()), kept, known.map(|_| times.start));
    }

    fn take(&mut self, endpoint: Option<String>, kept: bool, start: Option<Duration>) {
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
    pub(super) fn finish(mut self) -> Result<(Preface, Events), CaptureError> {
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
        let mut kept = self.items.iter().filter(|item| item.kept).peekable();
        if kept.peek().is_none() {
            return Err(self.useless(&what));
        }
        let start = kept.filter_map(|item| item.start).min().unwrap_or_default();
        let mut source = Source::new(what, std::mem::take(&mut self.unknown));
        if self.undated > 0 {
            source.notes.push(format!(
                "without a date, and shown at the time of the one before: {}",
                counted(self.undated, "exchange")
            ));
        }
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
        let target = self.target.take().unwrap_or_default();
        let target = self.intake.text(target.into_bytes(), 0).bytes;
        let preface = Preface::read(
            date(start, self.zone),
            String::from_utf8_lossy(&target).into_owned(),
            source,
        );
        let trace = self.sorter.in_order(start, self.errors);
        Ok((preface, Box::new(Lanes::new(trace, self.groups))))
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
