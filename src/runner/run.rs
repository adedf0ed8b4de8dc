//! One run of a scenario, put together: the setting, who acts, what was sent, what is known. Each part has a file of its own;
//! here stand the look-ups that need several of them.

use std::sync::Arc;
use std::time::Duration;

use super::cast::{Actor, Cast};
use super::chance::Chance;
use super::fields;
use super::heart::Heart;
use super::ledger::{Ledger, SentRequest};
use super::report::Report;
use super::spent::Spent;
use super::stop::{Done, Stop};
use super::target::Target;
use super::variables::Variables;
use super::wire::{ConnId, ReceivedResponse, SentId, Wire};
use crate::scenario::matching::FailureKind;
use crate::scenario::vars::{Environment, Value};
use crate::scenario::{Located, Place, Reference, Scenario, Template, Timespan};

/// What a run does not change.
pub(super) struct Setting {
    pub(super) scenario: Arc<Scenario>,
    pub(super) target: Arc<Target>,
    pub(super) wire: Wire,
    /// Where time is real.
    pub(super) heart: Option<Arc<Heart>>,
    /// Time that a round trip takes.
    pub(super) round_trip: Duration,
}

/// A run.
pub(super) struct Run {
    pub(super) setting: Setting,
    pub(super) cast: Cast,
    pub(super) ledger: Ledger,
    pub(super) variables: Variables,
    pub(super) chance: Chance,
    pub(super) report: Report,
    pub(super) spent: Spent,
}

impl Run {
    pub(super) fn wire(&self) -> &Wire {
        &self.setting.wire
    }

    pub(super) fn target(&self) -> &Target {
        &self.setting.target
    }

    pub(super) fn now(&self) -> Duration {
        self.setting.wire.now()
    }

    /// The actor that is named, or the client.
    pub(super) fn actor(&self, by: Option<&Reference>) -> Done<usize> {
        let Some(by) = by else { return Ok(0) };
        self.actor_named(by)
    }

    pub(super) fn actor_named(&self, by: &Reference) -> Done<usize> {
        let name = numbered(&by.name.value, self.nth(by)?);
        self.cast.find(&name).ok_or_else(|| {
            Stop::Broken(by.name.place.clone(), format!("there is no actor `{name}`"))
        })
    }

    fn nth(&self, reference: &Reference) -> Done<Option<u64>> {
        let Some(nth) = &reference.nth else { return Ok(None) };
        let value = nth.evaluate(self)?;
        value.count().map(Some).map_err(|why| Stop::Broken(nth.place.clone(), why))
    }

    /// Something that was sent.
    pub(super) fn sent(&self, reference: &Reference) -> Done<&SentRequest> {
        let name = &reference.name;
        let nth = self.nth(reference)?;
        self.ledger.find(&name.value, nth).ok_or_else(|| {
            Stop::Broken(name.place.clone(), format!("`{}` was not sent", name.value))
        })
    }

    /// The response to something sent, if it has come.
    pub(super) fn got(&self, sent: SentId) -> Option<Arc<ReceivedResponse>> {
        self.wire().progress(sent).got
    }

    /// When something that is named was done: the last byte of a request written, a stanza given away.
    pub(super) fn time_of(&self, reference: &Reference) -> Done<Duration> {
        if let Some(at) = self.variables.moment(&reference.name.value) {
            return Ok(at);
        }
        let sent = self.sent(reference)?;
        self.wire().progress(sent.id).written.ok_or_else(|| {
            let name = &reference.name;
            Stop::Broken(name.place.clone(), format!("`{}` was not sent to its end", name.value))
        })
    }

    /// The connection of this name.
    pub(super) fn conn(&self, name: &Located<String>) -> Done<ConnId> {
        let of_actor = || self.cast.named(&name.value)?.stream()?.conn();
        self.ledger.conn(&name.value).or_else(of_actor).ok_or_else(|| {
            Stop::Broken(name.place.clone(), format!("there is no connection `{}` yet", name.value))
        })
    }

    /// A text with its variables.
    pub(super) fn text(&self, template: &Located<Template>) -> Done<String> {
        Ok(template.text(self)?)
    }

    /// The same, if there is one.
    pub(super) fn text_of(&self, template: Option<&Located<Template>>) -> Done<Option<String>> {
        template.map(|template| self.text(template)).transpose()
    }

    pub(super) fn span_or(
        &self,
        span: Option<&Located<Timespan>>,
        usual: Duration,
    ) -> Done<Duration> {
        Ok(span.map(|span| span.resolve(self)).transpose()?.unwrap_or(usual))
    }

    /// The domain that an actor's session is opened to.
    pub(super) fn domain_of(&self, actor: usize) -> String {
        fields::domain(self.cast.get(actor), self.target())
    }

    /// An expectation was not met: noted; the run goes on unless it is demanded.
    pub(super) fn fail(
        &mut self,
        kind: FailureKind,
        place: &Place,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Done {
        self.fail_in_time(kind, place, expected, seen, None)
    }

    /// The same, where a lag of this machine could be the reason.
    pub(super) fn fail_in_time(
        &mut self,
        kind: FailureKind,
        place: &Place,
        expected: impl Into<String>,
        seen: impl Into<String>,
        lag: Option<Duration>,
    ) -> Done {
        let now = self.now();
        self.report.fail(now, kind, place, expected.into(), seen.into(), lag)
    }

    /// The lag of this machine that could explain a delay.
    pub(super) fn lag(&self, since: Duration, excess: Duration) -> Option<Duration> {
        let lag = self.setting.heart.as_ref()?.lag(since, self.now());
        (lag >= excess).then_some(lag)
    }
}

fn numbered(name: &str, nth: Option<u64>) -> String {
    nth.map_or_else(|| name.to_owned(), |nth| format!("{name}[{nth}]"))
}

impl Environment for Run {
    fn value(&self, base: &str, nth: Option<u64>, fields: &[String]) -> Option<Value> {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        if nth.is_none()
            && fields.is_empty()
            && let Some(value) = self.variables.value(base)
        {
            return Some(value.clone());
        }
        let target = self.target();
        let of_actor = |actor: &Actor, fields: &[String]| fields::actor(actor, target, fields);
        match (base, fields) {
            ("domain", []) => {
                let domain = |actor: &Actor| fields::domain(actor, target);
                text(&self.cast.client().map_or_else(|| target.domain.clone(), domain))
            }
            ("rooms", []) => target.rooms.as_deref().and_then(text),
            ("path", []) => text(&target.address.path),
            ("host", []) => text(&target.address.authority()),
            ("url", []) => text(&format!("{}{}", target.address, target.address.path)),
            (terms @ ("granted" | "asked"), [name]) => {
                of_actor(self.cast.first()?, &[terms.to_owned(), name.clone()])
            }
            _ => {
                let account = || fields::account(target, base, fields);
                if let Some(actor) = self.cast.named(&numbered(base, nth)) {
                    return of_actor(actor, fields).or_else(account);
                }
                account().or_else(|| {
                    let sent = self.ledger.find(base, nth)?;
                    fields::sent(sent, &self.wire().progress(sent.id), fields)
                })
            }
        }
    }

    fn random(&self, length: usize) -> String {
        self.chance.text(length)
    }

    fn made(&self, bytes: usize) -> Result<(), String> {
        self.spent.text(bytes)
    }
}
