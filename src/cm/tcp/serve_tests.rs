use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Protection;
use crate::clock::Clock;
use crate::cm::http::serve::Service;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{Account, Password, Server, Setup};
use crate::random::Seeded;
use crate::wire::tls;

const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams'>";
/// alice, whose password is secret.
const AUTH: &str =
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>";
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const END: &str = "</stream:stream>";
const PATIENCE: Duration = Duration::from_secs(20);

fn service() -> Arc<Service> {
    let clock = Clock::start();
    let alice = Account { user: "alice".to_owned(), password: Password::new("secret") };
    let started = "2026-01-01T00:00:00Z".parse().unwrap();
    let setup = Setup { accounts: vec![alice], ..Setup::new("localhost", started) };
    let server = Server::new(setup, Box::new(Seeded::new(1)));
    let parts = Parts::new(Policy::default(), Box::new(server), Box::new(Seeded::new(2)));
    let (machine, edge) = parts.assemble();
    let service = Service::new(machine, edge, Arc::new(Notify::new()), clock, None);
    tokio::spawn(Arc::clone(&service).keep_time());
    service
}

/// A service on a real socket, and a connection to it.
async fn connect(protection: Protection) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(service().accept_tcp(listener, protection));
    TcpStream::connect(address).await.unwrap()
}

fn identity() -> Arc<rustls::ServerConfig> {
    tls::identity(vec!["localhost".to_owned()], None).unwrap().config
}

async fn secure(tcp: TcpStream) -> tokio_rustls::client::TlsStream<TcpStream> {
    let config = Arc::new(tls::trusting(None, true).unwrap());
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

/// Sends, and reads until this comes.
async fn say(io: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str, until: &str) -> String {
    io.write_all(text.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
    let mut all = String::new();
    let mut bytes = [0; 4096];
    while !all.contains(until) {
        let read = timeout(PATIENCE, io.read(&mut bytes)).await.expect(&all).unwrap();
        assert!(read > 0, "the end came first: {all}");
        all.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    all
}

async fn rest(io: &mut (impl AsyncRead + Unpin)) -> String {
    let mut rest = String::new();
    timeout(PATIENCE, io.read_to_string(&mut rest)).await.expect("an end").unwrap();
    rest
}

async fn logs_in(io: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let begun = say(io, HEADER, "</stream:features>").await;
    assert!(
        begun.contains("<mechanism>PLAIN</mechanism>") && !begun.contains("starttls"),
        "{begun}"
    );
    say(io, AUTH, "<success").await;
    let features = say(io, HEADER, "</stream:features>").await;
    assert!(features.contains("<sm xmlns='urn:xmpp:sm:3'/>"), "{features}");
    say(io, BIND, "<jid>alice@localhost/").await;
}

#[tokio::test]
async fn a_client_logs_in_and_leaves() {
    let mut tcp = connect(Protection::None).await;
    logs_in(&mut tcp).await;
    // In pieces, and with white space before it.
    for piece in [" \n<iq type='get' ", "id='p'><ping xmlns='urn:xmp", "p:ping'/></iq"] {
        tcp.write_all(piece.as_bytes()).await.unwrap();
    }
    say(&mut tcp, ">", "id='p'").await;
    assert_eq!(say(&mut tcp, END, END).await, END);
    assert_eq!(rest(&mut tcp).await, "");
}

#[tokio::test]
async fn starttls_is_required_where_there_is_a_certificate() {
    let mut tcp = connect(Protection::StartTls(identity())).await;
    let begun = say(&mut tcp, HEADER, "</stream:features>").await;
    assert!(begun.contains("<required/>") && !begun.contains("mechanism"), "{begun}");
    assert!(say(&mut tcp, AUTH, "</failure>").await.contains("<encryption-required"));
    let proceed = say(&mut tcp, STARTTLS, "/>").await;
    assert_eq!(proceed, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    let mut tls = secure(tcp).await;
    logs_in(&mut tls).await;
    say(&mut tls, END, END).await;
    // With close_notify: without one, this is an error.
    assert_eq!(rest(&mut tls).await, "");
}

#[tokio::test]
async fn tls_from_the_first_byte_needs_no_starttls() {
    let mut tls = secure(connect(Protection::Direct(identity())).await).await;
    logs_in(&mut tls).await;
    let refused = say(&mut tls, STARTTLS, END).await;
    assert!(refused.contains("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "{refused}");
}

#[tokio::test]
async fn a_stream_is_resumed_over_another_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(service().accept_tcp(listener, Protection::None));
    let mut first = TcpStream::connect(address).await.unwrap();
    logs_in(&mut first).await;
    let enabled = say(&mut first, "<enable xmlns='urn:xmpp:sm:3' resume='1'/>", "/>").await;
    let id = enabled.split(" id='").nth(1).unwrap().split('\'').next().unwrap();
    drop(first);
    let mut second = TcpStream::connect(address).await.unwrap();
    say(&mut second, HEADER, "</stream:features>").await;
    say(&mut second, AUTH, "<success").await;
    say(&mut second, HEADER, "</stream:features>").await;
    let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
    let resumed = say(&mut second, &resume, "/>").await;
    assert_eq!(resumed, format!("<resumed xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"));
}

#[tokio::test]
async fn what_is_no_stream_is_refused_within_one() {
    for (text, condition) in [
        (HEADER.replace("localhost", "elsewhere"), "host-unknown"),
        (HEADER.replace(" to='localhost'", ""), "improper-addressing"),
        (HEADER.replace("jabber:client", "jabber:nope"), "invalid-namespace"),
        (HEADER.replace("http://etherx.jabber.org/streams", "urn:x"), "invalid-namespace"),
        (format!("{HEADER}<!-- -->"), "restricted-xml"),
        (format!("{HEADER}<a></b>"), "not-well-formed"),
        (format!("{HEADER}<message/>"), "not-authorized"),
    ] {
        let mut tcp = connect(Protection::None).await;
        let all = say(&mut tcp, &text, END).await;
        assert!(all.contains("<stream:stream ") && all.contains(" from='localhost'"), "{all}");
        assert!(all.contains(&format!("<stream:error><{condition} ")), "{condition}: {all}");
        assert_eq!(rest(&mut tcp).await, "");
    }
}

#[tokio::test]
async fn a_stream_in_memory_is_like_one_over_a_socket() {
    let (mut client, ours) = tokio::io::duplex(64 << 10);
    let peer = ([127, 0, 0, 1], 1).into();
    tokio::spawn(service().tcp(ours, peer, Protection::None));
    logs_in(&mut client).await;
}
