//! The traffic printer: one block of lines for each request and each answer, as they come.
//!
//! What needs no attention is said in one line: an empty long-poll and its empty answer, and every exchange that is
//! not BOSH. Their request is kept back until the answer decides. On a terminal a run of empty polls is one line
//! that is updated.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Timelike};

use super::line::Page;
use super::run::Run;
use super::sanitise::{self, one_line, sanitise};
use super::styles::Styles;
use super::summary::{Counts, count};
use super::words;
use crate::bosh::BodyType;
use crate::rules::{Finding, Level, Party, Seen};
use crate::trace::filter::Kept;
use crate::trace::{
    Ask, Content, Fact, Message, Raw, Reading, Request, Response, Session, SessionId, Stanza, Story,
};
use crate::wire::Side;
use crate::xml::{Ink, Pretty, TokenKind, attributes, pretty, tokens};

/// Below this width the line of a message holds only what is needed.
const WIDE: usize = 110;
/// Of content that is no stanza, this much is printed.
const SHOWN: usize = 4096;
const INDENT: usize = 4;

/// How a printer prints.
#[derive(Debug, Clone)]
pub struct Look {
    /// Colours.
    pub styles: Styles,
    /// Columns of the terminal; none for a file, where no line is cut or broken.
    pub width: Option<usize>,
    /// Print the XML below each stanza's line.
    pub xml: bool,
    /// The output is a terminal: lines may be updated.
    pub live: bool,
    /// Say when connections come and go.
    pub verbose: bool,
    /// Wall-clock time at which the trace began.
    pub started: DateTime<FixedOffset>,
}

/// Prints traffic for people.
#[derive(Debug)]
pub struct Printer<W> {
    out: W,
    look: Look,
    page: Page,
    inks: Pretty,
    /// Requests kept back until their answer is known, by exchange.
    kept_back: HashMap<u64, KeptBack>,
    /// The empty polls among them, by session.
    polls: HashMap<SessionId, Vec<u64>>,
    runs: BTreeMap<SessionId, Run>,
    switched: HashMap<u64, (String, Duration)>,
    status: bool,
}

#[derive(Debug)]
struct KeptBack {
    text: String,
    at: Duration,
}

/// What the line of a message begins with.
struct Head<'a> {
    at: Duration,
    since: Option<Duration>,
    session: Option<&'a Session>,
    side: Option<Side>,
    rid: Option<String>,
    conn: Option<u64>,
}

impl<W: Write> Printer<W> {
    /// A printer to `out`.
    pub fn new(out: W, look: Look) -> Self {
        let inks = Pretty { indent: INDENT + 2, width: look.width, paint: look.styles.xml.clone() };
        Self {
            out,
            page: Page::new(look.width),
            inks,
            look,
            kept_back: HashMap::new(),
            polls: HashMap::new(),
            runs: BTreeMap::new(),
            switched: HashMap::new(),
            status: false,
        }
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, width: Option<usize>) {
        if self.look.width != width {
            self.look.width = width;
            self.page = Page::new(width);
            self.inks.width = width;
        }
    }

    /// Prints what was seen, as far as it is kept by the filter.
    pub fn show(&mut self, seen: &Seen, story: &Story, kept: &Kept) -> io::Result<()> {
        if !kept.message {
            return Ok(());
        }
        let session = seen.session.and_then(|id| story.session(id));
        match seen.event.as_ref().map(|event| &event.fact) {
            Some(Fact::Request(request)) => self.request(seen, request, session, kept, story)?,
            Some(Fact::Response(response)) => {
                self.response(seen, response, session, kept, story)?
            }
            Some(Fact::Closed { client, server, .. }) => {
                self.closed(seen, *client, *server, story)?;
            }
            Some(Fact::Raw(raw)) => {
                self.head(&seen.head(None, Some(raw.from)));
                self.raw(raw);
                self.findings(&seen.findings);
            }
            Some(Fact::Opened { client }) if self.look.verbose => {
                self.head(&seen.head(None, None));
                self.page.plain(&format!("connected from {client}")).end();
            }
            Some(Fact::Ended { by, .. }) if self.look.verbose => {
                self.head(&seen.head(None, Some(*by)));
                self.page.plain("sends no more").end();
                self.findings(&seen.findings);
            }
            _ if seen.findings.is_empty() => {}
            _ => {
                if let Some(id) = seen.session {
                    self.settle(id, story)?;
                }
                self.head(&seen.head(session, None));
                self.finding_lines(&seen.findings);
            }
        }
        self.print()
    }

    fn request(
        &mut self,
        seen: &Seen,
        request: &Request,
        session: Option<&Session>,
        kept: &Kept,
        story: &Story,
    ) -> io::Result<()> {
        let Some(message) = &seen.told.message else { return Ok(()) };
        let Some(ask) = &message.ask else { return Ok(()) };
        let is_poll = ask.is_bosh && !ask.acts;
        if let Some(id) = ask.session.filter(|_| !is_poll || !seen.findings.is_empty()) {
            self.settle(id, story)?;
        } else if let Some(id) = ask.session {
            // A second poll while one is open: the first is not alone any more.
            self.release(id)?;
        }
        self.head(&seen.head(session, Some(Side::Client)));
        if ask.is_bosh {
            self.page.list(&Ink::default(), &words::request(message, &request.content), INDENT);
        } else {
            self.page.cut(&Ink::default(), &line_of(ask, request));
        }
        self.page.end();
        if seen.findings.is_empty() && (is_poll || !ask.is_bosh) && !ask.answered_early {
            let text = std::mem::take(&mut self.page.text);
            self.kept_back.insert(ask.exchange, KeptBack { text, at: seen.at });
            if let Some(id) = ask.session {
                self.polls.entry(id).or_default().push(ask.exchange);
            }
            return Ok(());
        }
        self.content(message, &request.content, &kept.stanzas);
        self.findings(&seen.findings);
        Ok(())
    }

    fn response(
        &mut self,
        seen: &Seen,
        response: &Response,
        session: Option<&Session>,
        kept: &Kept,
        story: &Story,
    ) -> io::Result<()> {
        let Some(message) = &seen.told.message else { return Ok(()) };
        if let (101, Some(event)) = (response.status, &seen.event) {
            let target = message.ask.as_ref().map(|ask| ask.target.clone()).unwrap_or_default();
            self.switched.insert(event.conn, (target, seen.at));
        }
        let exchange = message.ask.as_ref().map_or(0, |ask| ask.exchange);
        let kept_back = self.kept_back.remove(&exchange);
        if let Some(polls) = seen.session.and_then(|id| self.polls.get_mut(&id)) {
            polls.retain(|&poll| poll != exchange);
        }
        let quiet = seen.findings.is_empty() && message.stanzas.is_empty();
        if let (Some(back), Some(id), true) =
            (&kept_back, seen.session, quiet && is_empty(message, response))
        {
            let run = self.runs.entry(id).or_insert_with(|| Run::new(back.at));
            run.add(seen.at, message.rid(), message.waited.unwrap_or_default());
            if !self.look.live {
                self.end_run(id, story);
            }
            return Ok(());
        }
        let is_bosh = message.ask.as_ref().is_some_and(|ask| ask.is_bosh);
        if let Some(id) = seen.session {
            self.end_run(id, story);
        }
        match kept_back {
            Some(back) if is_bosh || !seen.findings.is_empty() => self.page.text += &back.text,
            Some(_) => return self.exchange(seen, message, response),
            None => {}
        }
        self.head(&seen.head(session, Some(Side::Server)));
        let parts = words::response(message, response, session);
        self.page.list(&Ink::default(), &parts, INDENT).end();
        let created = message.ask.as_ref().is_some_and(|ask| ask.creates);
        if let Some(session) = session.filter(|_| created) {
            words::terms(&mut self.page, &self.look.styles, session, INDENT);
        }
        self.content(message, &response.content, &kept.stanzas);
        self.findings(&seen.findings);
        Ok(())
    }

    /// An exchange that is not BOSH, and of which nothing is remarkable, in one line.
    fn exchange(&mut self, seen: &Seen, message: &Message, response: &Response) -> io::Result<()> {
        let Some(ask) = &message.ask else { return Ok(()) };
        self.head(&seen.head(None, None));
        let mut text = format!("{} {}", one_line(&ask.method), one_line(&ask.target));
        if let Some(method) = &ask.preflight {
            let origin = ask.origin.as_deref().unwrap_or("nowhere");
            text +=
                &format!(" (CORS preflight from {} for {})", one_line(origin), one_line(method));
        }
        text += &format!(" → {}", words::status(response));
        if response.status == 101 {
            let protocol = response.headers.get("sec-websocket-protocol");
            let protocol = protocol.map(|p| format!(" ({})", one_line(p))).unwrap_or_default();
            text += &format!(": WebSocket{protocol} from here on, passed on but not shown");
        } else if let Some(kind) = response.headers.get("content-type") {
            let kind = kind.split(';').next().unwrap_or(kind).trim();
            text += &format!(", {}", one_line(kind));
        }
        if response.content.size > 0 {
            text += &format!(", {}", words::size(&response.content));
        }
        if let Some(waited) = message.waited {
            text += &format!(", {}", words::held_for(waited, None));
        }
        let ink = self.look.styles.dim.clone();
        self.page.prose(&ink, &text, INDENT).end();
        Ok(())
    }

    fn closed(&mut self, seen: &Seen, client: u64, server: u64, story: &Story) -> io::Result<()> {
        let mut shown = false;
        for ask in &seen.told.abandoned {
            if let Some(back) = self.kept_back.remove(&ask.exchange) {
                if let Some(id) = ask.session {
                    self.end_run(id, story);
                }
                self.page.text += &back.text;
            }
        }
        let conn = seen.event.as_ref().map_or(0, |event| event.conn);
        if let Some((target, since)) = self.switched.remove(&conn) {
            self.head(&seen.head(None, None));
            let text = format!(
                "WebSocket {} closed after {}: {} from the client, {} to it",
                one_line(&target),
                crate::clock::words(seen.at.saturating_sub(since)),
                words::bytes(client),
                words::bytes(server)
            );
            self.page.prose(&Ink::default(), &text, INDENT).end();
            shown = true;
        }
        if !seen.findings.is_empty() {
            let id = seen.told.abandoned.iter().find_map(|ask| ask.session);
            let session = id.and_then(|id| story.session(id));
            self.head(&Head { session, ..seen.head(None, None) });
            self.finding_lines(&seen.findings);
        } else if self.look.verbose && !shown {
            self.head(&seen.head(None, None));
            self.page.plain("closed").end();
        }
        Ok(())
    }

    fn raw(&mut self, raw: &Raw) {
        let sent = count(raw.size, "byte");
        let mut text = format!("{sent} that are not HTTP: {}", sanitise::bytes(&raw.bytes));
        if (raw.bytes.len() as u64) < raw.size && self.look.width.is_none() {
            text.push('…');
        }
        self.page.cut(&Ink::default(), &text).end();
    }

    fn is_wide(&self) -> bool {
        self.look.width.is_none_or(|width| width >= WIDE)
    }

    /// Time, session, direction, rid and socket.
    fn head(&mut self, head: &Head<'_>) {
        let styles = &self.look.styles;
        let wide = self.is_wide();
        let page = &mut self.page;
        page.put(&styles.time, &clock(self.look.started, head.at));
        let since = head.since.map(|since| format!("+{}", crate::clock::words(since)));
        page.put(&styles.time, &format!(" {:>8} ", since.unwrap_or_default()));
        if let Some(session) = head.session {
            page.put(&styles.session, &one_line(session.name()));
            if let Some(jid) = &session.jid {
                let jid = one_line(jid);
                let local = jid.split('@').next().unwrap_or(&jid);
                page.space().put(&styles.session, if wide { &jid } else { local });
            }
            page.space();
        }
        if let Some(side) = head.side {
            let ink = if side == Side::Client { &styles.client } else { &styles.server };
            page.put(ink, words::arrow(side)).space();
        }
        if let Some(rid) = &head.rid {
            page.plain(if wide { "rid " } else { "" }).put(&styles.rid, rid).space();
        }
        if let Some(conn) = head.conn {
            page.put(&styles.dim, &format!("#{conn}")).space();
        }
    }

    fn content(&mut self, message: &Message, content: &Content, kept: &[bool]) {
        let Ok(source) = std::str::from_utf8(&content.bytes) else {
            if self.look.xml && !content.bytes.is_empty() {
                let shown = &content.bytes[..content.bytes.len().min(SHOWN)];
                self.page.to(INDENT + 2).cut(&Ink::default(), &sanitise::bytes(shown)).end();
            }
            return;
        };
        if self.look.xml && matches!(message.reading, Reading::Body(_)) {
            self.body_tag(source);
        }
        let mut left_out = 0;
        for (index, stanza) in message.stanzas.iter().enumerate() {
            if kept.get(index).is_some_and(|kept| !kept) {
                left_out += 1;
                continue;
            }
            self.stanza(stanza);
            if self.look.xml {
                self.xml(&source[stanza.span.clone()]);
            }
        }
        if left_out > 0 {
            let text = format!("{} not shown", count(left_out, "stanza"));
            self.page.to(INDENT).put(&self.look.styles.dim, &text).end();
        }
        if self.look.xml && matches!(message.reading, Reading::Malformed(_) | Reading::OtherXml(_))
        {
            let end = source.floor_char_boundary(SHOWN);
            self.xml(&source[..end]);
            if end < source.len() {
                let text = format!("… {} more", words::bytes((source.len() - end) as u64));
                self.page.to(INDENT + 2).plain(&text).end();
            }
        }
    }

    /// The start tag of the body, where it says more than the line above it does.
    fn body_tag(&mut self, source: &str) {
        let start = tokens(source.as_bytes()).find(|t| matches!(t.kind, TokenKind::Start { .. }));
        if let Some(start) = start {
            let tag = &source[start.span];
            let said = |name: &str| matches!(name, "rid" | "sid") || name.starts_with("xmlns");
            if attributes(tag.as_bytes()).all(|attribute| said(&tag[attribute.name])) {
                return;
            }
            let tag = one_line(tag).into_owned();
            let ink = self.look.styles.dim.clone();
            self.page.to(INDENT).prose(&ink, &tag, INDENT + 4).end();
        }
    }

    fn stanza(&mut self, stanza: &Stanza) {
        let line = stanza.summary.line();
        let line = one_line(&line);
        let (kind, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        let mut rest = rest.to_owned();
        if let Some(pair) = &stanza.pair {
            // Where there is little room, the question's name is enough.
            let rid = pair.rid.filter(|_| self.is_wide());
            let rid = rid.map(|rid| format!(" of rid {rid}")).unwrap_or_default();
            let after = crate::clock::words(pair.after);
            rest += &format!(" (answers {}{rid}, {after})", one_line(&pair.subject));
        }
        self.page.to(INDENT).put(&self.look.styles.strong, kind);
        if self.look.width.is_some() && !self.look.xml {
            self.page.prose(&Ink::default(), &rest, INDENT + 2).end();
        } else {
            self.page.cut(&Ink::default(), &rest).end();
        }
    }

    fn xml(&mut self, source: &str) {
        pretty(&sanitise(source), &self.inks, &mut self.page.text);
        if !self.page.text.ends_with('\n') {
            self.page.text.push('\n');
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.page.to(INDENT);
            self.finding(finding);
        }
    }

    /// Findings with no message of their own: the first one stands on the line of the event.
    fn finding_lines(&mut self, findings: &[Finding]) {
        for (index, finding) in findings.iter().enumerate() {
            self.page.to(if index == 0 { 0 } else { INDENT });
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let styles = &self.look.styles;
        let (ink, level) = match finding.level {
            Level::Error => (&styles.error, "error"),
            Level::Warning => (&styles.warning, "warning"),
            Level::Note => (&styles.note, "note"),
        };
        let party = match finding.party {
            Party::Client => " (client)",
            Party::Server => " (server)",
            Party::Between => " (in between)",
            Party::Nobody => "",
        };
        let id = finding.requirement.unwrap_or(finding.name);
        self.page
            .put(ink, &format!("{level}{party}:"))
            .space()
            .prose(&Ink::default(), &one_line(&finding.words), INDENT + 2)
            .gap(id.len() + 3, INDENT + 2)
            .put(&styles.dim, &format!("[{id}]"))
            .end();
    }

    /// Prints what was kept back of a session: something else follows.
    fn settle(&mut self, id: SessionId, story: &Story) -> io::Result<()> {
        self.end_run(id, story);
        self.release(id)
    }

    fn release(&mut self, id: SessionId) -> io::Result<()> {
        for exchange in self.polls.remove(&id).unwrap_or_default() {
            if let Some(back) = self.kept_back.remove(&exchange) {
                self.page.text += &back.text;
            }
        }
        self.print()
    }

    /// The line of a run that is over.
    fn end_run(&mut self, id: SessionId, story: &Story) {
        let Some(run) = self.runs.remove(&id) else { return };
        let session = story.session(id);
        let rid = Some(run.rids());
        let at = run.ended();
        let side = Some(Side::Server);
        self.head(&Head { at, since: None, session, side, rid, conn: None });
        let text = run.sentence(session);
        let ink = self.look.styles.dim.clone();
        self.page.prose(&ink, &text, INDENT).end();
    }

    fn print(&mut self) -> io::Result<()> {
        if self.page.text.is_empty() {
            return Ok(());
        }
        self.clear_status()?;
        self.out.write_all(self.page.text.as_bytes())?;
        self.page.text.clear();
        Ok(())
    }

    fn clear_status(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.status) {
            self.out.write_all(b"\r\x1b[K")?;
        }
        Ok(())
    }

    /// Brings everything to the reader's eyes, the updated line included.
    pub fn flush(&mut self, story: &Story) -> io::Result<()> {
        self.clear_status()?;
        if self.look.live && !self.runs.is_empty() {
            let runs = self.runs.iter().map(|(id, run)| run.so_far(story.session(*id)));
            let text = runs.collect::<Vec<_>>().join("; ");
            let mut line = Page::new(self.page.width().map(|width| width - 1));
            line.plain("… ").cut(&self.look.styles.dim, &one_line(&text));
            self.out.write_all(line.text.as_bytes())?;
            self.status = true;
        }
        self.out.flush()
    }

    /// Prints what was kept back, and the summary.
    pub fn finish(&mut self, story: &Story, counts: &Counts) -> io::Result<()> {
        for id in self.runs.keys().copied().collect::<Vec<_>>() {
            self.end_run(id, story);
        }
        let mut kept_back: Vec<_> = self.kept_back.drain().collect();
        kept_back.sort_by_key(|(exchange, _)| *exchange);
        for (_, back) in kept_back {
            self.page.text += &back.text;
        }
        self.page.put(&self.look.styles.strong, &counts.sentence()).end();
        self.print()?;
        self.flush(story)
    }
}

impl Seen {
    fn head<'a>(&self, session: Option<&'a Session>, side: Option<Side>) -> Head<'a> {
        let message = self.told.message.as_ref();
        Head {
            at: self.at,
            since: message.and_then(|message| message.since),
            session,
            side,
            rid: message.and_then(Message::rid).map(|rid| rid.to_string()),
            conn: self.event.as_ref().map(|event| event.conn).filter(|&conn| conn > 0),
        }
    }
}

/// An empty answer with nothing else in it.
fn is_empty(message: &Message, response: &Response) -> bool {
    let Reading::Body(body) = &message.reading else { return false };
    response.status == 200 && body.is_empty() && body.kind() == BodyType::Ordinary
}

fn line_of(ask: &Ask, request: &Request) -> String {
    let mut text = format!("{} {}", one_line(&ask.method), one_line(&ask.target));
    if request.content.size > 0 {
        text += &format!(", {}", words::size(&request.content));
    }
    text
}

/// Wall-clock time of day.
fn clock(started: DateTime<FixedOffset>, at: Duration) -> String {
    let time = started.time();
    let start = u128::from(time.num_seconds_from_midnight()) * 1000
        + u128::from(time.nanosecond() / 1_000_000 % 1000);
    let millis = (start + at.as_millis()) % 86_400_000;
    let (seconds, minutes) = (millis / 1000 % 60, millis / 60_000 % 60);
    format!("{:02}:{minutes:02}:{seconds:02}.{:03}", millis / 3_600_000, millis % 1000)
}
