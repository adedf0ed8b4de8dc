//! iqs that wait for an answer (RFC 6120 §8.2.3): each get or set is answered with a result or an error.

use std::collections::VecDeque;
use std::time::Duration;

use super::view::StreamView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{counted, list, short};
use crate::trace::{Reading, Session, SessionId, Stanza, Story};
use crate::wire::Side;
use crate::xmpp::{Kind, jid, ns};

/// An answer that has not come after this time is missed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Questions that came about the same time are reported together.
const TOGETHER: Duration = Duration::from_secs(5);
/// So many questions of a session are remembered.
const REMEMBERED: usize = 64;

/// Watches for answers.
#[derive(Debug, Default)]
pub struct Unanswered {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    questions: VecDeque<Question>,
    /// SASL has succeeded and the client has not restarted the stream: it gets no answers, and that is reported.
    restart_due: bool,
}

#[derive(Debug)]
struct Question {
    from: Side,
    id: String,
    to: Option<String>,
    subject: String,
    at: Duration,
    /// It is in a namespace in which nobody takes it for an iq.
    foreign: bool,
}

impl Rule for Unanswered {
    fn look(&mut self, moment: &Moment<'_>, _: &mut Findings) {
        if moment.hides_requests() {
            return self.sessions.clear();
        }
        let Some(view) = moment.stream() else { return };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        state.restart(&view);
        for iq in view.message.stanzas.iter().filter(|it| it.summary.kind == Kind::Iq) {
            state.take(&view, iq);
        }
        match state.questions.front() {
            Some(first) => timer.set(first.at + PATIENCE),
            None => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, State { questions, .. }) = self.sessions.due(now, story)?;
        let mut missed = Vec::new();
        while let Some(question) = questions.front()
            && question.at + PATIENCE <= now + TOGETHER
        {
            missed.extend(questions.pop_front());
        }
        let next = questions.front().map(|question| question.at + PATIENCE);
        for side in [Side::Client, Side::Server] {
            let of_side = missed.iter().filter(|question| question.from == side);
            let (foreign, own) = of_side.partition::<Vec<_>, _>(|question| question.foreign);
            report(session, side, &own, now, found);
            report(session, side, &foreign, now, found);
        }
        if let Some(due) = next {
            self.sessions.of(session.id, story).1.set(due);
        }
        Some(session.id)
    }
}

impl State {
    /// Whether the client has to restart the stream before anything else. SASL2 has no restart.
    fn restart(&mut self, view: &StreamView<'_>) {
        let restarts = match &view.message.reading {
            Reading::Body(body) => body.is_restart(),
            Reading::Header(_) => true,
            Reading::Element(element) => element.is(ns::FRAMING, "open"),
            _ => false,
        };
        self.restart_due &= !(restarts && view.from == Side::Client);
        for element in view.elements().filter(|_| view.from == Side::Server) {
            self.restart_due |= element.is(ns::SASL, "success");
            self.restart_due &= !element.is(ns::STREAMS, "features");
        }
    }

    /// Takes an iq: a question, or the answer to one.
    fn take(&mut self, view: &StreamView<'_>, iq: &Stanza) {
        let (from, summary, questions) = (view.from, &iq.summary, &mut self.questions);
        let Some(id) = &summary.id else { return };
        if !matches!(&*summary.type_, "get" | "set") {
            questions.retain(|question| question.from == from || question.id != *id);
            return;
        }
        // It is sent again with its request.
        let again = questions.iter().any(|known| known.from == from && known.id == *id);
        if again || (self.restart_due && from == Side::Client) {
            return;
        }
        if questions.len() == REMEMBERED {
            questions.pop_front();
        }
        let (id, to, subject) = (id.clone(), summary.to.clone(), summary.subject.clone());
        let foreign = !summary.namespace_ok;
        questions.push_back(Question { from, id, to, subject, at: view.at, foreign });
    }
}

fn report(
    session: &Session,
    side: Side,
    questions: &[&Question],
    now: Duration,
    found: &mut Findings,
) {
    let [first, ..] = questions else { return };
    // A side that says nothing at all has another problem.
    let heard = session
        .link
        .line()
        .is_none_or(|line| line.last[side.other() as usize].is_some_and(|last| last > first.at));
    if !session.is_alive() || !heard {
        return;
    }
    let own = session.jid().map(jid::before_slash).unwrap_or_default();
    let of_server = |question: &&&Question| match question.to.as_deref() {
        None => true,
        Some(to) => {
            jid::before_slash(to) == own || (!jid::has_local_part(to) && to == jid::domain(own))
        }
    };
    let names: Vec<_> = questions.iter().map(|question| name(question)).collect();
    let (party, who) = match side {
        Side::Server => (Party::Client, "The client"),
        Side::Client if questions.iter().all(|it| of_server(&it)) => (Party::Server, "The server"),
        Side::Client => (Party::Nobody, "Whoever was asked"),
    };
    let (level, party, why) = if first.foreign {
        let why = "Not being in jabber:client, it is not taken for a stanza, so no answer is due.";
        (Level::Note, Party::from(side), why.to_owned())
    } else {
        let why = format!(
            "{who} has to answer each iq of type get or set with a result or an error; until then the other side waits."
        );
        (Level::Warning, party, why)
    };
    let words = format!(
        "{} {} had no answer for {}: {}. {why}",
        counted(questions.len(), "iq"),
        if questions.len() == 1 { "has" } else { "have" },
        words(now.saturating_sub(first.at)),
        list(&names)
    );
    found.add(&kinds::IQ_UNANSWERED, None, level, party, words);
}

/// `roster (#2)`.
fn name(question: &Question) -> String {
    let subject = if question.subject.is_empty() { "iq" } else { &question.subject };
    let to = question.to.as_deref().map(|to| format!(" to {}", short(to))).unwrap_or_default();
    format!("{}{to} (id {})", short(subject), short(&question.id))
}

#[cfg(test)]
#[path = "unanswered_tests.rs"]
mod tests;
