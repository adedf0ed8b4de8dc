use hickory_resolver::proto::op::ResponseCode;
use tokio::net::TcpListener;

use super::*;
use crate::clock::Clock;
use crate::proxy::StreamSettings;
use crate::wire::nameserver::{Answer, resolver};
use crate::wire::tap::Queue;

fn proxy(target: &str, answer: Answer) -> Proxy {
    Proxy {
        target: target.parse().unwrap(),
        host: None,
        connect: None,
        accept: None,
        streams: StreamSettings { resolver: Some(resolver(answer)), ..StreamSettings::default() },
        faults: None,
        queue: Queue::new(0),
        clock: Clock::start(),
        connections: 10,
        listens: None,
    }
}

#[tokio::test]
async fn the_places_of_srv_records_are_tried_in_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nothing listens at port 1; the next record names ours.
    let records = vec![(1, 0, 1, "localhost."), (2, 0, port, "127.0.0.1.")];
    let answer = Answer::Records(records.leak());
    let tcp = proxy("xmpp://chat.example", answer).reach_stream().await.unwrap();
    assert_eq!(tcp.peer_addr().unwrap().port(), port);
    // Where all fail, the domain itself is not tried.
    let answer = Answer::Records(&[(1, 0, 1, "127.0.0.1.")]);
    let cause = proxy("xmpp://chat.example", answer).reach_stream().await.unwrap_err();
    let expected = "nothing listens at 127.0.0.1:1: connection to xmpp://chat.example refused; is the \
                    server running?";
    assert_eq!(cause, expected);
}

#[tokio::test]
async fn a_domain_without_the_service_is_not_connected_to() {
    for (target, service) in [
        ("xmpp://chat.example", "_xmpp-client._tcp"),
        ("xmpps://chat.example", "_xmpps-client._tcp"),
    ] {
        let answer = Answer::Records(&[(0, 0, 0, ".")]);
        let cause = proxy(target, answer).reach_stream().await.unwrap_err();
        assert_eq!(
            cause,
            format!(
                "chat.example does not offer this service: the target of its SRV record {service} is \
                 \".\""
            )
        );
    }
}

#[tokio::test]
async fn without_an_answer_the_domain_itself_is_tried() {
    let answer = Answer::Code(ResponseCode::ServFail);
    let cause = proxy("xmpp://no-such-host.example", answer).reach_stream().await.unwrap_err();
    let both = "cannot look up the SRV records of _xmpp-client._tcp.no-such-host.example. (";
    assert!(cause.starts_with(both), "{cause}");
    assert!(cause.contains(", and no-such-host.example itself: cannot resolve"), "{cause}");
    // With a port, and for this machine, nothing is looked up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("xmpp://localhost:{}", listener.local_addr().unwrap().port());
    proxy(&target, answer).reach_stream().await.unwrap();
}
