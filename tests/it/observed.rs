//! What is observed of bytes on a connection, and printed of that, without a program or a socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use xmppscope::clock::Clock;
use xmppscope::report::json::Json;
use xmppscope::rules::Judge;
use xmppscope::trace::Event;
use xmppscope::trace::filter::Selection;
use xmppscope::trace::intake::Intake;
use xmppscope::trace::record::Recorder;
use xmppscope::ui::{Look, Printer, Styles};
use xmppscope::wire::Side;
use xmppscope::wire::tap::{Queue, Tap};

/// The events of a connection on which the two sides send this.
pub fn events<'a>(
    sent: impl IntoIterator<Item = (Side, &'a [u8])>,
    intake: Intake,
    clock: Clock,
) -> Vec<Event> {
    let queue = Queue::new(64 << 20);
    let mut tap = Tap::new(1, SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), queue.clone(), clock);
    for (side, bytes) in sent {
        tap.passed(side, bytes);
    }
    drop(tap);
    let mut items = Vec::new();
    queue.take(&mut items, Some(Duration::ZERO));
    let mut recorder = Recorder::new(intake);
    let mut events = Vec::new();
    for item in items {
        recorder.take(item, &mut events);
    }
    events
}

/// What pretty printing, with its XML and all that `-v` shows, and JSON make of events.
pub fn printed(events: Vec<Event>, width: Option<usize>, clock: Clock) -> (String, String) {
    let look = Look {
        styles: Styles::default(),
        width,
        xml: true,
        verbose: true,
        ..Look::plain(clock.started())
    };
    let (mut pretty, mut json) = (Vec::new(), Vec::new());
    let mut judge = Judge::default();
    let mut seen = Vec::new();
    for event in events {
        judge.take(event, &mut seen);
    }
    let mut printer = Printer::new(&mut pretty, look);
    let mut lines = Json::new(&mut json, clock.started());
    for seen in &seen {
        printer.show(seen, judge.story(), &Selection::all()).unwrap();
        lines.show(seen, judge.story(), &Selection::all()).unwrap();
    }
    drop((printer, lines));
    (String::from_utf8(pretty).unwrap(), String::from_utf8(json).unwrap())
}
