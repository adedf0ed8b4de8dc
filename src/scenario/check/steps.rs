//! Names in steps, one step after the other.

use super::scope::{Checker, SessionFacts};
use crate::scenario::model::{
    Assignment, CLIENT, Expect, On, Raw, Reference, Request, Resend, Response, Rid, Sid, Step,
    StepKind, Transport,
};
use crate::scenario::source::{Located, Place};

impl Checker {
    /// Notes all that is sent anywhere, so that a response that is awaited too early is told as such.
    pub(super) fn collect_sent(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Request(request) | StepKind::Create(request) => {
                    self.will_send(&request.name);
                }
                StepKind::Resend(resend) => self.will_send(&resend.name),
                StepKind::Raw(raw) => self.will_send(&raw.name),
                StepKind::Handshake(handshake) => self.will_send(&handshake.name),
                StepKind::Together(steps) | StepKind::Repeat { steps, .. } => {
                    self.collect_sent(steps);
                }
                StepKind::If { steps, otherwise, .. } => {
                    self.collect_sent(steps);
                    self.collect_sent(otherwise);
                }
                _ => {}
            }
        }
    }

    fn will_send(&mut self, name: &Located<String>) {
        self.sent.entry(name.value.clone()).or_insert_with(|| name.place.clone());
    }

    pub(super) fn steps(&mut self, steps: &[Step], covers: &[Located<String>]) {
        for step in steps {
            self.covered(&step.covers, covers);
            self.step(step, covers);
            self.templates(&step.says);
        }
    }

    /// A connection gets a name.
    fn connects(&mut self, name: &Located<String>) {
        if !self.scope.connections.insert(name.value.clone()) {
            let message = format!("`{}` already names a connection", name.value);
            self.wrong(&name.place, message);
        }
    }

    fn step(&mut self, step: &Step, covers: &[Located<String>]) {
        match &step.kind {
            StepKind::Request(request) => self.one_request(request, false),
            StepKind::Create(request) => self.one_request(request, true),
            StepKind::Resend(resend) => self.resend(resend),
            StepKind::Raw(raw) => self.raw(raw),
            StepKind::Together(steps) => self.steps(steps, covers),
            StepKind::Connect(connect) => self.connects(&connect.name),
            StepKind::Disconnect(disconnect) => self.ended(&disconnect.connection),
            StepKind::Disconnected { connection, within, .. } => {
                self.times(within);
                self.ended(connection);
            }
            StepKind::Connected { connection, during } => {
                self.times(during);
                self.connection(connection);
            }
            StepKind::Response(response) => self.response(response),
            StepKind::Silent { requests, during } => {
                self.time(during);
                self.requests(requests);
            }
            StepKind::Order(requests) => {
                self.requests(requests);
                if requests.len() < 2 {
                    self.wrong(&step.kind_place, "`order` needs at least two requests");
                }
            }
            StepKind::Alive { actor, within } | StepKind::Gone { actor, within } => {
                self.times(within);
                self.with_session(actor);
            }
            StepKind::Drain(actor) => self.with_session(actor),
            StepKind::Login(actor) => self.login(actor),
            StepKind::Authenticate(_)
            | StepKind::StartTls(_)
            | StepKind::Secured(_)
            | StepKind::Enable(_)
            | StepKind::Resume(_)
            | StepKind::Handshake(_)
            | StepKind::Open(_)
            | StepKind::Close(_)
            | StepKind::Frame(_)
            | StepKind::Receive(_)
            | StepKind::Ended(_) => self.stream_step(&step.kind),
            StepKind::Lint(ids) => self.covered(ids, covers),
            StepKind::Wait(time) => self.time(time),
            StepKind::Send { actor, stanza, name } => {
                self.xml(stanza);
                self.sender(actor);
                self.moment_named(name.as_ref());
            }
            StepKind::Expect(expect) => self.expect(expect),
            StepKind::Unseen { actor, stanza, during } => {
                self.xml(stanza);
                self.time(during);
                self.with_session(actor);
            }
            StepKind::Value { value, expected } => {
                self.template(value);
                self.value(expected);
            }
            StepKind::Distinct { variable, bits } => {
                if self.scope.variables.contains(&variable.value) {
                    self.used.insert(variable.value.clone());
                } else {
                    let message = format!("unknown variable `{}`", variable.value);
                    self.wrong(&variable.place, message);
                }
                if let Some(bits) = bits {
                    self.count(bits);
                }
            }
            StepKind::Repeat { times, counting, every, steps } => {
                self.count(times);
                self.times(every);
                if let Some(counting) = counting {
                    self.give(counting);
                }
                self.scope.depth += 1;
                self.steps(steps, covers);
                self.scope.depth -= 1;
            }
            StepKind::If { conditions, steps, otherwise, skip } => {
                for condition in conditions {
                    self.condition(condition);
                }
                self.templates(skip);
                self.branches(steps, otherwise, covers);
            }
            StepKind::Set(assignments) => {
                for Assignment { name, value } in assignments {
                    self.template(value);
                    self.give(name);
                }
            }
            StepKind::Control { name, .. } => self.moment_named(name.as_ref()),
            StepKind::Note(text) => self.template(text),
        }
    }

    /// What is named in either branch is known behind both.
    fn branches(&mut self, steps: &[Step], otherwise: &[Step], covers: &[Located<String>]) {
        let before = self.scope.clone();
        self.steps(steps, covers);
        let first = std::mem::replace(&mut self.scope, before);
        self.steps(otherwise, covers);
        for (name, facts) in first.requests {
            self.scope.requests.entry(name).or_insert(facts);
        }
        for (name, facts) in first.actors {
            let actor = self.scope.actors.entry(name).or_insert(facts.clone());
            actor.session = actor.session.max(facts.session);
        }
        self.scope.moments.extend(first.moments);
        self.scope.connections.extend(first.connections);
        self.scope.variables.extend(first.variables);
    }

    fn one_request(&mut self, request: &Request, creates: bool) {
        let client = client(&request.name.place);
        let by = request.by.as_ref().unwrap_or(&client);
        let actor = self.actor(by);
        let values = request.attributes.iter().filter_map(|attribute| attribute.value.as_ref());
        let headers = request.headers.iter().filter_map(|header| header.value.as_ref());
        self.templates(
            values.chain(headers).chain(&request.method).chain(&request.path).chain(&request.url),
        );
        if let Some(payload) = &request.payload {
            self.xml(payload);
        }
        if let Some(body) = &request.body {
            self.bytes(body);
        }
        if let Some(chunks) = &request.chunks {
            self.count(chunks);
        }
        if let Some(Sid::Text(text)) = request.sid.as_ref().map(|sid| &sid.value) {
            self.template(text);
        }
        self.cut(request.cut.as_ref());
        let rid = request.rid.as_ref();
        if let Some(Rid::Text(text)) = rid.map(|rid| &rid.value) {
            self.template(text);
        }
        let relative = rid.filter(|rid| matches!(rid.value, Rid::Relative(_)));
        self.over_bosh(by);
        if creates {
            if let Some(rid) = relative {
                let message = "this request creates a session, so there is no rid to count from";
                self.wrong_with_help(&rid.place, message, "write a number, or leave it out");
            }
            if let Some(actor) = self.scope.actors.get_mut(&by.name.value) {
                actor.session = SessionFacts::Open;
            }
        } else if let Some(actor) = actor {
            let needs_session = rid.is_none() && request.body.is_none() || relative.is_some();
            if actor.polls {
                let message = "an actor with `polls: true` sends its own requests; use `send` to send stanzas";
                self.wrong(&by.name.place, message);
            } else if actor.session != SessionFacts::Open && needs_session {
                let message = format!("`{}` has no session here", by.name.value);
                let help = "begin one with `create` or `login`, or set `rid`";
                self.wrong_with_help(&request.name.place, message, help);
            }
        }
        self.uses(request.on.as_ref());
        self.send(&request.name);
    }

    fn resend(&mut self, resend: &Resend) {
        self.request(&resend.request);
        self.uses(resend.on.as_ref());
        self.cut(resend.cut.as_ref());
        self.send(&resend.name);
    }

    fn raw(&mut self, raw: &Raw) {
        if let Some(by) = &raw.by {
            self.actor(by);
        }
        self.raw = true;
        self.bytes(&raw.send);
        self.raw = false;
        self.uses(raw.on.as_ref());
        self.cut(raw.cut.as_ref());
        self.send(&raw.name);
    }

    fn response(&mut self, response: &Response) {
        if response.request.is_all() {
            self.any_request(&response.request);
        } else {
            self.request(&response.request);
        }
        if let Some(since) = &response.since {
            self.moment(since);
        }
        if let Some(after) = &response.after {
            self.request(after);
        }
        self.times(response.within.iter().chain(&response.not_before));
        self.expectation(&response.expected);
        self.captures(&response.capture);
    }

    fn expect(&mut self, expect: &Expect) {
        self.with_session(&expect.actor);
        self.xml(&expect.stanza);
        if let Some(since) = &expect.since {
            self.moment(since);
        }
        self.times(&expect.within);
        self.captures(&expect.capture);
    }

    fn sender(&mut self, reference: &Reference) {
        if let Some(actor) = self.actor(reference)
            && !actor.polls
            && actor.transport == Some(Transport::Bosh)
        {
            let message = format!("`{}` does not poll", reference.name.value);
            let help = "`send` needs `polls: true` in the session; otherwise, use `request`";
            self.wrong_with_help(&reference.name.place, message, help);
        }
    }

    pub(super) fn login(&mut self, reference: &Reference) {
        if let Some(actor) = self.actor(reference) {
            if actor.session >= SessionFacts::Closed {
                if let Some(actor) = self.scope.actors.get_mut(&reference.name.value) {
                    actor.session = SessionFacts::Open;
                }
            } else {
                let message = format!("`{}` has no session to log in with", reference.name.value);
                let help = "set who logs in: session: { login: anonymous, opened: later }";
                self.wrong_with_help(&reference.name.place, message, help);
            }
        }
    }

    pub(super) fn with_session(&mut self, reference: &Reference) {
        if let Some(actor) = self.actor(reference)
            && actor.session != SessionFacts::Open
        {
            let message = format!("`{}` has no session here", reference.name.value);
            let help = "begin one with `create` or `login`";
            self.wrong_with_help(&reference.name.place, message, help);
        }
    }

    fn requests(&mut self, requests: &[Reference]) {
        for request in requests {
            self.request(request);
        }
    }

    fn uses(&mut self, on: Option<&Located<On>>) {
        if let Some(On::Named(name)) = on.map(|on| &on.value) {
            self.scope.connections.insert(name.clone());
        }
    }

    fn ended(&mut self, name: &Located<String>) {
        self.connection(name);
        self.scope.connections.remove(&name.value);
    }

    pub(super) fn moment_named(&mut self, name: Option<&Located<String>>) {
        if let Some(name) = name {
            self.free(name, &[]);
            self.scope.moments.insert(name.value.clone());
        }
    }
}

pub(super) fn client(place: &Place) -> Reference {
    Reference { name: Located::new(CLIENT.to_owned(), place.clone()), nth: None }
}
