//! One session of a client: which request goes out when, and what its responses bring (XEP-0124 §7 to §14).
//!
//! Told are payloads to send, responses, lost connections and time; what is to be done comes as [`Action`]s. Requests
//! are decided in [`Session::settle`] alone, so that what a response brings can be answered by the next request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, End, Request};
use super::body::{body, to_xml};
use super::granting::Granting;
use super::terms::Terms;
use crate::bosh::{Body, BodyType, Granted};
use crate::xml::{Element, Limits, parse};
use crate::xmpp::ns;

/// One request is sent this often at most.
const SENDS: u32 = 5;
/// From the second repeat of a request on there is so much time before it, and each time twice as much.
const PATIENCE: Duration = Duration::from_secs(1);
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

/// What the user wants to be sent, in order.
#[derive(Debug)]
enum Wish {
    Payload(Element),
    Restart,
    Pause(u64),
    Terminate(Vec<Element>),
}

impl Wish {
    fn is_stanza(&self) -> bool {
        matches!(self, Self::Payload(element) if element.namespace() == ns::CLIENT)
    }
}

/// A request that was sent and whose response has not been taken yet.
#[derive(Debug)]
struct Open {
    content: Arc<str>,
    empty: bool,
    sent: Duration,
    sending: u32,
    /// Its connection was lost, and then it is sent again.
    again: Option<Duration>,
    /// Its response, which waits for those before it.
    answer: Option<Body>,
}

/// A session of a client.
#[derive(Debug)]
pub struct Session {
    terms: Terms,
    limits: Limits,
    /// The rid of the next request.
    next: u64,
    granted: Option<Granting>,
    wishes: VecDeque<Wish>,
    open: BTreeMap<u64, Open>,
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
    /// A session that [`Session::settle`] opens on these terms, with this rid; see
    /// [`first_rid`](super::first_rid).
    pub fn new(terms: Terms, rid: u64) -> Self {
        Self {
            terms,
            limits: Limits::default(),
            next: rid,
            granted: None,
            wishes: VecDeque::new(),
            open: BTreeMap::new(),
            rest: Duration::ZERO,
            paused: None,
            closing: false,
            ending: None,
            over: false,
        }
    }

    /// The `sid`, once it is open.
    pub fn sid(&self) -> Option<&str> {
        self.granted.as_ref().map(|granted| granted.sid.as_str())
    }

    /// The rid of the next new request.
    pub fn next_rid(&self) -> u64 {
        self.next
    }

    /// How many requests may be open at once: one before the session is open.
    pub fn requests(&self) -> u64 {
        self.granted.as_ref().map_or(1, |granted| granted.requests)
    }

    /// The rids of the requests that wait for a response.
    pub fn open(&self) -> impl Iterator<Item = u64> {
        self.open.iter().filter(|(_, open)| open.answer.is_none()).map(|(&rid, _)| rid)
    }

    /// Sends this payload, when the window has room: stanzas that wait go together, anything else goes alone
    /// (XEP-0206 §2).
    pub fn send(&mut self, payload: Element) {
        self.wishes.push_back(Wish::Payload(payload));
    }

    /// Restarts the stream, after what waits to be sent (XEP-0206 §5).
    pub fn restart(&mut self) {
        self.wishes.push_back(Wish::Restart);
    }

    /// Asks for a pause of so many seconds, after what waits to be sent; it ends with the next payload, or shortly before
    /// it runs out (XEP-0124 §10).
    pub fn pause(&mut self, seconds: u64) -> Result<(), NoPause> {
        let maxpause = self.granted.as_ref().map_or(0, |granted| granted.maxpause);
        if seconds == 0 || seconds > maxpause {
            return Err(NoPause);
        }
        self.wishes.push_back(Wish::Pause(seconds));
        Ok(())
    }

    /// Ends the session, after and together with what waits to be sent (XEP-0124 §13).
    pub fn terminate(&mut self, payloads: Vec<Element>) {
        self.wishes.push_back(Wish::Terminate(payloads));
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
        let due = self.open.get(&rid).is_some_and(|open| open.answer.is_none());
        if self.over || !due {
            return;
        }
        if status != 200 {
            // One that knows versions never says anything so: it comes from something in between (XEP-0124 §17.4).
            let void = self
                .granted
                .as_ref()
                .is_none_or(|granted| granted.legacy && matches!(status, 400 | 403 | 404));
            if void {
                self.end(End::Failed(format!("HTTP status {status}")), now);
            } else {
                self.lost(rid, sending, now);
            }
            return;
        }
        let read = parse(content, &self.limits).map_err(|error| error.to_string());
        let read = read.and_then(|root| Body::new(root).map_err(|error| error.to_string()));
        let answer = match read {
            Ok(answer) => answer,
            Err(words) => {
                return self.end(End::Failed(format!("a response that is no body: {words}")), now);
            }
        };
        match answer.kind() {
            BodyType::Error => return self.recover(rid, sending, now),
            BodyType::Other(kind) => {
                let words = format!("a response of type {kind:?}, which does not exist");
                return self.end(End::Failed(words), now);
            }
            BodyType::Ordinary | BodyType::Terminate => {}
        }
        let terminal = answer.kind() == BodyType::Terminate;
        if let Some(open) = self.open.get_mut(&rid) {
            open.answer = Some(answer);
        }
        // What came ahead of others waits for them (XEP-0124 §14.2), unless nothing more can be expected.
        while let Some((&first, open)) =
            self.open.iter().find(|(_, open)| !terminal || open.answer.is_some())
            && open.answer.is_some()
        {
            let Some(Open { answer: Some(answer), empty, sent, .. }) = self.open.remove(&first)
            else {
                break;
            };
            self.take(&answer, empty, sent, now, out);
        }
    }

    /// The connection of this sending of a request was lost before its response was complete.
    pub fn lost(&mut self, rid: u64, sending: u32, now: Duration) {
        let Some(open) = self.open.get_mut(&rid) else { return };
        if open.sending != sending || open.answer.is_some() || open.again.is_some() {
            return;
        }
        if self.granted.is_none() {
            // Whether it opened a session can't be known, and nothing gets back into that.
            self.end(
                End::Failed("no response came to the request that opens the session".to_owned()),
                now,
            );
        } else if sending >= SENDS {
            self.end(
                End::Failed(format!("rid {rid} was sent {sending} times without a response")),
                now,
            );
        } else {
            let patience =
                if sending == 1 { Duration::ZERO } else { PATIENCE * (1 << (sending - 2)) };
            open.again = Some(now + patience);
        }
    }

    /// A recoverable error: this request and all before it that have no response are sent again (XEP-0124 §17.3).
    ///
    /// Where a request is held while it comes again, the earlier sending is answered so (§14.3): that is no news.
    fn recover(&mut self, rid: u64, sending: u32, now: Duration) {
        if self.open.get(&rid).is_none_or(|open| open.sending != sending) {
            return;
        }
        let open = self.open.range(..=rid).map(|(&rid, open)| (rid, open.sending));
        for (rid, sending) in open.collect::<Vec<_>>() {
            self.lost(rid, sending, now);
        }
    }

    /// A response is due, in its order.
    fn take(
        &mut self,
        answer: &Body,
        empty: bool,
        sent: Duration,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        if self.granted.is_none() && answer.kind() == BodyType::Ordinary {
            let granted = Granted::of(answer);
            match Granting::new(&granted, &self.terms) {
                Ok(granting) => self.granted = Some(granting),
                Err(words) => return self.end(End::Failed(words), now),
            }
            out.push(Action::Opened(Box::new(granted)));
        }
        let nothing = answer.is_empty();
        out.extend(answer.payloads().cloned().map(Action::Deliver));
        if answer.kind() == BodyType::Terminate {
            let condition = answer.text("condition").map(str::to_owned);
            let own = self.closing && condition.is_none();
            return self.end(if own { End::Closed } else { End::Terminated(condition) }, now);
        }
        if empty && nothing {
            let polling = self.granted.as_ref().and_then(|granted| granted.polling);
            let spins = now.saturating_sub(sent) < QUICK && self.open().next().is_none();
            match polling {
                Some(polling) => self.rest = sent + polling,
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

    /// Decides what is sent, once all that has happened at this time was told. The first call opens the session.
    pub fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        if self.over {
            return;
        }
        if let Some((end, until)) = &self.ending {
            // Only what is on its way can still come.
            if *until <= now
                || self.open.values().all(|open| open.answer.is_some() || open.again.is_some())
            {
                self.over = true;
                out.push(Action::Over(end.clone()));
            }
            return;
        }
        for (&rid, open) in &mut self.open {
            if open.again.is_some_and(|due| due <= now) {
                open.again = None;
                open.sending += 1;
                let request =
                    Request { rid, sending: open.sending, content: Arc::clone(&open.content) };
                out.push(Action::Send(request));
            }
        }
        let Some(sid) = self.sid().map(str::to_owned) else {
            if self.open.is_empty() {
                let creation = self.terms.creation(self.next);
                self.emit(&creation, false, now, out);
            }
            return;
        };
        while !self.closing && self.has_room() {
            let Some(wish) = self.wishes.pop_front() else { break };
            let body = self.grant(wish, &sid, now);
            self.emit(&body, false, now, out);
        }
        if self.closing {
            if self.open().next().is_none() {
                self.over = true;
                out.push(Action::Over(End::Closed));
            }
        } else if self.poll_due().is_some_and(|due| due <= now) {
            self.paused = None;
            let poll = self.acknowledged(body(self.next, Some(&sid)));
            self.emit(&poll, true, now, out);
        }
    }

    /// Whether the next wish may be sent. Only what ends or pauses the session may go one above the limit (XEP-0124 §11).
    /// It is counted from the oldest request without a response: the connection manager keeps only so many responses
    /// for one that has to be sent again (§14.3).
    fn has_room(&self) -> bool {
        let pauses = matches!(self.wishes.front(), Some(Wish::Pause(_)));
        let behind = self.wishes.iter().find(|wish| !wish.is_stanza());
        let special = pauses || matches!(behind, Some(Wish::Terminate(_)));
        let oldest = self.open.first_key_value().map_or(self.next, |(&oldest, _)| oldest);
        self.next - oldest < self.requests() + u64::from(special)
    }

    /// The body that carries a wish, and the stanzas behind it.
    fn grant(&mut self, wish: Wish, sid: &str, now: Duration) -> Element {
        self.paused = None;
        let rid = self.next;
        let mut body = match &wish {
            Wish::Restart => self.terms.restart(rid, sid),
            _ => body(rid, Some(sid)),
        };
        let mut last = Some(wish);
        while let Some(wish) = last.take() {
            let stanza = wish.is_stanza();
            match wish {
                Wish::Restart => {}
                Wish::Payload(payload) => body.push(payload),
                Wish::Pause(seconds) => {
                    body.set_attr("", "pause", Some(&seconds.to_string()));
                    let pause = Duration::from_secs(seconds);
                    self.paused = Some(now + pause.saturating_sub(MARGIN.min(pause / 2)));
                }
                Wish::Terminate(payloads) => {
                    body.set_attr("", "type", Some("terminate"));
                    for payload in payloads {
                        body.push(payload);
                    }
                    self.closing = true;
                }
            }
            let fits =
                |next: &Wish| stanza && (next.is_stanza() || matches!(next, Wish::Terminate(_)));
            if self.wishes.front().is_some_and(fits) {
                last = self.wishes.pop_front();
            }
        }
        self.acknowledged(body)
    }

    /// With `ack`, where acknowledging says something: not all responses before have come (XEP-0124 §9.2).
    fn acknowledged(&self, body: Element) -> Element {
        match self.open.first_key_value() {
            Some((first, _)) if self.terms.acks => body.with_attr("ack", &(first - 1).to_string()),
            _ => body,
        }
    }

    fn emit(&mut self, body: &Element, empty: bool, now: Duration, out: &mut Vec<Action>) {
        let rid = self.next;
        self.next += 1;
        let content: Arc<str> = to_xml(body).into();
        out.push(Action::Send(Request { rid, sending: 1, content: Arc::clone(&content) }));
        self.open
            .insert(rid, Open { content, empty, sent: now, sending: 1, again: None, answer: None });
    }

    /// When an empty request is due: in an open session one request always is (XEP-0124 §10), unless the client polls
    /// or pauses.
    fn poll_due(&self) -> Option<Duration> {
        let idle = self.granted.is_some() && self.wishes.is_empty() && self.open().next().is_none();
        idle.then(|| self.paused.unwrap_or(self.rest))
    }

    /// When [`Session::settle`] is due, if nothing happens before.
    pub fn deadline(&self) -> Option<Duration> {
        if self.over {
            return None;
        }
        if let Some((_, until)) = &self.ending {
            return Some(*until);
        }
        let again = self.open.values().filter_map(|open| open.again);
        again.chain(self.poll_due().filter(|_| !self.closing)).min()
    }
}
