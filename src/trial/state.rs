//! A trial under way: what its steps share.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bench::Bench;
use super::command::Client;
use super::events::Mark;
use super::process::Process;
use super::server::Site;
use crate::clock::Clock;
use crate::runner::{Done, Job, Report, Stop};
use crate::scenario::matching::FailureKind;
use crate::scenario::{ClientTest, ClientVariables, Located, Place, Template, Timespan};
use crate::trace::filter::Filter;

/// A trial under way.
pub(super) struct Trial<'a> {
    pub(super) bench: &'a Bench,
    pub(super) test: &'a ClientTest,
    pub(super) job: &'a Job,
    pub(super) variables: ClientVariables,
    pub(super) site: &'a Site,
    pub(super) clock: Clock,
    pub(super) report: &'a mut Report,
    pub(super) process: Option<Process>,
    /// Why it could not be started.
    pub(super) unstarted: Option<String>,
    pub(super) started: bool,
    /// When the latest step began that did something.
    pub(super) latest: Duration,
    /// When the step before that began that did something.
    pub(super) before: Duration,
    /// Where what the step looks for has come.
    pub(super) found: Option<Mark>,
    /// Where those with a name began, or what they look for has come.
    pub(super) named: BTreeMap<String, Mark>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        bench: &'a Bench,
        job: &'a Job,
        test: &'a ClientTest,
        variables: ClientVariables,
        site: &'a Site,
        clock: Clock,
        report: &'a mut Report,
    ) -> Self {
        Self {
            bench,
            test,
            job,
            variables,
            site,
            clock,
            report,
            process: None,
            unstarted: None,
            started: false,
            latest: site.watch.now(),
            before: site.watch.now(),
            found: None,
            named: BTreeMap::new(),
        }
    }

    /// Whether a person starts the client.
    pub(super) fn is_by_hand(&self) -> bool {
        matches!(self.bench.client, Client::Person)
    }

    pub(super) fn now(&self) -> Duration {
        self.site.watch.now()
    }

    /// From where on something is looked for.
    pub(super) fn since(&self, since: Option<&Located<String>>) -> Mark {
        let named = since.and_then(|name| self.named.get(&name.value));
        named.copied().unwrap_or(Mark::at(self.latest))
    }

    /// The time until which something may come.
    pub(super) fn deadline(
        &self,
        within: Option<&Located<Timespan>>,
        usual: Duration,
    ) -> Done<Duration> {
        let within = within.map(|one| one.resolve(&self.variables)).transpose()?;
        // What the scenario says is a demand, not a matter of patience.
        let within = within.unwrap_or(usual) * self.bench.patience;
        Ok(self.now() + within)
    }

    pub(super) fn text(&self, template: &Located<Template>) -> Done<String> {
        Ok(template.text(&self.variables)?)
    }

    pub(super) fn filter(&self, template: &Located<Template>) -> Done<Filter> {
        let text = self.text(template)?;
        Filter::parse(&text).map_err(|wrong| Stop::Broken(template.place.clone(), wrong.message))
    }

    pub(super) fn fail(
        &mut self,
        kind: FailureKind,
        place: &Place,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Done {
        let now = self.now();
        self.report.fail(now, kind, place, expected.into(), seen.into(), None)
    }
}
