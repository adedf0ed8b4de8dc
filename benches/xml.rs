//! How fast XML is split, judged and printed, against a bare quick-xml loop over the same bytes; and what
//! the observer of one BOSH exchange spends on its two bodies.
//!
//! `recorded` is every body of the captures in `fixtures/` (strophe.js, converse.js, gloox before Prosody).
//! `bodies` is `fixtures/bench/bodies.xml-lines`, one BOSH body per line: login, roster, presence, chat,
//! service discovery, an OMEMO bundle, archive pages, group chat.
//!
//! To compare with xmllint, as one document of 18 MB; `urn:` keeps it from warning of relative URIs:
//!
//! ```sh
//! (echo '<all>'
//!  for i in $(seq 400); do sed 's/eu\.siacs/urn:&/g' fixtures/bench/bodies.xml-lines; done
//!  echo '</all>') >all.xml
//! time xmllint --format all.xml >/dev/null
//! ```

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use quick_xml::Reader;
use quick_xml::events::Event;
use xmppscope::trace::redact::Redactor;
use xmppscope::trace::{Fact, capture};
use xmppscope::xml::{Element, Ink, Limits, Paint, Pretty, parse, pretty, tokens};
use xmppscope::xmpp::summarise;

const CORPUS: &str = include_str!("../fixtures/bench/bodies.xml-lines");
const SMALL: &str = "<message from='juliet@example.org/b' to='romeo@example.net' type='chat' id='a17' \
    xmlns='jabber:client'><body>Wherefore art thou, Romeo?</body></message>";

/// A request and an answer as a chat has them.
const EXCHANGE: [&str; 2] = [
    "<body rid='2837481' sid='5cfa08a6-6a0f-4ac0-a6d8-2a0cf9c9c3a2' \
        xmlns='http://jabber.org/protocol/httpbind'><message to='romeo@example.net' type='chat' id='a17' \
        xmlns='jabber:client'><body>Wherefore art thou, Romeo?</body></message></body>",
    "<body xmlns='http://jabber.org/protocol/httpbind'><presence from='romeo@example.net/orchard' \
        to='juliet@example.org/balcony' xmlns='jabber:client'><show>away</show>\
        <status>I'll be right back</status></presence></body>",
];

/// The bodies of recorded traffic, requests and answers.
fn recorded() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let names = ["strophe-login-chat", "strophe-reload-resend", "converse", "gloox-http10"];
    let mut bodies = Vec::new();
    for name in names {
        let file = std::fs::File::open(format!("{folder}/{name}.ndjson")).expect("a fixture");
        let (_, events) = capture::read(std::io::BufReader::new(file)).expect("a capture");
        for event in events {
            let content = match event.expect("a whole capture").fact {
                Fact::Request(request) => request.content,
                Fact::Response(response) => response.content,
                _ => continue,
            };
            bodies.extend(String::from_utf8(content.bytes).ok().filter(|text| !text.is_empty()));
        }
    }
    bodies
}

fn read_events(source: &str) -> usize {
    let mut reader = Reader::from_str(source);
    let mut count = 0;
    while !matches!(black_box(reader.read_event()), Ok(Event::Eof) | Err(_)) {
        count += 1;
    }
    count
}

fn colours() -> Paint {
    let ink = |code: u8| Ink { on: format!("\u{1b}[{code}m"), off: "\u{1b}[0m".into() };
    Paint {
        tag: ink(34),
        attribute: ink(36),
        value: ink(32),
        namespace: ink(90),
        text: ink(39),
        punctuation: ink(2),
        comment: ink(90),
    }
}

fn xml(criterion: &mut Criterion) {
    let limits = Limits::default();
    let plain = Pretty::default();
    let coloured = Pretty { indent: 4, width: Some(120), paint: colours() };
    let mut out = String::new();
    let small = [SMALL; 64];
    let recorded = recorded();
    let recorded_bytes = recorded.iter().map(|body| body.len() as u64).sum();
    let corpora = [
        (
            "recorded",
            recorded.iter().map(|body| &body[..]).collect(),
            Throughput::Bytes(recorded_bytes),
        ),
        ("bodies", CORPUS.lines().collect(), Throughput::Bytes(CORPUS.len() as u64)),
        ("small stanzas", Vec::from(small), Throughput::Elements(small.len() as u64)),
    ];
    for (name, corpus, throughput) in corpora {
        let mut group = criterion.benchmark_group(name);
        group.throughput(throughput);
        group.bench_function("quick-xml read loop", |bencher| {
            bencher.iter(|| corpus.iter().map(|source| read_events(source)).sum::<usize>());
        });
        group.bench_function("tokens", |bencher| {
            let count = |source: &&str| black_box(tokens(source.as_bytes())).count();
            bencher.iter(|| corpus.iter().map(count).sum::<usize>());
        });
        group.bench_function("parse (strict)", |bencher| {
            bencher.iter(|| {
                corpus.iter().filter(|source| parse(source.as_bytes(), &limits).is_ok()).count()
            });
        });
        for (name, options) in [("pretty", &plain), ("pretty, coloured, wrapped", &coloured)] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    out.clear();
                    for source in &corpus {
                        pretty(source, options, &mut out);
                    }
                    out.len()
                });
            });
        }
        group.finish();
    }
}

fn exchange(criterion: &mut Criterion) {
    let limits = Limits::default();
    let tree = |source: &str| parse(source.as_bytes(), &limits).ok();
    let mut group = criterion.benchmark_group("exchange");
    let bytes = EXCHANGE.iter().map(|source| source.len()).sum::<usize>();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| EXCHANGE.map(|source| black_box(tree(source)).is_some()));
    });
    // the same bodies with something in front that only rxml judges
    let unusual = EXCHANGE.map(|source| format!("<?xml version='1.0'?>{source}"));
    group.bench_function("parse, unusual", |bencher| {
        bencher.iter(|| unusual.each_ref().map(|source| black_box(tree(source)).is_some()));
    });
    group.bench_function("drop", |bencher| {
        bencher.iter_batched(|| EXCHANGE.map(tree), drop, BatchSize::SmallInput);
    });
    let trees: Vec<Element> = EXCHANGE.iter().filter_map(|source| tree(source)).collect();
    group.bench_function("summarise", |bencher| {
        let stanzas = || trees.iter().flat_map(Element::children);
        bencher.iter(|| {
            stanzas().map(|stanza| black_box(summarise(stanza)).namespaces.len()).sum::<usize>()
        });
    });
    group.bench_function("redact", |bencher| {
        let mut redactor = Redactor::new();
        bencher.iter(|| {
            EXCHANGE.map(|source| redactor.redact_body(black_box(source.as_bytes())).len())
        });
    });
    group.bench_function("tokens", |bencher| {
        bencher.iter(|| EXCHANGE.map(|source| black_box(tokens(source.as_bytes())).count()));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = exchange, xml
}
criterion_main!(benches);
