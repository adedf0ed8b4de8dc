//! Which names are known at a step, and what each stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diag::Mistakes;
use crate::scenario::model::{ACCOUNTS, Expr, Name, Reference, Template, Transport};
use crate::scenario::names::{
    ACCOUNT_FIELDS, ACTOR_FIELDS, FACTS, REQUEST_FIELDS, TERMS, term_attributes,
};
use crate::scenario::source::{Located, Place};

/// What is known so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) actors: BTreeMap<String, ActorFacts>,
    pub(super) requests: BTreeMap<String, RequestFacts>,
    /// Named `send` and `control` steps.
    pub(super) moments: BTreeSet<String>,
    pub(super) connections: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
    /// Within so many `repeat`s.
    pub(super) depth: usize,
}

#[derive(Debug, Clone)]
pub(super) struct ActorFacts {
    /// Whether there are several of this name.
    pub(super) many: bool,
    pub(super) session: SessionFacts,
    /// What carries it, if that is known before it runs.
    pub(super) transport: Option<Transport>,
    pub(super) polls: bool,
}

/// What is known of an actor's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SessionFacts {
    /// There are no terms for one.
    None,
    /// It can be opened by a `login` step.
    Closed,
    Open,
}

#[derive(Debug, Clone)]
pub(super) struct RequestFacts {
    place: Place,
    /// Whether there may be several of this name.
    many: bool,
}

/// The scope, and what is found in all of them.
pub(super) struct Checker {
    pub(super) scope: Scope,
    pub(super) mistakes: Mistakes,
    /// Variables with where they are first given a value, if they have to be used.
    pub(super) given: BTreeMap<String, Place>,
    pub(super) used: BTreeSet<String>,
    /// All requests of the scenario with the places where they are sent.
    pub(super) sent: BTreeMap<String, Place>,
    /// Whether this is within `raw`.
    pub(super) raw: bool,
    /// Whether the scenario needs rooms.
    pub(super) rooms: bool,
    /// Whether variables that are given have to be used: not those of shared files.
    pub(super) strict: bool,
}

impl Checker {
    pub(super) fn wrong(&mut self, place: &Place, message: impl Into<String>) {
        self.mistakes.push(place.mistake(message, ""));
    }

    pub(super) fn wrong_with_help(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut mistake = place.mistake(message, "");
        mistake.help = Some(help.into()).filter(|help| !help.is_empty());
        self.mistakes.push(mistake);
    }

    /// A variable is given a value.
    pub(super) fn give(&mut self, name: &Located<String>) {
        if self.scope.variables.insert(name.value.clone()) {
            self.free(name, &["variables"]);
        }
        if self.strict {
            self.given.entry(name.value.clone()).or_insert_with(|| name.place.clone());
        }
    }

    /// There is a request that `all` is about.
    pub(super) fn any_request(&mut self, all: &Reference) {
        if self.scope.requests.is_empty() {
            let help = "`all` is about the requests that were sent before this step";
            self.wrong_with_help(&all.name.place, "no request was sent before", help);
        }
    }

    /// A request is sent.
    pub(super) fn send(&mut self, name: &Located<String>) {
        if name.value == Reference::ALL {
            let help = "`response: all` is about all requests so far; choose another name";
            self.wrong_with_help(&name.place, "a request cannot be named `all`", help);
        }
        let facts = RequestFacts { place: name.place.clone(), many: self.scope.depth > 0 };
        match self.scope.requests.insert(name.value.clone(), facts) {
            Some(earlier) => {
                let message = format!("`{}` already names a request", name.value);
                let help = self.mistakes.help(|| {
                    let (line, _) = earlier.place.line_and_column();
                    if Arc::ptr_eq(&earlier.place.source, &name.place.source) {
                        format!("it is sent in line {line}")
                    } else {
                        format!(
                            "it is sent in {}:{line}",
                            crate::diag::name(&earlier.place.source.path)
                        )
                    }
                });
                self.wrong_with_help(&name.place, message, help);
            }
            None => self.free(name, &["requests"]),
        }
    }

    /// Sees that a new name means nothing else.
    pub(super) fn free(&mut self, name: &Located<String>, of: &[&str]) {
        let text = name.value.as_str();
        let taken = [
            ("an actor", self.scope.actors.contains_key(text) && !of.contains(&"actors")),
            ("a request", self.scope.requests.contains_key(text) && !of.contains(&"requests")),
            ("a step", self.scope.moments.contains(text) && !of.contains(&"moments")),
            ("a variable", self.scope.variables.contains(text) && !of.contains(&"variables")),
            ("an account", ACCOUNTS.contains(&text) && !of.contains(&"actors")),
            ("a fact of the target", FACTS.contains(&text)),
            ("terms of the session", TERMS.contains(&text)),
        ];
        if let Some((what, _)) = taken.into_iter().find(|(_, taken)| *taken) {
            self.wrong(&name.place, format!("`{text}` already names {what}"));
        }
    }

    /// A request that was sent.
    pub(super) fn request(&mut self, reference: &Reference) {
        self.nth(reference);
        let name = &reference.name;
        if let Some(facts) = self.scope.requests.get(&name.value) {
            let many = facts.many;
            self.one_of_many(reference, many, "request");
            return;
        }
        let message;
        let help;
        if let Some(later) = self.sent.get(&name.value) {
            message = format!("`{}` is awaited before it is sent", name.value);
            help =
                self.mistakes.help(|| format!("it is sent in line {}", later.line_and_column().0));
        } else {
            message = format!("unknown request `{}`", name.value);
            let otherwise = || "`request: NAME` sends one".to_owned();
            help = self.mistakes.suggest(
                name,
                self.scope.requests.keys().map(String::as_str),
                otherwise,
            );
        }
        self.wrong_with_help(&name.place, message, help);
    }

    /// A request that was sent, or a named step.
    pub(super) fn moment(&mut self, reference: &Reference) {
        if self.scope.moments.contains(&reference.name.value) {
            self.nth(reference);
        } else {
            self.request(reference);
        }
    }

    /// An actor; what is known of it.
    pub(super) fn actor(&mut self, reference: &Reference) -> Option<ActorFacts> {
        self.nth(reference);
        let name = &reference.name;
        let Some(facts) = self.scope.actors.get(&name.value).cloned() else {
            let actors = self.scope.actors.keys().map(String::as_str);
            let otherwise = || "declare actors with `actors:` at the top of the file".to_owned();
            let help = self.mistakes.suggest(name, actors, otherwise);
            self.wrong_with_help(&name.place, format!("unknown actor `{}`", name.value), help);
            return None;
        };
        self.one_of_many(reference, facts.many, "actor");
        if facts.many && reference.nth.is_none() {
            let help = format!("choose one: {}[1]", name.value);
            let message = format!("there are several actors `{}`", name.value);
            self.wrong_with_help(&name.place, message, help);
        }
        Some(facts)
    }

    /// A connection that was opened.
    pub(super) fn connection(&mut self, name: &Located<String>) {
        let facts = self.scope.actors.get(&name.value);
        let of_actor = facts.is_some_and(|facts| facts.transport != Some(Transport::Bosh));
        if of_actor || self.scope.connections.contains(&name.value) {
            return;
        }
        let known = self.scope.connections.iter().map(String::as_str);
        let otherwise =
            || "`connect: NAME` opens one, and so does `on: NAME` of a request".to_owned();
        let help = self.mistakes.suggest(name, known, otherwise);
        let message = format!("unknown connection, or one that is not open: `{}`", name.value);
        self.wrong_with_help(&name.place, message, help);
    }

    fn nth(&mut self, reference: &Reference) {
        if let Some(nth) = &reference.nth {
            self.expr(nth);
        }
    }

    fn one_of_many(&mut self, reference: &Reference, many: bool, what: &str) {
        if let Some(nth) = &reference.nth
            && !many
        {
            let message = format!("there is only one {what} `{}`", reference.name.value);
            self.wrong(&nth.place, message);
        }
    }

    pub(super) fn template(&mut self, template: &Template) {
        for expr in template.expressions() {
            self.expr(expr);
        }
    }

    pub(super) fn expr(&mut self, expr: &Located<Expr>) {
        match &expr.value {
            Expr::Number(_) | Expr::Time(_) | Expr::Text(_) => {}
            Expr::Call(_, given) => given.iter().for_each(|one| self.expr(one)),
            Expr::Binary(_, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            Expr::Name(name) => self.name(name, &expr.place),
        }
    }

    fn name(&mut self, name: &Name, place: &Place) {
        if let Some(nth) = &name.nth {
            self.expr(nth);
        }
        let base = name.base.as_str();
        let fields: Vec<_> = name.fields.iter().map(String::as_str).collect();
        if base == "content-length" && !self.raw {
            self.wrong(place, "`content-length` can only be used in `raw`");
        }
        if base == "rooms" && !self.rooms {
            let message = "`rooms` can only be used in a scenario that needs rooms";
            self.wrong_with_help(place, message, "write `needs: [rooms]` at the top of the file");
        }
        if self.scope.variables.contains(base) || FACTS.contains(&base) {
            self.used.insert(base.to_owned());
            if !fields.is_empty() || name.nth.is_some() {
                self.wrong(
                    place,
                    format!("`{base}` is a string: it has no fields and cannot be indexed"),
                );
            }
            return;
        }
        if TERMS.contains(&base) {
            self.term(&fields, place);
            return;
        }
        let actor = self.scope.actors.get(base).map(|actor| actor.many);
        let request = self.scope.requests.get(base).map(|request| request.many);
        let mut known: Vec<&str> = Vec::new();
        if actor.is_some() {
            known.extend(ACTOR_FIELDS);
            known.extend(TERMS);
        }
        if ACCOUNTS.contains(&base) {
            known.extend(ACCOUNT_FIELDS);
        }
        if request.is_some() {
            known.extend(REQUEST_FIELDS);
        }
        if known.is_empty() {
            self.unknown(base, place);
        } else if let Some(nth) = &name.nth
            && !actor.or(request).unwrap_or_default()
        {
            self.wrong(&nth.place, format!("there is only one `{base}`"));
        } else {
            match fields.as_slice() {
                [term, rest @ ..] if TERMS.contains(term) && known.contains(term) => {
                    self.term(rest, place);
                }
                [field] if known.contains(field) => {}
                [] => {
                    let help = format!("its fields are {}", known.join(", "));
                    self.wrong_with_help(place, format!("`{base}` has no value of its own"), help);
                }
                [field, ..] => {
                    let otherwise = || format!("its fields are {}", known.join(", "));
                    let help = self.mistakes.suggest(field, known.iter().copied(), otherwise);
                    self.wrong_with_help(place, format!("`{base}` has no such field"), help);
                }
            }
        }
    }

    fn term(&mut self, fields: &[&str], place: &Place) {
        match fields {
            [field] if term_attributes().any(|known| known == *field) => {}
            _ => {
                let field = fields.first().copied().unwrap_or_default();
                let otherwise = || "for example granted.wait or asked.hold".to_owned();
                let help = self.mistakes.suggest(field, term_attributes(), otherwise);
                self.wrong_with_help(place, "unknown session attribute", help);
            }
        }
    }

    fn unknown(&mut self, base: &str, place: &Place) {
        let scope = &self.scope;
        let known = scope.variables.iter().map(String::as_str).chain(FACTS).chain(TERMS);
        let known = known.chain(scope.actors.keys().map(String::as_str));
        let known = known.chain(scope.requests.keys().map(String::as_str)).chain(ACCOUNTS);
        let otherwise = || "set a variable with `set:`, `sweep:` or `capture:`".to_owned();
        let help = self.mistakes.suggest(base, known, otherwise);
        self.wrong_with_help(place, format!("unknown variable `{base}`"), help);
    }
}
