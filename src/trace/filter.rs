//! The language of `--filter`: which messages, and which stanzas in them, are shown. Described for users in
//! `docs/reference/filter.md`.
//!
//! An expression is evaluated for every stanza of a message, and once for anything without stanzas. Predicates on the
//! message hold for all of its stanzas. A message is kept if the expression holds for at least one of them; the
//! stanzas for which it does not hold are left out.

mod parse;
mod predicate;
#[cfg(test)]
mod tests;

use super::{Effect, Event, Exchange, Fact, Message, Session, SessionId, Stanza, Story};
use crate::diag::Diagnostic;
use crate::diag::logic::Logic;
use crate::wire::Side;
use predicate::Predicate;

/// A filter expression.
#[derive(Debug, Clone)]
pub struct Filter(Option<Logic<Predicate>>);

/// What a filter decides about: an event, with what is known of it. An event may be none where time alone makes a
/// finding.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    event: Option<&'a Event>,
    effect: &'a Effect,
    sessions: Vec<&'a Session>,
    findings: Vec<Mark<'a>>,
}

/// What a filter knows of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    /// Its name.
    pub name: &'a str,
    /// The requirement that is not kept.
    pub requirement: Option<&'a str>,
    /// 0 for a note, 1 for a warning, 2 for an error.
    pub level: u8,
}

/// What a filter keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whether the message, or the event, is to be shown.
    pub message: bool,
    /// Which of its stanzas are to be shown; empty if all of them are.
    pub stanzas: Vec<bool>,
}

impl Kept {
    /// Everything.
    pub fn all() -> Self {
        Self { message: true, stanzas: Vec::new() }
    }

    /// Whether the stanza with this index is to be shown.
    pub fn stanza(&self, index: usize) -> bool {
        self.message && self.stanzas.get(index).is_none_or(|&kept| kept)
    }

    /// How many stanzas of a shown message are left out.
    pub fn left_out(&self) -> usize {
        self.stanzas.iter().filter(|&&kept| !kept).count()
    }
}

impl<'a> Subject<'a> {
    /// An event, what it means in the story, and the session it belongs to.
    pub fn new(
        event: Option<&'a Event>,
        effect: &'a Effect,
        session: Option<SessionId>,
        story: &'a Story,
    ) -> Self {
        // A connection that is lost belongs to the sessions whose requests are lost with it.
        let lost = effect.abandoned.iter().filter_map(|exchange| exchange.session());
        let sessions = session.into_iter().chain(lost).filter_map(|id| story.session(id)).collect();
        Self { event, effect, sessions, findings: Vec::new() }
    }

    /// The same, with what is not normal about it.
    #[must_use]
    pub fn with(mut self, findings: impl IntoIterator<Item = Mark<'a>>) -> Self {
        self.findings.extend(findings);
        self
    }

    fn message(&self) -> Option<&'a Message> {
        self.effect.message.as_ref()
    }

    /// The request that it is, that it answers, or the requests that will not be answered because of it.
    fn exchanges(&self) -> impl Iterator<Item = &'a Exchange> {
        self.message()
            .and_then(|message| message.exchange.as_ref())
            .into_iter()
            .chain(&self.effect.abandoned)
            .map(|exchange| &**exchange)
    }

    fn direction(&self) -> Option<Side> {
        match &self.event?.fact {
            Fact::Request(_) => Some(Side::Client),
            Fact::Response(_) => Some(Side::Server),
            Fact::Raw(raw) => Some(raw.from),
            Fact::Ended { by, .. } => Some(*by),
            _ => None,
        }
    }

    fn content(&self) -> &'a [u8] {
        match self.event.map(|event| &event.fact) {
            Some(Fact::Request(request)) => &request.content.bytes,
            Some(Fact::Response(response)) => &response.content.bytes,
            Some(Fact::Raw(raw)) => &raw.bytes,
            Some(Fact::Failed { cause }) => cause.as_bytes(),
            _ => &[],
        }
    }
}

impl Filter {
    /// The filter that keeps everything.
    pub fn all() -> Self {
        Self(None)
    }

    /// Reads an expression. A mistake is shown at its place.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        parse::parse(text).map(|expression| Self(Some(expression)))
    }

    /// Decides.
    pub fn keep(&self, subject: &Subject<'_>) -> Kept {
        let Some(expression) = &self.0 else { return Kept::all() };
        let holds = |stanza: Option<&Stanza>| {
            expression.holds(&|predicate: &Predicate| predicate.holds(subject, stanza))
        };
        let stanzas = subject.message().map_or(&[][..], |message| &message.stanzas);
        if stanzas.is_empty() {
            return Kept { message: holds(None), stanzas: Vec::new() };
        }
        let stanzas: Vec<bool> = stanzas.iter().map(|stanza| holds(Some(stanza))).collect();
        Kept { message: stanzas.contains(&true), stanzas }
    }
}
