//! What observing costs, stage by stage: bytes to events, events to findings, findings to compact lines. One
//! exchange is a request and an answer with a chat message each; the figure to watch is µs per exchange.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use chrono::DateTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use xmppscope::clock::Clock;
use xmppscope::rules::Judge;
use xmppscope::trace::Event;
use xmppscope::trace::filter::Selection;
use xmppscope::trace::intake::Intake;
use xmppscope::trace::record::Recorder;
use xmppscope::ui::{Look, Printer};
use xmppscope::wire::Side;
use xmppscope::wire::tap::{Item, Queue, Tap};

const EXCHANGES: u64 = 500;
const NS: &str = "http://jabber.org/protocol/httpbind";

/// What the tap of one busy connection hands over.
fn items() -> Vec<Item> {
    let queue = Queue::new(64 << 20);
    let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
    let mut tap = Tap::new(1, client, queue.clone(), Clock::start());
    for rid in 1000..1000 + EXCHANGES {
        let message = |side: &str| {
            format!(
                "<message xmlns='jabber:client' {side} type='chat' id='m{rid}'><body>hello there, how are \
                 you?</body></message></body>"
            )
        };
        let request = format!(
            "<body rid='{rid}' sid='d8c253a0' xmlns='{NS}'>{}",
            message("to='bob@localhost'")
        );
        let answer =
            format!("<body sid='d8c253a0' xmlns='{NS}'>{}", message("from='bob@localhost/x'"));
        let head = |first: &str, length: usize| {
            format!(
                "{first}\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        let sent = head("POST /http-bind HTTP/1.1", request.len()) + &request;
        tap.passed(Side::Client, sent.as_bytes());
        let sent = head("HTTP/1.1 200 OK", answer.len()) + &answer;
        tap.passed(Side::Server, sent.as_bytes());
    }
    let mut items = Vec::new();
    queue.take(&mut items, Some(Duration::ZERO));
    items
}

fn events(items: Vec<Item>) -> Vec<Event> {
    let mut recorder = Recorder::new(Intake::new(false, 4 << 20));
    let mut events = Vec::new();
    for item in items {
        recorder.take(item, &mut events);
    }
    events
}

fn look() -> Look {
    let started = DateTime::parse_from_rfc3339("2026-01-01T12:00:00Z").expect("a valid time");
    Look::plain(started)
}

fn observe(c: &mut Criterion) {
    let mut group = c.benchmark_group("observe");
    group.throughput(Throughput::Elements(EXCHANGES));
    group.bench_function("bytes to events", |b| {
        b.iter_batched(items, |items| black_box(events(items)), BatchSize::PerIteration);
    });
    let read = |events: Vec<Event>| {
        let mut judge = Judge::default();
        let mut seen = Vec::new();
        for event in events {
            judge.take(event, &mut seen);
        }
        (judge, seen)
    };
    group.bench_function("events to findings", |b| {
        b.iter_batched(
            || events(items()),
            |events| black_box(read(events)),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("findings to lines", |b| {
        b.iter_batched(
            || read(events(items())),
            |(judge, seen)| {
                let mut printer = Printer::new(Vec::with_capacity(1 << 20), look());
                for seen in &seen {
                    printer
                        .show(seen, judge.story(), &Selection::all())
                        .expect("a Vec takes everything");
                }
                black_box((printer, seen, judge))
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = observe
}
criterion_main!(benches);
