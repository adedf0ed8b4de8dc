//! Questions: which iq answers which, by `id` (RFC 6120 section 8.2.3).

use std::collections::VecDeque;
use std::time::Duration;

use crate::trace::reading::{Pair, Stanza};
use crate::wire::Side;
use crate::xmpp::Kind;

/// Questions without an answer that are remembered in one session.
const REMEMBERED: usize = 256;

/// An iq that waits for its answer.
#[derive(Debug, Clone)]
struct Question {
    from: Side,
    id: String,
    subject: String,
    namespaces: Vec<String>,
    noise: Option<&'static str>,
    rid: Option<u64>,
    at: Duration,
}

/// The questions of a session that wait for their answer, the oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Questions(VecDeque<Question>);

impl Questions {
    /// Takes a stanza. An answer is given its question; `rid` is that of the request that carried the stanza, or whose
    /// response did.
    pub(super) fn take(&mut self, from: Side, stanza: &mut Stanza, rid: Option<u64>, at: Duration) {
        let summary = &stanza.summary;
        let Some(id) = summary.id.as_ref().filter(|_| summary.kind == Kind::Iq) else { return };
        if summary.type_ == "get" || summary.type_ == "set" {
            self.ask(Question {
                from,
                id: id.clone(),
                subject: summary.subject.clone(),
                namespaces: summary.namespaces.clone(),
                noise: summary.noise,
                rid,
                at,
            });
        } else if let Some(place) = self.place(from.other(), id)
            && let Some(question) = self.0.remove(place)
        {
            if summary.type_ == "result" {
                // Most answers to chatter are empty: they are chatter as well.
                stanza.summary.noise = stanza.summary.noise.or(question.noise);
            }
            stanza.pair = Some(Pair {
                subject: question.subject,
                namespaces: question.namespaces,
                rid: question.rid,
                after: Some(at.saturating_sub(question.at)),
            });
        }
    }

    /// Remembers a question. If it is asked again, it keeps its place.
    fn ask(&mut self, question: Question) {
        match self.place(question.from, &question.id) {
            Some(place) => self.0[place] = question,
            None => self.0.push_back(question),
        }
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    fn place(&self, from: Side, id: &str) -> Option<usize> {
        self.0.iter().position(|open| open.from == from && open.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{self, Limits};

    /// Takes an iq; gives what it answers: the subject, the rid and the milliseconds since.
    fn take(
        questions: &mut Questions,
        (from, rid, at): (Side, u64, u64),
        text: &str,
    ) -> Option<(String, Option<u64>, u128)> {
        let text = format!("<iq xmlns='jabber:client' {text}</iq>");
        let mut stanza = Stanza::of(&xml::parse(text.as_bytes(), &Limits::default()).unwrap());
        questions.take(from, &mut stanza, Some(rid), Duration::from_millis(at));
        stanza.pair.map(|pair| (pair.subject, pair.rid, pair.after.unwrap().as_millis()))
    }

    #[test]
    fn an_answer_belongs_to_the_question_of_the_other_side_with_its_id() {
        let questions = &mut Questions::default();
        let ping = "type='get' id='1'><ping xmlns='urn:xmpp:ping'/>";
        assert_eq!(take(questions, (Side::Client, 10, 0), ping), None);
        assert_eq!(take(questions, (Side::Client, 11, 5), "type='result' id='1'>"), None);
        assert_eq!(take(questions, (Side::Server, 11, 5), "type='result' id='2'>"), None);
        let answer = Some(("ping".to_owned(), Some(10), 7));
        assert_eq!(take(questions, (Side::Server, 12, 7), "type='error' id='1'>"), answer);
        assert_eq!(take(questions, (Side::Server, 12, 8), "type='result' id='1'>"), None, "once");
    }

    #[test]
    fn the_oldest_questions_are_forgotten() {
        let questions = &mut Questions::default();
        for id in 0..=REMEMBERED {
            take(questions, (Side::Server, 10, 0), &format!("type='get' id='{id}'>"));
        }
        let mut answer = |id: usize| {
            take(questions, (Side::Client, 11, 0), &format!("type='result' id='{id}'>"))
        };
        assert!(answer(0).is_none());
        assert!(answer(1).is_some());
        assert!(answer(REMEMBERED).is_some());
        assert_eq!(questions.0.len(), REMEMBERED - 2, "two were answered");
    }
}
