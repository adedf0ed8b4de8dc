use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::serve::Service;
use crate::clock::Clock;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{Server, Setup};
use crate::random::Seeded;
use crate::wire::websocket::{self, Opcode};

async fn exchange(stream: &mut DuplexStream, content: &str) -> String {
    stream.write_all(post(content).as_bytes()).await.unwrap();
    let mut bytes = vec![0; 64 << 10];
    let read = stream.read(&mut bytes).await.unwrap();
    String::from_utf8(bytes[..read].to_vec()).unwrap()
}

/// A connection manager in virtual time, for what is done with it.
fn virtually<T>(act: impl AsyncFnOnce(Arc<Service>) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = Clock::start();
        let started = "2026-01-01T00:00:00Z".parse().unwrap();
        let setup = Setup { anonymous: true, ..Setup::new("localhost", started) };
        let server = Server::new(setup, Box::new(Seeded::new(1)));
        let parts = Parts::new(Policy::default(), Box::new(server), Box::new(Seeded::new(2)));
        let (machine, edge) = parts.assemble();
        let service = Service::new(machine, edge, Arc::new(Notify::new()), clock, None);
        tokio::spawn(Arc::clone(&service).keep_time());
        act(service).await
    })
}

fn connect(service: &Arc<Service>) -> DuplexStream {
    let (client, ours) = tokio::io::duplex(64 << 10);
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    tokio::spawn(Arc::clone(service).connection(ours, peer));
    client
}

const NS: &str = "http://jabber.org/protocol/httpbind";

fn creation() -> String {
    format!(
        "<body xmlns='{NS}' xmlns:x='urn:xmpp:xbosh' x:version='1.0' rid='1' to='localhost' ver='1.11' wait='60' hold='1'/>"
    )
}

fn sid(created: &str) -> String {
    created.split(" sid='").nth(1).unwrap().split('\'').next().unwrap().to_owned()
}

fn post(content: &str) -> String {
    let length = content.len();
    format!("POST /http-bind HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{content}")
}

#[test]
fn requests_that_came_whole_count_though_their_client_left_behind_them() {
    // Regression: hyper gave up what it served when it read the end of the connection, at times before the machine had
    // the request. gloox sends its last two requests so. The pieces come as the network cuts them.
    for (alone, cut) in (0..150).map(|cut| (true, cut)).chain((0..300).map(|cut| (false, cut))) {
        virtually(async |service| {
            let mut client = connect(&service);
            let sid = sid(&exchange(&mut client, &creation()).await);
            let request = |rid: u64, attributes: &str| {
                post(&format!("<body xmlns='{NS}' sid='{sid}' rid='{rid}'{attributes}/>"))
            };
            let ends = " type='terminate'";
            let last = if alone { request(2, ends) } else { request(2, "") + &request(3, ends) };
            if alone {
                client = connect(&service);
            }
            let (one, other) = last.as_bytes().split_at(cut);
            client.write_all(one).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            client.write_all(other).await.unwrap();
            client.shutdown().await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            let mut later = connect(&service);
            let poll = format!("<body xmlns='{NS}' sid='{sid}' rid='2'/>");
            let answer = exchange(&mut later, &poll).await;
            let gone = answer.contains("condition='item-not-found'");
            assert!(gone, "alone: {alone}, cut at {cut}: {answer}");
        });
    }
}

#[test]
fn a_request_that_is_cut_off_counts_for_nothing() {
    virtually(async |service| {
        let mut client = connect(&service);
        let sid = sid(&exchange(&mut client, &creation()).await);
        let whole = post(&format!("<body xmlns='{NS}' sid='{sid}' rid='2' type='terminate'/>"));
        client.write_all(&whole.as_bytes()[..whole.len() - 3]).await.unwrap();
        client.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut other = connect(&service);
        let poll = format!("<body xmlns='{NS}' sid='{sid}' rid='2'/>");
        let answer = exchange(&mut other, &poll).await;
        assert!(answer.ends_with(&format!("<body xmlns='{NS}'/>")), "{answer}");
    });
}

/// A session of some hours: what was answered, and at which time.
fn hours() -> (Vec<String>, u64) {
    virtually(async |service| {
        let mut client = connect(&service);
        let start = Instant::now();
        let created = exchange(&mut client, &creation()).await;
        let sid = sid(&created);
        let mut trace = vec![created];
        for rid in 2..=120 {
            let poll = format!("<body xmlns='{NS}' sid='{sid}' rid='{rid}'/>");
            let answer = exchange(&mut client, &poll).await;
            assert!(answer.ends_with(&format!("<body xmlns='{NS}'/>")), "{answer}");
            trace.push(format!(
                "{:?} {}",
                start.elapsed(),
                answer.split("\r\n\r\n").nth(1).unwrap()
            ));
        }
        (trace, start.elapsed().as_secs())
    })
}

#[test]
fn two_hours_of_long_polls_take_no_time_and_are_the_same_twice() {
    let (first, seconds) = hours();
    let (second, _) = hours();
    assert_eq!(seconds, 119 * 60);
    let without_date = |trace: &[String]| trace[1..].to_vec();
    assert_eq!(without_date(&first), without_date(&second));
    let body = |trace: &[String]| trace[0].split("\r\n\r\n").nth(1).map(str::to_owned);
    assert_eq!(body(&first), body(&second));
}

/// What is answered to these pieces, each of which comes so many seconds after the one before, and when.
fn slowly(pieces: impl IntoIterator<Item = (u64, String)>) -> (String, u64) {
    let pieces: Vec<_> = pieces.into_iter().collect();
    virtually(async |service| {
        let (mut read, mut write) = tokio::io::split(connect(&service));
        let start = Instant::now();
        let writes = tokio::spawn(async move {
            for (seconds, piece) in pieces {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                if write.write_all(piece.as_bytes()).await.is_err() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        });
        let mut bytes = vec![0; 64 << 10];
        let len = read.read(&mut bytes).await.unwrap();
        writes.abort();
        (String::from_utf8_lossy(&bytes[..len]).into_owned(), start.elapsed().as_secs())
    })
}

/// Cause: heads ended after 30 s, and bodies were waited for without end.
#[test]
fn a_request_that_does_not_come_ends() {
    let head = |length: usize| {
        format!("POST /http-bind HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
    };
    let (answer, seconds) = slowly([(0, head(10))]);
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("access-control-allow-origin"),
        "{answer}"
    );
    assert_eq!(seconds, 30);
    let trickle = (0..100).map(|_| (9, "x".to_owned()));
    let (answer, seconds) = slowly([(0, head(100))].into_iter().chain(trickle));
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(seconds, 30);
    // Slow, and no slower than allowed.
    let steady = (0..40).map(|_| (4, "x".repeat(4096)));
    let (answer, seconds) = slowly([(0, head(40 * 4096))].into_iter().chain(steady));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(seconds, 160);
    let (answer, seconds) = slowly([(0, head(2 << 20) + &"x".repeat((1 << 20) + 1))]);
    assert!(answer.starts_with("HTTP/1.1 413 ") && seconds == 0, "{answer} after {seconds} s");
}

#[test]
fn a_response_that_is_not_read_ends() {
    virtually(async |service| {
        let (mut client, ours) = tokio::io::duplex(64);
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let served = tokio::spawn(Arc::clone(&service).connection(ours, peer));
        client.write_all(b"GET /http-bind HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let start = Instant::now();
        served.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 30);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest.len(), 64);
    });
}

#[test]
fn a_websocket_whose_client_says_nothing_or_half_of_it_or_does_not_log_in_ends() {
    let handshake = "GET /xmpp-websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: xmpp\r\n\r\n";
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
    let open = websocket::frame(Opcode::TEXT, open.as_bytes(), Some([0; 4]));
    // The head of a frame of 100 bytes, which do not come.
    let begun = [open.clone(), vec![0x81, 0x80 | 0x64, 0, 0, 0, 0, b'<']].concat();
    for (sends, seconds) in [(Vec::new(), 32), (begun, 32), (open, 62)] {
        virtually(async |service| {
            let mut client = connect(&service);
            let start = Instant::now();
            client.write_all(handshake.as_bytes()).await.unwrap();
            client.write_all(&sends).await.unwrap();
            let mut all = Vec::new();
            let ended = client.read_to_end(&mut all);
            let ended = tokio::time::timeout(Duration::from_secs(3600), ended).await.is_ok();
            assert!(all.starts_with(b"HTTP/1.1 101 "));
            assert_eq!((ended, start.elapsed().as_secs()), (true, seconds));
            assert!(String::from_utf8_lossy(&all).contains("<connection-timeout"));
            assert!(all.ends_with(&websocket::close(1000, "", None)));
        });
    }
}
