//! What all sessions share while their acts become steps.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::acts::{Act, Session, received, sent};
use super::counts::{Counts, only_counts};
use super::learned::Learned;
use super::login::Login;
use super::patterns::{Expected, Patterns};
use super::script::{Pairs, Step};
use crate::snapshot::{Leaf, Tree};
use crate::trace::SessionId;

pub(super) const OWN: &str =
    "ends of sessions on which the server decided by itself (system-shutdown)";

/// What came so soon after the act before it came at once.
const SOON: Duration = Duration::from_millis(500);
/// What came later than this has to be waited for longer than is usual.
const LATE: Duration = Duration::from_secs(4);

/// What all sessions share while steps are made.
pub(super) struct Making<'a> {
    pub(super) patterns: Patterns<'a>,
    pub(super) learned: &'a Learned,
    pub(super) steps: Vec<Step>,
    /// What was not written: how often, by kind.
    pub(super) left_out: BTreeMap<&'static str, usize>,
    /// When the last act was of which there are steps.
    pub(super) last: Duration,
    /// Until when the steps wait for what came in the recording.
    pub(super) reached: Duration,
    /// Sessions that did something of which there is no step: what follows in them is left out.
    pub(super) spoilt: HashSet<SessionId>,
    /// The last act in which each session is told something.
    pub(super) last_heard: BTreeMap<SessionId, usize>,
    /// How many requests have which kind of name.
    pub(super) requests: BTreeMap<String, u32>,
}

impl Making<'_> {
    pub(super) fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }

    /// A session does something of which there is no step, for this reason.
    pub(super) fn spoil(&mut self, session: &Session, why: &'static str) {
        self.leave_out(why);
        self.spoilt.insert(session.id);
        self.patterns.spoilt.extend(session.jid.clone());
    }

    /// A name for a request that no other has.
    pub(super) fn request_name(&mut self, kind: &str) -> String {
        let count = self.requests.entry(kind.to_owned()).or_default();
        *count += 1;
        if *count == 1 { kind.to_owned() } else { format!("{kind}-{count}") }
    }

    /// The elements of a client that are sent again.
    pub(super) fn sent(&mut self, act: &Act, login: &Login, counts: &mut Counts) -> Vec<Tree> {
        let mut stanzas = Vec::new();
        for element in sent(act).filter(|element| !login.takes(element)) {
            let Some(element) = counts.said(element) else {
                self.leave_out(
                    "count(s) of stanzas, or requests for them (a session counts by itself)",
                );
                continue;
            };
            let stanza = self.patterns.sent(element);
            if is_hidden(&stanza) {
                self.leave_out("secret(s) of the client, which the recording hides");
            }
            stanzas.push(stanza);
        }
        stanzas
    }

    /// What is expected of the elements of a server.
    pub(super) fn expect(
        &mut self,
        number: usize,
        act: &Act,
        actor: Option<&String>,
        login: &Login,
    ) {
        if received(act).next().is_none() {
            return;
        }
        let before = std::mem::replace(&mut self.last, act.at);
        let gap = act.at.saturating_sub(before);
        let within = match gap {
            gap if gap < SOON => Some(Duration::from_secs(1)),
            gap if gap > LATE => Some(Duration::from_secs(2 * gap.as_secs() + 5)),
            _ => None,
        };
        let own = format!("${{{}.jid}}", actor.map_or("client", |name| name));
        for (place, element) in received(act).enumerate() {
            if login.takes(element) || only_counts(element) {
                continue;
            }
            let capture = self.learned.captures(number, place);
            match self.patterns.expected(element, &own) {
                Expected::LeftOut(why) if capture.is_empty() => self.leave_out(why),
                Expected::LeftOut(_) => {
                    let bare = Tree { nodes: Vec::new(), ..self.patterns.sent(element) };
                    self.push_expect(actor, bare, capture, within);
                }
                Expected::Like(stanza) => self.push_expect(actor, stanza, capture, within),
            }
        }
    }

    fn push_expect(
        &mut self,
        actor: Option<&String>,
        mut stanza: Tree,
        capture: Pairs,
        within: Option<Duration>,
    ) {
        for (variable, _) in &capture {
            forget(&mut stanza, &format!("${{{variable}}}"));
        }
        self.reached = self.last;
        self.steps.push(Step::Expect { actor: actor.cloned(), stanza, capture, within });
    }
}

/// Takes a value out of an element: it is not known before it is captured.
fn forget(element: &mut Tree, value: &str) {
    element.attributes.retain(|(_, known)| known != value);
    element.nodes.retain(|node| !matches!(node, Leaf::Text(text) if text.trim() == value));
    for node in &mut element.nodes {
        if let Leaf::Element(child) = node {
            forget(child, value);
        }
    }
}

fn is_hidden(element: &Tree) -> bool {
    let hidden = |text: &str| text.starts_with("[hidden");
    element.attributes.iter().any(|(_, value)| hidden(value))
        || element.nodes.iter().any(|node| match node {
            Leaf::Text(text) => hidden(text),
            Leaf::Element(child) => is_hidden(child),
        })
}
