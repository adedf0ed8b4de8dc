//! Connections to the target for the clients of a recording: what the player orders is sent, and what comes is told to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::player::{News, Order, Player, Settings, Stopped};
use super::script::{Does, Script};
use crate::clock::Clock;
use crate::diag::counted;
use crate::runner::dial::{Dial, Route};
use crate::runner::wire::{ConnId, Secrets, Sending, SentId, Wire};
use crate::scenario::target::Target;
use crate::trace::{Event, Fact, How, Reading};
use crate::wire::websocket::{Opcode, frame};

/// What comes is waited for so much longer than it was in the recording.
const LATER: Duration = Duration::from_secs(1);
/// Nobody waits longer for what may come after the last act.
const LONGEST: Duration = Duration::from_secs(120);
/// How long connections may take to end.
const PARTING: Duration = Duration::from_millis(500);

/// What came of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// All that passed, secrets hidden.
    pub events: Vec<Event>,
    /// How many acts were done, of how many.
    pub done: (usize, usize),
    /// Why it ended before its time.
    pub stopped: Option<Stopped>,
    /// Why a connection could not be made.
    pub unreachable: Option<String>,
    /// What was not as in the recording, in words.
    pub remarks: Vec<String>,
}

/// Replays the clients of a recording at a target, and hears `told` how many acts were done.
pub async fn replay(
    script: Script,
    settings: Settings,
    target: &Target,
    dial: Arc<dyn Dial>,
    clock: Clock,
    told: &mut dyn FnMut(usize),
) -> Replayed {
    let wire = Wire::new(dial, clock, target, Secrets::Hidden);
    let speed = settings.speed;
    let rest = script.rest.min(LONGEST).div_f64(speed) + LATER;
    let all = script.len();
    let mut lines = Lines::new(&script, target, wire.clone());
    let mut player = Player::new(script, settings);
    let mut stopped = None;
    let mut unreachable = None;
    while !player.is_done() && stopped.is_none() && unreachable.is_none() {
        lines.news(&mut player);
        match player.orders(wire.now()) {
            Ok(orders) => orders.into_iter().for_each(|order| lines.obey(order)),
            Err(why) => stopped = Some(why),
        }
        told(player.done());
        unreachable = lines.unreachable();
        let due = player.deadline().unwrap_or_default();
        wire.until(due, || lines.has_news().then_some(())).await;
    }
    if stopped.is_none() && unreachable.is_none() {
        let end = wire.now() + rest;
        while lines.is_waiting() && wire.now() < end {
            wire.until(end, || lines.has_news().then_some(())).await;
            lines.news(&mut player);
        }
    }
    // What was open at the end of the recording is open at the end of the replay.
    let mut events = wire.events();
    lines.part().await;
    let mut remarks = Vec::new();
    let tally = &player.tally;
    let mut remark = |count: usize, what: &str| {
        if count > 0 {
            let verb = if count == 1 { "was" } else { "were" };
            remarks.push(format!("{} {verb} {what}", counted(count, "message")));
        }
    };
    remark(
        tally.early,
        "sent 3 s late, without the response or stanza that came before in the recording",
    );
    remark(tally.skipped, "not sent: the login at this server takes fewer steps");
    remark(tally.failed, "sent with a wrong password, to fail as in the recording");
    remark(tally.hidden, "sent without cookies or other secrets, which the recording hides");
    remark(lines.lost, "not sent: the server had ended the connection");
    events.push(Event { at: wire.now(), conn: 0, fact: Fact::Finished });
    Replayed { events, done: (player.done(), all), stopped, unreachable, remarks }
}

/// A connection.
struct Line {
    id: ConnId,
    route: Route,
    /// How many of the things that came on its stream were taken.
    taken: usize,
    /// It did not become a WebSocket.
    refused: bool,
}

/// All connections, by their numbers in the recording.
#[allow(clippy::struct_field_names)] // they are its lines
struct Lines {
    wire: Wire,
    routes: HashMap<u64, Route>,
    lines: HashMap<u64, Line>,
    /// What was sent and is not answered: the exchange of the recording, and whether it asks for a WebSocket.
    open: Vec<(Option<u64>, SentId, u64, bool)>,
    lost: usize,
}

impl Lines {
    fn new(script: &Script, target: &Target, wire: Wire) -> Self {
        let stream = if target.tcp.is_some() { Route::Tcp } else { Route::DirectTls };
        let mut routes = HashMap::new();
        for act in &script.acts {
            let route = match &act.does {
                Does::Part(_) | Does::Secure
                    if script.direct.contains(&act.conn) && target.direct_tls.is_some() =>
                {
                    Route::DirectTls
                }
                Does::Part(_) | Does::Secure => stream,
                Does::Text { .. } | Does::Control { .. } => Route::WebSocket,
                Does::Request(..) | Does::End(_) => continue,
            };
            routes.insert(act.conn, route);
        }
        for act in &script.acts {
            if let Does::Request(_, request) = &act.does
                && request.headers.all("upgrade").any(crate::wire::websocket::is_upgrade)
            {
                routes.insert(act.conn, Route::WebSocket);
            }
        }
        Self { wire, routes, lines: HashMap::new(), open: Vec::new(), lost: 0 }
    }

    fn connect(&mut self, conn: u64) -> &mut Line {
        let route = self.routes.get(&conn).copied().unwrap_or_default();
        let id = self.wire.connect(route);
        let line = Line { id, route, taken: 0, refused: false };
        self.lines.insert(conn, line);
        self.lines.get_mut(&conn).expect("it was inserted")
    }

    /// The connection of this number, if it is there and goes on.
    fn line(&mut self, conn: u64) -> Option<&mut Line> {
        let id = self.lines.get(&conn)?.id;
        let over = self.wire.ended(id).is_some();
        self.lines.get_mut(&conn).filter(|_| !over)
    }

    /// Whether these bytes are a Close frame.
    fn is_close(&self, conn: u64, bytes: &[u8]) -> bool {
        let over_websocket = self.routes.get(&conn) == Some(&Route::WebSocket);
        over_websocket && bytes.first().is_some_and(|head| Opcode(head & 15) == Opcode::CLOSE)
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Request { conn, exchange, method, bytes, upgrade } => {
                let id = match self.line(conn).map(|line| line.id) {
                    Some(id) => id,
                    None => self.connect(conn).id,
                };
                let sending =
                    if upgrade { Sending::handshake(bytes) } else { Sending::whole(bytes, method) };
                let sent = self.wire.send(id, sending);
                self.open.push((exchange, sent, conn, upgrade));
            }
            Order::Stream { conn, bytes } => {
                if !self.lines.contains_key(&conn) {
                    self.connect(conn);
                }
                match self.line(conn).filter(|line| !line.refused).map(|line| line.id) {
                    Some(id) => _ = self.wire.send(id, Sending::stream(bytes)),
                    // The answer to a Close frame, for which not every server waits.
                    None if self.is_close(conn, &bytes) => {}
                    None => self.lost += 1,
                }
            }
            Order::Secure { conn } => {
                if let Some(line) = self.line(conn).filter(|line| line.route == Route::Tcp) {
                    let id = line.id;
                    self.wire.secure(id);
                }
            }
            Order::End { conn, how } => {
                if let Some(id) = self.line(conn).map(|line| line.id) {
                    self.wire.end(id, how);
                }
            }
        }
    }

    /// Tells the player what has come.
    fn news(&mut self, player: &mut Player) {
        let mut open = std::mem::take(&mut self.open);
        open.retain(|(exchange, sent, conn, upgrade)| {
            let progress = self.wire.progress(*sent);
            let Some(got) = progress.got else { return progress.ended.is_none() };
            let status = got.response.status;
            if *upgrade && status != 101 {
                self.lines.entry(*conn).and_modify(|line| line.refused = true);
            }
            if let Some(exchange) = exchange {
                let content = (status == 200).then_some(&got.response.content.bytes[..]);
                player.take(&News::Answer(*exchange, content), got.at);
            }
            false
        });
        self.open = open;
        for (&conn, line) in &mut self.lines {
            if !line.route.is_stream() {
                continue;
            }
            for came in self.wire.came(line.id, line.taken) {
                line.taken += 1;
                if let Fact::Frame(it) = &came.fact
                    && Opcode(it.opcode).is_control()
                {
                    if Opcode(it.opcode) == Opcode::PING {
                        let pong = frame(Opcode::PONG, &it.content.bytes, Some([1, 2, 3, 4]));
                        self.wire.send(line.id, Sending::stream(pong));
                    }
                    continue;
                }
                let element = match &came.reading {
                    Reading::Element(element) => Some(&**element),
                    _ => None,
                };
                player.take(&News::Came(conn, element), came.at);
            }
        }
    }

    /// Whether something has come of which the player was not told.
    fn has_news(&self) -> bool {
        let settled = |(_, sent, ..): &(_, SentId, _, _)| self.wire.progress(*sent).is_settled();
        self.open.iter().any(settled)
            || self.lines.values().any(|line| {
                line.route.is_stream() && !self.wire.came(line.id, line.taken).is_empty()
                    || self.wire.connected(line.id).is_err()
            })
    }

    /// Why a connection cannot be made.
    fn unreachable(&self) -> Option<String> {
        self.lines.values().find_map(|line| self.wire.connected(line.id).err())
    }

    /// Whether something may still come.
    fn is_waiting(&self) -> bool {
        let streams = |line: &Line| {
            line.route.is_stream() && !line.refused && self.wire.ended(line.id).is_none()
        };
        !self.open.is_empty() || self.lines.values().any(streams)
    }

    /// Ends what is left.
    async fn part(&self) {
        for line in self.lines.values() {
            self.wire.end(line.id, How::Fin);
        }
        let over = || self.lines.values().all(|line| self.wire.ended(line.id).is_some());
        self.wire.until(self.wire.now() + PARTING, || over().then_some(())).await;
    }
}
