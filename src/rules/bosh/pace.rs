//! How often a client sends requests: polling, loops, a new connection for each request (XEP-0124 §11, §12, §14).

use std::collections::VecDeque;
use std::time::Duration;

use rustc_hash::FxHashSet;

use super::terms::polling;
use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::{Body, BodyType};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::Exchange;

/// This many exchanges that bring nothing, within this time, are a loop.
const STORM: (usize, Duration) = (20, Duration::from_secs(5));
/// A request whose response comes later than this was held.
const QUICK: Duration = Duration::from_millis(500);
/// Requests looked at before anything is reported on connections.
const SAMPLE: u32 = 20;

/// Judges how often a client sends requests.
#[derive(Debug, Default)]
pub struct Pace {
    sessions: PerSession<Box<State>>,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each says that something was reported
struct State {
    /// The last empty request: its rid, when it arrived, and whether its response was empty, too.
    poll: Option<(u64, Duration, bool)>,
    hasty: bool,
    /// When exchanges that brought nothing were answered.
    idle: VecDeque<Duration>,
    storm: bool,
    requests: u32,
    conns: FxHashSet<u64>,
    closes: bool,
    pipelined: bool,
}

impl Rule for Pace {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.bosh() else { return };
        let state = self.sessions.of(view.session().id, moment.story);
        match view {
            BoshView::Request(request) => {
                state.polls(&request, found);
                state.pipelines(&request, found);
                state.connects(request.exchange, found);
            }
            BoshView::Response(response) => {
                let closes = response.http.headers.get("connection");
                state.closes |= closes.is_some_and(|value| value.eq_ignore_ascii_case("close"));
                let brings_nothing =
                    |body: &Body| body.is_empty() && body.kind() != BodyType::Terminate;
                let empty = response.body().is_none_or(brings_nothing);
                if let Some(poll) = &mut state.poll
                    && Some(poll.0) == response.asked.rid
                {
                    poll.2 = empty;
                }
                if !response.http.own {
                    state.loops(&response, empty, found);
                }
            }
        }
    }
}

impl State {
    /// Two empty requests in a row, closer than `polling`, the first of them answered with nothing.
    fn polls(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let RequestView { exchange, asks, link, .. } = request;
        let Some(rid) = asks.rid else { return };
        if asks.acts || asks.creates || asks.terminates {
            self.poll = None;
            return;
        }
        let before = self.poll.replace((rid, exchange.at, false));
        let (Some((last, at, true)), Some(polling)) = (before, polling(link)) else { return };
        let gap = exchange.at.saturating_sub(at);
        if last == rid || gap >= polling {
            self.hasty = false;
            return;
        }
        if std::mem::replace(&mut self.hasty, true) {
            return;
        }
        let words = format!(
            "rid {rid} polls {} after the previous poll, which brought nothing, but polling={} \
             requires that many seconds in between. Expect policy-violation.",
            words(gap),
            polling.as_secs()
        );
        let id = "bosh-polling-too-frequent";
        found.add(&kinds::POLLING_TOO_FREQUENT, id, Level::Warning, Party::Client, words);
    }

    fn pipelines(&mut self, request: &RequestView<'_>, found: &mut Findings) {
        let RequestView { exchange, asks, link, .. } = request;
        let earlier = link
            .open
            .iter()
            .find(|open| open.conn == exchange.conn && open.number < exchange.number);
        let Some(earlier) = earlier.filter(|_| !self.pipelined) else { return };
        self.pipelined = true;
        let words = format!(
            "rid {} was sent on the same connection as rid {} before that was answered \
             (pipelining), so its response has to wait for the other one. Reported once per \
             session.",
            asks.rid.unwrap_or_default(),
            earlier.rid().unwrap_or_default()
        );
        found.add(&kinds::PIPELINED, "bosh-no-pipelining", Level::Note, Party::Client, words);
    }

    fn connects(&mut self, exchange: &Exchange, found: &mut Findings) {
        if self.requests >= SAMPLE {
            return;
        }
        self.requests += 1;
        self.conns.insert(exchange.conn);
        if self.requests < SAMPLE {
            return;
        }
        let conns = std::mem::take(&mut self.conns).len();
        if conns < SAMPLE as usize {
            return;
        }
        let by = if self.closes {
            "the responses have Connection: close"
        } else {
            "the cause is not visible"
        };
        let words = format!(
            "Each of {SAMPLE} requests used a new connection ({by}): every exchange costs one more \
             round trip, or two with TLS."
        );
        let party = if self.closes { Party::Server } else { Party::Nobody };
        found.add(&kinds::NO_KEEP_ALIVE, "bosh-keepalive", Level::Note, party, words);
    }

    fn loops(&mut self, response: &ResponseView<'_>, empty: bool, found: &mut Findings) {
        let ResponseView { at, http, held, asked, .. } = *response;
        let (count, within) = STORM;
        while self.idle.front().is_some_and(|&then| at.saturating_sub(then) > within) {
            self.idle.pop_front();
        }
        self.storm &= !self.idle.is_empty();
        let quick = held.is_some_and(|held| held < QUICK);
        let failed = http.status != 200;
        if !(quick && empty && (failed || !asked.acts)) || asked.creates {
            return;
        }
        self.idle.push_back(at);
        if self.idle.len() > count {
            self.idle.pop_front();
        }
        if self.idle.len() < count || std::mem::replace(&mut self.storm, true) {
            return;
        }
        let first = self.idle.front().copied().unwrap_or(at);
        let (all, party) = if failed {
            (format!("the last got HTTP {}", http.status), Party::Client)
        } else {
            ("the last got an empty response at once".to_owned(), Party::Server)
        };
        let words = format!(
            "{count} exchanges in {} brought nothing ({all}): {}.",
            words(at.saturating_sub(first)),
            if failed {
                "the client is looping"
            } else {
                "the server does not hold requests, so client and server are looping"
            }
        );
        found.add(&kinds::POLL_STORM, "bosh-long-polling", Level::Warning, party, words);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::playbook::{names, open_with, words as found_words};

    const POLLING: &str = "wait='0' hold='0' requests='1' polling='5' inactivity='30'";
    const HOLDING: &str = "wait='60' hold='1' requests='2' polling='5' inactivity='60'";

    fn polls(granted: &str, every: u64, count: u64, answer: &str) -> String {
        let mut script = open_with(granted);
        for n in 1..=count {
            let at = 5000 + n * every;
            let rid = 100_000 + n;
            let poll = format!("<body rid='{rid}' sid='s1'/>");
            script.extend([format!("{at} 1 C> {poll}\n{} 1 S> {answer}\n", at + 2)]);
        }
        script
    }

    #[test]
    fn polling_faster_than_polling_is_a_warning_once() {
        assert_eq!(
            found_words("polling-too-frequent", &polls(POLLING, 1100, 4, "<body/>")),
            ["rid 100002 polls 1.1 s after the previous poll, which brought nothing, but \
                 polling=5 requires that many seconds in between. Expect policy-violation."]
        );
        assert_eq!(
            found_words("polling-too-frequent", &polls(POLLING, 5000, 4, "<body/>")),
            [""; 0]
        );
        let full = "<body><message xmlns='jabber:client'/></body>";
        assert_eq!(found_words("polling-too-frequent", &polls(POLLING, 1100, 4, full)), [""; 0]);
        assert_eq!(
            found_words("polling-too-frequent", &polls(HOLDING, 1100, 4, "<body/>")),
            [""; 0]
        );
    }

    #[test]
    fn a_loop_is_reported_once_with_its_rate() {
        let found = found_words("poll-storm", &polls(HOLDING, 100, 47, "404 Not Found"));
        assert_eq!(
            found,
            ["20 exchanges in 1.9 s brought nothing (the last got HTTP 404): the client is \
              looping."]
        );
        let found = found_words("poll-storm", &polls(HOLDING, 100, 47, "<body/>"));
        let effect = "so client and server are looping. It follows from the polls that end early";
        assert!(found[0].contains(effect), "{found:?}");
        assert_eq!(found_words("poll-storm", &polls(HOLDING, 300, 47, "<body/>")), [""; 0]);
    }

    #[test]
    fn a_new_connection_for_every_request_is_a_note() {
        let mut script = open_with(HOLDING);
        for n in 1..=20 {
            let (at, rid, conn) = (n * 1000, 100_000 + n, n + 1);
            script.extend([format!(
                "{at} {conn} C> <body rid='{rid}' sid='s1'><presence xmlns='jabber:client'/></body>
                 {at} {conn} S> 200 | Connection: close | <body/>\n"
            )]);
        }
        assert_eq!(names(&script), ["no-keep-alive"]);
    }

    #[test]
    fn pipelining_is_a_note_once() {
        let script = open_with(HOLDING)
            + "10 1 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>
               11 1 C> <body rid='100002' sid='s1'/>
               12 1 S> <body/>";
        assert_eq!(names(&script), ["pipelined"]);
    }
}
