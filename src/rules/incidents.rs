//! Incidents: findings that have one cause. The first one explains it and gets a number; what comes later is short, and
//! points to it. This is the one place that says what can follow from what; rules do not know each other.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHasher};

use super::causes::{Reach, Row, row};
use super::finding::{Finding, Incident, Level, Party, Thread};
use super::kinds::{self, Kind};
use super::memory::PerSession;
use super::words::nth;
use crate::bosh::BodyType;
use crate::clock::words;
use crate::trace::{Effect, Fact, Reading, SessionId, Story};
use crate::xmpp::{ns, stream_condition};

/// So many incidents are remembered by what they are about, to find repetitions.
const KNOWN: usize = 4096;
/// So many requests with a possible cause are remembered until they are answered.
const OPEN: usize = 4096;
/// So many possible causes are remembered for a session, the latest.
const CAUSES: usize = 16;
/// A note that follows from something says so within this time.
const NEAR: Duration = Duration::from_secs(5);
/// If the same event has one of these, it is about the same thing as the finding before it; of a status, only a note.
const BESIDE: [Kind; 2] = [kinds::CORS_HIDDEN, kinds::HTTP_STATUS];
/// Notes of these kinds are the effect of what was reported right before.
const EFFECTS: [Kind; 4] =
    [kinds::STREAM_ERROR, kinds::LOGIN_FAILED, kinds::SM_HANDLED_TOO_HIGH, kinds::WS_COMPLAINT];

/// Where findings were made.
pub(super) struct Scene<'a> {
    pub(super) at: Duration,
    /// The event; none if only time passed.
    pub(super) fact: Option<&'a Fact>,
    pub(super) effect: &'a Effect,
    pub(super) session: Option<SessionId>,
}

/// A finding from which others may follow.
#[derive(Debug, Clone, Copy)]
struct Cause {
    at: Duration,
    row: &'static Row,
    level: Level,
    party: Party,
    incident: Option<u32>,
}

/// Decides which findings belong together.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    count: u32,
    /// Incidents by what they are about, and how often that came.
    known: FxHashMap<u64, (u32, u32)>,
    /// What may have effects in the response to a request, by exchange.
    requests: FxHashMap<u64, Vec<Cause>>,
    sessions: PerSession<State>,
}

#[derive(Debug, Default)]
struct State {
    causes: Vec<Cause>,
    /// The last incident, and when it was seen last.
    last: Option<(Duration, u32)>,
}

impl Incidents {
    /// Gives findings their incidents, and shortens what follows from others.
    pub(super) fn take(&mut self, scene: &Scene<'_>, story: &Story, findings: &mut [Finding]) {
        let exchange = scene.effect.message.as_ref().and_then(|it| it.exchange.as_ref());
        let exchange = exchange.map(|exchange| exchange.number);
        let exchange = exchange.or_else(|| Some(scene.effect.abandoned.first()?.number));
        if let Some(id) = scene.session.filter(|_| is_good(scene))
            && let Some(state) = self.sessions.get(id)
        {
            state.causes.retain(|cause| !matches!(cause.row.reach, Reach::Unanswered));
        }
        let mut beside = None;
        for finding in findings {
            let symptom = symptom(finding, scene).filter(|_| !finding.by_fault);
            let cause = symptom.and_then(|symptom| self.cause(&symptom, exchange, scene));
            if let Some(cause) = cause {
                self.follows(finding, &cause, scene.at);
            } else if let Some(number) = beside.filter(|_| is_beside(finding)) {
                finding.incident = Some(Incident::Follows(number));
            } else if finding.level > Level::Note {
                self.repeats(finding);
            } else if EFFECTS.contains(finding.kind) {
                self.points_back(finding, scene);
            }
            let number = finding.incident.map(Incident::number);
            beside = beside.or(number);
            self.remember(finding, number, exchange, scene, story);
        }
        if matches!(scene.fact, Some(Fact::Response(_))) || !scene.effect.abandoned.is_empty() {
            let abandoned = scene.effect.abandoned.iter().map(|exchange| exchange.number);
            for number in exchange.into_iter().chain(abandoned) {
                self.requests.remove(&number);
            }
        }
    }

    /// What may have caused this symptom.
    fn cause(&mut self, symptom: &str, exchange: Option<u64>, scene: &Scene<'_>) -> Option<Cause> {
        let explains = |cause: &&Cause| {
            let age = scene.at.saturating_sub(cause.at);
            cause.row.symptoms.contains(&symptom) && age <= cause.row.reach.within()
        };
        let of_request = exchange.and_then(|number| self.requests.get(&number));
        let found = of_request.and_then(|causes| causes.iter().find(explains));
        found.copied().or_else(|| {
            let state = self.sessions.get(scene.session?)?;
            state.causes.iter().rev().find(explains).copied()
        })
    }

    /// This finding is the effect of another one.
    fn follows(&mut self, finding: &mut Finding, cause: &Cause, at: Duration) {
        let see = cause.incident.map(|number| format!(" (see #{number})")).unwrap_or_default();
        if finding.level == Level::Note {
            finding.words += &see_also(cause.incident);
        } else {
            let ago = at.saturating_sub(cause.at);
            let ago = match ago.as_millis() {
                0..100 => String::new(),
                _ => format!(" {} before", words(ago)),
            };
            let is_sure = cause.incident.is_some() && cause.row.likely.is_none();
            let surely = if is_sure { "" } else { "probably " };
            let how = cause.row.likely.map(|how| format!(", {how}")).unwrap_or_default();
            let first = first_sentence(&finding.words);
            finding.words =
                format!("{first} It {surely}follows from {}{ago}{how}{see}.", cause.row.phrase);
        }
        finding.party = cause.party;
        match cause.incident {
            Some(number) => {
                finding.incident = Some(Incident::Follows(number));
                finding.level = Level::Note;
            }
            None if finding.level > Level::Note => self.repeats(finding),
            None => {}
        }
    }

    /// A finding that begins an incident, or repeats one.
    fn repeats(&mut self, finding: &mut Finding) {
        let gist = gist(finding);
        if let Some((number, times)) = self.known.get_mut(&gist) {
            *times = times.saturating_add(1);
            finding.incident = Some(Incident::Follows(*number));
            if !matches!(finding.thread, Some(Thread::On(_))) {
                let first = first_sentence(&finding.words).trim_end_matches('.');
                finding.words = format!("{first}, for the {} time.", nth(*times));
            }
            finding.words += &see_also(Some(*number));
            return;
        }
        self.count = self.count.saturating_add(1);
        if self.known.len() < KNOWN {
            self.known.insert(gist, (self.count, 1));
        }
        finding.incident = Some(Incident::Begins(self.count));
    }

    /// A note that says itself that it follows from what came before.
    fn points_back(&mut self, finding: &mut Finding, scene: &Scene<'_>) {
        let last = scene.session.and_then(|id| self.sessions.get(id)).and_then(|state| state.last);
        if let Some((at, number)) = last
            && scene.at.saturating_sub(at) <= NEAR
        {
            finding.incident = Some(Incident::Follows(number));
            finding.words += &see_also(Some(number));
        }
    }

    /// Keeps in mind what may have effects.
    fn remember(
        &mut self,
        finding: &Finding,
        incident: Option<u32>,
        exchange: Option<u64>,
        scene: &Scene<'_>,
        story: &Story,
    ) {
        if let (Some(id), Some(number)) = (scene.session, incident) {
            self.sessions.of(id, story).last = Some((scene.at, number));
        }
        let status = match scene.fact {
            Some(Fact::Response(response)) => Some(response.status),
            _ => None,
        };
        let Some(row) = row(finding, status) else { return };
        let (at, level, party) = (scene.at, finding.level, finding.party);
        let cause = Cause { at, row, level, party, incident };
        match (row.reach, exchange, scene.session) {
            (Reach::Request, Some(number), _) => {
                if self.requests.len() >= OPEN {
                    self.requests.clear();
                }
                let causes = self.requests.entry(number).or_default();
                // The gravest comes first.
                let place = causes.iter().position(|other| other.level < level);
                causes.insert(place.unwrap_or(causes.len()), cause);
                causes.truncate(CAUSES);
            }
            (Reach::Session | Reach::Within(_) | Reach::Unanswered, _, Some(id)) => {
                let state = self.sessions.of(id, story);
                if state.causes.len() >= CAUSES {
                    state.causes.remove(0);
                }
                state.causes.push(cause);
            }
            _ => {}
        }
    }
}

/// Whether a request of a session was answered, and the session goes on.
fn is_good(scene: &Scene<'_>) -> bool {
    let Some(Fact::Response(response)) = scene.fact else { return false };
    let reading = scene.effect.message.as_ref().map(|message| &message.reading);
    response.status == 200
        && matches!(reading, Some(Reading::Body(body)) if body.kind() == BodyType::Ordinary)
}

fn is_beside(finding: &Finding) -> bool {
    BESIDE.contains(finding.kind)
        && (finding.level == Level::Note || *finding.kind != kinds::HTTP_STATUS)
}

/// ` See #3.`
fn see_also(incident: Option<u32>) -> String {
    incident.map(|number| format!(" See #{number}.")).unwrap_or_default()
}

/// What a finding may be the effect of: the name of a condition, or of a status that stands for one (XEP-0124 §17.1).
fn symptom(finding: &Finding, scene: &Scene<'_>) -> Option<String> {
    let kind = *finding.kind;
    if kind == kinds::CLIENT_GAVE_UP && finding.level > Level::Note {
        return Some("gave-up".to_owned());
    }
    if kind == kinds::SESSIONS_UNUSED {
        return Some("unused".to_owned());
    }
    if kind == kinds::POLL_STORM {
        return Some("storm".to_owned());
    }
    if kind == kinds::RECOVERABLE_ERROR {
        return Some("recoverable".to_owned());
    }
    let message = scene.effect.message.as_ref()?;
    if kind == kinds::TERMINATED {
        let Reading::Body(body) = &message.reading else { return None };
        let error = body.element().child(ns::STREAMS, "error").and_then(stream_condition);
        let inner = error.map(|error| error.name().to_owned());
        return inner.or_else(|| body.text("condition").map(str::to_owned));
    }
    if kind == kinds::STREAM_ERROR {
        let error = match &message.reading {
            Reading::Element(error) => Some(&**error),
            Reading::Body(body) => body.element().child(ns::STREAMS, "error"),
            _ => None,
        };
        return error.and_then(stream_condition).map(|error| error.name().to_owned());
    }
    if kind == kinds::HTTP_STATUS {
        let Some(Fact::Response(response)) = scene.fact else { return None };
        // What its content says is a finding of its own.
        if matches!(&message.reading, Reading::Body(body) if body.text("condition").is_some()) {
            return None;
        }
        let condition = match response.status {
            400 => "bad-request",
            405 | 501 => "method-not-allowed",
            411 => "length-required",
            // What is in between may mean the path.
            403 if finding.party != Party::Between => "policy-violation",
            404 if finding.party != Party::Between => "item-not-found",
            _ => return None,
        };
        return Some(condition.to_owned());
    }
    None
}

/// What an incident is about: the same words but for numbers and quotations.
fn gist(finding: &Finding) -> u64 {
    let mut hasher = FxHasher::default();
    if let Some(thread) = &finding.thread {
        thread.hash(&mut hasher);
        return hasher.finish();
    }
    (finding.kind.name, finding.requirement, finding.party, finding.level).hash(&mut hasher);
    let mut quoted = false;
    for char in finding.words.chars() {
        quoted ^= char == '"';
        if !quoted && !char.is_ascii_digit() && char != '.' {
            char.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The first sentence of a finding: up to a full stop that is not in a quotation.
pub(super) fn first_sentence(words: &str) -> &str {
    let mut quoted = false;
    let mut before = ' ';
    for (at, char) in words.char_indices() {
        quoted ^= char == '"';
        if char == ' ' && before == '.' && !quoted {
            return &words[..at];
        }
        before = char;
    }
    words
}

#[cfg(test)]
#[path = "incidents_tests.rs"]
mod tests;
