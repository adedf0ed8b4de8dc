//! The server of one trial: a reference connection manager in this process, set up as the scenario says.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::before::before;
use super::bench::Bench;
use super::command::Facts;
use super::page::Page;
use super::said::Said;
use super::stage::{Director, Stage};
use super::stage_peer::{Mailbox, Peer, RESOURCE};
use super::stage_tls::{Spoiled, Spoiling};
use super::tls::Tls;
use super::watch::Watch;
use crate::clock::Clock;
use crate::cm::http::serve::Service;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{Account, Password, Server, Setup};
use crate::defects::Defect;
use crate::fault::{Fault, Faults};
use crate::random::{Random as _, Secure};
use crate::scenario::{
    Certificate, ClientTest, ClientVariables, ServerTls, Term, Transport, Value,
};

/// The domain that it serves.
const DOMAIN: &str = "localhost";
/// The client's account, and that of the other user.
const USERS: [&str; 2] = ["alice", "bob"];

/// A free port of this machine.
const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server at work.
pub(super) struct Site {
    pub(super) facts: Facts,
    pub(super) director: Director,
    pub(super) watch: Watch,
    /// What has come to the other user.
    pub(super) mailbox: Mailbox,
    /// What goes wrong on the way, if anything may.
    pub(super) faults: Option<Faults>,
    /// The page of a client that runs in a browser.
    pub(super) page: Option<Page>,
    /// What the client says.
    pub(super) said: Said,
    /// What the browser writes in which it runs.
    pub(super) browser: Said,
    service: Arc<Service>,
    tasks: Vec<JoinHandle<()>>,
}

/// How a server is to be.
pub(super) struct Plan<'a> {
    pub(super) test: &'a ClientTest,
    pub(super) variables: &'a ClientVariables,
    pub(super) carrier: Transport,
    pub(super) defects: &'a [&'static Defect],
    pub(super) bench: &'a Bench,
    pub(super) clock: Clock,
}

impl Site {
    /// Starts one.
    ///
    /// # Errors
    /// It cannot listen.
    pub(super) async fn start(plan: &Plan<'_>) -> io::Result<Self> {
        let clock = plan.clock;
        let mut random = Secure::default();
        let passwords = USERS.map(|_| random.token(12));
        let account = |(user, password): (&str, &String)| Account {
            user: user.to_owned(),
            password: Password::new(password.clone()),
        };
        let accounts = USERS.into_iter().zip(&passwords).map(account).collect();
        let mut setup = Setup { accounts, ..Setup::new(DOMAIN, clock.started()) };
        let mut policy = Policy::default();
        settle(plan, &mut policy, &mut setup);
        let wake = Arc::new(Notify::new());
        let director = Director::new(Arc::clone(&wake));
        let server = Server::new(setup, Box::new(Secure::default()));
        let mut parts = Parts::new(policy, Box::new(server), Box::new(Secure::default()));
        let mailbox = Mailbox::default();
        let nonce = random.token(12);
        let peer = Peer::new(DOMAIN, USERS[1], &passwords[1], nonce, mailbox.clone());
        let mechanisms = plan.word(Term::Mechanisms, &[("false", false)]).unwrap_or(true);
        parts.wrap_backend(|server| {
            let director = director.clone();
            let (open, due) = (BTreeSet::new(), VecDeque::new());
            Box::new(Stage { server, director, peer, clock, open, due, mechanisms })
        });
        let said = plan.word(Term::Tls, &ServerTls::ALL);
        if let Some(how) = said.and_then(Spoiled::of) {
            parts.wrap_streams(move |inner| Box::new(Spoiling { inner, how }));
        }
        for defect in plan.defects {
            defect.apply(&mut parts);
        }
        let (machine, edge) = parts.assemble();
        let known: Vec<(&str, &str)> =
            USERS.into_iter().zip(passwords.iter().map(String::as_str)).collect();
        let watch = Watch::start(clock, &known)?;
        let address = plan.bench.listen.unwrap_or(FREE);
        let listener = TcpListener::bind(address).await?;
        let mut bound = listener.local_addr()?;
        // Whoever listens everywhere is reached here.
        if bound.ip().is_unspecified() {
            bound.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let shown = plan.word(Term::Certificate, &Certificate::ALL);
        let (shown, at) = (shown.unwrap_or(Certificate::Valid), (DOMAIN, bound.ip()));
        let tls = Tls::of(&plan.bench.trust, said, shown, plan.carrier, at)?;
        // With faults, what the client sees is what is watched, and not what the server does. TLS around HTTP is not the server's.
        let is_stream = plan.carrier == Transport::Tcp;
        let has_faults = plan.test.has_faults();
        let is_relayed = has_faults || !is_stream && tls.config().is_some();
        let tapped = (!is_relayed).then(|| Arc::clone(&watch.queue));
        let service = Service::new(machine, edge, wake, clock, tapped);
        let serving = Arc::clone(&service);
        let mut tasks = Vec::new();
        let (inner, faults) = if is_relayed {
            let inner = TcpListener::bind(FREE).await?;
            let faults = plan.faults()?;
            let faults =
                has_faults.then(|| Faults::new(faults, clock, Box::new(Secure::default())));
            let scheme = if is_stream { tls.scheme(plan.carrier) } else { "http" };
            let target = format!("{scheme}://{}", inner.local_addr()?);
            let queue = Arc::clone(&watch.queue);
            let proxy = before(&target, tls.config(), faults.clone(), queue, clock)?;
            tasks.push(tokio::spawn(proxy.serve(listener, std::future::pending())));
            (inner, faults)
        } else {
            (listener, None)
        };
        if is_stream {
            tasks.push(tokio::spawn(Arc::clone(&service).accept_tcp(inner, tls.protection())));
            tasks.push(tokio::spawn(serving.keep_time()));
        } else {
            tasks.push(tokio::spawn(serving.serve(inner, std::future::pending())));
        }
        let path = match plan.carrier {
            Transport::Bosh => "/http-bind",
            Transport::WebSocket => "/xmpp-websocket",
            Transport::Tcp => "",
        };
        let [user, other] = USERS;
        let mut facts = Facts {
            carrier: plan.carrier,
            url: format!("{}://{bound}{path}", tls.scheme(plan.carrier)),
            address: bound,
            domain: DOMAIN.to_owned(),
            user: user.to_owned(),
            password: passwords[0].clone(),
            peer: format!("{other}@{DOMAIN}/{RESOURCE}"),
            page: None,
            ca: tls.config().and_then(|_| plan.bench.trust.file.clone()),
        };
        let (said, browser) = (Said::default(), Said::default());
        let page = match &plan.bench.page {
            Some(page) => Some(Page::start(page, &mut facts, said.clone()).await?),
            None => None,
        };
        Ok(Self { facts, director, watch, mailbox, faults, page, said, browser, service, tasks })
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        // Whoever has not gone by now is not waited for.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.service.shut_down()).await;
        for task in &self.tasks {
            task.abort();
        }
        self.watch.stop();
    }
}

impl Plan<'_> {
    /// The faults from the beginning on. They were checked.
    fn faults(&self) -> io::Result<Vec<Fault>> {
        let texts = self.test.faults.iter().map(|fault| fault.text(self.variables));
        let texts = texts.map(|text| text.map_err(|wrong| io::Error::other(wrong.message)));
        let parse = |text: io::Result<String>| {
            Fault::parse("faults", &text?).map_err(|wrong| io::Error::other(wrong.message))
        };
        texts.map(parse).collect()
    }

    /// What a setting says whose values are words. They were checked.
    fn word<T: Copy>(&self, term: Term, words: &[(&str, T)]) -> Option<T> {
        let said = self.test.server.iter().find(|setting| setting.term.value == term)?;
        let said = said.value.text(self.variables).ok()?;
        words.iter().find(|(word, _)| *word == said).map(|(_, value)| *value)
    }
}

/// Puts the scenario's settings into those of the server. They were checked.
fn settle(plan: &Plan<'_>, policy: &mut Policy, setup: &mut Setup) {
    for setting in &plan.test.server {
        let Ok(text) = setting.value.text(plan.variables) else { continue };
        let value = Value::Text(text.clone());
        let time = value.time().unwrap_or_default();
        let number = value.count().unwrap_or_default();
        match setting.term.value {
            Term::Wait => policy.wait = time,
            Term::Hold => policy.hold = number,
            Term::Requests => policy.requests = Some(number),
            Term::Inactivity => policy.inactivity = time,
            Term::Polling => policy.polling = time,
            Term::MaxPause => policy.maxpause = time,
            Term::Login => policy.login = time,
            Term::Ping => policy.ping = time,
            Term::Idle => policy.idle = time,
            Term::Repeats => policy.repeats = u32::try_from(number).unwrap_or(u32::MAX),
            Term::Deflate => policy.deflate = text == "true",
            Term::Fragments => policy.fragments = usize::try_from(number).unwrap_or(usize::MAX),
            // The stage does the one, and connections have the others.
            Term::Mechanisms | Term::Tls | Term::Certificate => {}
            Term::Sasl2 => setup.sasl2 = text == "true",
            Term::Resumption => setup.resumption = time,
            Term::AskStanzas => setup.ask_stanzas = usize::try_from(number).unwrap_or(usize::MAX),
            Term::AskAfter => setup.ask_after = time,
        }
    }
}
