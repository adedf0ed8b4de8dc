//! Who acts in a scenario: sessions as actors, accounts as alice and bob, and which values stand for their addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::acts::{Act, Acts, Carrier, Session, What, received, sent};
use super::login;
use super::values::{Values, is_drawn};
use crate::snapshot::Tree;
use crate::trace::SessionId;
use crate::wire::Side;
use crate::xmpp::ns;

/// The accounts that a scenario can name.
const ACCOUNTS: [&str; 2] = ["alice", "bob"];
/// What the only actor is called.
const CLIENT: &str = "client";

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Login {
    None,
    Anonymous,
    Account(&'static str),
}

/// An actor.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) name: String,
    pub(super) session: Session,
    pub(super) login: Login,
}

impl Actor {
    /// What a scenario calls who logs in.
    pub(super) fn login(&self) -> &str {
        match self.login {
            Login::None => "none",
            Login::Anonymous => "anonymous",
            Login::Account(name) => name,
        }
    }
}

/// All who act, and what else a scenario has to know.
#[derive(Debug, Default)]
pub(super) struct Cast {
    pub(super) actors: Vec<Actor>,
    pub(super) values: Values,
    /// Variables that are set: name and value.
    pub(super) set: Vec<(String, String)>,
    /// What the target has to provide, beside what sessions need by themselves.
    pub(super) needs: Vec<&'static str>,
    /// Accounts without a session.
    pub(super) contacts: BTreeSet<String>,
    /// Sessions that have no place, and why.
    pub(super) left_out: Vec<String>,
}

impl Cast {
    /// Puts together who acts: the sessions that are `chosen`.
    pub(super) fn new(
        acts: &Acts,
        chosen: &[Session],
        logins: &BTreeMap<SessionId, login::Login>,
    ) -> Self {
        let mut cast = Self { values: Values::expressions(), ..Self::default() };
        let mut accounts = Accounts::default();
        for session in chosen {
            let login = match (&session.jid, session.authenticated, is_anonymous(acts, session)) {
                (_, false, _) => Login::None,
                (_, _, true) => Login::Anonymous,
                (Some(jid), ..) => {
                    let Some(name) = accounts.name(bare(jid)) else {
                        cast.left_out.push(format!(
                            "session {} of {}: a scenario has two accounts, alice and bob; choose with --session",
                            session.name,
                            bare(jid)
                        ));
                        continue;
                    };
                    Login::Account(name)
                }
                (None, ..) => match accounts.unnamed() {
                    Some(name) => Login::Account(name),
                    None => continue,
                },
            };
            cast.actors.push(Actor { name: String::new(), session: session.clone(), login });
        }
        cast.contacts = accounts.contacts(acts, &cast.actors);
        cast.name_actors();
        cast.needs(&accounts);
        cast.learn(acts, &accounts, logins);
        cast
    }

    fn name_actors(&mut self) {
        if let [only] = &mut self.actors[..] {
            CLIENT.clone_into(&mut only.name);
            return;
        }
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for actor in &mut self.actors {
            let name = match actor.login {
                Login::None => "visitor",
                Login::Anonymous => "user",
                Login::Account(name) => name,
            };
            let count = counts.entry(name.to_owned()).or_default();
            *count += 1;
            actor.name = if *count == 1 { name.to_owned() } else { format!("{name}-{count}") };
        }
    }

    fn needs(&mut self, accounts: &Accounts) {
        let named = |name: &str| !accounts.free(name);
        if named("bob") {
            self.needs.push("accounts");
        } else if named("alice") {
            self.needs.push("account");
        }
        if self.actors.iter().any(|actor| actor.login == Login::Anonymous) {
            self.needs.push("anonymous");
        }
    }

    fn learn(
        &mut self,
        acts: &Acts,
        accounts: &Accounts,
        logins: &BTreeMap<SessionId, login::Login>,
    ) {
        // Where binding is spelled out, the runner does not know to what.
        let knows = |actor: &&Actor| {
            logins.get(&actor.session.id).is_some_and(|login| login.way == login::Way::Login)
        };
        for actor in self.actors.iter().filter(knows) {
            let Some(jid) = &actor.session.jid else { continue };
            let (name, values) = (&actor.name, &mut self.values);
            values.word(jid, format!("${{{name}.jid}}"));
            values.word(bare(jid), format!("${{{name}.bare}}"));
            if let Some((_, resource)) = jid.split_once('/').filter(|(_, text)| text.len() >= 6) {
                values.word(resource, format!("${{{name}.resource}}"));
            }
            let written = match actor.login {
                Login::Anonymous if self.actors.len() > 1 => format!("${{{name}.domain}}"),
                _ => "${domain}".to_owned(),
            };
            values.domain(domain(bare(jid)), written);
        }
        let served = |act: &&Act| !is_unknown(acts, act.session);
        if let Some(domain) = acts.acts.iter().filter(served).find_map(asked_domain) {
            self.values.domain(&domain, "${domain}");
        }
        for (jid, name) in &accounts.of {
            self.values.word(jid, format!("${{{name}.bare}}"));
        }
        self.rooms(acts);
    }

    /// Rooms are new ones at every run.
    fn rooms(&mut self, acts: &Acts) {
        let own: BTreeSet<SessionId> = self.actors.iter().map(|actor| actor.session.id).collect();
        for element in acts.acts.iter().filter(|act| own.contains(&act.session)).flat_map(sent) {
            let joins = element.name == "presence"
                && element.children().any(|child| child.attr("xmlns") == Some(ns::MUC));
            let Some(room) = element.attr("to").map(bare).filter(|_| joins) else { continue };
            let Some((local, service)) = room.split_once('@') else { continue };
            if self.values.of(room).is_some() {
                continue;
            }
            let number = self.set.len() + 1;
            let variable = if number == 1 { "room".to_owned() } else { format!("room-{number}") };
            self.values.domain(service, "${rooms}");
            self.values.word(room, format!("${{{variable}}}"));
            let plain = local.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let local = if is_drawn(local) || !plain { "room" } else { local };
            self.set.push((variable, format!("{local}-${{random(8)}}@${{rooms}}")));
        }
        if !self.set.is_empty() {
            self.needs.push("rooms");
        }
    }
}

/// Which account of the trace is which of the scenario.
#[derive(Debug, Default)]
struct Accounts {
    of: BTreeMap<String, &'static str>,
    /// Those without an address: it was not seen.
    unnamed: Vec<&'static str>,
}

impl Accounts {
    fn free(&self, name: &str) -> bool {
        !self.of.values().chain(&self.unnamed).any(|known| *known == name)
    }

    fn name(&mut self, bare: &str) -> Option<&'static str> {
        if let Some(name) = self.of.get(bare) {
            return Some(name);
        }
        let local = bare.split('@').next().unwrap_or(bare);
        let own = ACCOUNTS.into_iter().find(|name| {
            let number = local.strip_prefix(name);
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let name = own.filter(|name| self.free(name));
        let name = name.or_else(|| ACCOUNTS.into_iter().find(|name| self.free(name)))?;
        self.of.insert(bare.to_owned(), name);
        Some(name)
    }

    /// Whoever is called as an account of a scenario is, and has stanzas sent to them, is that account.
    fn contacts(&mut self, acts: &Acts, actors: &[Actor]) -> BTreeSet<String> {
        let domains: BTreeSet<&str> =
            self.of.keys().map(|jid| domain(jid)).collect::<BTreeSet<_>>();
        let mut found = Vec::new();
        let own = |act: &&Act| actors.iter().any(|actor| actor.session.id == act.session);
        for to in acts.acts.iter().filter(own).flat_map(sent).filter_map(|it| it.attr("to")) {
            let to = bare(to);
            let Some((local, host)) = to.split_once('@') else { continue };
            if ACCOUNTS.contains(&local) && domains.contains(host) && !self.of.contains_key(to) {
                found.push(to.to_owned());
            }
        }
        let mut contacts = BTreeSet::new();
        for jid in found {
            let local = jid.split('@').next().unwrap_or_default();
            if self.free(local) {
                self.name(&jid);
                contacts.insert(jid);
            }
        }
        contacts
    }

    fn unnamed(&mut self) -> Option<&'static str> {
        let name = ACCOUNTS.into_iter().find(|name| self.free(name))?;
        self.unnamed.push(name);
        Some(name)
    }
}

fn is_anonymous(acts: &Acts, session: &Session) -> bool {
    let own = acts.acts.iter().filter(|act| act.session == session.id);
    let mut chosen = own.flat_map(sent).filter_map(|element| {
        matches!(&*element.name, "auth" | "authenticate").then(|| element.attr("mechanism"))?
    });
    // The last attempt is the one that succeeded.
    chosen.by_ref().last() == Some("ANONYMOUS")
}

/// Whether the server says that it does not serve the domain that a session is opened to.
fn is_unknown(acts: &Acts, session: SessionId) -> bool {
    let unknown = |condition: &str| matches!(condition, "host-unknown" | "host-gone");
    acts.acts.iter().filter(|act| act.session == session).any(|act| {
        let says =
            matches!(&act.what, What::Response(it) if it.attr("condition").is_some_and(unknown));
        let errors = received(act).filter(|element| element.name == "stream:error");
        says || errors.flat_map(Tree::children).any(|child| unknown(&child.name))
    })
}

/// The domain that a session is opened to.
fn asked_domain(act: &Act) -> Option<String> {
    match &act.what {
        What::Request(request) if request.creates => request.attr("to").map(str::to_owned),
        What::Element { from: Side::Client, tree, .. }
            if matches!(&*tree.name, "open" | "stream:stream") =>
        {
            tree.attr("to").map(str::to_owned)
        }
        _ => None,
    }
}

pub(super) fn bare(jid: &str) -> &str {
    jid.split('/').next().unwrap_or(jid)
}

fn domain(bare: &str) -> &str {
    bare.rsplit_once('@').map_or(bare, |(_, domain)| domain)
}

impl Carrier {
    /// As a scenario names it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Bosh => "bosh",
            Self::WebSocket => "websocket",
            Self::Tcp => "tcp",
        }
    }
}
