//! Sessions that end by silence: no request open for longer than `inactivity`, or than a granted `pause`
//! (XEP-0124 §10).

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::view::{BoshView, RequestView, ResponseView};
use crate::bosh::BodyType;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::{Timed, Timer};
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::{BoshLink, Fact, Session, SessionId, Story};
use crate::wire::Side;

/// Clocks differ, and the last response takes time to reach the client.
const GRACE: Duration = Duration::from_millis(500);

/// Watches for silence.
#[derive(Debug, Default)]
pub struct Silence {
    sessions: Timed<State>,
    /// The session that a connection was last used for.
    conns: FxHashMap<u64, SessionId>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when no request is open.
    since: Option<Duration>,
    /// It was reported that the client was silent for too long.
    silent: bool,
    /// In force instead of `inactivity`.
    pause: Option<u64>,
    /// The connection manager has ended it.
    over: bool,
    /// Connections of the client that are still open.
    conns: u32,
    /// The client closed the last one.
    left: bool,
}

impl Rule for Silence {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        match &moment.event.fact {
            Fact::Request(_) | Fact::Response(_) => match moment.bosh() {
                Some(BoshView::Request(request)) => self.request(&request, moment.story, found),
                Some(BoshView::Response(response)) => self.response(&response, moment.story),
                None => {}
            },
            Fact::Ended { by: Side::Client, .. } => self.left(moment),
            Fact::Closed { stopped, .. } => self.closed(moment, *stopped),
            Fact::Lost { .. } => {
                self.sessions.clear();
                self.conns.clear();
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if let Some(link) = session.bosh() {
            state.silent(link, now, found);
        }
        Some(session.id)
    }
}

impl State {
    /// How long the client may be silent now, in seconds, and by which attribute.
    fn limit(&self, link: &BoshLink) -> Option<(u64, &'static str)> {
        match self.pause {
            Some(pause) => Some((pause, "pause")),
            None => link.inactivity().map(|seconds| (seconds, "inactivity")),
        }
    }

    /// If no request is open any more, the connection manager's timer starts.
    fn quiet(&mut self, mut timer: Timer<'_>, link: &BoshLink, at: Duration) {
        if !link.open.is_empty() || self.over {
            return timer.clear();
        }
        self.since = Some(at);
        if let Some((seconds, _)) = self.limit(link) {
            // A number that no clock reaches is not a limit.
            match at.checked_add(Duration::from_secs(seconds).saturating_add(GRACE)) {
                Some(due) if seconds < 1 << 32 => timer.set(due),
                _ => timer.clear(),
            }
        }
    }

    /// The client was silent for too long.
    fn silent(&mut self, link: &BoshLink, now: Duration, found: &mut Findings) {
        let (Some(since), Some((limit, name))) = (self.since, self.limit(link)) else {
            return;
        };
        self.silent = true;
        let silent = words(now.saturating_sub(since));
        let (level, words) = if self.conns == 0 && self.left {
            (
                Level::Note,
                format!(
                    "The session has probably expired: the client closed its connections and sent \
                     no request for {silent}, and {name} is {limit} s. It left without ending the \
                     session."
                ),
            )
        } else {
            (
                Level::Warning,
                format!(
                    "The session has probably expired: the client sent no request for {silent}, \
                     and {name} is {limit} s. It stopped polling (hidden tab, suspended \
                     computer?)."
                ),
            )
        };
        let id = "bosh-client-inactivity";
        found.add(&kinds::SESSION_SILENT, id, level, Party::Client, words);
    }
}

impl Silence {
    fn request(&mut self, request: &RequestView<'_>, story: &Story, found: &mut Findings) {
        let RequestView { exchange, session, link, .. } = request;
        let before = self.conns.insert(exchange.conn, session.id);
        if before != Some(session.id) {
            if let Some((state, _)) = before.and_then(|id| self.sessions.get(id)) {
                state.conns = state.conns.saturating_sub(1);
            }
            self.sessions.of(session.id, story).0.conns += 1;
        }
        let (state, mut timer) = self.sessions.of(session.id, story);
        timer.clear();
        state.left = false;
        if let (true, Some(since)) = (state.silent, state.since) {
            let words = format!(
                "The client sent a request again, after {} without one.",
                words(exchange.at.saturating_sub(since))
            );
            found.add(&kinds::CLIENT_BACK, None, Level::Note, Party::Client, words);
        }
        state.silent = false;
        state.since = None;
        state.pause = request.body.pause().and_then(Result::ok);
        pause(state.pause, link, found);
    }

    fn response(&mut self, response: &ResponseView<'_>, story: &Story) {
        let (state, timer) = self.sessions.of(response.session.id, story);
        state.over |= response.body().is_some_and(|body| body.kind() == BodyType::Terminate);
        state.quiet(timer, response.link, response.at);
    }

    /// The client sends nothing more on this connection, however long the server keeps its side open.
    fn left(&mut self, moment: &Moment<'_>) {
        let conn = moment.event.conn;
        // A client that only closes after the server does not leave.
        if !matches!(moment.story.left(conn), Some((Side::Client, _))) {
            return;
        }
        if let Some((state, _)) = self.conns.remove(&conn).and_then(|id| self.sessions.get(id)) {
            state.conns = state.conns.saturating_sub(1);
            state.left = true;
        }
    }

    fn closed(&mut self, moment: &Moment<'_>, stopped: bool) {
        let used = self.conns.remove(&moment.event.conn);
        if let Some((state, _)) = used.and_then(|id| self.sessions.get(id)) {
            state.conns = state.conns.saturating_sub(1);
            state.left = moment.gone().0 == Some(Side::Client);
        }
        if stopped {
            return;
        }
        let (_, at) = moment.gone();
        for (_, asked) in moment.abandoned() {
            let link = moment.story.session(asked.session).and_then(Session::bosh);
            if let (Some(link), Some((state, timer))) = (link, self.sessions.get(asked.session)) {
                state.quiet(timer, link, at);
            }
        }
    }
}

fn pause(pause: Option<u64>, link: &BoshLink, found: &mut Findings) {
    let (Some(pause), Some(granted)) = (pause, &link.granted) else { return };
    let party = Party::Client;
    match granted.maxpause.as_ref() {
        None => {
            let words = format!(
                "The client requests a pause of {pause} s, but no maxpause was granted: the \
                 connection manager does not support pauses."
            );
            let id = "bosh-client-no-pause-without-maxpause";
            found.add(&kinds::PAUSE_NOT_GRANTED, id, Level::Error, party, words);
        }
        Some(most) if most.value.is_some_and(|most| pause > most) => {
            let words = format!(
                "The client requests a pause of {pause} s, but maxpause is {} s: the pause may be \
                 shorter than requested.",
                most.value.unwrap_or_default()
            );
            found.add(&kinds::PAUSE_TOO_LONG, None, Level::Warning, party, words);
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, names, open, open_with, words};

    const NAME: &str = kinds::SESSION_SILENT.name;

    fn pausing() -> String {
        open_with("wait='60' requests='2' hold='1' inactivity='60' maxpause='120'")
    }

    #[test]
    fn silence_beyond_inactivity_is_reported_when_it_happens_and_when_it_ends() {
        let script = open()
            + "83205 1 C> <body rid='100001' sid='s1'/>\n83210 1 S> <body type='terminate' condition='item-not-found'/>";
        let found = at_least(Level::Note, &script);
        assert_eq!(
            found[0],
            "60505 Warning session-silent Client: The session has probably expired: the client \
             sent no request for 60.5 s, and inactivity is 60 s. It stopped polling (hidden tab, \
             suspended computer?)."
        );
        assert_eq!(
            found[1],
            "83205 Note client-back Client: The client sent a request again, after 83.2 s without \
             one."
        );
        assert!(
            found[2].contains("follows from the silence of the client 22.7 s before (see #1)"),
            "{found:?}"
        );
    }

    #[test]
    fn a_page_that_was_closed_is_a_note() {
        let script = open() + "10 1 C> <body rid='100001' sid='s1'/>\n500 1 C. fin\n90000 tick";
        assert_eq!(names(&script), ["client-gave-up", "session-silent"]);
        assert!(words("session-silent", &script)[0].contains("closed its connections"));
        assert_eq!(at_least(Level::Warning, &script), [""; 0]);
    }

    #[test]
    fn a_page_was_closed_even_if_the_server_keeps_its_end_open() {
        // Regression: only the end of both directions counted as having left.
        let done = open() + "10 1 C> <body rid='100001' sid='s1'/>\n20 1 S> <body/>\n";
        for end in ["500 1 C- fin\n90000 tick", "500 1 C- fin\n70000 1 . gone\n90000 tick"] {
            let script = done.clone() + end;
            assert_eq!(at_least(Level::Warning, &script), [""; 0], "{end}");
            assert!(words(NAME, &script)[0].contains("It left without ending the session"));
        }
        // Another connection is still open, or the server closed first.
        for end in [
            "400 2 C> <body rid='100002' sid='s1'/>\n410 2 S> <body/>\n500 1 C- fin\n90000 tick",
            "500 1 S- fin\n501 1 C- fin\n502 1 . gone\n90000 tick",
        ] {
            let found = at_least(Level::Warning, &(done.clone() + end));
            assert!(found[0].contains("It stopped polling"), "{found:?}");
        }
    }

    #[test]
    fn a_held_request_keeps_the_session_alive_and_so_does_coming_back_in_time() {
        let held = open() + "10 1 C> <body rid='100001' sid='s1'/>\n300000 tick";
        assert_eq!(words(NAME, &held), [""; 0]);
        let back = open() + "59000 1 C> <body rid='100001' sid='s1'/>\n300000 tick";
        assert_eq!(words(NAME, &back), [""; 0]);
    }

    #[test]
    fn a_session_that_was_ended_is_not_silent() {
        let script = open()
            + "10 1 C> <body rid='100001' sid='s1' type='terminate'/>
               12 1 S> <body type='terminate'/>
               300000 tick";
        assert_eq!(names(&script), ["client-terminates"]);
    }

    #[test]
    fn a_pause_lasts_longer_than_inactivity_and_ends_too() {
        let script =
            pausing() + "10 1 C> <body rid='100001' sid='s1' pause='120'/>\n12 1 S> <body/>\n";
        assert_eq!(words(NAME, &(script.clone() + "110000 tick")), [""; 0]);
        let found = words(NAME, &(script + "130000 tick"));
        assert!(found[0].contains("no request for 120.5 s, and pause is 120 s"), "{found:?}");
    }

    #[test]
    fn a_pause_needs_maxpause() {
        let ask = "10 1 C> <body rid='100001' sid='s1' pause='300'/>";
        assert_eq!(names(&(open() + ask)), ["pause-not-granted"]);
        assert_eq!(names(&(pausing() + ask)), ["pause-too-long"]);
    }

    #[test]
    fn an_endless_inactivity_is_no_limit() {
        let script = open().replace("inactivity='60'", "inactivity='18446744073709551615'");
        assert_eq!(words(NAME, &(script + "999999999 tick")), [""; 0]);
    }
}
