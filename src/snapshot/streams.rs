//! Where the elements of a stream stand in a transcript. Each that the client sends begins an exchange. What the server sends
//! stands in the exchange that it answers; what answers nothing, in the latest one.

use std::collections::HashMap;

use crate::trace::SessionId;
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{Header, ns};

/// The exchanges of each session that wait for something.
#[derive(Debug, Default)]
pub(super) struct Streams {
    sessions: HashMap<SessionId, Waiting>,
}

/// Exchanges are named by their places among those of the session.
#[derive(Debug, Default)]
struct Waiting {
    questions: Vec<(Question, usize)>,
    /// The exchange that brings stream features next.
    features: Option<usize>,
}

/// What a client's element asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Question {
    /// An iq with this id.
    Iq(String),
    Open,
    Close,
    Login,
    Tls,
    /// Stream management.
    Management,
}

impl Streams {
    /// The exchange in which an element stands, of so many in its session so far; none for a new one.
    pub(super) fn place(
        &mut self,
        session: SessionId,
        from: Side,
        element: &Element,
        count: usize,
    ) -> Option<usize> {
        let waiting = self.sessions.entry(session).or_default();
        match from {
            Side::Client => {
                waiting.questions.extend(question(element).map(|question| (question, count)));
                None
            }
            Side::Server => waiting.answered(element).or(count.checked_sub(1)),
        }
    }

    /// One session turns out to be another, which has so many exchanges so far.
    pub(super) fn join(&mut self, new: SessionId, old: SessionId, count: usize) {
        let mut joined = self.sessions.remove(&new).unwrap_or_default();
        for (_, place) in &mut joined.questions {
            *place += count;
        }
        joined.features = joined.features.map(|place| place + count);
        self.sessions.insert(old, joined);
    }
}

impl Waiting {
    /// The exchange that an element of the server answers.
    fn answered(&mut self, element: &Element) -> Option<usize> {
        if element.is(ns::STREAMS, "features") {
            return self.features;
        }
        let question = answer(element)?;
        let at = self.questions.iter().position(|(asked, _)| *asked == question)?;
        let (_, place) = self.questions.remove(at);
        if matches!(question, Question::Open | Question::Login) {
            self.features = Some(place);
        }
        Some(place)
    }
}

fn question(element: &Element) -> Option<Question> {
    let kind = element.attr("type").unwrap_or_default();
    Some(match (element.namespace(), element.name()) {
        _ if Header::opens(element) => Question::Open,
        (ns::FRAMING, "close") => Question::Close,
        (ns::CLIENT, "iq") if matches!(kind, "get" | "set") => {
            Question::Iq(element.attr("id")?.to_owned())
        }
        (ns::SASL | ns::SASL2, _) => Question::Login,
        (ns::TLS, "starttls") => Question::Tls,
        (ns::SM2 | ns::SM3, "enable" | "resume") => Question::Management,
        _ => return None,
    })
}

fn answer(element: &Element) -> Option<Question> {
    let kind = element.attr("type").unwrap_or_default();
    Some(match (element.namespace(), element.name()) {
        _ if Header::opens(element) => Question::Open,
        (ns::FRAMING, "close") => Question::Close,
        (ns::CLIENT, "iq") if matches!(kind, "result" | "error") => {
            Question::Iq(element.attr("id")?.to_owned())
        }
        (ns::SASL | ns::SASL2, _) => Question::Login,
        (ns::TLS, _) => Question::Tls,
        (ns::SM2 | ns::SM3, "enabled" | "resumed" | "failed") => Question::Management,
        _ => return None,
    })
}

/// Whether an element only counts stanzas: when it comes depends on the pace of both sides.
pub(super) fn only_counts(element: &Element) -> bool {
    matches!(element.namespace(), ns::SM2 | ns::SM3) && matches!(element.name(), "r" | "a")
}
