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
use crate::trace::{Session, SessionId, Stanza, Story};
use crate::wire::Side;
use crate::xmpp::{Kind, jid};

/// An answer that has not come after this time is missed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Questions that came about the same time are reported together.
const TOGETHER: Duration = Duration::from_secs(5);
/// So many questions of a session are remembered.
const REMEMBERED: usize = 64;

/// Watches for answers.
#[derive(Debug, Default)]
pub struct Unanswered {
    sessions: Timed<VecDeque<Question>>,
}

#[derive(Debug)]
struct Question {
    from: Side,
    id: String,
    to: Option<String>,
    subject: String,
    at: Duration,
}

impl Rule for Unanswered {
    fn look(&mut self, moment: &Moment<'_>, _: &mut Findings) {
        if moment.hides_requests() {
            return self.sessions.clear();
        }
        let Some(view) = moment.stream() else { return };
        let iqs = view.message.stanzas.iter().filter(|stanza| stanza.summary.kind == Kind::Iq);
        if iqs.clone().next().is_none() {
            return;
        }
        let (questions, mut timer) = self.sessions.of(view.session.id, moment.story);
        for iq in iqs {
            take(questions, &view, iq);
        }
        match questions.front() {
            Some(first) => timer.set(first.at + PATIENCE),
            None => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, questions) = self.sessions.due(now, story)?;
        let mut missed = Vec::new();
        while let Some(question) = questions.front()
            && question.at + PATIENCE <= now + TOGETHER
        {
            missed.extend(questions.pop_front());
        }
        let next = questions.front().map(|question| question.at + PATIENCE);
        for side in [Side::Client, Side::Server] {
            let of_side: Vec<_> = missed.iter().filter(|question| question.from == side).collect();
            report(session, side, &of_side, now, found);
        }
        if let Some(due) = next {
            self.sessions.of(session.id, story).1.set(due);
        }
        Some(session.id)
    }
}

/// Takes an iq: a question, or the answer to one.
fn take(questions: &mut VecDeque<Question>, view: &StreamView<'_>, iq: &Stanza) {
    let (from, summary) = (view.from, &iq.summary);
    let Some(id) = &summary.id else { return };
    if matches!(&*summary.type_, "get" | "set") {
        // It is sent again with its request.
        if questions.iter().any(|known| known.from == from && known.id == *id) {
            return;
        }
        if questions.len() == REMEMBERED {
            questions.pop_front();
        }
        let (id, to, subject) = (id.clone(), summary.to.clone(), summary.subject.clone());
        questions.push_back(Question { from, id, to, subject, at: view.at });
    } else {
        questions.retain(|question| question.from == from || question.id != *id);
    }
}

/// Whether an answer could have come: the session lives, and there is a way.
fn is_alive(session: &Session) -> bool {
    if session.over {
        return false;
    }
    match session.bosh() {
        Some(link) => !link.open.is_empty(),
        None => session.link.line().is_some_and(|line| !line.gone && line.left.is_none()),
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
    if !is_alive(session) || !heard {
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
    let words = format!(
        "{} {} had no answer for {}: {}. {who} has to answer each iq of type get or set with a \
         result or an error; until then the other side waits.",
        counted(questions.len(), "iq"),
        if questions.len() == 1 { "has" } else { "have" },
        words(now.saturating_sub(first.at)),
        list(&names)
    );
    found.add(&kinds::IQ_UNANSWERED, None, Level::Warning, party, words);
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
