//! The I/O, before a server that says what the test says.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::outbox::{ROOM, is_last};
use super::stream::Bounds;
use super::*;
use crate::bosh::{Condition, NS};
use crate::cm::backend::{Backend, Command, Event, Link, Opening};
use crate::cm::machine::Machine;
use crate::cm::policy::Policy;
use crate::cm::reply::Reply;
use crate::random::Seeded;
use crate::wire::tls;
use crate::xml::Element;
use crate::xmpp::ns;

const LONG: Duration = Duration::from_secs(20);
const NOW: Duration = Duration::ZERO;
const LINK: Link = 7;
const FEATURES: &str = "<stream:features/>";

/// Runs a test on a runtime as the connection manager's, and not for ever.
fn run(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG, test).await.expect("it takes too long") });
}

struct Bed {
    listener: TcpListener,
    upstream: Upstream,
    wake: Arc<Notify>,
}

impl Bed {
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let settings = Arc::new(settings(&listener, change));
        let wake = Arc::new(Notify::new());
        let upstream = Upstream::new(settings, Arc::clone(&wake), Handle::current());
        Self { listener, upstream, wake }
    }

    /// With a stream that the server has accepted.
    async fn open(change: impl FnOnce(&mut Settings)) -> (Self, TcpStream) {
        let mut bed = Self::new(change).await;
        bed.command(Command::Open(opening()));
        let mut server = bed.listener.accept().await.unwrap().0;
        assert!(heard(&mut server, ">", 2).await.contains(" to='localhost'"));
        say(&mut server, &(header() + FEATURES)).await;
        assert!(matches!(bed.event().await, Event::Opened { .. }));
        assert!(matches!(bed.event().await, Event::Element(_)));
        (bed, server)
    }

    fn command(&mut self, command: Command) {
        self.upstream.command(LINK, command, NOW);
    }

    async fn event(&mut self) -> Event {
        loop {
            match self.upstream.next() {
                Some((link, event)) => {
                    assert_eq!(link, LINK);
                    return event;
                }
                None => self.wake.notified().await,
            }
        }
    }
}

fn settings(listener: &TcpListener, change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings {
        address: listener.local_addr().unwrap().to_string().parse().unwrap(),
        tls: Err("no certificates".into()),
        plain: false,
        domains: Vec::new(),
        bounds: Bounds::default(),
    };
    change(&mut settings);
    settings
}

fn opening() -> Opening {
    Opening { to: "LocalHost".into(), version: Some("1.0".into()), ..Opening::default() }
}

fn header() -> String {
    format!(
        "<stream:stream xmlns='jabber:client' xmlns:stream='{}' from='localhost' version='1.0'>",
        ns::STREAMS
    )
}

fn iq(id: &str) -> Command {
    Command::Send(Element::new(ns::CLIENT, "iq").with_attr("id", id))
}

async fn say(server: &mut (impl AsyncWrite + Unpin), text: &str) {
    server.write_all(text.as_bytes()).await.unwrap();
}

/// What came up to the `count`th time that `end` came.
async fn heard(server: &mut (impl AsyncRead + Unpin), end: &str, count: usize) -> String {
    let mut text = String::new();
    while text.matches(end).count() < count {
        let byte = server.read_u8().await.expect("more is to come");
        text.push(byte.into());
    }
    text
}

async fn rest(server: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    server.read_to_string(&mut text).await.unwrap();
    text
}

#[test]
fn a_stream_from_its_opening_to_its_end() {
    run(async {
        let (mut bed, mut server) = Bed::open(|_| {}).await;
        bed.command(iq("1"));
        assert_eq!(heard(&mut server, ">", 1).await, "<iq id='1'/>");
        bed.command(Command::Restart);
        assert!(heard(&mut server, ">", 2).await.contains("<stream:stream "));
        say(&mut server, &(header() + FEATURES + "<iq/>")).await;
        assert!(matches!(bed.event().await, Event::Opened { .. }));
        assert!(matches!(bed.event().await, Event::Element(_)));
        assert!(matches!(bed.event().await, Event::Element(iq) if iq.name() == "iq"));
        bed.command(iq("2"));
        bed.command(Command::Close);
        assert_eq!(heard(&mut server, ">", 2).await, "<iq id='2'/></stream:stream>");
        say(&mut server, "<iq id='unheard'/></stream:stream>").await;
        assert_eq!(rest(&mut server).await, "");
        bed.upstream.streams().ended().await;
        assert_eq!(bed.upstream.next(), None);
    });
}

#[test]
fn a_server_that_ends_its_stream_or_breaks_off() {
    run(async {
        let (mut bed, mut server) = Bed::open(|_| {}).await;
        say(&mut server, "</stream:stream>").await;
        assert_eq!(bed.event().await, Event::Closed);
        assert_eq!(rest(&mut server).await, "</stream:stream>");
        let (mut bed, server) = Bed::open(|_| {}).await;
        drop(server);
        assert_eq!(bed.event().await, Event::Failed(Condition::RemoteConnectionFailed));
        bed.command(iq("ignored"));
        bed.upstream.streams().ended().await;
    });
}

#[test]
fn a_server_that_is_not_there_and_domains_that_are_not_served() {
    run(async {
        let mut bed = Bed::new(|settings| settings.domains = vec!["localhost".into()]).await;
        for to in ["other.example", "me@localhost", "localhost/me", "a b", ""] {
            bed.command(Command::Open(Opening { to: to.into(), ..opening() }));
            assert_eq!(bed.event().await, Event::Failed(Condition::HostUnknown), "{to}");
        }
        let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = gone.local_addr().unwrap().to_string().parse().unwrap();
        drop(gone);
        let mut bed = Bed::new(|settings| settings.address = address).await;
        bed.command(Command::Open(opening()));
        assert_eq!(bed.event().await, Event::Failed(Condition::RemoteConnectionFailed));
        let reason = probe(&bed.upstream.settings).await.unwrap_err();
        assert!(reason.contains("nothing listens at 127.0.0.1"), "{reason}");
    });
}

#[test]
fn a_server_that_says_nothing_has_only_so_much_time() {
    run(async {
        let mut bed = Bed::new(|_| {}).await;
        bed.command(Command::Open(opening()));
        let mut server = bed.listener.accept().await.unwrap().0;
        heard(&mut server, ">", 2).await;
        tokio::time::pause();
        let start = tokio::time::Instant::now();
        assert_eq!(bed.event().await, Event::Failed(Condition::RemoteConnectionFailed));
        assert!(start.elapsed() > Duration::from_secs(14), "{:?}", start.elapsed());
    });
}

#[test]
fn a_server_that_does_not_part_is_left() {
    run(async {
        let (mut bed, mut server) = Bed::open(|_| {}).await;
        tokio::time::pause();
        bed.command(Command::Close);
        bed.upstream.streams().ended().await;
        tokio::time::resume();
        assert_eq!(rest(&mut server).await, "</stream:stream>");
    });
}

/// Offers STARTTLS to one client, with this identity, and goes on in TLS to the end of `last`.
async fn serve_tls(listener: &TcpListener, identity: tls::Identity, last: &str) -> Option<String> {
    let mut tcp = listener.accept().await.unwrap().0;
    let outside = heard(&mut tcp, ">", 2).await;
    assert!(!outside.contains("from="), "{outside}");
    let offer =
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
    say(&mut tcp, &(header() + offer)).await;
    assert_eq!(
        heard(&mut tcp, ">", 1).await,
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    );
    say(&mut tcp, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
    let mut tls = TlsAcceptor::from(identity.config).accept(tcp).await.ok()?;
    let mut inside = heard(&mut tls, ">", 2).await;
    say(&mut tls, &(header() + FEATURES)).await;
    inside += &heard(&mut tls, last, 1).await;
    say(&mut tls, "</stream:stream>").await;
    let _ = tls.shutdown().await;
    Some(inside)
}

#[test]
fn starttls_with_a_certificate_that_is_trusted() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let identity = tls::identity(vec!["localhost".into()], Some(folder.path())).unwrap();
        let file = identity.file.clone().unwrap();
        let trust = tls::trusting(Some(&file), false).unwrap();
        let mut bed = Bed::new(|settings| settings.tls = Ok(Arc::new(trust))).await;
        let from = Some("alice@localhost".to_owned());
        bed.command(Command::Open(Opening { from, ..opening() }));
        bed.command(iq("early"));
        let script =
            serve_tls(&bed.listener, identity, "/>").await.expect("the handshake succeeds");
        assert!(script.contains(" from='alice@localhost'") && script.ends_with("<iq id='early'/>"));
        assert!(matches!(bed.event().await, Event::Opened { .. }));
        assert!(matches!(bed.event().await, Event::Element(_)));
        assert_eq!(bed.event().await, Event::Closed);
    });
}

#[test]
fn certificates_that_are_refused_and_why() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let other = tls::identity(vec!["localhost".into()], Some(folder.path())).unwrap();
        let wrong = tempfile::tempdir().unwrap();
        let another = tls::identity(vec!["other.example".into()], Some(wrong.path())).unwrap();
        let trust =
            |file: Option<PathBuf>, insecure| tls::trusting(file.as_deref(), insecure).unwrap();
        let ours = |names: &str| tls::identity(vec![names.into()], None).unwrap();
        let own = |folder: &tempfile::TempDir, name: &str| {
            tls::identity(vec![name.into()], Some(folder.path())).unwrap()
        };
        for (config, identity, words) in [
            (Ok(trust(other.file.clone(), false)), ours("localhost"), "--ca-file"),
            (
                Ok(trust(another.file.clone(), false)),
                own(&wrong, "other.example"),
                "for another domain",
            ),
            (Err("no roots here".to_owned()), ours("localhost"), "no roots here"),
            (Ok(trust(None, true)), ours("other.example"), ""),
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let settings = Arc::new(settings(&listener, |settings| {
                settings.tls = config.map(Arc::new);
                settings.domains = vec!["localhost".into()];
            }));
            let server =
                tokio::spawn(
                    async move { serve_tls(&listener, identity, "</stream:stream>").await },
                );
            let probed = probe(&settings).await;
            let inside = server.await.unwrap_or_default();
            match words {
                "" => assert!(probed.is_ok() && inside.is_some(), "{probed:?}"),
                words => {
                    let reason = probed.unwrap_err();
                    assert!(reason.contains("STARTTLS") && reason.contains(words), "{reason}");
                    assert_eq!(inside, None, "nothing is said under a wrong certificate");
                }
            }
        }
    });
}

#[test]
fn what_a_probe_says_of_a_server_that_does_not_want_us() {
    run(async {
        let error = |condition: &str| {
            format!(
                "<stream:error><{condition} xmlns='{}'/></stream:error></stream:stream>",
                ns::STREAM_ERRORS
            )
        };
        for (answer, words) in [
            (header() + &error("host-unknown"), "it does not serve localhost"),
            (header() + &error("policy-violation"), "<policy-violation"),
            ("SSH-2.0-OpenSSH\r\n".to_owned(), "this is no XMPP stream"),
            (String::new(), "closed the connection"),
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let settings = Arc::new(settings(&listener, |settings| {
                settings.domains = vec!["localhost".into()];
            }));
            tokio::spawn(async move {
                let mut server = listener.accept().await.unwrap().0;
                heard(&mut server, ">", 2).await;
                say(&mut server, &answer).await;
            });
            let reason = probe(&settings).await.unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    });
}

#[test]
fn a_server_that_does_not_read_is_given_up() {
    run(async {
        let (mut bed, server) = Bed::open(|settings| settings.bounds.unsent = 1 << 20).await;
        let body = Element::new(ns::CLIENT, "message").with_text(&"x".repeat(1 << 18));
        let mut sent = 0;
        while bed.upstream.next().is_none() {
            bed.command(Command::Send(body.clone()));
            sent += 1;
            assert!(sent < 1000, "all of this was kept");
            tokio::task::yield_now().await;
        }
        drop(server);
        bed.upstream.streams().ended().await;
    });
}

fn messages(count: usize) -> String {
    let message = |n| format!("<message id='{n}'><body>Hello, here is number {n}</body></message>");
    (0..count).map(message).collect::<Vec<_>>().concat()
}

#[test]
fn a_server_that_says_too_much_has_to_wait() {
    run(async {
        let (mut bed, mut server) = Bed::open(|_| {}).await;
        let count = 50_000;
        let text = messages(count);
        let length = text.len();
        let said = tokio::spawn(async move {
            say(&mut server, &text).await;
            server
        });
        let waiting = |bed: &Bed| bed.upstream.shared.lock().links[&LINK].waiting;
        while waiting(&bed) < ROOM {
            bed.wake.notified().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(waiting(&bed) < 2 * ROOM, "{} of {length} bytes", waiting(&bed));
        for n in 0..count {
            let Event::Element(message) = bed.event().await else { panic!("the stream broke") };
            assert_eq!(message.attr("id"), Some(n.to_string().as_str()));
        }
        let _server = said.await.unwrap();
        assert_eq!(waiting(&bed), 0);
    });
}

/// A client that fetches as fast as it can.
struct Client {
    machine: Machine,
    sid: String,
    rid: u64,
}

impl Client {
    async fn ask(&mut self, attributes: &str, wake: &Notify) -> Reply {
        self.rid += 1;
        let rid = self.rid;
        let body =
            format!("<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='{rid}' {attributes}/>");
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.machine.request(rid, peer, body.as_bytes(), NOW).unwrap();
        loop {
            if let Some(answer) = self.machine.answers().next() {
                return answer.reply;
            }
            wake.notified().await;
            self.machine.server(NOW);
        }
    }

    async fn poll(&mut self, wake: &Notify) -> Reply {
        let sid = format!("sid='{}'", self.sid);
        self.ask(&sid, wake).await
    }
}

#[test]
fn more_than_may_wait_for_a_client_reaches_it_all_the_same() {
    run(async {
        let Bed { listener, upstream, wake } = Bed::new(|_| {}).await;
        let mut policy = Policy::default();
        policy.bounds.waiting = 1000;
        let machine = Machine::new(policy, Box::new(upstream), Box::new(Seeded::new(1)));
        let mut client = Client { machine, sid: String::new(), rid: 0 };
        let count = 20_000;
        let server = tokio::spawn(async move {
            let mut server = listener.accept().await.unwrap().0;
            heard(&mut server, ">", 2).await;
            say(&mut server, &(header() + FEATURES)).await;
            say(&mut server, &messages(count)).await;
            server
        });
        let created = client
            .ask("to='localhost' ver='1.11' xmpp:version='1.0' wait='60' hold='1'", &wake)
            .await;
        client.sid = created.get("sid").unwrap().to_owned();
        // It is away for a while, and then fetches.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
            client.machine.server(NOW);
        }
        let mut got = 0;
        while got < count {
            let reply = client.poll(&wake).await;
            assert_eq!(reply.get("condition"), None, "after {got}");
            for payload in &reply.payloads {
                assert!(payload.xml.contains(&format!("id='{got}'")), "{}", payload.xml);
                got += 1;
            }
        }
        let _server = server.await.unwrap();
    });
}

#[test]
fn many_streams_at_once() {
    run(async {
        let Bed { listener, mut upstream, wake } = Bed::new(|_| {}).await;
        let count: u64 = 300;
        tokio::spawn(async move {
            loop {
                let mut server = listener.accept().await.unwrap().0;
                tokio::spawn(async move {
                    heard(&mut server, ">", 2).await;
                    say(&mut server, &(header() + FEATURES)).await;
                    let told = heard(&mut server, ">", 1).await;
                    say(&mut server, &told).await;
                    heard(&mut server, "</stream:stream>", 1).await;
                    say(&mut server, "</stream:stream>").await;
                });
            }
        });
        for link in 0..count {
            upstream.command(link, Command::Open(opening()), NOW);
            upstream.command(link, iq(&link.to_string()), NOW);
        }
        let mut echoes = 0;
        while echoes < count {
            match upstream.next() {
                Some((link, Event::Element(iq))) if iq.name() == "iq" => {
                    assert_eq!(iq.attr("id"), Some(link.to_string().as_str()));
                    upstream.command(link, Command::Close, NOW);
                    echoes += 1;
                }
                Some((_, event)) => assert!(!is_last(&event), "{event:?}"),
                None => wake.notified().await,
            }
        }
        upstream.streams().ended().await;
        assert!(upstream.shared.lock().links.is_empty());
    });
}
