//! Actors and the terms of their sessions.

use super::fields::Fields;
use super::file::Said;
use super::reader::Reader;
use super::values::{items, whole};
use crate::scenario::limits;
use crate::scenario::model::{
    ACCOUNTS, Actor, Attribute, Carrier, Connections, Http, Login, Offer, Opened, Session,
    Template, TlsVersion, Transport, Via,
};
use crate::scenario::source::{Located, Place};
use crate::scenario::yaml::{Value, Yaml};

/// Attributes of a creation request that are keys of a session: as it is written, and its name.
pub(in super::super) const TERMS: [(&str, &str); 8] = [
    ("wait", "wait"),
    ("hold", "hold"),
    ("ver", "ver"),
    ("ack", "ack"),
    ("to", "to"),
    ("from", "from"),
    ("lang", "xml:lang"),
    ("content", "content"),
];
pub(in super::super) const HTTP: [(&str, Http); 2] = [("1.0", Http::V10), ("1.1", Http::V11)];
pub(in super::super) const VIA: [(&str, Via); 2] = [("plain", Via::Plain), ("tls", Via::Tls)];
pub(in super::super) const CONNECTIONS: [(&str, Connections); 2] =
    [("kept", Connections::Kept), ("fresh", Connections::Fresh)];
pub(in super::super) const OPENED: [(&str, Opened); 2] =
    [("at-start", Opened::AtStart), ("later", Opened::Later)];

impl Session {
    /// The terms of which nothing is said.
    pub(in super::super) fn usual(place: &Place) -> Self {
        Self {
            place: place.clone(),
            carrier: Located::new(Carrier::Fixed(Transport::Bosh), place.clone()),
            login: Located::new(Login::None, place.clone()),
            attributes: Vec::new(),
            rid: None,
            keys: None,
            opened: Located::new(Opened::AtStart, place.clone()),
            polls: false,
            answers: true,
            headers: Vec::new(),
            http: None,
            connections: Located::new(Connections::Kept, place.clone()),
            via: None,
            certificate: None,
            tls: None,
        }
    }
}

impl Reader {
    /// `session:`; the word `none` for no session.
    pub(super) fn session(&mut self, yaml: &Yaml) -> Said {
        if is_none(yaml) {
            return Said::None;
        }
        let Some(mut fields) = self.fields(yaml, "a session") else { return Said::Nothing };
        let session = self.terms(&mut fields);
        self.finish(&fields);
        Said::Session(Box::new(session))
    }

    /// `actors:`
    pub(super) fn actors(&mut self, yaml: &Yaml) -> Vec<Actor> {
        let mut actors = Vec::new();
        let pairs = self.pairs(yaml, "actors");
        if pairs.len() as u64 > limits::ACTORS {
            let message = format!("a scenario has at most {} actors", limits::ACTORS);
            self.wrong(&yaml.place, message, "");
            return actors;
        }
        for (name, terms) in pairs {
            let (mut count, mut session) = (None, None);
            if matches!(terms.value, Value::Null) {
                session = Some(Session::usual(&name.place));
            } else if !is_none(terms)
                && let Some(mut fields) = self.fields(terms, "an actor")
            {
                count = fields.take("count").and_then(|count| self.count(count, limits::ACTORS));
                session = Some(self.terms(&mut fields));
                self.finish(&fields);
            }
            actors.push(Actor { name: name.clone(), count, session });
        }
        actors
    }

    fn terms(&mut self, fields: &mut Fields<'_>) -> Session {
        let mut session = Session::usual(&fields.place);
        if let Some(carrier) = fields.take("transport").and_then(|yaml| self.carrier(yaml)) {
            session.carrier = carrier;
        }
        for (key, name) in TERMS {
            if let Some((key, value)) = fields.take_with_key(key)
                && let Some(value) = self.template(value)
            {
                self.in_range(name, &value);
                let name = Located::new(name.to_owned(), key.place.clone());
                session.attributes.push(Attribute { name, value: Some(value) });
            }
        }
        if let Some(attributes) = fields.take("attributes") {
            session.attributes.extend(self.attributes(attributes));
        }
        if let Some(login) = fields.take("login").and_then(|login| self.login(login)) {
            session.login = login;
        }
        session.rid = fields.take("rid").and_then(|rid| self.template(rid));
        session.keys = fields.take("keys").and_then(|keys| self.count(keys, limits::KEYS));
        let opened = fields.take("opened");
        if let Some(opened) = opened.and_then(|at| self.word(at, "value of `opened`", &OPENED)) {
            session.opened = opened;
        }
        session.polls =
            fields.take("polls").and_then(|polls| self.boolean(polls)).unwrap_or_default();
        session.answers =
            fields.take("answers").and_then(|answers| self.boolean(answers)).unwrap_or(true);
        if let Some(headers) = fields.take("headers") {
            session.headers = self.headers(headers);
        }
        session.http = self.http(fields);
        let connections = fields.take("connections");
        if let Some(kind) =
            connections.and_then(|kind| self.word(kind, "value of `connections`", &CONNECTIONS))
        {
            session.connections = kind;
        }
        session.via = self.via(fields);
        session.certificate = fields.take("certificate").and_then(|name| self.account(name));
        session.tls = fields.take("tls").and_then(|tls| self.offer(tls));
        session
    }

    /// `tls:` of a session.
    fn offer(&mut self, yaml: &Yaml) -> Option<Located<Offer>> {
        let mut fields = self.fields(yaml, "`tls`")?;
        let version = fields.take("version").and_then(|yaml| {
            let version = self.template(yaml)?;
            if version.as_plain().is_some() {
                self.word(yaml, "version of TLS", &TlsVersion::ALL)?;
            }
            Some(version)
        });
        let alpn = fields
            .take("alpn")
            .map(|yaml| items(yaml).iter().filter_map(|name| self.template(name)).collect());
        let sni = fields.take("sni").and_then(|name| self.template(name));
        let verify = fields.take("verify").and_then(|yaml| self.boolean(yaml)).unwrap_or(true);
        self.finish(&fields);
        Some(Located::new(Offer { version, alpn, sni, verify }, yaml.place.clone()))
    }

    /// A word, or a text with variables that is one when it runs.
    fn carrier(&mut self, yaml: &Yaml) -> Option<Located<Carrier>> {
        let template = self.template(yaml)?;
        if template.as_plain().is_none() {
            return Some(template.map(Carrier::Computed));
        }
        self.word(yaml, "value of `transport`", &Transport::ALL)
            .map(|transport| transport.map(Carrier::Fixed))
    }

    /// A number for `wait` or `hold` is one that these attributes can have.
    fn in_range(&mut self, name: &str, value: &Located<Template>) {
        let most = match name {
            "wait" => limits::WAIT,
            "hold" => limits::HOLD,
            _ => return,
        };
        if let Some(Ok(number)) = value.as_plain().map(whole)
            && number > most
        {
            let message = format!("`{name}` is at most {most}");
            let help =
                format!("to send another value on purpose, use `attributes: {{ {name}: … }}`");
            self.wrong_with_help(&value.place, message, "", help);
        }
    }

    pub(super) fn http(&mut self, fields: &mut Fields<'_>) -> Option<Located<Http>> {
        fields.take("http").and_then(|http| self.word(http, "HTTP version", &HTTP))
    }

    pub(super) fn via(&mut self, fields: &mut Fields<'_>) -> Option<Located<Via>> {
        fields.take("via").and_then(|via| self.word(via, "value of `via`", &VIA))
    }

    fn login(&mut self, yaml: &Yaml) -> Option<Located<Login>> {
        let name = self.string(yaml)?;
        match name.as_str() {
            "none" => Some(name.map(|_| Login::None)),
            "anonymous" => Some(name.map(|_| Login::Anonymous)),
            _ => self.account(yaml).map(|name| name.map(Login::Account)),
        }
    }

    pub(super) fn account(&mut self, yaml: &Yaml) -> Option<Located<String>> {
        let name = self.string(yaml)?;
        if ACCOUNTS.contains(&name.as_str()) {
            return Some(name);
        }
        let words = ACCOUNTS.into_iter().chain(["anonymous", "none"]);
        let otherwise = || format!("the accounts are {}", ACCOUNTS.join(" and "));
        let help = self.mistakes.suggest(&name, words, otherwise);
        self.wrong_with_help(&name.place, format!("unknown account `{}`", name.value), "", help);
        None
    }
}

fn is_none(yaml: &Yaml) -> bool {
    matches!(&yaml.value, Value::Text(text) if text.value == "none")
}
