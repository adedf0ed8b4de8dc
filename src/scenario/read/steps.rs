//! Steps: each a map whose first key names its kind.

use std::time::Duration;

use super::fields::Fields;
use super::reader::Reader;
use super::requests::END;
use super::values::items;
use crate::scenario::limits;
use crate::scenario::model::{
    Action, Connect, Count, Disconnect, Expect, Reference, Response, Step, StepKind, Timespan,
};
use crate::scenario::source::{Located, Place};
use crate::scenario::yaml::{Value, Yaml};

/// The kinds of steps, and whether each demands something: those may have `covers`, `level` and `says`.
pub(in super::super) const KINDS: [(&str, bool); 39] = [
    ("request", false),
    ("create", false),
    ("resend", false),
    ("raw", false),
    ("together", false),
    ("connect", false),
    ("disconnect", false),
    ("response", true),
    ("silent", true),
    ("disconnected", true),
    ("connected", true),
    ("order", true),
    ("alive", true),
    ("gone", true),
    ("drain", true),
    ("login", true),
    ("authenticate", true),
    ("starttls", true),
    ("secured", true),
    ("enable", true),
    ("resume", true),
    ("handshake", false),
    ("open", false),
    ("close", false),
    ("frame", false),
    ("receive", true),
    ("ended", true),
    ("lint", true),
    ("wait", false),
    ("send", false),
    ("expect", true),
    ("unseen", true),
    ("value", true),
    ("distinct", true),
    ("repeat", false),
    ("if", false),
    ("set", false),
    ("control", false),
    ("note", false),
];
/// Kinds by their earlier names, with what they are called now. These are not kinds any more: a file that uses one is
/// told the new name.
const RENAMED: [(&str, &str); 2] = [("closed", "disconnected"), ("kept", "connected")];
pub(in super::super) const ACTION: [(&str, Action); 4] = [
    ("stop", Action::Stop),
    ("start", Action::Start),
    ("stop-upstream", Action::StopUpstream),
    ("start-upstream", Action::StartUpstream),
];

impl Reader {
    pub(super) fn steps(&mut self, yaml: &Yaml) -> Vec<Step> {
        let many = "use `repeat`, or write several scenarios";
        self.each_step(yaml, "- request: poll", many, Self::step)
    }

    /// The steps of a list, each read by `read`; no more than a file may have. The texts help where there is no list, and where
    /// there are too many.
    pub(super) fn each_step<T, S: IntoIterator<Item = T>>(
        &mut self,
        yaml: &Yaml,
        example: &str,
        many: &str,
        read: impl Fn(&mut Self, &Yaml) -> S,
    ) -> Vec<T> {
        let Value::List(items) = &yaml.value else {
            let help = format!("each step begins with a dash: {example}");
            self.wrong_with_help(&yaml.place, "steps must be a list", "", help);
            return Vec::new();
        };
        let mut steps = Vec::new();
        for item in items {
            self.steps += 1;
            if self.steps > limits::STEPS {
                let message = format!("a file has at most {} steps", limits::STEPS);
                self.wrong_with_help(&item.place, message, "", many);
                break;
            }
            steps.extend(read(self, item));
        }
        steps
    }

    fn step(&mut self, yaml: &Yaml) -> Vec<Step> {
        let Some(mut fields) = self.fields(yaml, "a step") else { return Vec::new() };
        let Some((head, value)) = fields.take_first() else { return Vec::new() };
        let Some(&(name, demands)) = KINDS.iter().find(|(name, _)| *name == head.value) else {
            self.no_kind(head, &fields);
            return Vec::new();
        };
        fields.rename(format!("a `{name}` step"));
        let (mut covers, mut level, mut says) = (Vec::new(), None, None);
        if demands {
            covers = fields.take("covers").map_or(Vec::new(), |yaml| self.covers(yaml));
            level = self.level(&mut fields);
            says = fields.take("says").and_then(|says| self.template(says));
        }
        let kind = self.kind(name, &head.place, value, &mut fields);
        self.finish(&fields);
        let (place, kind_place) = (yaml.place.clone(), head.place.clone());
        let step = kind.map(|kind| Step { place, kind_place, kind, covers, level, says });
        let mut steps: Vec<Step> = step.into_iter().collect();
        if let Some(Step { kind: StepKind::Response(response), .. }) = steps.first() {
            let (response, first) = (response.clone(), steps[0].clone());
            let others = items(value).iter().skip(1).filter_map(|other| self.reference(other));
            steps.extend(others.map(|request| Step {
                kind: StepKind::Response(Box::new(Response { request, ..(*response).clone() })),
                ..first.clone()
            }));
        }
        steps
    }

    fn no_kind(&mut self, head: &Located<String>, fields: &Fields<'_>) {
        if let Some((old, new)) = RENAMED.iter().find(|(old, _)| *old == head.value) {
            let message = format!("the step `{old}` is now called `{new}`");
            self.wrong_with_help(&head.place, message, "old name", format!("write `{new}`"));
            return;
        }
        let kinds = || KINDS.iter().map(|(name, _)| *name);
        let misplaced = fields.left().find(|key| kinds().any(|kind| kind == key.value));
        let help = match misplaced {
            Some(key) => {
                format!("the kind of a step comes first: move `{}` to the front", key.value)
            }
            None => self.mistakes.suggest(head, kinds(), || {
                format!("the kinds are {}", kinds().collect::<Vec<_>>().join(", "))
            }),
        };
        let message = format!("unknown step `{}`", head.value);
        self.wrong_with_help(&head.place, message, "", help);
    }

    fn kind(
        &mut self,
        name: &str,
        head: &Place,
        value: &Yaml,
        fields: &mut Fields<'_>,
    ) -> Option<StepKind> {
        match name {
            "request" => self.request(value, fields).map(|r| StepKind::Request(Box::new(r))),
            "create" => self.request(value, fields).map(|r| StepKind::Create(Box::new(r))),
            "resend" => self.resend(value, fields),
            "raw" => self.raw(value, fields),
            "together" => Some(StepKind::Together(self.together(value))),
            "connect" => {
                let name = self.name(value);
                let via = self.via(fields);
                let certificate = fields.take("certificate").and_then(|name| self.account(name));
                Some(StepKind::Connect(Connect { name: name?, via, certificate }))
            }
            "disconnect" => {
                let connection = self.name(value);
                let how = self.end(fields);
                Some(StepKind::Disconnect(Disconnect { connection: connection?, how }))
            }
            "repeat" => Some(self.repeat(value, fields)),
            "if" => Some(self.conditional(value, fields)),
            "wait" => self.timespan(value).map(StepKind::Wait),
            "set" => Some(StepKind::Set(self.assignments(value))),
            "note" => self.template(value).map(StepKind::Note),
            "control" => {
                let action = self.word(value, "value of `control`", &ACTION);
                let name = fields.take("as").and_then(|name| self.name(name));
                Some(StepKind::Control { action: action?, name })
            }
            "handshake" => self.handshake(value, fields),
            "open" => {
                let actor = self.actor(head, value);
                self.tag(actor, fields).map(StepKind::Open)
            }
            "close" => {
                let actor = self.actor(head, value);
                self.tag(actor, fields).map(StepKind::Close)
            }
            "frame" => {
                let actor = self.actor(head, value);
                self.frame(actor, fields)
            }
            "send" => {
                let actor = self.actor(head, value);
                let stanza = self.required(fields, "stanza").and_then(|xml| self.pattern_xml(xml));
                let name = fields.take("as").and_then(|name| self.name(name));
                Some(StepKind::Send { actor: actor?, stanza: stanza?, name })
            }
            _ => self.demanding(name, head, value, fields),
        }
    }

    /// Kinds that demand something.
    fn demanding(
        &mut self,
        name: &str,
        head: &Place,
        value: &Yaml,
        fields: &mut Fields<'_>,
    ) -> Option<StepKind> {
        match name {
            "response" => self.response(value, fields),
            "silent" => {
                let requests = self.references(value);
                let during = self.during(fields);
                Some(StepKind::Silent { requests, during })
            }
            "disconnected" => {
                let connection = self.name(value);
                let within = self.time(fields, "within");
                let how = self.end(fields);
                Some(StepKind::Disconnected { connection: connection?, within, how })
            }
            "connected" => {
                let connection = self.name(value);
                let during = self.time(fields, "for");
                Some(StepKind::Connected { connection: connection?, during })
            }
            "order" => Some(StepKind::Order(self.references(value))),
            "alive" => {
                let within = self.time(fields, "within");
                Some(StepKind::Alive { actor: self.actor(head, value)?, within })
            }
            "gone" => {
                let within = self.time(fields, "within");
                Some(StepKind::Gone { actor: self.actor(head, value)?, within })
            }
            "drain" => self.actor(head, value).map(StepKind::Drain),
            "login" => self.actor(head, value).map(StepKind::Login),
            "authenticate" => self.actor(head, value).map(StepKind::Authenticate),
            "starttls" => self.actor(head, value).map(StepKind::StartTls),
            "secured" => {
                let actor = self.actor(head, value);
                self.secured(actor, fields)
            }
            "enable" | "resume" => {
                let actor = self.actor(head, value);
                let manage = Box::new(self.manage(actor, fields)?);
                Some(if name == "enable" {
                    StepKind::Enable(manage)
                } else {
                    StepKind::Resume(manage)
                })
            }
            "receive" => {
                let actor = self.actor(head, value);
                self.receive(actor, fields)
            }
            "ended" => {
                let actor = self.actor(head, value);
                self.ended(actor, fields)
            }
            "lint" => Some(StepKind::Lint(self.covers(value))),
            "expect" => {
                let actor = self.actor(head, value);
                let stanza = self.required(fields, "stanza").and_then(|xml| self.pattern_xml(xml));
                let since = fields.take("since").and_then(|name| self.reference(name));
                let within = self.time(fields, "within");
                let next = fields.take("next").and_then(|next| self.boolean(next));
                let capture = self.captures(fields);
                let (actor, stanza, next) = (actor?, stanza?, next.unwrap_or_default());
                Some(StepKind::Expect(Expect { actor, stanza, since, within, next, capture }))
            }
            "unseen" => {
                let actor = self.actor(head, value);
                let stanza = self.required(fields, "stanza").and_then(|xml| self.pattern_xml(xml));
                let during = self.during(fields);
                Some(StepKind::Unseen { actor: actor?, stanza: stanza?, during })
            }
            "value" => {
                let expected = Box::new(self.demands(fields));
                let value = self.template(value)?;
                Some(StepKind::Value { value, expected })
            }
            "distinct" => {
                let variable = self.name(value);
                let bits = fields.take("bits").and_then(|bits| self.count(bits, limits::BITS));
                Some(StepKind::Distinct { variable: variable?, bits })
            }
            _ => unreachable!("`{name}` stands in the list of kinds, and a test reads each"),
        }
    }

    fn response(&mut self, value: &Yaml, fields: &mut Fields<'_>) -> Option<StepKind> {
        let request = self.reference(items(value).first().unwrap_or(value));
        let since = fields.take("since").and_then(|name| self.reference(name));
        let within = self.time(fields, "within");
        let not_before = self.time(fields, "not-before");
        let after = fields.take("after").and_then(|name| self.reference(name));
        let expected = self.expectation(fields);
        let capture = self.captures(fields);
        let request = request?;
        let response = Response { request, since, within, not_before, after, expected, capture };
        Some(StepKind::Response(Box::new(response)))
    }

    fn together(&mut self, value: &Yaml) -> Vec<Step> {
        let steps = self.steps(value);
        for step in &steps {
            let sends = matches!(
                step.kind,
                StepKind::Request(_) | StepKind::Create(_) | StepKind::Resend(_)
            );
            if !sends {
                let message = "only `request`, `create` and `resend` can be sent together";
                self.wrong(&step.kind_place, message, "");
            }
        }
        steps
    }

    fn repeat(&mut self, value: &Yaml, fields: &mut Fields<'_>) -> StepKind {
        let times = self.count(value, limits::REPEAT);
        let counting = fields.take("counting").and_then(|name| self.name(name));
        let every = self.time(fields, "every");
        let steps = self.required(fields, "steps").map_or(Vec::new(), |steps| self.steps(steps));
        let times = times.unwrap_or_else(|| Located::new(Count::Fixed(1), value.place.clone()));
        StepKind::Repeat { times, counting, every, steps }
    }

    fn conditional(&mut self, value: &Yaml, fields: &mut Fields<'_>) -> StepKind {
        let items = items(value);
        let conditions: Vec<_> = items.iter().filter_map(|item| self.condition(item)).collect();
        let steps = self.required(fields, "steps").map_or(Vec::new(), |steps| self.steps(steps));
        let otherwise = fields.take("else").map_or(Vec::new(), |steps| self.steps(steps));
        let skip = fields.take("skip").and_then(|reason| self.template(reason));
        if let Some(skip) = &skip
            && !otherwise.is_empty()
        {
            let message = "`skip` and `else` cannot be used together: `skip` is the reason why nothing is done";
            self.wrong(&skip.place, message, "");
        }
        StepKind::If { conditions, steps, otherwise, skip }
    }

    /// Whom a step is about: the client if nothing is said.
    fn actor(&mut self, head: &Place, value: &Yaml) -> Option<Reference> {
        if matches!(value.value, Value::Null) {
            let client = crate::scenario::model::CLIENT.to_owned();
            return Some(Reference { name: Located::new(client, head.clone()), nth: None });
        }
        self.reference(value)
    }

    fn references(&mut self, value: &Yaml) -> Vec<Reference> {
        items(value).iter().filter_map(|item| self.reference(item)).collect()
    }

    pub(super) fn time(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
    ) -> Option<Located<Timespan>> {
        fields.take(key).and_then(|time| self.timespan(time))
    }

    /// `for`, which has to be there.
    fn during(&mut self, fields: &mut Fields<'_>) -> Located<Timespan> {
        let time = self.required(fields, "for").and_then(|time| self.timespan(time));
        let none = || Located::new(Timespan::Fixed(Duration::ZERO), fields.place.clone());
        time.unwrap_or_else(none)
    }

    pub(super) fn end(
        &mut self,
        fields: &mut Fields<'_>,
    ) -> Option<Located<crate::scenario::model::End>> {
        fields.take("how").and_then(|how| self.word(how, "way to end a connection", &END))
    }
}
