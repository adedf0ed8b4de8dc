//! Who ended a connection: told where it was seen, and nobody is accused where it was not. A client that closes its
//! socket with an unread answer in it resets the connection, which whoever writes to it may be the first to notice.

use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::rig::{Left, Proxy, Target, assert_broken, expect, message, ok, post, send, until};

const NS: &str = "http://jabber.org/protocol/httpbind";
/// What is said of a client that went away.
const CLIENT_LEFT: &str = "note: The client closed the connection";
const SERVER_LEFT: &str = "(server): The server closed the connection";
/// What is said where nobody knows.
const NOBODY_KNOWS: &str = "it is not known which side closed it first";

/// How a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// In order, or with a reset if something in it was not read.
    Plainly,
    /// With a reset.
    AtOnce,
    /// Only its own direction.
    Half,
}

use Close::{AtOnce, Half, Plainly};

impl Close {
    /// Closes a socket; what stays of it has to be kept for as long as the test runs.
    fn close(self, socket: TcpStream) -> Option<TcpStream> {
        let ends = [socket.local_addr().unwrap().port(), socket.peer_addr().unwrap().port()];
        let left = match self {
            Plainly => {
                drop(socket);
                None
            }
            AtOnce => {
                socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
                drop(socket);
                None
            }
            Half => {
                socket.shutdown(Shutdown::Write).unwrap();
                Some(socket)
            }
        };
        // A process that another test starts has a copy of the socket, until it is the program that it is to be.
        until("the system has closed the socket", || !is_established(ends));
        left
    }
}

/// Whether this system has an open connection with these ports, its own first.
fn is_established(ports: [u16; 2]) -> bool {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let port = |field: &str| u16::from_str_radix(field.rsplit(':').next().unwrap(), 16);
        ports == [fields[1], fields[2]].map(|field| port(field).unwrap())
            && fields[3] == ESTABLISHED
    })
}

fn poll(rid: u64) -> Vec<u8> {
    post(&format!("<body xmlns='{NS}' sid='abcdef' rid='{rid}'/>"))
}

fn empty() -> Vec<u8> {
    ok(&format!("<body xmlns='{NS}'/>"))
}

/// A proxy, its client and its target, with a request that is held.
fn held() -> (Proxy, TcpStream, TcpStream) {
    let target = Target::start();
    let proxy = Proxy::start(&target.url(), &["--format", "compact"]);
    let mut client = proxy.connect();
    let mut server = target.accept();
    send(&mut client, &poll(1));
    expect(&mut server, &poll(1));
    (proxy, client, server)
}

/// Leaves an answer in the client's socket, unread, and has a further request held.
fn leave_unread(client: &mut TcpStream, server: &mut TcpStream) {
    send(server, &empty());
    until("the answer is there", || client.peek(&mut [0]).is_ok_and(|n| n > 0));
    send(client, &poll(2));
    expect(server, &poll(2));
}

/// Stops a proxy when it has told the end of its connection, which must be in these words and in none of the others.
#[track_caller]
fn assert_said(proxy: Proxy, words: &str, what: &str) -> Left {
    proxy.wait_for(words);
    let left = proxy.stop();
    for other in [CLIENT_LEFT, SERVER_LEFT, NOBODY_KNOWS, "target-failed", "answer-cut"] {
        assert_eq!(left.out.contains(other), other == words, "{what}: {other}\n{}", left.out);
    }
    left
}

#[test]
fn a_client_that_closes_with_an_unread_answer_has_left() {
    for close in [Plainly, AtOnce] {
        let (proxy, mut client, mut server) = held();
        leave_unread(&mut client, &mut server);
        close.close(client);
        // The server hears of it, and ends its side.
        assert!(server.peek(&mut [0]).is_err(), "the reset is passed on");
        drop(server);
        let left = assert_said(proxy, CLIENT_LEFT, &format!("{close:?}"));
        assert_broken(&left.out, &[]);
    }
}

#[test]
fn a_client_that_is_gone_when_its_answer_comes_has_left() {
    for close in [Plainly, AtOnce] {
        let (proxy, mut client, mut server) = held();
        leave_unread(&mut client, &mut server);
        // The first half of the answer is there before the reset is seen.
        let half = empty()[..100].to_vec();
        proxy.asleep(|| {
            send(&mut server, &half);
            close.close(client);
        });
        assert!(server.peek(&mut [0]).is_err(), "the reset is passed on");
        drop(server);
        let left = assert_said(proxy, CLIENT_LEFT, &format!("{close:?}"));
        assert_broken(&left.out, &[]);
    }
}

#[test]
fn of_two_ends_that_are_found_together_neither_is_the_first() {
    for close in [Plainly, AtOnce, Half] {
        for server_close in [Plainly, AtOnce, Half] {
            for server_first in [false, true] {
                let (proxy, client, server) = held();
                let kept = proxy.asleep(|| {
                    if server_first {
                        let server = server_close.close(server);
                        (close.close(client), server)
                    } else {
                        (close.close(client), server_close.close(server))
                    }
                });
                let what = format!("{close:?}, {server_close:?}, server first: {server_first}");
                if close == Half && server_close != AtOnce {
                    // It is still there to read an answer, and sees the end that was passed on.
                    let mut client = kept.0.as_ref().unwrap();
                    assert_eq!(std::io::Read::read(&mut client, &mut [0]).unwrap(), 0, "{what}");
                }
                let left = assert_said(proxy, NOBODY_KNOWS, &what);
                assert_broken(&left.out, &[]);
            }
        }
    }
}

#[test]
fn who_ends_a_connection_alone_has_ended_it() {
    for close in [Plainly, AtOnce] {
        let (proxy, client, server) = held();
        proxy.asleep(|| close.close(client));
        // Passed on to the server, which ends its side then.
        until("the end is passed on", || !server.peek(&mut [0]).is_ok_and(|n| n > 0));
        drop(server);
        assert_said(proxy, CLIENT_LEFT, &format!("{close:?}"));

        let (proxy, mut client, server) = held();
        proxy.asleep(|| close.close(server));
        assert!(message(&mut client).starts_with("HTTP/1.1 502 "), "{close:?}");
        drop(client);
        assert_said(proxy, "target-failed", &format!("{close:?}"));
    }
}

#[test]
fn a_connection_manager_is_not_accused_of_what_its_client_did_not_wait_for() {
    // Regression: gloox leaves without reading its last answers. The connection manager found that out as it wrote one,
    // and was said to have lost the connection, and to owe the other.
    for close in [Plainly, AtOnce] {
        let cm = Proxy::start_cm(&["--format", "compact"]);
        let mut client = cm.connect();
        let create = format!(
            "<body xmlns='{NS}' rid='100000' to='localhost' wait='60' hold='1' ver='1.6' xml:lang='en' \
             xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"
        );
        send(&mut client, &post(&create));
        let created = message(&mut client);
        let sid = created.split("sid='").nth(1).or_else(|| created.split("sid=\"").nth(1)).unwrap();
        let sid = &sid[..sid.find(['\'', '"']).unwrap()];
        let request = |rid| post(&format!("<body xmlns='{NS}' sid='{sid}' rid='{rid}'/>"));
        // An answer that is never read: that of a request sent again.
        send(&mut client, &post(&create.replace("100000", "200000")));
        until("an answer is there", || client.peek(&mut [0]).is_ok_and(|n| n > 0));
        cm.asleep(|| {
            send(&mut client, &[request(100_001), request(100_002), request(100_003)].concat());
            close.close(client);
        });
        cm.wait_for(CLIENT_LEFT);
        let left = cm.stop();
        assert_broken(&left.out, &[]);
        for other in [SERVER_LEFT, NOBODY_KNOWS] {
            assert!(!left.out.contains(other), "{close:?}\n{}", left.out);
        }
    }
}
