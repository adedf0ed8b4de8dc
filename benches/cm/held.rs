//! What held sessions cost a connection manager, and how soon a message reaches one of them.
//!
//! ```text
//! bench-held PORT DOMAIN PID SESSIONS SECONDS RATE
//! ```
//!
//! Opens SESSIONS sessions at `http://127.0.0.1:PORT/http-bind`, each with an anonymous login and a held request on a
//! connection of its own. Then one further session, on two connections, sends RATE messages a second, each to another of them; a time runs
//! from the last byte of the request that carries the message to the first byte of the response that brings it. Prints
//! one line of `name=value` pairs; memory is that of the process PID.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a measuring tool

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xmppscope::bosh::Body;
use xmppscope::client::bosh::{Book, Wrapper};
use xmppscope::client::{Login, Step, Who};
use xmppscope::xml::{Element, Limits, parse};

/// So many sessions log in at the same time.
const AT_ONCE: usize = 16;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [port, domain, pid, sessions, seconds, rate] = &words[..] else {
        println!("usage: bench-held PORT DOMAIN PID SESSIONS SECONDS RATE");
        std::process::exit(2)
    };
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let number = |word: &String| word.parse::<u64>().expect("a number");
    let place = Place { port: number(port) as u16, domain: domain.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(place, pid, number(sessions), number(seconds), number(rate)));
}

#[derive(Clone)]
struct Place {
    port: u16,
    domain: String,
}

/// A session on one connection.
struct Client {
    stream: TcpStream,
    domain: String,
    book: Book,
    jid: String,
    buffer: Vec<u8>,
}

impl Client {
    async fn log_in(place: &Place, number: u64) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", place.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let rid = 1 + number * 1_000_000;
        let domain = place.domain.clone();
        let book = Book::new(rid, None);
        let mut client = Self { stream, domain, book, jid: String::new(), buffer: Vec::new() };
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

    /// Waits for the first byte of a response.
    async fn first_byte(&mut self) -> Instant {
        self.stream.readable().await.unwrap();
        Instant::now()
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

async fn measure(place: Place, pid: &str, sessions: u64, seconds: u64, rate: u64) {
    let mut sender = Client::log_in(&place, sessions + 1).await;
    let before = resident(pid);
    let began = Instant::now();
    let arrived: Arc<Mutex<Vec<(u64, Instant)>>> = Arc::default();
    let jids: Arc<Mutex<Vec<String>>> = Arc::default();
    let turns = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut held = tokio::task::JoinSet::new();
    let (ready, mut all) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..sessions {
        let (place, arrived, jids) = (place.clone(), Arc::clone(&arrived), Arc::clone(&jids));
        let (turns, ready) = (Arc::clone(&turns), ready.clone());
        held.spawn(async move {
            let turn = turns.acquire().await.unwrap();
            let mut client = Client::log_in(&place, number).await;
            jids.lock().unwrap().push(client.jid.clone());
            client.send(|_| {}).await;
            drop(turn);
            ready.send(()).unwrap();
            loop {
                let at = client.first_byte().await;
                let came = client.response().await;
                for id in came.payloads().filter_map(|stanza| stanza.attr("id")?.parse().ok()) {
                    arrived.lock().unwrap().push((id, at));
                }
                client.send(|_| {}).await;
            }
        });
    }
    for _ in 0..sessions {
        all.recv().await.expect("every session is held");
    }
    let opening = began.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = resident(pid);

    let jids = jids.lock().unwrap().clone();
    let mut other = TcpStream::connect(("127.0.0.1", place.port)).await.unwrap();
    other.set_nodelay(true).unwrap();
    let mut sent = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / rate as f64));
    for id in 0..seconds * rate {
        tick.tick().await;
        let to = &jids[(id * 7919 % sessions) as usize];
        let message = Element::new("jabber:client", "message")
            .with_attr("to", to)
            .with_attr("type", "chat")
            .with_attr("id", &id.to_string())
            .with_child(Element::new("jabber:client", "body").with_text("Is this thing on?"));
        // Two requests are open at once, each on a connection of its own: the first is answered by the second.
        sender.send(|body| body.push(&message)).await;
        sent.push(Instant::now());
        std::mem::swap(&mut sender.stream, &mut other);
        if id > 0 {
            sender.response().await;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let arrived = arrived.lock().unwrap();
    let mut times: Vec<f64> = arrived
        .iter()
        .map(|(id, at)| at.saturating_duration_since(sent[*id as usize]).as_secs_f64() * 1e6)
        .collect();
    times.sort_by(f64::total_cmp);
    let part = |of: f64| times[((times.len() - 1) as f64 * of) as usize];
    println!(
        "sessions={sessions} opening_s={opening:.1} before_kb={before} after_kb={after} per_session_b={} sent={} \
         arrived={} median_us={:.0} p99_us={:.0} max_us={:.0}",
        (after - before) * 1024 / sessions,
        sent.len(),
        times.len(),
        part(0.5),
        part(0.99),
        part(1.0)
    );
}

/// Memory of a process that is in use, in kB.
fn resident(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
