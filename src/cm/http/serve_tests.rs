use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Strict;
use super::serve::Service;
use crate::clock::Clock;
use crate::cm::machine::Machine;
use crate::cm::policy::Policy;
use crate::cm::random::Seeded;
use crate::cm::server::{Server, Setup};

async fn exchange(stream: &mut DuplexStream, content: &str) -> String {
    let length = content.len();
    let head = format!("POST /http-bind HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + content).as_bytes()).await.unwrap();
    let mut bytes = vec![0; 64 << 10];
    let read = stream.read(&mut bytes).await.unwrap();
    String::from_utf8(bytes[..read].to_vec()).unwrap()
}

/// A session of some hours: what was answered, and at which time.
fn hours() -> (Vec<String>, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = Clock::start();
        let setup = Setup { anonymous: true, ..Setup::new("localhost", "2026-01-01T00:00:00Z".parse().unwrap()) };
        let server = Server::new(setup, Box::new(Seeded::new(1)));
        let policy = Policy::default();
        let edge = Box::new(Strict { limit: policy.bounds.xml.bytes });
        let machine = Machine::new(policy, Box::new(server), Box::new(Seeded::new(2)));
        let service = Service::new(machine, edge, Arc::new(Notify::new()), clock, None);
        tokio::spawn(Arc::clone(&service).keep_time());
        let (mut client, ours) = tokio::io::duplex(64 << 10);
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        tokio::spawn(Arc::clone(&service).connection(ours, peer));
        let ns = "http://jabber.org/protocol/httpbind";
        let start = Instant::now();
        let created = exchange(&mut client, &format!("<body xmlns='{ns}' xmlns:x='urn:xmpp:xbosh' x:version='1.0' rid='1' to='localhost' ver='1.11' wait='60' hold='1'/>")).await;
        let sid = created.split(" sid='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let mut trace = vec![created];
        for rid in 2..=120 {
            let answer = exchange(&mut client, &format!("<body xmlns='{ns}' sid='{sid}' rid='{rid}'/>")).await;
            assert!(answer.ends_with(&format!("<body xmlns='{ns}'/>")), "{answer}");
            trace.push(format!("{:?} {}", start.elapsed(), answer.split("\r\n\r\n").nth(1).unwrap()));
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
