//! What held sessions cost a connection manager, and how soon a message reaches one of them.
//!
//! ```text
//! bench-held PORT DOMAIN PID SESSIONS SECONDS RATE bosh|websocket
//! ```
//!
//! Opens SESSIONS sessions at `http://127.0.0.1:PORT/http-bind` or `/xmpp-websocket`, each with an anonymous login, a connection of its
//! own, and over BOSH a held request. Then one further session sends RATE messages a second, each to another of them; a time runs
//! from the last byte of the request or frame that carries the message to the first byte that brings it. Prints
//! one line of `name=value` pairs; memory is that of the process PID.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a measuring tool

mod bosh;
mod websocket;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xmppscope::xml::Element;

/// So many sessions log in at the same time.
const AT_ONCE: usize = 16;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [port, domain, pid, sessions, seconds, rate, carrier] = &words[..] else {
        println!("usage: bench-held PORT DOMAIN PID SESSIONS SECONDS RATE bosh|websocket");
        std::process::exit(2)
    };
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let number = |word: &String| word.parse::<u64>().expect("a number");
    let websocket = carrier == "websocket";
    let place = Place { port: number(port) as u16, domain: domain.clone(), websocket };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(place, pid, number(sessions), number(seconds), number(rate)));
}

#[derive(Clone)]
struct Place {
    port: u16,
    domain: String,
    websocket: bool,
}

/// A session, whatever carries it.
enum Client {
    Bosh(Box<bosh::Client>),
    WebSocket(Box<websocket::Client>),
}

impl Client {
    async fn log_in(place: &Place, number: u64) -> Self {
        if place.websocket {
            Self::WebSocket(Box::new(websocket::Client::log_in(place).await))
        } else {
            Self::Bosh(Box::new(bosh::Client::log_in(place, number).await))
        }
    }

    fn jid(&self) -> &str {
        match self {
            Self::Bosh(client) => client.jid(),
            Self::WebSocket(client) => client.jid(),
        }
    }

    /// Is ready for what comes next.
    async fn wait(&mut self) {
        if let Self::Bosh(client) = self {
            client.wait().await;
        }
    }

    async fn receive(&mut self) -> (Instant, Vec<Element>) {
        match self {
            Self::Bosh(client) => client.receive().await,
            Self::WebSocket(client) => client.receive().await,
        }
    }

    async fn begin_sending(&mut self, place: &Place) {
        if let Self::Bosh(client) = self {
            client.begin_sending(place).await;
        }
    }

    async fn say(&mut self, stanza: &Element) -> Instant {
        match self {
            Self::Bosh(client) => client.say(stanza).await,
            Self::WebSocket(client) => client.say(stanza).await,
        }
    }
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
            jids.lock().unwrap().push(client.jid().to_owned());
            client.wait().await;
            drop(turn);
            ready.send(()).unwrap();
            loop {
                let (at, came) = client.receive().await;
                for id in came.iter().filter_map(|stanza| stanza.attr("id")?.parse().ok()) {
                    arrived.lock().unwrap().push((id, at));
                }
                client.wait().await;
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
    sender.begin_sending(&place).await;
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
        sent.push(sender.say(&message).await);
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
