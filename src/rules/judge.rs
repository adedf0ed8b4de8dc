//! Passes every event of a trace to every rule, and wakes the rules that wait for a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::all::all;
use super::endpoint::Endpoints;
use super::excuses::Excuses;
use super::finding::{Finding, Findings};
use super::incidents::{Incidents, Scene};
use super::kinds;
use super::moment::Moment;
use super::needs::unfounded;
use super::observation::Observation;
use super::rule::Rule;
use crate::trace::{Effect, Event, Fact, Source, Story, Unknown};

/// Reads and judges a trace.
pub struct Judge {
    story: Story,
    endpoints: Endpoints,
    rules: Vec<Box<dyn Rule>>,
    excuses: Excuses,
    incidents: Incidents,
    /// The kinds of findings that are left out.
    unfounded: Option<Arc<BTreeSet<&'static str>>>,
    /// It is not known when things happened, so nothing took any time.
    untimed: bool,
}

impl Default for Judge {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Judge {
    /// A judge of what was read from this source, if it was not recorded here. Findings that rest on what it does not hold are
    /// left out.
    pub fn new(source: Option<&Source>) -> Self {
        Self {
            story: Story::default(),
            endpoints: Endpoints::default(),
            rules: all(),
            excuses: Excuses::default(),
            incidents: Incidents::default(),
            untimed: source.is_some_and(|source| source.unknown.contains(&Unknown::Times)),
            unfounded: source.map(|source| Arc::new(unfounded(&source.unknown))),
        }
    }

    /// The story so far.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Takes the next event; whatever was due earlier comes first.
    pub fn take(&mut self, event: Event, seen: &mut Vec<Observation>) {
        self.wake(event.at, seen);
        let mut effect = self.story.take(&event);
        if let Some(message) = effect.message.as_mut().filter(|_| self.untimed) {
            message.forget_times();
        }
        if let Some(message) = &effect.message {
            self.endpoints.learn(message);
        }
        let mut found = Findings::without(self.unfounded.clone());
        let moment = Moment::new(&event, &effect, &self.story, &self.endpoints);
        for rule in &mut self.rules {
            rule.look(&moment, &mut found);
        }
        let abandoned = || effect.abandoned.iter().find_map(|exchange| exchange.session());
        let session =
            effect.message.as_ref().and_then(|message| message.session).or(effect.session);
        let session = session.or_else(abandoned);
        let (at, mut findings) = (event.at, found.into_vec());
        if self.untimed {
            findings.iter_mut().for_each(Finding::forget_times);
        }
        self.excuses.take(&event, &effect, session, &self.story, &mut findings);
        let scene = Scene { at, fact: Some(&event.fact), effect: &effect, session };
        self.incidents.take(&scene, &self.story, &mut findings);
        if event.fact == Fact::Finished && findings.is_empty() {
            return;
        }
        seen.push(Observation { at, event: Some(event), effect, session, findings });
    }

    /// When [`Judge::wake`] has to be called, if no event comes before.
    pub fn deadline(&self) -> Option<Duration> {
        self.rules.iter().filter_map(|rule| rule.deadline()).min()
    }

    /// Time has passed.
    pub fn wake(&mut self, now: Duration, seen: &mut Vec<Observation>) {
        while let Some(due) = self.deadline().filter(|&due| due <= now) {
            for rule in &mut self.rules {
                while rule.deadline() == Some(due) {
                    let mut found = Findings::without(self.unfounded.clone());
                    let session = rule.wake(due, &self.story, &mut found);
                    for mut finding in found.into_vec() {
                        self.excuses.wake(due, session, &mut finding);
                        if let Some(id) = session.filter(|_| *finding.kind == kinds::SESSION_SILENT)
                        {
                            self.story.ended(id);
                        }
                        let (effect, mut findings) = (Effect::default(), vec![finding]);
                        let scene = Scene { at: due, fact: None, effect: &effect, session };
                        self.incidents.take(&scene, &self.story, &mut findings);
                        seen.push(Observation { at: due, event: None, effect, session, findings });
                    }
                }
            }
        }
    }
}
