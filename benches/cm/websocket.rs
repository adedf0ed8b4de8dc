//! A session over WebSocket.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xmppscope::client::{Login, Step, Who};
use xmppscope::wire::Side;
use xmppscope::wire::websocket::{Endpoint, Opcode, Received, frame};
use xmppscope::xml::{Element, Limits, Scope, parse, write};
use xmppscope::xmpp::ns;

use super::Place;

/// Messages are not longer.
const LIMIT: usize = 1 << 20;

pub struct Client {
    stream: TcpStream,
    endpoint: Endpoint,
    jid: String,
}

impl Client {
    pub async fn log_in(place: &Place) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", place.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = "GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Protocol: xmpp\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "the WebSocket was refused");
        let endpoint = Endpoint::across_from(Side::Server, LIMIT);
        let mut client = Self { stream, endpoint, jid: String::new() };
        let open = Element::new(ns::FRAMING, "open")
            .with_attr("to", &place.domain)
            .with_attr("version", "1.0");
        let mut login = Login::new(Who::Anonymous, "");
        client.say(&open).await;
        while client.jid.is_empty() {
            let (_, elements) = client.receive().await;
            for element in elements {
                match login.take(&element) {
                    Step::Wait => {}
                    Step::Send(element) => drop(client.say(&element).await),
                    Step::Restart => drop(client.say(&open).await),
                    Step::Done(jid) => client.jid = jid,
                    Step::Failed(why) => panic!("cannot log in: {why}"),
                }
            }
        }
        client
    }

    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Sends an element, and returns when it was sent.
    pub async fn say(&mut self, element: &Element) -> Instant {
        let mut text = String::new();
        write(element, &Scope { default: "", prefixes: &[] }, &mut text);
        let frame = frame(Opcode::TEXT, text.as_bytes(), Some([1, 2, 3, 4]));
        self.stream.write_all(&frame).await.unwrap();
        Instant::now()
    }

    /// What came, and when its first byte did.
    pub async fn receive(&mut self) -> (Instant, Vec<Element>) {
        loop {
            self.stream.readable().await.unwrap();
            let at = Instant::now();
            let mut buffer = [0; 4096];
            let Ok(read) = self.stream.try_read(&mut buffer) else { continue };
            assert!(read > 0, "the connection was closed");
            let mut received = Vec::new();
            self.endpoint.feed(&buffer[..read], &mut received).unwrap();
            let mut elements = Vec::new();
            for received in received {
                match received {
                    Received::Text(text) => {
                        elements.push(parse(text.as_bytes(), &Limits::default()).unwrap());
                    }
                    Received::Ping(content) => {
                        let pong = frame(Opcode::PONG, &content, Some([1, 2, 3, 4]));
                        self.stream.write_all(&pong).await.unwrap();
                    }
                    Received::Pong => {}
                    Received::Close(_) => panic!("the WebSocket was closed"),
                }
            }
            if !elements.is_empty() {
                return (at, elements);
            }
        }
    }
}
