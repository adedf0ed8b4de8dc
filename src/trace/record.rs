//! From bytes to events: one [`Recorder`] turns what the taps saw, and marked, into requests, responses, frames and parts
//! of streams. What of them may be kept is decided by the [intake](super::intake).

use rustc_hash::FxHashMap;

use super::event::{Event, Fact};
use super::half::{Half, Stream};
use super::intake::Intake;
use crate::wire::Side;
use crate::wire::conversation::Mark;
use crate::wire::tap::{Chunk, Item, What};

/// Turns the items of the taps into events.
#[derive(Debug)]
pub struct Recorder {
    intake: Intake,
    /// Boxed: a table has room to spare, and connections are many.
    conns: FxHashMap<u64, Box<Conn>>,
}

#[derive(Debug, Default)]
struct Conn {
    client: Half,
    server: Half,
}

impl Recorder {
    /// A recorder that has seen nothing yet, and keeps what `intake` lets through.
    pub fn new(intake: Intake) -> Self {
        Self { intake, conns: FxHashMap::default() }
    }

    /// Takes one item; the events it completes go to `out`.
    pub fn take(&mut self, item: Item, out: &mut Vec<Event>) {
        let Item { conn, at, what } = item;
        self.intake.on(conn);
        let event = |fact| Event { at, conn, fact };
        match what {
            What::Opened { client } => {
                self.conns.insert(conn, Box::default());
                out.push(event(Fact::Opened { client }));
            }
            What::Failed { cause } => out.push(event(Fact::Failed { cause })),
            What::Bytes { from, bytes, marks, own } => {
                let conn_state = self.conns.entry(conn).or_default();
                let mut stream = Stream { intake: &mut self.intake, at, conn, from, own, out };
                conn_state.bytes(&bytes, &marks, &mut stream);
            }
            What::Secured(secured) => {
                // What comes out of TLS is another stream.
                self.conns.insert(conn, Box::default());
                out.push(event(Fact::Secured(*secured)));
            }
            What::Fault(fault) => out.push(event(Fact::Fault(*fault))),
            What::Ended { by, how, together, marks } => {
                let mut last = Vec::new();
                if let Some(conn_state) = self.conns.get_mut(&conn) {
                    let intake = &mut self.intake;
                    let out = &mut last;
                    let mut stream = Stream { intake, at, conn, from: by, own: false, out };
                    conn_state.finish(&marks, &mut stream);
                }
                // The end of a connection completes a message, or comes before what it cuts.
                let is_cut =
                    |event: &Event| event.fact.content().is_some_and(|content| content.cut);
                let (cut, whole): (Vec<_>, _) = last.into_iter().partition(is_cut);
                out.extend(whole);
                out.push(event(Fact::Ended { by, how, together }));
                out.extend(cut);
            }
            What::Lost(lost, from) => {
                // What was begun will not be completed: observing starts anew.
                let conn_state = self.conns.entry(conn).or_default();
                match from {
                    None => **conn_state = Conn::default(),
                    Some(side) => conn_state.half(side).skip(),
                }
                let (messages, bytes) = (lost.messages, lost.bytes);
                out.push(event(Fact::Lost { messages, bytes }));
            }
            What::Closed { client, server, stopped, marks } => {
                if let Some(mut conn_state) = self.conns.remove(&conn) {
                    for (from, marks) in [Side::Client, Side::Server].into_iter().zip(&marks) {
                        let mut stream =
                            Stream { intake: &mut self.intake, at, conn, from, own: false, out };
                        conn_state.finish(marks, &mut stream);
                    }
                }
                self.intake.close(conn);
                out.push(event(Fact::Closed { client, server, stopped }));
            }
        }
    }
}

impl Conn {
    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn bytes(&mut self, chunk: &Chunk, marks: &[Mark], stream: &mut Stream<'_>) {
        self.half(stream.from).comes(stream.at);
        let mut rest = &chunk[..];
        for mark in marks {
            let (bytes, behind) = rest.split_at(mark.len().min(rest.len()));
            rest = behind;
            if let Mark::WebSocket(deflate) = mark {
                self.client.speak_websocket(Side::Client, *deflate);
                self.server.speak_websocket(Side::Server, *deflate);
                self.client.early(&mut Stream {
                    from: Side::Client,
                    own: false,
                    intake: &mut *stream.intake,
                    out: &mut *stream.out,
                    ..*stream
                });
            } else {
                self.half(stream.from).mark(*mark, bytes, Some(chunk), stream);
            }
        }
        let half = self.half(stream.from);
        if half.has_begun() {
            // The next message, in this chunk.
            half.comes(stream.at);
        }
    }

    fn finish(&mut self, marks: &[Mark], stream: &mut Stream<'_>) {
        let half = self.half(stream.from);
        half.comes(stream.at);
        for mark in marks {
            half.mark(*mark, &[], None, stream);
        }
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
