//! A session over BOSH: one request is always held, on a connection of its own.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xmppscope::bosh::Body;
use xmppscope::client::bosh::{Book, Wrapper};
use xmppscope::client::{Login, Step, Who};
use xmppscope::xml::{Element, Limits, parse};

use super::Place;

/// A session, which has one connection until [`Client::begin_sending`].
pub struct Client {
    stream: TcpStream,
    /// A second connection, of one that sends.
    other: Option<TcpStream>,
    /// A request is open on the second connection.
    open: bool,
    domain: String,
    book: Book,
    jid: String,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn log_in(place: &Place, number: u64) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", place.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let rid = 1 + number * 1_000_000;
        let domain = place.domain.clone();
        let book = Book::new(rid, None);
        let (jid, buffer) = (String::new(), Vec::new());
        let mut client = Self { stream, other: None, open: false, domain, book, jid, buffer };
        let mut login = Login::new(Who::Anonymous, "");
        let mut came = client.create().await;
        loop {
            let mut step = Step::Wait;
            for element in &came {
                match login.take(element) {
                    Step::Wait => {}
                    other => step = other,
                }
            }
            came = match step {
                Step::Done(jid) => {
                    client.jid = jid;
                    return client;
                }
                Step::Send(element) => client.ask(|body| body.push(&element)).await,
                Step::Wait => client.ask(|_| {}).await,
                Step::Restart => {
                    let to = client.domain.clone();
                    client
                        .ask(|body| {
                            body.set("to", Some(to));
                            body.set("xmpp:restart", Some("true".to_owned()));
                        })
                        .await
                }
                Step::Failed(why) => panic!("cannot log in: {why}"),
            };
        }
    }

    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Asks for what comes next; the request is held.
    pub async fn wait(&mut self) {
        self.send(|_| {}).await;
    }

    /// What came, and when its first byte did.
    pub async fn receive(&mut self) -> (Instant, Vec<Element>) {
        self.stream.readable().await.unwrap();
        let at = Instant::now();
        (at, self.response().await.payloads().cloned().collect())
    }

    pub async fn begin_sending(&mut self, place: &Place) {
        let other = TcpStream::connect(("127.0.0.1", place.port)).await.unwrap();
        other.set_nodelay(true).unwrap();
        self.other = Some(other);
    }

    /// Sends a stanza. Two requests are open at once, each on a connection of its own: the first is answered by the second.
    /// Returns when it was sent.
    pub async fn say(&mut self, stanza: &Element) -> Instant {
        self.send(|body| body.push(stanza)).await;
        let sent = Instant::now();
        let other = self.other.as_mut().expect("it begins to send first");
        std::mem::swap(&mut self.stream, other);
        if self.open {
            self.response().await;
        }
        self.open = true;
        sent
    }

    async fn create(&mut self) -> Vec<Element> {
        let to = self.domain.clone();
        let made = |body: &mut Wrapper| {
            for (name, value) in
                [("to", to.as_str()), ("wait", "60"), ("hold", "1"), ("ver", "1.11")]
            {
                body.set(name, Some(value.to_owned()));
            }
            body.set("xmpp:version", Some("1.0".to_owned()));
        };
        self.send(made).await;
        let body = self.response().await;
        self.book.open(body.clone());
        assert!(self.book.sid().is_some(), "no session was created");
        body.payloads().cloned().collect()
    }

    async fn ask(&mut self, made: impl FnOnce(&mut Wrapper)) -> Vec<Element> {
        self.send(made).await;
        self.response().await.payloads().cloned().collect()
    }

    async fn send(&mut self, made: impl FnOnce(&mut Wrapper)) {
        let mut body = self.book.draft();
        self.book.mark_used(self.book.rids().next());
        made(&mut body);
        let content = body.to_xml();
        let length = content.len();
        let request = format!(
            "POST /http-bind HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{content}"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    async fn response(&mut self) -> Body {
        self.buffer.clear();
        loop {
            if let Some((start, end)) = extent(&self.buffer)
                && self.buffer.len() >= end
            {
                let root = parse(&self.buffer[start..end], &Limits::default()).unwrap();
                let body = Body::new(root).unwrap();
                self.buffer = Vec::new();
                return body;
            }
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the connection was closed");
        }
    }
}

/// Where the content of a response begins and ends, once its head is there.
fn extent(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    Some((head, head + length.expect("a response with a length")))
}
