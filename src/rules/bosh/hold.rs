//! How long requests are held, and how many at once (XEP-0124 §7, §8 and §11).

use std::time::Duration;

use super::terms::{hold, wait};
use super::view::{BoshView, ResponseView};
use crate::bosh::Body;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::{BoshLink, BoshRequest, Exchange, Session, SessionId, Story};

/// A response may be this late, because of the network and a busy server.
const LATE: Duration = Duration::from_secs(1);
/// A response that has not begun so long after `wait` is overdue.
const OVERDUE: Duration = Duration::from_secs(2);
/// A number of seconds that no clock reaches is not a limit.
const FOREVER: Duration = Duration::from_secs(1 << 32);
/// Some connection managers answer this long before `wait` runs out, to be safe.
const MARGIN: Duration = Duration::from_secs(3);
/// When a newer request arrives, the older one has to be answered within this time.
const RELEASE: Duration = Duration::from_secs(1);
/// After this many polls in a row that end much too early, it is more than a note.
const EARLY: u32 = 3;
/// Requests that arrived before their turn: at most this many are remembered.
const PARKED: usize = 8;

/// Judges how requests are held.
#[derive(Debug, Default)]
pub struct Hold {
    sessions: Timed<State>,
    /// The requests whose response is known to be overdue, by exchange; woken when the next one is.
    overdue: Timed<Vec<u64>>,
}

#[derive(Debug, Default)]
struct State {
    /// The highest rid without a gap before it, and the highest at all.
    contiguous: Option<u64>,
    highest: u64,
    /// They arrived before their turn: the specification does not say how long they may be held.
    parked: Vec<u64>,
    /// Empty polls in a row that were answered much before `wait` ran out.
    early: u32,
    /// The latest request was sent before.
    again: bool,
    /// It was reported that too many are held.
    crowded: bool,
}

impl Rule for Hold {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if moment.hides_requests() {
            self.overdue.clear();
            return self.sessions.clear();
        }
        let Some(view) = moment.bosh() else { return };
        let (state, mut timer) = self.sessions.of(view.session().id, moment.story);
        match view {
            BoshView::Request(request) => {
                state.came(request.asks);
                let due = request.exchange.at.saturating_add(RELEASE);
                if !state.crowded && state.too_many(request.session, request.link, due).is_some() {
                    timer.set(due);
                }
            }
            BoshView::Response(response) => {
                if distinct(response.link).len() as u64 <= hold(response.link) {
                    state.crowded = false;
                    timer.clear();
                }
                let told = self.overdue.get(response.session.id);
                let told = told.is_some_and(|(told, _)| told.contains(&response.exchange.number));
                if let Some(body) = response.good() {
                    state.answered(&response, body, told, found);
                }
            }
        }
        let (told, mut timer) = self.overdue.of(view.session().id, moment.story);
        told.retain(|number| view.link().open.iter().any(|open| open.number == *number));
        match state.next_due(view.link(), told) {
            Some((due, _)) => timer.set(due),
            None => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        [self.sessions.deadline(), self.overdue.deadline()].into_iter().flatten().min()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        if self.overdue.deadline().is_some_and(|due| due <= now) {
            return self.wait_over(now, story, found);
        }
        let (session, state) = self.sessions.due(now, story)?;
        if let Some(link) = session.bosh() {
            state.released_late(session, link, now, found);
        }
        Some(session.id)
    }
}

impl Hold {
    /// `wait` of a request is over, and there is no response.
    fn wait_over(
        &mut self,
        now: Duration,
        story: &Story,
        found: &mut Findings,
    ) -> Option<SessionId> {
        let (session, told) = self.overdue.due(now, story)?;
        let link = session.bosh().filter(|_| !session.over)?;
        let state = self.sessions.of(session.id, story).0;
        while let Some((due, exchange)) = state.next_due(link, told).filter(|(due, _)| *due <= now)
        {
            debug_assert!(due <= now);
            told.push(exchange.number);
            let wait = exchange.bosh.as_ref().and_then(|request| wait(link, request));
            let words = format!(
                "rid {} has had no response for {}, and wait is {} s: it is overdue. A client that \
                 waits for it sees a frozen connection.",
                exchange.rid().unwrap_or_default(),
                words(now.saturating_sub(exchange.at)),
                wait.unwrap_or_default().as_secs()
            );
            let id = "bosh-wait-not-exceeded";
            found.add(&kinds::WAIT_EXCEEDED, id, Level::Warning, Party::Server, words);
        }
        let next = state.next_due(link, told).map(|(due, _)| due);
        if let Some(due) = next {
            self.overdue.of(session.id, story).1.set(due);
        }
        Some(session.id)
    }
}

/// The open requests of a session, each rid once, the lowest first.
fn distinct(link: &BoshLink) -> Vec<&Exchange> {
    let open = link.open.iter().map(|exchange| &**exchange);
    let mut open: Vec<_> = open.filter(|exchange| exchange.rid().is_some()).collect();
    open.sort_by_key(|exchange| (exchange.rid(), exchange.at));
    open.dedup_by_key(|exchange| exchange.rid());
    open
}

impl State {
    /// The open request whose response is overdue next, and when, apart from those of which it was reported. How long a
    /// request that arrived before its turn may be held is not said.
    fn next_due<'a>(&self, link: &'a BoshLink, told: &[u64]) -> Option<(Duration, &'a Exchange)> {
        let open = link.open.iter().filter(|open| !told.contains(&open.number));
        let due = open.filter_map(|open| {
            let request = open.bosh.as_ref()?;
            let parked = request.rid.is_none_or(|rid| self.parked.contains(&rid));
            let due = open.at.checked_add(wait(link, request)?)?.checked_add(OVERDUE)?;
            (!parked && due < FOREVER).then_some((due, &**open))
        });
        due.min_by_key(|(due, _)| *due)
    }

    fn came(&mut self, request: &BoshRequest) {
        let Some(rid) = request.rid else { return };
        self.again = rid <= self.highest;
        self.highest = self.highest.max(rid);
        let Some(contiguous) = &mut self.contiguous else {
            self.contiguous = Some(rid);
            return;
        };
        if rid > contiguous.saturating_add(1) {
            if self.parked.len() >= PARKED {
                self.parked.remove(0);
            }
            self.parked.push(rid);
            return;
        }
        *contiguous = rid.max(*contiguous);
        while let Some(next) = contiguous.checked_add(1).filter(|next| self.parked.contains(next)) {
            *contiguous = next;
        }
    }

    /// The oldest and the newest of the open requests, if more of them than `hold` have been open long enough at
    /// this time. While a rid is missing, this is not known.
    fn too_many<'a>(
        &self,
        session: &Session,
        link: &'a BoshLink,
        at: Duration,
    ) -> Option<(&'a Exchange, &'a Exchange)> {
        let hold = hold(link);
        link.granted.as_ref()?;
        if hold == 0 || session.over || self.contiguous != Some(self.highest) {
            return None;
        }
        let mut open = distinct(link);
        open.retain(|exchange| exchange.at.saturating_add(RELEASE) <= at && !exchange.creates());
        if open.len() as u64 <= hold {
            return None;
        }
        Some((open.first()?, open.last()?))
    }

    /// A request is still held, although a newer one should have released it.
    fn released_late(
        &mut self,
        session: &Session,
        link: &BoshLink,
        now: Duration,
        found: &mut Findings,
    ) {
        let Some((oldest, newest)) = self.too_many(session, link, now) else { return };
        self.crowded = true;
        let words = format!(
            "rid {} is still held {} after rid {} arrived, but hold={} allows no more than that \
             many held requests: the server should have answered the oldest. The response to rid \
             {} may be late.",
            oldest.rid().unwrap_or_default(),
            words(now.saturating_sub(newest.at)),
            newest.rid().unwrap_or_default(),
            hold(link),
            newest.rid().unwrap_or_default(),
        );
        let id = "bosh-long-poll-release-oldest";
        found.add(&kinds::HOLD_EXCEEDED, id, Level::Warning, Party::Server, words);
    }

    /// `told`: it was reported when its wait was over.
    fn answered(
        &mut self,
        response: &ResponseView<'_>,
        body: &Body,
        told: bool,
        found: &mut Findings,
    ) {
        let ResponseView { asked, session, link, .. } = response;
        let (Some(rid), Some(held), Some(wait)) = (asked.rid, response.held, wait(link, asked))
        else {
            return;
        };
        let parked = self.parked.iter().position(|&parked| parked == rid);
        if let Some(place) = parked {
            self.parked.remove(place);
            if self.contiguous < Some(rid) {
                self.contiguous = Some(rid);
            }
            return;
        }
        if told {
            return;
        }
        if held > wait.saturating_add(LATE) {
            let words = format!(
                "rid {rid} was held for {}, longer than wait ({} s).",
                words(held),
                wait.as_secs()
            );
            let id = "bosh-wait-not-exceeded";
            return found.add(&kinds::WAIT_EXCEEDED, id, Level::Warning, Party::Server, words);
        }
        let idle_poll =
            body.is_empty() && body.text("report").is_none() && !asked.acts && !asked.creates;
        // What is sent again may have been held for as long as it should, or have its answer already.
        let alone = self.highest == rid && link.open.is_empty() && !self.again;
        if !idle_poll || !alone || hold(link) == 0 || session.over {
            return;
        }
        if held.saturating_add(MARGIN) >= wait {
            self.early = 0;
            return;
        }
        self.early = self.early.saturating_add(1);
        let (level, often) = match self.early {
            1 => (Level::Note, ""),
            // A timeout in between occurs again and again.
            EARLY if held < wait / 2 => (Level::Warning, " This is the third time in a row."),
            _ => return,
        };
        let words = format!(
            "rid {rid} got an empty response after {}, although wait is {} s and no other request \
             arrived.{often} The server, or something in between, ends long polls early.",
            words(held),
            wait.as_secs()
        );
        found.add(&kinds::WAIT_EARLY, "bosh-wait-not-much-early", level, Party::Server, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, open, words};

    fn after_open(script: &str) -> Vec<String> {
        at_least(Level::Warning, &(open() + script))
    }

    #[test]
    fn a_poll_may_be_held_for_wait_and_not_much_longer() {
        let poll = "10 1 C> <body rid='100001' sid='s1'/>";
        assert_eq!(after_open(&format!("{poll}\n60500 1 S> <body/>")), [""; 0]);
        assert_eq!(
            after_open(&format!("{poll}\n63010 1 S> <body/>")),
            [
                "62010 Warning wait-exceeded Server: rid 100001 has had no response for 62.0 s, and wait \
                 is 60 s: it is overdue. A client that waits for it sees a frozen connection."
            ]
        );
        assert_eq!(
            after_open(&format!("{poll}\n61510 1 S> <body/>")),
            ["61510 Warning wait-exceeded Server: rid 100001 was held for 61.5 s, longer than \
                 wait (60 s)."]
        );
    }

    #[test]
    fn an_early_empty_answer_is_a_note_and_the_third_in_a_row_a_warning() {
        let mut script = open();
        for n in 1..=4 {
            let poll = format!("<body rid='10000{n}' sid='s1'/>");
            script.extend([format!("{n}0000 1 C> {poll}\n{n}8000 1 S> <body/>\n")]);
        }
        let found = words("wait-early", &script);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0]
                .starts_with("rid 100001 got an empty response after 8.0 s, although wait is 60 s")
        );
        assert!(found[1].contains("third time in a row"));
        assert_eq!(at_least(Level::Warning, &script).len(), 1);
    }

    #[test]
    fn a_poll_that_was_sent_again_has_waited_before() {
        for end in ["66020 1 S> 200", "60010 1 S. fin", "60010 1 S> 504"] {
            let (first, again) =
                ("<body rid='100001' sid='s1'/>", "66010 2 C> <body rid='100001' sid='s1'/>");
            let mut lines = [end.to_owned(), again.to_owned()];
            lines.sort();
            let script = format!("10 1 C> {first}\n{}\n66040 2 S> <body/>", lines.join("\n"));
            assert_eq!(words("wait-early", &(open() + &script)), [""; 0], "{end}");
        }
    }

    #[test]
    fn an_older_request_that_is_released_empty_is_not_reported() {
        let script = "
            10 1 C> <body rid='100001' sid='s1'/>
            5000 2 C> <body rid='100002' sid='s1'><presence xmlns='jabber:client'/></body>
            5002 1 S> <body/>";
        assert_eq!(words("wait-early", &(open() + script)), [""; 0]);
        assert_eq!(after_open(&format!("{script}\n8000 tick")), [""; 0]);
    }

    #[test]
    fn two_held_requests_are_one_too_many_for_hold_1() {
        let script = "
            10 1 C> <body rid='100001' sid='s1'/>
            5000 2 C> <body rid='100002' sid='s1'><presence xmlns='jabber:client'/></body>
            9000 tick
            14800 1 S> <body/>";
        assert_eq!(
            after_open(script),
            ["6000 Warning hold-exceeded Server: rid 100001 is still held 1.0 s after rid 100002 \
              arrived, but hold=1 allows no more than that many held requests: the server should \
              have answered the oldest. The response to rid 100002 may be late."]
        );
    }

    #[test]
    fn a_request_parked_behind_a_gap_is_not_judged() {
        let script = "
            10 1 C> <body rid='100001' sid='s1'/>
            20 2 C> <body rid='100003' sid='s1'/>
            4000 3 C> <body rid='100002' sid='s1'/>
            4001 1 S> <body/>
            4002 3 S> <body/>
            64000 2 S> <body/>";
        let found = after_open(script);
        assert!(
            found.iter().all(|line| !line.contains("wait-") && !line.contains("hold-")),
            "{found:?}"
        );
    }
}
