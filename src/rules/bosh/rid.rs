//! The rids of a session: repeats, gaps, the window, the order of responses (XEP-0124 §14).

use std::collections::VecDeque;
use std::time::Duration;

use super::rid_words::{Gap, beyond, gap_opens, gap_stays, initial, number, wrapped};
use super::terms::requests;
use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::{Answer, Arrival, RidWindow, fingerprint};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::nth;
use crate::trace::{Exchange, Response, SessionId, Story};
use crate::wire::Side;

/// At most this many requests are remembered.
const REMEMBERED: usize = 16;
/// A gap that stays open for this long is more than requests that overtook each other.
const GAP: Duration = Duration::from_secs(5);
/// Responses on two connections that are closer than this may have overtaken each other on the way here.
const DISORDER: Duration = Duration::from_millis(50);

/// Judges the rids of sessions.
#[derive(Debug, Default)]
pub struct Order {
    sessions: Timed<Box<Rids>>,
    /// Rids that came without their sid, which was reported.
    misdirected: VecDeque<u64>,
}

#[derive(Debug, Default)]
struct Rids {
    window: Option<RidWindow>,
    sent: VecDeque<SentRequest>,
    gap: Option<Gap>,
    /// A response that overtook another one.
    early: Option<Early>,
}

/// A request and what happened to it.
#[derive(Debug)]
struct SentRequest {
    rid: u64,
    conn: u64,
    first: Duration,
    /// When it was answered, and with what.
    answer: Option<(Duration, u64)>,
    /// When its connection was lost, and which side closed it.
    gone: Option<(Duration, Option<Side>)>,
}

#[derive(Debug)]
struct Early {
    rid: u64,
    waiting: u64,
    at: Duration,
}

impl Rule for Order {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if moment.hides_requests() {
            return self.sessions.clear();
        }
        match moment.bosh() {
            Some(BoshView::Request(request)) => self.request(&request, moment.story, found),
            Some(BoshView::Response(response)) => self.response(&response, moment.story, found),
            None => self.abandoned(moment),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, rids) = self.sessions.due(now, story)?;
        // Nobody waits for a response that would be late.
        if let Some(gap) = rids.gap.as_ref().filter(|_| session.is_alive()) {
            gap_stays(gap, now, found);
        }
        Some(session.id)
    }
}

impl Order {
    fn request(&mut self, request: &RequestView<'_>, story: &Story, found: &mut Findings) {
        let RequestView { http, body, exchange, asks, session, link } = request;
        let last =
            self.sessions.get(session.id).and_then(|(rids, _)| rids.window.as_ref()?.contiguous());
        if wrapped(body, last, found) {
            return;
        }
        let Some(rid) = number(body, found) else { return };
        if found.has(&[kinds::SID_WRONG, kinds::SID_MISSING]) {
            if self.misdirected.len() == REMEMBERED {
                self.misdirected.pop_front();
            }
            self.misdirected.push_back(rid);
        }
        let (rids, mut timer) = self.sessions.of(session.id, story);
        let print = fingerprint(&http.content.bytes);
        let requests = requests(link);
        let window = rids.window.get_or_insert_with(RidWindow::joined);
        if let (None, Some(requests)) = (window.requests(), requests) {
            window.grant(requests);
        }
        let arrival = if asks.creates {
            *window = RidWindow::created(rid, print);
            initial(rid, found);
            Arrival::New
        } else {
            window.request(rid, print)
        };
        let still_missing = window.gap().map(|(first, _)| first);
        match arrival {
            Arrival::New | Arrival::BeforeObservation => {}
            Arrival::Repeat { n, identical, held } => {
                rids.repeat(exchange, rid, n, identical, held, found);
            }
            Arrival::Gap { first, .. } if self.misdirected.contains(&first) => {}
            Arrival::Gap { first, missing } => {
                if rids.gap.as_ref().is_none_or(|gap| gap.first != first) {
                    let client = rids.hung_up(exchange.at);
                    rids.gap = Some(Gap { first, instead: rid, at: exchange.at, client });
                    timer.set(exchange.at.saturating_add(GAP));
                    gap_opens(rid, first, missing, found);
                }
            }
            // The rid is that of the session that is meant.
            Arrival::BeyondWindow { .. } | Arrival::TooOld if found.has(&[kinds::SID_WRONG]) => {}
            Arrival::BeyondWindow { highest } => {
                if let Some(gap) = &mut rids.gap {
                    gap.client = Some(format!(
                        "the client has gone on up to rid {rid}, beyond the window, and has not \
                         sent it"
                    ));
                }
                beyond(rid, highest, requests, found);
            }
            Arrival::TooOld => {
                let words = format!(
                    "rid {rid} is too old to be answered: the last rid was {}. Expect \
                     item-not-found. The client may have restored an outdated rid.",
                    rids.window.as_ref().and_then(RidWindow::contiguous).unwrap_or_default()
                );
                found.add(
                    &kinds::RID_TOO_OLD,
                    "bosh-rid-increment",
                    Level::Warning,
                    Party::Client,
                    words,
                );
            }
        }
        if let Some(gap) = rids.gap.as_ref().filter(|gap| still_missing != Some(gap.first)) {
            let words = format!(
                "rid {} arrived {} after rid {}, which closes the gap.",
                gap.first,
                words(exchange.at.saturating_sub(gap.at)),
                gap.instead
            );
            found.add(&kinds::RID_GAP_CLOSED, None, Level::Note, Party::Nobody, words);
            rids.gap = None;
            timer.clear();
        }
        if !matches!(arrival, Arrival::Repeat { .. }) {
            rids.remember(SentRequest {
                rid,
                conn: exchange.conn,
                first: exchange.at,
                answer: None,
                gone: None,
            });
        }
    }

    fn response(&mut self, response: &ResponseView<'_>, story: &Story, found: &mut Findings) {
        let ResponseView { at, http, exchange, asked, session, .. } = *response;
        let Some(rid) = asked.rid else { return };
        let Some((rids, mut timer)) = self.sessions.get(session.id) else { return };
        let Some(window) = &mut rids.window else { return };
        if response.good().is_some() {
            match window.answered(rid) {
                Answer::InOrder | Answer::NotOpen => {}
                Answer::OutOfOrder { waiting } => {
                    rids.early.get_or_insert(Early { rid, waiting, at: http.first });
                }
                Answer::PastGap { first, .. } => {
                    rids.gap = None;
                    timer.clear();
                    let words = format!(
                        "rid {rid} was answered, although rid {first} is not in the trace: it took \
                         another route, or the connection manager did not wait for it."
                    );
                    found.add(&kinds::RID_PAST_GAP, None, Level::Note, Party::Nobody, words);
                }
            }
            rids.compare(rid, exchange, http, found);
        } else {
            window.dropped(rid);
            if http.content.cut
                && let Some(sent) = rids.sent.iter_mut().find(|sent| sent.rid == rid)
            {
                let left = story.left(exchange.conn);
                sent.gone = Some((at, left.map(|(side, _)| side)));
            }
        }
        if let Some(early) = rids.early.as_ref().filter(|early| early.waiting == rid) {
            let by = http.first.saturating_sub(early.at);
            if by > DISORDER && !session.over {
                let words = format!(
                    "rid {} was answered {} before rid {rid}, but responses must be sent in the \
                     order of their rids.",
                    early.rid,
                    words(by)
                );
                let id = "bosh-respond-in-rid-order";
                found.add(&kinds::ANSWERS_OUT_OF_ORDER, id, Level::Error, Party::Server, words);
            }
            rids.early = None;
        }
    }

    fn abandoned(&mut self, moment: &Moment<'_>) {
        let (by, at) = moment.gone();
        for (_, asked) in moment.abandoned() {
            let Some(rid) = asked.rid else { continue };
            let Some((rids, _)) = self.sessions.get(asked.session) else { continue };
            if let Some(window) = &mut rids.window {
                window.dropped(rid);
            }
            if rids.early.as_ref().is_some_and(|early| early.waiting == rid) {
                rids.early = None;
            }
            if let Some(sent) = rids.sent.iter_mut().find(|sent| sent.rid == rid) {
                sent.gone = Some((at, by));
            }
        }
    }
}

impl Rids {
    fn remember(&mut self, sent: SentRequest) {
        if self.sent.len() >= REMEMBERED {
            self.sent.pop_front();
        } else if self.sent.is_empty() {
            self.sent.reserve_exact(2); // the creation, and the first that is held
        }
        self.sent.push_back(sent);
    }

    /// If the client closed the connection under its last request, and so has gone on too far after that.
    fn hung_up(&self, now: Duration) -> Option<String> {
        let last = self.sent.back()?;
        let (at, by) = last.gone?;
        (by == Some(Side::Client)).then(|| {
            format!(
                "the client closed the connection of rid {} {} before, and went on too far, as with \
                 a rid that was not restored rightly, or gave up what it was sending",
                last.rid,
                words(now.saturating_sub(at))
            )
        })
    }

    fn repeat(
        &mut self,
        exchange: &Exchange,
        rid: u64,
        n: u32,
        identical: bool,
        held: bool,
        found: &mut Findings,
    ) {
        let times = format!("rid {rid} was sent for the {} time", nth(n));
        let Some(sent) = self.sent.iter_mut().find(|sent| sent.rid == rid) else {
            let words = format!("{times}; the first is too old to compare.");
            return found.add(&kinds::RID_REPEAT, None, Level::Note, Party::Client, words);
        };
        let ago = words(exchange.at.saturating_sub(sent.first));
        let fate = match (sent.answer, sent.gone, held) {
            (Some(_), ..) => "it was answered before",
            (_, _, true) => "it is still open",
            (_, Some((_, Some(Side::Client))), _) => "the client had closed the connection",
            (_, Some(_), _) => "the connection was lost",
            _ => "it was refused",
        };
        let times = format!("{times}, {ago} after the first");
        if identical {
            let (level, end) = match n {
                0..4 => (Level::Note, "The content is the same, so this is allowed."),
                _ => (Level::Warning, "The client seems to get no response."),
            };
            let words = format!("{times}; {fate}. {end}");
            return found.add(&kinds::RID_REPEAT, None, level, Party::Client, words);
        }
        let other = if sent.conn == exchange.conn { "" } else { " on another connection" };
        let cause = if held || sent.conn == exchange.conn {
            "Two tabs share the session, or the client does not increment its rid.".to_owned()
        } else {
            format!(
                "If the session was attached or restored, its rid was 1 too low: the next one is \
                 {}. Otherwise two tabs share the session.",
                rid.saturating_add(1)
            )
        };
        let words = format!("{times}, with different content{other}; {fate}. {cause}");
        let id = "bosh-client-resend-exact";
        found.add(&kinds::RID_REUSED, id, Level::Error, Party::Client, words);
    }

    /// Whether the second response to a rid equals the first one.
    fn compare(
        &mut self,
        rid: u64,
        exchange: &Exchange,
        response: &Response,
        found: &mut Findings,
    ) {
        let kept = self.window.as_ref().and_then(|window| window.should_be_buffered(rid));
        let Some(sent) = self.sent.iter_mut().find(|sent| sent.rid == rid) else { return };
        let print = fingerprint(&response.content.bytes);
        match sent.answer {
            // A response that was already under way when the repeat arrived is not compared.
            Some((at, first)) if at < exchange.at => {
                if first == print {
                    let words = format!(
                        "The repeated rid {rid} got the same response as before: nothing was lost."
                    );
                    found.add(&kinds::ANSWER_REPLAYED, None, Level::Note, Party::Nobody, words);
                } else if kept != Some(false) {
                    let words = format!(
                        "The repeated rid {rid} got a different response: what the client missed \
                         is lost, or the request took effect twice."
                    );
                    let id = "bosh-resend-replays";
                    found.add(&kinds::ANSWER_DIFFERS, id, Level::Warning, Party::Server, words);
                }
            }
            _ => sent.answer = Some((response.first, print)),
        }
    }
}

#[cfg(test)]
#[path = "rid_tests.rs"]
mod tests;
