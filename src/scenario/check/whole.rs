//! The scenario as a whole: its head, then its steps in order.

use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::client::check_client;
use super::scope::{ActorFacts, Checker, Scope, SessionFacts};
use crate::diag::Mistakes;
use crate::scenario::model::{
    ACCOUNTS, Actor, Assignment, CLIENT, Carrier, Login, Need, Offer, Opened, Provision, Scenario,
    Session, Transport,
};
use crate::scenario::source::Located;
use crate::scenario::template;

/// The mistakes of a scenario whose files were read. Whether what is given is also used is looked at only if the files
/// had no mistakes: a use may have been among what could not be read.
pub(in crate::scenario) fn check(scenario: &Scenario, whole: bool) -> Mistakes {
    if let Some(client) = &scenario.client {
        return check_client(scenario, client);
    }
    let mut checker = Checker {
        scope: Scope::default(),
        mistakes: Mistakes::default(),
        given: std::collections::BTreeMap::new(),
        used: std::collections::BTreeSet::new(),
        sent: std::collections::BTreeMap::new(),
        raw: false,
        rooms: scenario.provisions().contains(&Provision::Rooms),
        strict: false,
    };
    checker.scenario(scenario);
    if whole {
        let unused: Vec<_> = checker
            .given
            .iter()
            .filter(|(name, _)| !checker.used.contains(*name))
            .map(|(name, place)| place.mistake(format!("`{name}` is set but never used"), ""))
            .collect();
        for mistake in unused {
            checker.mistakes.push(mistake);
        }
    }
    checker.mistakes
}

impl Checker {
    fn scenario(&mut self, scenario: &Scenario) {
        for actor in &scenario.actors {
            self.declare(actor);
        }
        let own = &scenario.place.source;
        for Assignment { name, value } in &scenario.set {
            self.template(value);
            if self.scope.variables.contains(&name.value) {
                self.wrong(&name.place, format!("`{}` is set twice", name.value));
            }
            self.strict = Arc::ptr_eq(&name.place.source, own);
            self.give(name);
        }
        self.strict = true;
        for row in &scenario.sweep {
            for Assignment { name, value } in &row.values {
                self.template(value);
                self.give(name);
            }
        }
        for actor in &scenario.actors {
            self.terms(actor);
        }
        for need in &scenario.needs {
            if let Need::Condition(condition) = &need.value {
                self.condition(condition);
            }
        }
        self.collect_sent(&scenario.setup);
        self.collect_sent(&scenario.steps);
        self.strict = false;
        self.steps(&scenario.setup, &scenario.covers);
        self.strict = true;
        self.steps(&scenario.steps, &scenario.covers);
    }

    fn declare(&mut self, actor: &Actor) {
        let name = &actor.name;
        if self.scope.actors.contains_key(&name.value) {
            let help =
                if name.value == CLIENT { "its session is described by `session:`" } else { "" };
            let message = format!("`{}` already names an actor", name.value);
            if help.is_empty() {
                self.wrong(&name.place, message);
            } else {
                self.wrong_with_help(&name.place, message, help);
            }
            return;
        }
        if !template::is_name(name) {
            self.wrong(&name.place, format!("`{}` is not a valid name", name.value));
        }
        let session = actor.session.as_ref();
        if ACCOUNTS.contains(&name.as_str())
            && !session.is_some_and(|s| s.login.value == Login::Account(name.value.clone()))
        {
            let message = format!(
                "an actor with the name of account `{}` must log in to that account",
                name.value
            );
            let help = format!("write `login: {}`, or rename the actor", name.value);
            self.wrong_with_help(&name.place, message, help);
        }
        self.free(name, &["actors"]);
        let facts = ActorFacts {
            many: actor.count.is_some(),
            session: match session.map(|session| session.opened.value) {
                None => SessionFacts::None,
                Some(Opened::Later) => SessionFacts::Closed,
                Some(Opened::AtStart) => SessionFacts::Open,
            },
            transport: session.map_or(Some(Transport::Bosh), Session::transport),
            polls: session.is_some_and(|session| session.polls),
        };
        self.scope.actors.insert(name.value.clone(), facts);
    }

    fn terms(&mut self, actor: &Actor) {
        if let Some(count) = &actor.count {
            self.count(count);
        }
        let Some(session) = &actor.session else { return };
        let values = session.attributes.iter().filter_map(|attribute| attribute.value.as_ref());
        let values =
            values.chain(session.headers.iter().filter_map(|header| header.value.as_ref()));
        for value in values.chain(&session.rid) {
            self.template(value);
        }
        if let Carrier::Computed(carrier) = &session.carrier.value {
            self.template(carrier);
        }
        if let Some(tls) = &session.tls {
            self.offer(session, tls);
        }
        if let Some(keys) = &session.keys {
            self.count(keys);
        }
        if session.polls && matches!(session.login.value, Login::None) {
            let message =
                "an actor with `polls: true` must log in, because it sends and receives stanzas";
            self.wrong_with_help(&session.login.place, message, "write `login: anonymous`");
        }
    }
    fn offer(&mut self, session: &Session, tls: &Located<Offer>) {
        let Offer { version, alpn, sni, verify } = &tls.value;
        let texts = version.iter().chain(alpn.iter().flatten()).chain(sni);
        self.templates(texts);
        for name in alpn.iter().flatten() {
            if name.value.as_plain().is_some_and(|name| name.len() > 255) {
                let message = "the name of a protocol has at most 255 bytes (RFC 7301 §3.1)";
                self.wrong(&name.place, message);
            }
        }
        if let Some(sni) = sni
            && let Some(name) = sni.value.as_plain().filter(|name| !name.is_empty())
            && !matches!(ServerName::try_from(name), Ok(ServerName::DnsName(_)))
        {
            let message = format!("`{name}` is not a DNS name, so it cannot be sent as SNI");
            let help = "an empty text sends none; `raw` steps can send anything (RFC 6066 §3)";
            self.wrong_with_help(&sni.place, message, help);
        }
        if session.transport().is_some_and(|transport| transport != Transport::Tcp) {
            let help = "write `transport: tcp`";
            self.wrong_with_help(&tls.place, "`tls` applies only to sessions over TCP", help);
        }
        if !verify && session.login.value != Login::None {
            let message =
                "an actor with `verify: false` cannot log in: its password would go to anybody";
            self.wrong_with_help(&session.login.place, message, "write `login: none`");
        }
    }
}
