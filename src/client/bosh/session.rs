//! One session of a client: which request goes out when, and what its responses bring (XEP-0124 §7 to §14).
//!
//! Inputs are payloads to send, responses, lost connections and time; what is to be done comes as [`Action`]s. Requests
//! are decided in [`Session::settle`] alone, so that what a response brings can be answered by the next request.

use std::time::Duration;

use super::action::{Action, End};
use super::book::Book;
use super::grant::Grant;
use super::terms::Terms;
use super::window::{Answer, Window};
use super::wishes::{Wish, Wishes};
use super::wrapper::Wrapper;
use crate::bosh::{Body, BodyType, GrantedTerms, NS};
use crate::xml::{Element, Limits, parse};

/// Once the session has ended, the responses still open get this long.
const GRACE: Duration = Duration::from_secs(1);
/// An empty answer sooner than this was not waited for. Where that happens with nothing else open, the next empty
/// request waits as long: client and connection manager must not spin.
const QUICK: Duration = Duration::from_millis(250);
/// A pause is ended this long before it runs out, or at its half.
const MARGIN: Duration = Duration::from_secs(1);

/// No pause may be asked for: `maxpause` was not granted, or is less (XEP-0124 §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such pause was granted")]
pub struct NoPause;

/// Who decides on the requests of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pilot {
    /// The session itself, as XEP-0124 has a client do.
    Automatic,
    /// Whoever holds it, by its [`Book`].
    Manual,
}

/// How the content of responses is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Content that is not a sound `<body/>` ends the session.
    Strict,
    /// Of any size; what cannot be read is passed over.
    Lenient,
}

impl Reading {
    fn limits(self) -> Limits {
        match self {
            Self::Strict => Limits::default(),
            Self::Lenient => Limits { bytes: usize::MAX, ..Limits::default() },
        }
    }
}

/// A session of a client.
///
/// It is automatic or manual. An automatic one ([`Session::new`], [`Session::automate`]) opens itself, keeps a request
/// open, sends again what was lost, and takes responses in the order of their requests. A manual one sends nothing by
/// itself: requests are drafted from its [`Book`], may say anything, and go out when their sender wants.
#[derive(Debug)]
pub struct Session {
    book: Book,
    pilot: Pilot,
    reading: Reading,
    /// Responses are acknowledged (XEP-0124 §9.2).
    acks: bool,
    wishes: Wishes,
    window: Window,
    /// No empty request before this time.
    rest: Duration,
    /// Nothing but payloads before this time.
    paused: Option<Duration>,
    /// The request that ends the session was sent.
    closing: bool,
    /// How it ended, and until when other responses are waited for.
    ending: Option<(End, Duration)>,
    over: bool,
}

impl Session {
    /// An automatic session that [`Session::settle`] opens on these terms, with this rid; see
    /// [`first_rid`](super::first_rid).
    pub fn new(terms: &Terms, rid: u64) -> Self {
        let mut book = Book::new(rid, None);
        book.ask(terms.creation(rid));
        let (pilot, reading, acks) = (Pilot::Automatic, Reading::Strict, terms.acks);
        Self { pilot, reading, acks, ..Self::manual(book) }
    }

    /// A manual session. It reads what it can, whether it becomes automatic or not: responses may have any size, one that is
    /// no body counts as empty, and one of another type than `terminate` as an ordinary one. To judge is for its holder.
    pub fn manual(book: Book) -> Self {
        Self {
            book,
            pilot: Pilot::Manual,
            reading: Reading::Lenient,
            acks: false,
            wishes: Wishes::default(),
            window: Window::default(),
            rest: Duration::ZERO,
            paused: None,
            closing: false,
            ending: None,
            over: false,
        }
    }

    /// From now on an open session decides on its requests itself, after those that were sent by hand.
    pub fn automate(&mut self) {
        self.pilot = Pilot::Automatic;
    }

    /// What it has used and was granted.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The same, to draft requests from.
    pub fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    /// The `sid`, once it is open.
    pub fn sid(&self) -> Option<&str> {
        self.book.sid()
    }

    /// The rid of the next new request.
    pub fn next_rid(&self) -> u64 {
        self.book.rids().next()
    }

    /// How many requests may be open at once: one before the session is open.
    pub fn requests(&self) -> u64 {
        self.book.grant().map_or(1, Grant::requests)
    }

    /// The rids of the requests that wait for a response, of those that it has decided on.
    pub fn open(&self) -> impl Iterator<Item = u64> {
        self.window.waiting()
    }

    /// Whether it has ended, or its stream has.
    pub fn is_over(&self) -> bool {
        self.over || self.ending.is_some() || self.book.is_over()
    }

    /// Sends this payload, when the window has room: stanzas that wait go together, anything else goes alone
    /// (XEP-0206 §2).
    pub fn send(&mut self, payload: &Element) {
        self.wishes.push(Wish::payload(payload));
    }

    /// Restarts the stream, after what waits to be sent (XEP-0206 §5).
    pub fn restart(&mut self) {
        self.wishes.push(Wish::Restart);
    }

    /// Asks for a pause of so many seconds, after what waits to be sent; it ends with the next payload, or shortly before
    /// it runs out (XEP-0124 §10).
    pub fn pause(&mut self, seconds: u64) -> Result<(), NoPause> {
        let maxpause = self.book.grant().map_or(0, Grant::maxpause);
        if seconds == 0 || seconds > maxpause {
            return Err(NoPause);
        }
        self.wishes.push(Wish::Pause(seconds));
        Ok(())
    }

    /// Ends the session, after and together with what waits to be sent (XEP-0124 §13).
    pub fn terminate(&mut self, payloads: &[Element]) {
        self.wishes.push(Wish::terminate(payloads));
    }

    /// Sends this content as it is, at once and alone, whether the window has room or not.
    pub fn send_now(&mut self, content: &str, now: Duration, out: &mut Vec<Action>) {
        self.paused = None;
        let mut body = self.next();
        body.push_text(content);
        self.emit(&body, content.is_empty(), now, out);
    }

    /// A response came to this sending of a request.
    pub fn response(
        &mut self,
        rid: u64,
        sending: u32,
        status: u16,
        content: &[u8],
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        if self.over || !self.window.awaits(rid) {
            return;
        }
        if status != 200 {
            // One that knows versions never says anything so: it comes from something in between (XEP-0124 §17.4).
            let void = self
                .book
                .grant()
                .is_none_or(|grant| grant.is_legacy() && matches!(status, 400 | 403 | 404));
            if void {
                self.end(End::Failed(format!("HTTP status {status}")), now);
            } else {
                self.lost(rid, sending, now);
            }
            return;
        }
        let answer = match self.read(content) {
            Ok(answer) => answer,
            Err(words) => {
                return self.end(End::Failed(format!("a response that is no body: {words}")), now);
            }
        };
        match answer.kind() {
            BodyType::Ordinary | BodyType::Terminate => {}
            _ if self.reading == Reading::Lenient => {}
            BodyType::Error => return self.recover(rid, sending, now),
            BodyType::Other(kind) => {
                let words = format!("a response of type {kind:?}, which does not exist");
                return self.end(End::Failed(words), now);
            }
        }
        let terminal = answer.kind() == BodyType::Terminate;
        self.window.answer(rid, answer);
        while let Some(answer) = self.window.take(terminal) {
            self.take(answer, now, out);
        }
    }

    fn read(&self, content: &[u8]) -> Result<Body, String> {
        let root = parse(content, &self.reading.limits()).map_err(|error| error.to_string());
        let body = root.and_then(|root| Body::new(root).map_err(|error| error.to_string()));
        match body {
            Err(_) if self.reading == Reading::Lenient => {
                Body::new(Element::new(NS, "body")).map_err(|error| error.to_string())
            }
            read => read,
        }
    }

    /// The connection of this sending of a request was lost before its response was complete.
    pub fn lost(&mut self, rid: u64, sending: u32, now: Duration) {
        if !self.window.is_current(rid, sending) {
            return;
        }
        if self.book.grant().is_none() {
            // Whether it opened a session can't be known, and nothing gets back into that.
            self.end(
                End::Failed("no response came to the request that opens the session".to_owned()),
                now,
            );
        } else if self.window.repeat(rid, now).is_err() {
            self.end(
                End::Failed(format!("rid {rid} was sent {sending} times without a response")),
                now,
            );
        }
    }

    /// A recoverable error: this request and all before it that have no response are sent again (XEP-0124 §17.3).
    ///
    /// Where a request is held while it comes again, the earlier sending is answered so (§14.3): that is no news.
    fn recover(&mut self, rid: u64, sending: u32, now: Duration) {
        let sendings = self.window.sendings_up_to(rid);
        if sendings.last() == Some(&(rid, sending)) {
            for (rid, sending) in sendings {
                self.lost(rid, sending, now);
            }
        }
    }

    /// A response is due, in its order.
    fn take(&mut self, answer: Answer, now: Duration, out: &mut Vec<Action>) {
        let Answer { body, to_empty, sent } = answer;
        if self.book.grant().is_none() && body.kind() == BodyType::Ordinary {
            let granted = GrantedTerms::of(&body);
            if granted.sid.as_deref().is_none_or(str::is_empty) {
                let words = "the response that opens the session has no sid".to_owned();
                return self.end(End::Failed(words), now);
            }
            self.book.open(body.clone());
            out.push(Action::Opened(Box::new(granted)));
        }
        out.extend(self.book.receive(&body).into_iter().map(Action::Deliver));
        if body.kind() == BodyType::Terminate {
            let condition = body.text("condition").map(str::to_owned);
            let own = self.closing && condition.is_none();
            return self.end(if own { End::Closed } else { End::Terminated(condition) }, now);
        }
        if to_empty && body.is_empty() {
            let polling = self.book.grant().and_then(Grant::polling);
            let spins = now.saturating_sub(sent) < QUICK && self.open().next().is_none();
            match polling {
                // The connection manager counts from when it got the request, which was before this.
                Some(polling) => self.rest = now + polling,
                None if spins => self.rest = now + QUICK,
                None => {}
            }
        }
    }

    fn end(&mut self, end: End, now: Duration) {
        if self.ending.is_none() {
            self.ending = Some((end, now + GRACE));
        }
    }

    /// No empty request is sent before this time.
    pub fn rest_until(&mut self, time: Duration) {
        self.rest = self.rest.max(time);
    }

    /// Decides what is sent, once all that has happened at this time was said. The first call opens an automatic session.
    pub fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        if self.over || self.pilot == Pilot::Manual {
            return;
        }
        if let Some((end, until)) = &self.ending {
            // Only what is on its way can still come.
            if *until <= now || self.window.is_still() {
                self.over = true;
                out.push(Action::Over(end.clone()));
            }
            return;
        }
        out.extend(self.window.repeats(now).into_iter().map(Action::Send));
        if self.book.grant().is_none() {
            if self.window.is_empty() {
                let creation = self.book.asked().clone();
                self.emit(&creation, false, now, out);
            }
            return;
        }
        while !self.closing && !self.wishes.is_empty() && self.has_room() {
            let wishes = self.wishes.take();
            let body = self.grant(wishes, now);
            self.emit(&body, false, now, out);
        }
        if self.closing {
            if self.open().next().is_none() {
                self.over = true;
                out.push(Action::Over(End::Closed));
            }
        } else if self.poll_due().is_some_and(|due| due <= now) {
            self.paused = None;
            let poll = self.next();
            self.emit(&poll, true, now, out);
        }
    }

    /// Whether the next wish may be sent. Only what ends or pauses the session may go one above the limit (XEP-0124 §11).
    /// It is counted from the oldest request without a response: the connection manager keeps only so many responses
    /// for one that has to be sent again (§14.3).
    pub fn has_room(&self) -> bool {
        let next = self.next_rid();
        let oldest = self.window.oldest().unwrap_or(next);
        next - oldest < self.requests() + u64::from(self.wishes.is_special())
    }

    /// The body that carries these wishes.
    fn grant(&mut self, wishes: Vec<Wish>, now: Duration) -> Wrapper {
        self.paused = None;
        let mut body = match wishes[..] {
            [Wish::Restart] => self.acknowledging(Book::restart),
            _ => self.next(),
        };
        for wish in wishes {
            match wish {
                Wish::Restart => {}
                Wish::Stanza(payload) | Wish::Other(payload) => body.push_text(&payload),
                Wish::Pause(seconds) => {
                    body.set("pause", Some(seconds.to_string()));
                    let pause = Duration::from_secs(seconds);
                    self.paused = Some(now + pause.saturating_sub(MARGIN.min(pause / 2)));
                }
                Wish::Terminate(payloads) => {
                    body.set("type", Some("terminate".to_owned()));
                    body.push_text(&payloads);
                    self.closing = true;
                }
            }
        }
        body
    }

    /// The next request, empty.
    fn next(&mut self) -> Wrapper {
        self.acknowledging(Book::draft)
    }

    /// With `ack`, where acknowledging says something: not all responses before have come (XEP-0124 §9.2).
    fn acknowledging(&mut self, draft: impl FnOnce(&mut Book) -> Wrapper) -> Wrapper {
        let mut body = draft(&mut self.book);
        if let Some(oldest) = self.window.oldest().filter(|_| self.acks) {
            body.set("ack", Some((oldest - 1).to_string()));
        }
        body
    }

    fn emit(&mut self, body: &Wrapper, empty: bool, now: Duration, out: &mut Vec<Action>) {
        let rid = self.next_rid();
        self.book.mark_used(rid);
        out.push(Action::Send(self.window.send(rid, body.to_xml(), empty, now)));
    }

    /// When an empty request is due: in an open session one request always is (XEP-0124 §10), unless the client polls
    /// or pauses.
    fn poll_due(&self) -> Option<Duration> {
        let idle = self.book.grant().is_some()
            && !self.book.is_over()
            && self.wishes.is_empty()
            && self.open().next().is_none();
        idle.then(|| self.paused.unwrap_or(self.rest))
    }

    /// When [`Session::settle`] is due, if nothing happens before.
    pub fn deadline(&self) -> Option<Duration> {
        if self.over || self.pilot == Pilot::Manual {
            return None;
        }
        if let Some((_, until)) = &self.ending {
            return Some(*until);
        }
        let poll = self.poll_due().filter(|_| !self.closing);
        self.window.next_repeat().into_iter().chain(poll).min()
    }
}
