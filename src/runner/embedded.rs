//! The built-in server as a target: in this process, in virtual time, the same on every run.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use tokio::sync::Notify;

use super::dial::Memory;
use super::target::{Account, Target, Tolerance};
use crate::clock::Clock;
use crate::cm::http::serve::Service;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{self, Password, Server, Setup};
use crate::random::Seeded;
use crate::scenario::Provision;

/// The domain that it serves.
const DOMAIN: &str = "localhost";
/// Where it would be if it listened.
const URL: &str = "http://localhost:5280/http-bind";
const WEBSOCKET: &str = "ws://localhost:5280/xmpp-websocket";
/// Nothing here is secret: it lives within one scenario.
const PASSWORDS: [(&str, &str); 2] = [("alice", "wonderland"), ("bob", "builder")];

/// What it is called.
pub const NAME: &str = "the built-in server";

/// What is known of it.
///
/// # Panics
/// Never: its address is a URL.
pub fn target() -> Target {
    let account = |(user, password): (&str, &str)| {
        (user.to_owned(), Account { user: user.to_owned(), password: password.to_owned() })
    };
    Target {
        name: NAME.to_owned(),
        about: None,
        address: URL.parse().expect("a constant URL that a test has read"),
        tls: None,
        websocket: Some(WEBSOCKET.parse().expect("a constant URL that a test has read")),
        tcp: Some("xmpp://localhost:5222".parse().expect("a constant URL that a test has read")),
        direct_tls: Some(
            "xmpps://localhost:5223".parse().expect("a constant URL that a test has read"),
        ),
        ca_file: None,
        domain: DOMAIN.to_owned(),
        anonymous: Some(DOMAIN.to_owned()),
        accounts: PASSWORDS.into_iter().map(account).collect::<BTreeMap<_, _>>(),
        more_accounts: Vec::new(),
        hosts: Vec::new(),
        rooms: Some(format!("conference.{DOMAIN}")),
        create: Vec::new(),
        provides: vec![
            Provision::Anonymous,
            Provision::Account,
            Provision::Accounts,
            Provision::Rooms,
            Provision::Plain,
            Provision::Bosh,
            Provision::WebSocket,
            Provision::Tcp,
            Provision::DirectTls,
            Provision::Compression,
            Provision::Control,
            Provision::Slow,
        ],
        jobs: None,
        tolerance: Tolerance::VIRTUAL,
        control: BTreeMap::new(),
        skip: Vec::new(),
        deviations: Vec::new(),
    }
}

/// The time of the day at which each of its runs begins.
///
/// # Panics
/// Never: it is a time.
pub fn started() -> DateTime<FixedOffset> {
    "2026-01-01T00:00:00Z".parse().expect("a constant time that a test has read")
}

/// One of its own, changed by `change` before it is put together, and the way to it. It lives as long as the runtime.
pub(super) fn start(change: impl FnOnce(&mut Parts), clock: Clock) -> Memory {
    start_with(&[], change, clock)
}

/// As [`start`], with these users beside its own.
pub(super) fn start_with(
    users: &[Account],
    change: impl FnOnce(&mut Parts),
    clock: Clock,
) -> Memory {
    let others = users.iter().filter(|it| PASSWORDS.iter().all(|(user, _)| *user != it.user));
    let others = others.map(|it| (&*it.user, &*it.password));
    let account = |(user, password): (&str, &str)| server::Account {
        user: user.to_owned(),
        password: Password::new(password),
    };
    let setup = Setup {
        anonymous: true,
        accounts: PASSWORDS.into_iter().chain(others).map(account).collect(),
        // What nobody has to guess need not be hard to guess: hashing would be a seventh of all the work of a run.
        rounds: NonZeroU32::MIN,
        ..Setup::new(DOMAIN, clock.started())
    };
    // An option that a client has to ask for: what it does is seen where a scenario offers it.
    let policy = Policy { deflate: true, ..Policy::default() };
    let server = Server::new(setup, Box::new(Seeded::new(1)));
    let mut parts = Parts::new(policy, Box::new(server), Box::new(Seeded::new(2)));
    change(&mut parts);
    let (machine, edge) = parts.assemble();
    let service = Service::new(machine, edge, Arc::new(Notify::new()), clock, None);
    tokio::spawn(Arc::clone(&service).keep_time());
    Memory::new(service, target().address.authority(), SocketAddr::from((Ipv4Addr::LOCALHOST, 1)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn its_constants_are_what_they_seem() {
        assert_eq!(super::started().timestamp(), 1_767_225_600);
        let target = super::target();
        assert_eq!(target.address.path, "/http-bind");
        assert_eq!(target.websocket.unwrap().path, "/xmpp-websocket");
        assert!(target.tcp.is_some() && target.direct_tls.is_some());
    }
}
