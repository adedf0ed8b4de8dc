//! The client's machines before the reference connection manager's, without I/O and in virtual time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use chrono::DateTime;
use xmppscope::client::bosh::{Action, End, Session, Terms, first_rid};
use xmppscope::client::{Login, Mechanism, Step, Who};
use xmppscope::cm::machine::Machine;
use xmppscope::cm::policy::Policy;
use xmppscope::cm::server::{Account, Password, Server, Setup};
use xmppscope::random::{Random, Seeded};
use xmppscope::xml::Element;
use xmppscope::xmpp::ns;
use xmppscope::xmpp::scram::Hash;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A connection manager and the clients before it. What a connection manager answers is on its way until
/// [`World::arrive`] or [`World::lose`].
struct World {
    machine: Machine,
    now: Duration,
    clients: Vec<Client>,
    /// Requests that have no answer yet: whose they are, their rid, and which sending.
    asked: HashMap<u64, (usize, u64, u32)>,
    /// Answers on their way.
    answers: Vec<(u64, String)>,
    tokens: u64,
}

struct Client {
    session: Session,
    login: Login,
    jid: Option<String>,
    failed: Option<String>,
    texts: Vec<String>,
    end: Option<End>,
}

impl World {
    fn new() -> Self {
        let account = |user: &str| Account {
            user: user.to_owned(),
            password: Password::new(format!("secret of {user}")),
        };
        let setup = Setup {
            accounts: vec![account("alice"), account("bob")],
            anonymous: true,
            ..Setup::new("localhost", DateTime::UNIX_EPOCH.fixed_offset())
        };
        let server = Server::new(setup, Box::new(Seeded::new(1)));
        let machine = Machine::new(Policy::default(), Box::new(server), Box::new(Seeded::new(2)));
        Self {
            machine,
            now: Duration::from_secs(1),
            clients: Vec::new(),
            asked: HashMap::new(),
            answers: Vec::new(),
            tokens: 0,
        }
    }

    /// A client that begins to log in.
    fn client(&mut self, login: Login) -> usize {
        let number = self.clients.len();
        let session = Session::new(&Terms::new("localhost"), first_rid(number as u64));
        let (jid, failed, texts, end) = (None, None, Vec::new(), None);
        self.clients.push(Client { session, login, jid, failed, texts, end });
        self.act(number, Vec::new());
        number
    }

    /// A client that is logged in.
    fn user(&mut self, name: &str) -> usize {
        let number = self.client(login(name, &format!("nonce{name}")));
        self.quiet();
        assert!(self.clients[number].jid.is_some(), "{:?}", self.clients[number].failed);
        self.clients[number].session.send(&Element::new(ns::CLIENT, "presence"));
        self.act(number, Vec::new());
        self.quiet();
        number
    }

    /// What a session wants is done, and what it brought is dealt with.
    fn act(&mut self, number: usize, mut actions: Vec<Action>) {
        let client = &mut self.clients[number];
        for action in &actions {
            let Action::Deliver(element) = action else { continue };
            match client.login.take(element) {
                Step::Wait => {}
                Step::Send(element) => client.session.send(&element),
                Step::Restart => client.session.restart(),
                Step::Done(jid) => client.jid = Some(jid),
                Step::Failed(words) => client.failed = Some(words),
            }
            let text = element.child(ns::CLIENT, "body").map(|body| body.text().into_owned());
            client.texts.extend(text);
        }
        client.session.settle(self.now, &mut actions);
        for action in actions {
            match action {
                Action::Send(request) => {
                    let open = self.asked.values().filter(|(of, ..)| *of == number).count();
                    assert!(
                        (open as u64) < self.clients[number].session.requests(),
                        "too many requests"
                    );
                    self.tokens += 1;
                    self.asked.insert(self.tokens, (number, request.rid, request.sending));
                    let content = request.content.as_bytes();
                    self.machine.request(self.tokens, PEER, content, self.now).unwrap();
                }
                Action::Over(end) => self.clients[number].end = Some(end),
                Action::Opened(_) | Action::Deliver(_) => {}
            }
        }
        let answers = self.machine.answers().map(|answer| (answer.token, answer.reply.to_xml()));
        self.answers.extend(answers);
    }

    /// The answer that is longest on its way comes in.
    fn arrive(&mut self) {
        let (token, content) = self.answers.remove(0);
        let Some((number, rid, sending)) = self.asked.remove(&token) else { return };
        let mut actions = Vec::new();
        let session = &mut self.clients[number].session;
        session.response(rid, sending, 200, content.as_bytes(), self.now, &mut actions);
        self.act(number, actions);
    }

    /// The connection of a request is lost, before or after the connection manager answered it.
    fn lose(&mut self, token: u64) {
        let Some((number, rid, sending)) = self.asked.remove(&token) else { return };
        self.answers.retain(|(to, _)| *to != token);
        self.machine.gone(token, self.now);
        self.clients[number].session.lost(rid, sending, self.now);
        self.act(number, Vec::new());
    }

    /// Everything that is on its way comes in.
    fn quiet(&mut self) {
        while !self.answers.is_empty() {
            self.arrive();
        }
    }

    /// Lets time pass.
    fn seconds(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        loop {
            let sessions = self.clients.iter().filter_map(|client| client.session.deadline());
            let due = sessions.chain(self.machine.deadline()).min().filter(|due| *due <= end);
            self.now = self.now.max(due.unwrap_or(end));
            self.machine.wake(self.now);
            for number in 0..self.clients.len() {
                self.act(number, Vec::new());
            }
            if due.is_none() {
                return self.quiet();
            }
            self.quiet();
        }
    }

    fn say(&mut self, from: usize, to: &str, text: &str) {
        let message = Element::new(ns::CLIENT, "message")
            .with_attr("to", to)
            .with_attr("type", "chat")
            .with_child(Element::new(ns::CLIENT, "body").with_text(text));
        self.clients[from].session.send(&message);
        self.act(from, Vec::new());
    }
}

fn login(name: &str, nonce: &str) -> Login {
    let (user, password) = (name.to_owned(), format!("secret of {name}"));
    Login::new(Who::Account { user, password }, nonce)
}

#[test]
fn each_mechanism_logs_in_and_a_wrong_password_does_not() {
    let mut world = World::new();
    let mechanisms = [Hash::Sha1, Hash::Sha256].map(Mechanism::Scram);
    for (n, mechanism) in mechanisms.into_iter().chain([Mechanism::Plain]).enumerate() {
        let login = login("alice", &format!("n{n}")).with_mechanism(mechanism);
        let number = world.client(login.with_resource(format!("r{n}")));
        world.quiet();
        let jid = world.clients[number].jid.clone();
        assert_eq!(jid, Some(format!("alice@localhost/r{n}")), "{mechanism:?}");
    }
    let nobody = world.client(Login::new(Who::Anonymous, "n"));
    world.quiet();
    assert!(world.clients[nobody].jid.is_some());
    for mechanism in [Mechanism::Plain, Mechanism::Scram(Hash::Sha256)] {
        let (user, password) = ("alice".to_owned(), "guessed".to_owned());
        let login = Login::new(Who::Account { user, password }, "n").with_mechanism(mechanism);
        let number = world.client(login);
        world.quiet();
        let words = world.clients[number].failed.clone().unwrap_or_default();
        assert!(words.ends_with("not-authorized"), "{words}");
    }
}

#[test]
fn an_idle_session_lives_on_and_ends_when_it_is_told_to() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    world.seconds(1000.0);
    world.say(alice, "bob@localhost", "still here?");
    world.quiet();
    assert_eq!(world.clients[bob].texts, ["still here?"]);
    assert_eq!(world.clients[alice].session.pause(100), Ok(()));
    world.act(alice, Vec::new());
    world.seconds(98.0);
    assert_eq!(world.clients[alice].session.open().count(), 0);
    world.seconds(10.0);
    assert_eq!(world.clients[alice].session.open().count(), 1);
    for number in [alice, bob] {
        world.clients[number].session.terminate(&[]);
        world.act(number, Vec::new());
        world.quiet();
        assert_eq!(world.clients[number].end, Some(End::Closed));
    }
    assert_eq!(world.machine.sessions(), 0);
    assert!(world.asked.is_empty(), "a request was left without an answer");
}

/// Whatever connections are lost, each message arrives once, and in order.
#[test]
fn lost_connections_lose_and_double_nothing() {
    for seed in 0..50 {
        let mut random = Seeded::new(seed);
        let mut below = |limit: usize| {
            let mut bytes = [0; 4];
            random.fill(&mut bytes);
            u32::from_le_bytes(bytes) as usize % limit
        };
        let mut world = World::new();
        let users = [world.user("alice"), world.user("bob")];
        let names = ["alice@localhost", "bob@localhost"];
        let mut said = [Vec::new(), Vec::new()];
        for n in 0..100 {
            match below(4) {
                0 => {
                    let from = below(2);
                    world.say(users[from], names[1 - from], &n.to_string());
                    said[from].push(n.to_string());
                }
                1 => {
                    // A request that is lost five times is given up.
                    let few = world.asked.iter().filter(|(_, (.., sending))| *sending < 5);
                    let mut tokens: Vec<u64> = few.map(|(&token, _)| token).collect();
                    tokens.sort_unstable();
                    if !tokens.is_empty() {
                        world.lose(tokens[below(tokens.len())]);
                    }
                }
                2 if !world.answers.is_empty() => world.arrive(),
                _ => world.seconds(2.0),
            }
        }
        world.seconds(200.0);
        for (from, said) in said.iter().enumerate() {
            let to = &world.clients[users[1 - from]];
            assert_eq!(to.end, None, "seed {seed}");
            assert_eq!(&to.texts, said, "seed {seed}");
        }
    }
}
