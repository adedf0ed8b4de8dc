//! The rendering of one block: the line of a message, its stanzas, its findings. What is kept back, repeated or
//! updated is not known here.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Timelike};

use super::brief::{brief, first, shortened};
use super::line::{Page, columns};
use super::look::Look;
use super::sanitise::{self, one_line, sanitise};
use super::styles::Styles;
use crate::report::words::{self, count};
use crate::rules::{Finding, Level, Party, Tallied, Tally, page_lines};
use crate::trace::{Content, Exchange, Message, Raw, Reading, Response, Session, Stanza};
use crate::wire::Side;
use crate::xml::{Ink, Pretty, TokenKind, attributes, pretty, tokens};

/// Below this width the line of a message holds only what is needed.
const WIDE: usize = 110;
/// Of content that is no stanza, this much is printed; of any content in an excerpt, this much.
const SHOWN: usize = 4096;
const EXCERPT: usize = 2048;
/// Of a long text, so many characters are shown.
const LONG: usize = 200;

/// How many lines of a page are shown, and how much of each.
const PAGE_LINES: usize = 6;
const PAGE_COLUMNS: usize = 200;
/// What belongs to a message stands below its line, this far in.
pub(super) const INDENT: usize = 4;

/// Lines that belong together.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) page: Page,
    styles: Styles,
    inks: Pretty,
    xml: bool,
    brief: bool,
    started: DateTime<FixedOffset>,
}

/// What the line of a message begins with.
pub(super) struct Head<'a> {
    pub(super) at: Duration,
    pub(super) since: Option<Duration>,
    pub(super) session: Option<&'a Session>,
    pub(super) side: Option<Side>,
    pub(super) rid: Option<String>,
    pub(super) conn: Option<u64>,
}

impl Block {
    /// An empty block.
    pub(super) fn new(look: &Look) -> Self {
        let inks = Pretty { indent: INDENT + 2, width: look.width, paint: look.styles.xml.clone() };
        Self {
            page: Page::new(look.width),
            styles: look.styles.clone(),
            inks,
            xml: look.xml,
            brief: look.brief,
            started: look.started,
        }
    }

    fn is_wide(&self) -> bool {
        self.page.width().is_none_or(|width| width >= WIDE)
    }

    /// Time, session, direction, rid and socket.
    pub(super) fn head(&mut self, head: &Head<'_>) {
        let styles = &self.styles;
        let wide = self.is_wide();
        let page = &mut self.page;
        clock(page, &styles.time, self.started, head.at);
        let since = head.since.map(|since| format!("+{}", crate::clock::words(since)));
        page.write(&styles.time, format_args!(" {:>8} ", since.as_deref().unwrap_or_default()));
        if let Some(session) = head.session {
            page.put(&styles.session, &one_line(session.name()));
            if let Some(jid) = session.jid() {
                let jid = one_line(jid);
                let local = jid.split('@').next().unwrap_or(&jid);
                let room = page.width().map_or(usize::MAX, |width| width / 4);
                page.space().put(&styles.session, &first(if wide { &jid } else { local }, room));
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
            page.write(&styles.dim, format_args!("#{conn}")).space();
        }
    }

    /// An exchange that is not BOSH, and of which nothing is remarkable, in one line.
    pub(super) fn exchange(&mut self, head: &Head<'_>, message: &Message, response: &Response) {
        let Some(exchange) = &message.exchange else { return };
        self.head(head);
        let mut text = words::asked(exchange);
        text += &format!(" → {}", words::status(response));
        if response.status == 101 {
            let said = ["upgrade", "sec-websocket-protocol", "sec-websocket-extensions"];
            let said = said.iter().filter_map(|name| response.headers.get(name));
            said.for_each(|value| text += &format!(", {}", one_line(value)));
        } else if let Some(kind) = response.headers.get("content-type") {
            let kind = kind.split(';').next().unwrap_or(kind).trim();
            text += &format!(", {}", one_line(kind));
        }
        if response.content.size > 0 {
            text += &format!(", {}", words::size(&response.content));
        }
        if let Some(held) = message.held {
            text += &format!(", {}", words::held_for(held, None));
        }
        let ink = self.styles.dim.clone();
        self.page.prose(&ink, &text, INDENT).end();
    }

    /// The requested and the granted terms of a session.
    pub(super) fn terms(&mut self, session: &Session) {
        let terms = words::terms(session);
        if terms.is_empty() {
            return;
        }
        self.page.to(INDENT).put(&self.styles.strong, "requested → granted").plain(": ");
        self.page.list(&Ink::default(), &terms, INDENT + 2).end();
    }

    pub(super) fn raw(&mut self, raw: &Raw) {
        let sent = count(raw.size, "byte");
        let why = raw.why.as_deref().unwrap_or("more of the same");
        let bytes = sanitise::bytes(&raw.bytes);
        let bytes = if self.brief { shortened(&bytes, LONG) } else { Cow::Borrowed(&*bytes) };
        let mut text = format!("{sent}, {}: {bytes}", one_line(why));
        if (raw.bytes.len() as u64) < raw.size && self.page.width().is_none() {
            text.push('…');
        }
        self.page.cut(&Ink::default(), &text).end();
    }

    pub(super) fn content(&mut self, message: &Message, content: &Content, kept: &[bool]) {
        let Ok(source) = std::str::from_utf8(&content.bytes) else {
            if self.xml && !content.bytes.is_empty() {
                let shown = &content.bytes[..content.bytes.len().min(SHOWN)];
                self.page.to(INDENT + 2).cut(&Ink::default(), &sanitise::bytes(shown)).end();
            }
            return;
        };
        if self.xml && matches!(message.reading, Reading::Body(_)) {
            self.body_tag(source);
        }
        let mut left_out = 0;
        for (index, stanza) in message.stanzas.iter().enumerate() {
            if kept.get(index).is_some_and(|kept| !kept) {
                left_out += 1;
                continue;
            }
            self.stanza(stanza);
            match &source[stanza.span.clone()] {
                _ if !self.xml => {}
                source if self.brief => self.some_xml(source),
                source => self.xml(source),
            }
        }
        if left_out > 0 {
            let text = format!("{} not shown", count(left_out, "stanza"));
            self.page.to(INDENT).put(&self.styles.dim, &text).end();
        }
        if self.xml && matches!(message.reading, Reading::Malformed(_) | Reading::OtherXml(_)) {
            self.some_xml(source);
        }
    }

    /// Where a request went, and the first lines of the page that came in place of what was asked for.
    pub(super) fn refusal(&mut self, exchange: &Exchange, message: &Message, response: &Response) {
        let host = exchange.host.as_deref();
        let asked = [("Host", host), ("Origin", exchange.origin.as_deref())];
        let asked = asked.map(|(name, value)| {
            let value = value.map(one_line);
            format!("{name}: {}", value.as_deref().unwrap_or("–"))
        });
        let mut asked = [&[words::asked(exchange)], &asked[..]].concat();
        if let Some(location) = response.headers.get("location") {
            asked.push(format!("Location: {}", one_line(location)));
        }
        let ink = self.styles.dim.clone();
        self.page.to(INDENT).list(&ink, &asked, INDENT + 2).end();
        // What can be read as XML is shown as that.
        let is_shown =
            self.xml && matches!(message.reading, Reading::Malformed(_) | Reading::OtherXml(_));
        if is_shown
            || matches!(message.reading, Reading::Body(_))
            || response.content.undecoded.is_some()
        {
            return;
        }
        let content = &response.content.bytes[..response.content.bytes.len().min(SHOWN)];
        for line in page_lines(&String::from_utf8_lossy(content)).iter().take(PAGE_LINES) {
            let line = &line[..words::boundary(line, PAGE_COLUMNS)];
            self.page.to(INDENT + 2).cut(&Ink::default(), &one_line(line)).end();
        }
    }

    /// XML of which only the beginning may be shown.
    fn some_xml(&mut self, source: &str) {
        let source = &*if self.brief { brief(source, LONG) } else { Cow::Borrowed(source) };
        let end = words::boundary(source, if self.brief { EXCERPT } else { SHOWN });
        self.xml(&source[..end]);
        if end < source.len() {
            let text = format!("… {} more", words::bytes((source.len() - end) as u64));
            self.page.to(INDENT + 2).plain(&text).end();
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
            let ink = self.styles.dim.clone();
            self.page.to(INDENT).prose(&ink, &tag, INDENT + 4).end();
        }
    }

    /// The line of what passes over WebSocket or TCP, behind its head: the element if it is one, then what else there
    /// is to say.
    pub(super) fn said(&mut self, stanza: Option<&Stanza>, parts: &[String]) {
        let dim = self.styles.dim.clone();
        match stanza {
            Some(stanza) => {
                let line = self.stanza_line(stanza);
                let (kind, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
                self.page.put(&self.styles.strong, kind).prose(&Ink::default(), rest, INDENT);
                if let Some(first) = parts.first() {
                    let wide = columns(first) + usize::from(parts.len() > 1);
                    self.page.put(&dim, ",").gap(wide + 1, INDENT);
                }
                self.page.list(&dim, parts, INDENT).end();
            }
            None => {
                self.page.list(&Ink::default(), parts, INDENT).end();
            }
        }
    }

    /// The XML of what passes over WebSocket or TCP.
    pub(super) fn spoken(&mut self, message: &Message, content: &Content) {
        if !self.xml || content.bytes.is_empty() {
            return;
        }
        if matches!(message.reading, Reading::Space | Reading::Empty | Reading::StreamEnd) {
            return;
        }
        if let Ok(source) = std::str::from_utf8(&content.bytes) {
            return self.some_xml(source);
        }
        let shown = &content.bytes[..content.bytes.len().min(SHOWN)];
        self.page.to(INDENT + 2).cut(&Ink::default(), &sanitise::bytes(shown)).end();
    }

    /// A text in the line's own ink.
    pub(super) fn dim(&mut self, text: &str) {
        let ink = self.styles.dim.clone();
        self.page.prose(&ink, text, INDENT).end();
    }

    /// What was requested and granted when a stream was opened.
    pub(super) fn opened(&mut self, terms: &[String]) {
        if !terms.is_empty() {
            self.page.to(INDENT).put(&self.styles.strong, "requested → granted").plain(": ");
            self.page.list(&Ink::default(), terms, INDENT + 2).end();
        }
    }

    fn stanza_line(&self, stanza: &Stanza) -> String {
        let line = stanza.summary.line();
        let mut line = one_line(&line).into_owned();
        if self.xml || self.brief {
            // Below it stands all of it, or as much as an excerpt shows.
            line = shortened(&line, LONG).into_owned();
        }
        if let Some(pair) = &stanza.pair {
            // Where there is little room, the question's name is enough.
            let rid = pair.rid.filter(|_| self.is_wide());
            let rid = rid.map(|rid| format!(" of rid {rid}")).unwrap_or_default();
            let after = pair.after.map(|after| format!(", {}", crate::clock::words(after)));
            let after = after.unwrap_or_default();
            line += &format!(" (answers {}{rid}{after})", one_line(&pair.subject));
        }
        line
    }

    fn stanza(&mut self, stanza: &Stanza) {
        let line = self.stanza_line(stanza);
        let (kind, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        self.page.to(INDENT).put(&self.styles.strong, kind);
        if self.page.width().is_some() && !self.xml {
            self.page.prose(&Ink::default(), rest, INDENT + 2).end();
        } else {
            self.page.cut(&Ink::default(), rest).end();
        }
    }

    fn xml(&mut self, source: &str) {
        pretty(&sanitise(source), &self.inks, &mut self.page.text);
        if !self.page.text.ends_with('\n') {
            self.page.text.push('\n');
        }
    }

    pub(super) fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.page.to(INDENT);
            self.finding(finding);
        }
    }

    /// The list of incidents, the gravest first.
    pub(super) fn incidents(&mut self, tally: &Tally) {
        for incident in tally.gravest_first() {
            let Tallied { number, level, party, count, .. } = incident;
            let title = format!("  #{number} {}{}", level.name(), in_brackets(*party));
            self.page.put(ink(&self.styles, *level), &title).plain(", ");
            clock(&mut self.page, &Ink::default(), self.started, incident.first);
            let times = if *count > 1 { format!(", {count} times") } else { String::new() };
            let id = incident.requirement.unwrap_or(incident.name);
            self.page
                .plain(&format!("{times}:"))
                .space()
                .prose(&Ink::default(), &one_line(incident.sentence()), INDENT)
                .gap(id.len() + 3, INDENT)
                .put(&self.styles.dim, &format!("[{id}]"))
                .end();
        }
    }

    /// Findings with no message of their own: the first one stands on the line of the event.
    pub(super) fn finding_lines(&mut self, findings: &[Finding]) {
        for (index, finding) in findings.iter().enumerate() {
            self.page.to(if index == 0 { 0 } else { INDENT });
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let styles = &self.styles;
        let (title, party) = (finding.title(), in_brackets(finding.party));
        let id = finding.requirement.unwrap_or(finding.name());
        self.page
            .put(ink(styles, finding.level), &format!("{title}{party}:"))
            .space()
            .prose(&Ink::default(), &one_line(&finding.words), INDENT + 2)
            .gap(id.len() + 3, INDENT + 2)
            .put(&styles.dim, &format!("[{id}]"))
            .end();
    }
}

fn ink(styles: &Styles, level: Level) -> &Ink {
    match level {
        Level::Error => &styles.error,
        Level::Warning => &styles.warning,
        Level::Note => &styles.note,
    }
}

/// Who should look at a finding, as it stands behind its level.
fn in_brackets(party: Party) -> &'static str {
    match party {
        Party::Client => " (client)",
        Party::Server => " (server)",
        Party::Between => " (in between)",
        Party::Nobody => "",
    }
}

/// Wall-clock time of day.
fn clock(page: &mut Page, ink: &Ink, started: DateTime<FixedOffset>, at: Duration) {
    let time = started.time();
    let start = u128::from(time.num_seconds_from_midnight()) * 1000
        + u128::from(time.nanosecond() / 1_000_000 % 1000);
    let millis = (start + at.as_millis()) % 86_400_000;
    let (seconds, minutes) = (millis / 1000 % 60, millis / 60_000 % 60);
    let (hours, millis) = (millis / 3_600_000, millis % 1000);
    page.write(ink, format_args!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"));
}
