//! Everything an observer does with what a connection carries: framing, reading bodies, judging, printing. The first
//! byte of the input says how long the first direction is and who speaks first.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use xmppscope::clock::Clock;
use xmppscope::rules::Judge;
use xmppscope::trace::filter::Selection;
use xmppscope::trace::intake::Intake;
use xmppscope::trace::record::Recorder;
use xmppscope::ui::{Look, Printer};
use xmppscope::wire::Side;
use xmppscope::wire::tap::{Queue, Tap};

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else { return };
    let (client, server) = bytes.split_at(bytes.len() * usize::from(first & 0x7f) / 0x7f);
    let clock = Clock::start();
    let queue = Queue::new(1 << 24);
    let mut tap = Tap::new(1, SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), queue.clone(), clock);
    let step = if first & 0x80 == 0 { usize::MAX } else { 7 };
    for part in client.chunks(step) {
        tap.passed(Side::Client, part);
    }
    for part in server.chunks(step) {
        tap.passed(Side::Server, part);
    }
    drop(tap);
    let mut items = Vec::new();
    queue.take(&mut items, Some(Duration::ZERO));
    let mut recorder = Recorder::new(Intake::new(false, 1 << 16));
    let mut events = Vec::new();
    for item in items {
        recorder.take(item, &mut events);
    }
    let look = Look {
        width: Some(80),
        xml: true,
        verbose: true,
        ..Look::plain(clock.started())
    };
    let mut printer = Printer::new(Vec::new(), look);
    let mut judge = Judge::default();
    let mut seen = Vec::new();
    for event in events {
        judge.take(event, &mut seen);
    }
    for seen in &seen {
        printer.show(seen, judge.story(), &Selection::all()).expect("a Vec takes everything");
    }
});
