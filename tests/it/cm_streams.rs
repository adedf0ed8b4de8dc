//! `xmppscope cm` over TCP and WebSocket, and where it says that it is found.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::cm::stopped;
use crate::rig::{Proxy, connect};

const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams'>";

/// Sends, and reads until this comes.
fn say(stream: &mut TcpStream, text: &str, until: &str) -> String {
    stream.write_all(text.as_bytes()).unwrap();
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(until.as_bytes()) {
        let so_far = String::from_utf8_lossy(&all);
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "the end came first: {so_far}");
        all.push(byte[0]);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn the_same_server_is_reached_over_tcp_and_its_traffic_is_shown() {
    let cm =
        Proxy::start_cm(&["--tcp", "127.0.0.1:0", "--account", "alice:secret", "--color", "never"]);
    let place = cm.banner.split("XMPP over TCP at ").nth(1).expect(&cm.banner);
    let mut tcp = connect(place.split(',').next().unwrap().parse().unwrap());
    let features = say(&mut tcp, HEADER, "</stream:features>");
    assert!(features.contains("<mechanism>PLAIN</mechanism>"), "{features}");
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>";
    say(&mut tcp, auth, "/>");
    say(&mut tcp, HEADER, "</stream:features>");
    let bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    assert!(say(&mut tcp, bind, "</iq>").contains("alice@localhost/"));
    assert_eq!(say(&mut tcp, "</stream:stream>", ">"), "</stream:stream>");
    cm.wait_for("alice@localhost/");
    let left = stopped(cm);
    assert!(left.out.contains("tcp1") && !left.out.contains("AGFsaWNl"), "{}", left.out);
}

#[test]
fn host_meta_names_bosh_and_websocket() {
    let cm = Proxy::start_cm(&[]);
    let mut stream = cm.connect();
    let request = format!(
        "GET /.well-known/host-meta HTTP/1.1\r\nHost: {}\r\nOrigin: https://a.example\r\n\r\n",
        cm.address
    );
    let answer = say(&mut stream, &request, "</XRD>\n");
    for part in [
        "HTTP/1.1 200".to_owned(),
        "access-control-allow-origin: *".to_owned(),
        format!("href='http://{}/http-bind'", cm.address),
        format!("href='ws://{}/xmpp-websocket'", cm.address),
    ] {
        assert!(answer.to_lowercase().contains(&part.to_lowercase()), "{part}: {answer}");
    }
    stopped(cm);
}
