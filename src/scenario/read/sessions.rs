//! Actors and the terms of their sessions.

use super::fields::Fields;
use super::file::Said;
use super::reader::Reader;
use crate::diag::nearest;
use crate::scenario::model::{
    ACCOUNTS, Actor, Attribute, Connections, Http, Login, Opened, Session, Via,
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
            login: Located::new(Login::None, place.clone()),
            attributes: Vec::new(),
            rid: None,
            keys: None,
            opened: Located::new(Opened::AtStart, place.clone()),
            polls: false,
            headers: Vec::new(),
            http: None,
            connections: Located::new(Connections::Kept, place.clone()),
            via: None,
            certificate: None,
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
        for (name, terms) in self.pairs(yaml, "actors") {
            let (mut count, mut session) = (None, None);
            if matches!(terms.value, Value::Null) {
                session = Some(Session::usual(&name.place));
            } else if !is_none(terms)
                && let Some(mut fields) = self.fields(terms, "an actor")
            {
                count = fields.take("count").and_then(|count| self.count(count));
                session = Some(self.terms(&mut fields));
                self.finish(&fields);
            }
            actors.push(Actor { name: name.clone(), count, session });
        }
        actors
    }

    fn terms(&mut self, fields: &mut Fields<'_>) -> Session {
        let mut session = Session::usual(&fields.place);
        for (key, name) in TERMS {
            if let Some((key, value)) = fields.take_with_key(key)
                && let Some(value) = self.template(value)
            {
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
        session.keys = fields.take("keys").and_then(|keys| self.count(keys));
        let opened = fields.take("opened");
        if let Some(opened) = opened.and_then(|at| self.word(at, "time to open a session", &OPENED))
        {
            session.opened = opened;
        }
        session.polls =
            fields.take("polls").and_then(|polls| self.boolean(polls)).unwrap_or_default();
        if let Some(headers) = fields.take("headers") {
            session.headers = self.headers(headers);
        }
        session.http = self.http(fields);
        let connections = fields.take("connections");
        if let Some(kind) =
            connections.and_then(|kind| self.word(kind, "way to use connections", &CONNECTIONS))
        {
            session.connections = kind;
        }
        session.via = self.via(fields);
        session.certificate = fields.take("certificate").and_then(|name| self.account(name));
        session
    }

    pub(super) fn http(&mut self, fields: &mut Fields<'_>) -> Option<Located<Http>> {
        fields.take("http").and_then(|http| self.word(http, "version of HTTP known here", &HTTP))
    }

    pub(super) fn via(&mut self, fields: &mut Fields<'_>) -> Option<Located<Via>> {
        fields.take("via").and_then(|via| self.word(via, "address of a target", &VIA))
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
        let help = match nearest(&name, words) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the accounts are {}", ACCOUNTS.join(" and ")),
        };
        self.wrong_with_help(
            &name.place,
            format!("there is no account `{}`", name.value),
            "",
            help,
        );
        None
    }
}

fn is_none(yaml: &Yaml) -> bool {
    matches!(&yaml.value, Value::Text(text) if text.value == "none")
}
