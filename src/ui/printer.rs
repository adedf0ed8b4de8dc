//! The traffic printer: one block of lines for each request and each answer, as they come.
//!
//! What needs no attention is said in one line: an empty long-poll and its empty answer, and every exchange that is
//! not BOSH. Their request is kept back until the answer decides. On a terminal a run of empty polls is one line
//! that is updated.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::block::{Block, Head, INDENT};
use super::line::Page;
use super::look::Look;
use super::pings::Pings;
use super::run::Run;
use super::sanitise::one_line;
use super::summary::sentence;
use crate::report::carriers;
use crate::report::words::{self, is_empty};
use crate::rules::{Counts, Observation, Tally};
use crate::trace::filter::Selection;
use crate::trace::{
    Exchange, Fact, Frame, Message, Part, Reading, Request, Response, Session, SessionId, Source,
    Story,
};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::websocket::Opcode;
use crate::xml::Ink;
use crate::xmpp::Header;

/// Prints traffic for people.
#[derive(Debug)]
pub struct Printer<W> {
    out: W,
    look: Look,
    block: Block,
    /// Requests kept back until their answer is known, by connection.
    kept_back: FxHashMap<u64, Vec<KeptBack>>,
    /// The empty polls among them, by session: connection and exchange.
    polls: FxHashMap<SessionId, Vec<(u64, u64)>>,
    runs: BTreeMap<SessionId, Run>,
    switched: FxHashMap<u64, (String, Duration)>,
    /// Runs of pings and pongs, by connection.
    pings: BTreeMap<u64, Pings>,
    status: bool,
}

#[derive(Debug)]
struct KeptBack {
    exchange: u64,
    session: Option<SessionId>,
    text: Box<str>,
    at: Duration,
}

impl<W: Write> Printer<W> {
    /// A printer to `out`.
    pub fn new(out: W, look: Look) -> Self {
        Self {
            out,
            block: Block::new(&look),
            look,
            kept_back: FxHashMap::default(),
            polls: FxHashMap::default(),
            runs: BTreeMap::new(),
            switched: FxHashMap::default(),
            pings: BTreeMap::new(),
            status: false,
        }
    }

    /// Says in the first line what is printed, if it was not recorded here.
    pub fn source(&mut self, source: &Source) -> io::Result<()> {
        self.block.page.marked(&self.look.styles.narration, &source.to_string());
        self.print()
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, width: Option<usize>) {
        if self.look.width != width {
            self.look.width = width;
            self.block = Block::new(&self.look);
        }
    }

    /// Prints what was seen, as far as it is kept by the filter.
    pub fn show(&mut self, seen: &Observation, story: &Story, kept: &Selection) -> io::Result<()> {
        if !kept.message {
            return self.left_out(seen, story);
        }
        let session = seen.session.and_then(|id| story.session(id));
        match seen.event.as_ref().map(|event| &event.fact) {
            Some(Fact::Request(request)) => self.request(seen, request, session, kept, story)?,
            Some(Fact::Response(response)) => {
                self.response(seen, response, session, kept, story);
            }
            Some(Fact::Closed { client, server, .. }) => {
                self.closed(seen, *client, *server, story);
            }
            Some(Fact::Frame(frame)) => self.frame(seen, frame, session, story)?,
            Some(Fact::Part(part)) => self.part(seen, part, session),
            Some(Fact::Secured(secured)) => {
                self.block.head(&seen.head(session, None));
                self.block.page.list(&Ink::default(), &carriers::secured(secured), INDENT).end();
                self.block.findings(&seen.findings);
            }
            Some(Fact::Fault(applied)) => {
                self.settle_conn(seen.event.as_ref().map_or(0, |event| event.conn), story);
                self.block.head(&seen.head(session, Some(applied.from)));
                let text = words::fault(applied);
                self.block.page.prose(&self.look.styles.fault, &text, INDENT).end();
                self.block.findings(&seen.findings);
            }
            Some(Fact::Raw(raw)) => {
                self.settle_conn(seen.event.as_ref().map_or(0, |event| event.conn), story);
                self.block.head(&seen.head(None, Some(raw.from)));
                self.block.raw(raw);
                self.block.findings(&seen.findings);
            }
            Some(Fact::Opened { client }) if self.look.verbose => {
                self.block.head(&seen.head(None, None));
                self.block.page.plain(&format!("connected from {client}")).end();
            }
            Some(Fact::Ended { by, .. }) if self.look.verbose => {
                self.block.head(&seen.head(None, Some(*by)));
                self.block.page.plain("closed its side").end();
                self.block.findings(&seen.findings);
            }
            Some(Fact::Lost { .. }) => {
                self.settle_conn(seen.event.as_ref().map_or(0, |event| event.conn), story);
                self.block.head(&seen.head(None, None));
                self.block.finding_lines(&seen.findings);
            }
            _ if seen.findings.is_empty() => {}
            _ => {
                if let Some(id) = seen.session {
                    self.settle(id, story)?;
                }
                self.block.head(&seen.head(session, None));
                self.block.finding_lines(&seen.findings);
            }
        }
        self.print()
    }

    /// What is not shown may still be what something kept back has waited for.
    fn left_out(&mut self, seen: &Observation, story: &Story) -> io::Result<()> {
        match seen.event.as_ref().map(|event| (event.conn, &event.fact)) {
            Some((_, Fact::Response(_))) => {
                let exchange =
                    seen.effect.message.as_ref().and_then(|message| message.exchange.as_ref());
                if let Some(back) =
                    exchange.and_then(|exchange| self.take_back(exchange.conn, exchange.number))
                {
                    self.block.page.text += &back.text;
                }
            }
            Some((conn, Fact::Closed { .. } | Fact::Lost { .. })) => self.settle_conn(conn, story),
            _ => {}
        }
        self.print()
    }

    fn request(
        &mut self,
        seen: &Observation,
        request: &Request,
        session: Option<&Session>,
        kept: &Selection,
        story: &Story,
    ) -> io::Result<()> {
        let Some(message) = &seen.effect.message else { return Ok(()) };
        let Some(exchange) = &message.exchange else { return Ok(()) };
        let is_poll = exchange.is_bosh() && !exchange.acts();
        if let Some(id) = exchange.session().filter(|_| !is_poll || !seen.findings.is_empty()) {
            self.settle(id, story)?;
        } else if let Some(id) = exchange.session() {
            // A second poll while one is open: the first is not alone any more.
            self.release(id)?;
        }
        self.block.head(&seen.head(session, Some(Side::Client)));
        if exchange.is_bosh() {
            self.block.page.list(
                &Ink::default(),
                &words::request(message, &request.content),
                INDENT,
            );
        } else {
            self.block.page.cut(&Ink::default(), &line_of(exchange, request));
        }
        self.block.page.end();
        if seen.findings.is_empty() && (is_poll || !exchange.is_bosh()) && !exchange.answered_early
        {
            let text = std::mem::take(&mut self.block.page.text).into_boxed_str();
            let (number, session, at) = (exchange.number, exchange.session(), seen.at);
            let back = KeptBack { exchange: number, session, text, at };
            // Rarely more than one: room for one.
            self.kept_back.entry(exchange.conn).or_insert_with(|| Vec::with_capacity(1)).push(back);
            if let Some(id) = session {
                let polls = self.polls.entry(id).or_insert_with(|| Vec::with_capacity(1));
                polls.push((exchange.conn, number));
            }
            return Ok(());
        }
        self.block.content(message, &request.content, &kept.stanzas);
        self.block.findings(&seen.findings);
        Ok(())
    }

    fn response(
        &mut self,
        seen: &Observation,
        response: &Response,
        session: Option<&Session>,
        kept: &Selection,
        story: &Story,
    ) {
        let Some(message) = &seen.effect.message else { return };
        let is_interim = (100..200).contains(&response.status) && response.status != 101;
        if is_interim && seen.findings.is_empty() && !self.look.verbose {
            return;
        }
        if let (101, Some(event)) = (response.status, &seen.event) {
            let target = message
                .exchange
                .as_ref()
                .map(|exchange| exchange.target.clone())
                .unwrap_or_default();
            self.switched.insert(event.conn, (target, seen.at));
        }
        let kept_back = message
            .exchange
            .as_ref()
            .and_then(|exchange| self.take_back(exchange.conn, exchange.number));
        let quiet = seen.findings.is_empty() && message.stanzas.is_empty();
        if let (Some(back), Some(id), true) =
            (&kept_back, seen.session, quiet && is_empty(message, response))
        {
            let run = self.runs.entry(id).or_insert_with(|| Run::new(back.at));
            run.add(seen.at, message.rid(), message.held.unwrap_or_default());
            if !self.look.live {
                self.end_run(id, story);
            }
            return;
        }
        let is_bosh = message.bosh().is_some();
        if let Some(id) = seen.session {
            self.end_run(id, story);
        }
        match kept_back {
            Some(back) if is_bosh || !seen.findings.is_empty() => {
                self.block.page.text += &back.text;
            }
            Some(_) => {
                self.block.exchange(&seen.head(session, None), message, response);
                return;
            }
            None => {}
        }
        self.block.head(&seen.head(session, Some(Side::Server)));
        let parts = words::response(message, response, session);
        self.block.page.list(&Ink::default(), &parts, INDENT).end();
        if let Some(exchange) = &message.exchange
            && words::is_other(exchange, message, response)
            && (exchange.is_bosh() || exchange.upgrade.is_some() || !seen.findings.is_empty())
        {
            self.block.refusal(exchange, message, response);
        }
        let created = message.bosh().is_some_and(|bosh| bosh.creates);
        if let Some(session) = session.filter(|_| created) {
            self.block.terms(session);
        }
        self.block.content(message, &response.content, &kept.stanzas);
        self.block.findings(&seen.findings);
    }

    /// A message of WebSocket, or a control frame.
    fn frame(
        &mut self,
        seen: &Observation,
        frame: &Frame,
        session: Option<&Session>,
        story: &Story,
    ) -> io::Result<()> {
        let conn = seen.event.as_ref().map_or(0, |event| event.conn);
        let message = seen.effect.message.as_ref();
        let is_ping = matches!(Opcode(frame.opcode), Opcode::PING | Opcode::PONG);
        if is_ping && seen.findings.is_empty() && !self.look.verbose {
            let pings = self.pings.entry(conn).or_insert_with(|| Pings::new(seen.at));
            pings.add(frame, seen.at);
            if !self.look.live {
                return Ok(());
            }
            return self.clear_status();
        }
        self.end_pings(conn, story);
        self.said(seen, session, frame.from, carriers::frame(frame, message));
        if let Some(message) = message {
            self.block.spoken(message, &frame.content);
        }
        self.block.findings(&seen.findings);
        Ok(())
    }

    /// A part of a stream over TCP.
    fn part(&mut self, seen: &Observation, part: &Part, session: Option<&Session>) {
        let Some(message) = &seen.effect.message else { return };
        if part.kind == Kind::Space && seen.findings.is_empty() && !self.look.verbose {
            return;
        }
        self.said(seen, session, part.from, carriers::part(part, message));
        self.block.spoken(message, &part.content);
        self.block.findings(&seen.findings);
    }

    /// The line of what one side says on a connection that carries a stream.
    fn said(
        &mut self,
        seen: &Observation,
        session: Option<&Session>,
        from: Side,
        mut parts: Vec<String>,
    ) {
        let message = seen.effect.message.as_ref();
        let stanza = message.and_then(|message| message.stanzas.first());
        let step = message.and_then(|message| message.management.as_ref());
        let management = session.map(|session| session.stream.management());
        parts.extend(
            step.zip(management)
                .and_then(|(step, management)| carriers::management(step, management, from)),
        );
        parts.retain(|part| !part.is_empty());
        self.block.head(&seen.head(session, Some(from)));
        self.block.said(stanza, &parts);
        let opens = message.is_some_and(|message| match &message.reading {
            Reading::Element(element) | Reading::Header(element) => Header::opens(element),
            _ => false,
        });
        if let Some(session) = session.filter(|_| opens && from == Side::Server)
            && session.stream.opened[1] == 1
        {
            self.block.opened(&carriers::opened(session));
        }
    }

    /// The line of a run of pings that is over.
    fn end_pings(&mut self, conn: u64, story: &Story) {
        let Some(pings) = self.pings.remove(&conn) else { return };
        let session = story.carried(conn);
        let (at, conn) = (pings.ended(), Some(conn));
        self.block.head(&Head { at, since: None, session, side: None, rid: None, conn });
        self.block.dim(&pings.sentence());
    }

    fn closed(&mut self, seen: &Observation, client: u64, server: u64, story: &Story) {
        let mut shown = false;
        let conn = seen.event.as_ref().map_or(0, |event| event.conn);
        self.settle_conn(conn, story);
        let switched = self.switched.remove(&conn);
        let session = seen.session.and_then(|id| story.session(id));
        let carried =
            session.filter(|session| session.link.line().is_some_and(|line| line.conn == conn));
        if let Some(session) = carried {
            let left = seen.effect.left.map(|(side, _)| side);
            let text = carriers::ended(session, left, seen.at, [client, server]);
            self.block.head(&seen.head(Some(session), None));
            self.block.dim(&text);
            shown = true;
        } else if let Some((target, since)) = switched {
            self.block.head(&seen.head(None, None));
            let text = format!(
                "WebSocket {} closed{}: {} from the client, {} to it",
                one_line(&target),
                carriers::after(seen.at.saturating_sub(since)),
                words::bytes(client),
                words::bytes(server)
            );
            self.block.page.prose(&Ink::default(), &text, INDENT).end();
            shown = true;
        }
        if shown {
            self.block.findings(&seen.findings);
        } else if !seen.findings.is_empty() {
            let id = seen.effect.abandoned.iter().find_map(|exchange| exchange.session());
            let session = id.and_then(|id| story.session(id));
            self.block.head(&Head { session, ..seen.head(None, None) });
            self.block.finding_lines(&seen.findings);
        } else if self.look.verbose {
            self.block.head(&seen.head(None, None));
            self.block.page.plain("closed").end();
        }
    }

    /// Prints what was kept back of a session: something else follows.
    fn settle(&mut self, id: SessionId, story: &Story) -> io::Result<()> {
        self.end_run(id, story);
        self.release(id)
    }

    fn release(&mut self, id: SessionId) -> io::Result<()> {
        for (conn, exchange) in self.polls.remove(&id).unwrap_or_default() {
            if let Some(back) = self.take_back(conn, exchange) {
                self.block.page.text += &back.text;
            }
        }
        self.print()
    }

    /// Prints what was kept back of a connection: no answer will come.
    fn settle_conn(&mut self, conn: u64, story: &Story) {
        self.end_pings(conn, story);
        let first = |kept_back: &FxHashMap<u64, Vec<KeptBack>>| {
            Some(kept_back.get(&conn)?.first()?.exchange)
        };
        while let Some(back) = first(&self.kept_back).and_then(|first| self.take_back(conn, first))
        {
            if let Some(id) = back.session {
                self.end_run(id, story);
            }
            self.block.page.text += &back.text;
        }
    }

    /// Prints everything that was kept back: what follows stands below it.
    fn settle_all(&mut self, story: &Story) {
        for conn in self.pings.keys().copied().collect::<Vec<_>>() {
            self.end_pings(conn, story);
        }
        for id in self.runs.keys().copied().collect::<Vec<_>>() {
            self.end_run(id, story);
        }
        self.polls.clear();
        let mut kept_back: Vec<_> = self.kept_back.drain().flat_map(|(_, back)| back).collect();
        kept_back.sort_by_key(|back| back.exchange);
        for back in kept_back {
            self.block.page.text += &back.text;
        }
    }

    /// The request that was kept back, if it was.
    fn take_back(&mut self, conn: u64, exchange: u64) -> Option<KeptBack> {
        let waiting = self.kept_back.get_mut(&conn)?;
        let index = waiting.iter().position(|back| back.exchange == exchange)?;
        let back = waiting.remove(index);
        if waiting.is_empty() {
            self.kept_back.remove(&conn);
        }
        if let Some(id) = back.session
            && let Some(polls) = self.polls.get_mut(&id)
        {
            polls.retain(|&(_, poll)| poll != exchange);
            if polls.is_empty() {
                self.polls.remove(&id);
            }
        }
        Some(back)
    }

    /// The line of a run that is over.
    fn end_run(&mut self, id: SessionId, story: &Story) {
        let Some(run) = self.runs.remove(&id) else { return };
        let session = story.session(id);
        let rid = Some(run.rids());
        let at = run.ended();
        let side = Some(Side::Server);
        self.block.head(&Head { at, since: None, session, side, rid, conn: None });
        let text = run.sentence(session);
        let ink = self.look.styles.dim.clone();
        self.block.page.prose(&ink, &text, INDENT).end();
    }

    fn print(&mut self) -> io::Result<()> {
        if self.block.page.text.is_empty() {
            return Ok(());
        }
        self.clear_status()?;
        self.out.write_all(self.block.page.text.as_bytes())?;
        self.block.page.text.clear();
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
            let mut line = Page::new(self.block.page.width().map(|width| width - 1));
            line.plain("… ").cut(&self.look.styles.dim, &one_line(&text));
            self.out.write_all(line.text.as_bytes())?;
            self.status = true;
        }
        self.out.flush()
    }

    /// Says something that is no traffic: lines marked with `#`, below an empty one.
    pub fn narrate(&mut self, text: &str, story: &Story) -> io::Result<()> {
        self.settle_all(story);
        self.block.page.end();
        for line in text.lines() {
            self.block.page.marked(&self.look.styles.narration, line);
        }
        self.print()
    }

    /// Prints what was kept back, and the summary: what was counted, and the incidents.
    pub fn finish(&mut self, story: &Story, counts: &Counts, tally: &Tally) -> io::Result<()> {
        self.settle_all(story);
        self.block.page.prose(&self.look.styles.strong, &sentence(counts), INDENT).end();
        if tally.is_worth_a_list() {
            self.block.incidents(tally);
        }
        self.print()?;
        self.flush(story)
    }
}

impl Observation {
    fn head<'a>(&self, session: Option<&'a Session>, side: Option<Side>) -> Head<'a> {
        let message = self.effect.message.as_ref();
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

fn line_of(exchange: &Exchange, request: &Request) -> String {
    let mut text = format!("{} {}", one_line(&exchange.method), one_line(&exchange.target));
    if request.content.size > 0 {
        text += &format!(", {}", words::size(&request.content));
    }
    text
}
