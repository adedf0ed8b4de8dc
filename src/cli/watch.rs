//! From taps to output, live: the part that `proxy` and `cm` share. What the taps hand over is read on a thread of its
//! own, recorded, captured and printed.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::capture::CaptureFile;
use super::console::{self, eprint};
use super::failure::unwritable;
use super::interrupt::{INCOMPLETE, leave_at_next_signal, stopped};
use super::lane::{self, Outlet};
use super::observe::{Output, View};
use super::options::BATCH;
use super::{Failure, exit};
use crate::clock::Clock;
use crate::files::Inputs;
use crate::trace::capture::{Preface, Secrets, Writer};
use crate::trace::intake::Intake;
use crate::trace::record::Recorder;
use crate::trace::{Event, Fact};
use crate::wire::Side;
use crate::wire::tap::{Item, Lost, Queue, What};

/// The output may have this much waiting, however small the buffer.
const LEAST: usize = 64 << 10;
/// At the end, an output that is not read gets this long.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a signal, what has passed gets this long to be printed, and what is printed to be read.
const LAST: Duration = Duration::from_secs(1);
/// At least this much of it is left when the traffic has ended.
const SHORTEST: Duration = Duration::from_millis(300);
/// A deadline is called passed this much later, when all that happened before it has been read.
const SETTLE: Duration = Duration::from_millis(20);
/// So long after the last traffic the observer looks for more by itself: to be woken costs the tunnel time.
const LINGER: Duration = Duration::from_millis(100);

/// An output that is prepared: whatever can be wrong with it is known before anything is listened on.
pub(super) struct Watch {
    clock: Clock,
    view: View,
    outlet: Outlet,
    capture: Option<(PathBuf, Writer)>,
    buffer: usize,
}

/// An observer at work.
pub(super) struct Watching {
    /// Where taps report.
    pub(super) queue: Arc<Queue>,
    /// The clock of the trace.
    pub(super) clock: Clock,
    remarks: mpsc::Sender<Remark>,
    observer: thread::JoinHandle<Outcome>,
    outlet: Outlet,
    /// When a signal came.
    asked: OnceLock<Duration>,
}

/// What became of an observer.
struct Outcome {
    /// The capture, if there is one, was written to its end.
    complete: bool,
    /// What it had no time for.
    left: Lost,
}

/// Says something between the traffic, to the person who watches it.
#[derive(Debug, Clone)]
pub(super) struct Narrator {
    remarks: mpsc::Sender<Remark>,
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Remark {
    text: String,
    /// Told when it is printed; without this it is for the end, below the summary.
    said: Option<oneshot::Sender<()>>,
}

impl Narrator {
    /// Says this below all that has passed, and waits until it is printed: so it stands above what comes next.
    pub(super) async fn say(&self, text: impl Into<String>) {
        let (said, heard) = oneshot::channel();
        self.remark(Remark { text: text.into(), said: Some(said) });
        let _ = heard.await; // an observer that failed says so at the end
    }

    /// Says this at the end, below the summary.
    pub(super) fn close(&self, text: impl Into<String>) {
        self.remark(Remark { text: text.into(), said: None });
    }

    fn remark(&self, remark: Remark) {
        let _ = self.remarks.send(remark);
        self.queue.nudge();
    }
}

impl Watch {
    /// Prepares printing; nowhere, if it is to be quiet. Half of the room is for what waits to be read, half for what waits to be printed.
    pub(super) fn prepare(output: &Output, buffer: usize, quiet: bool) -> Result<Self, Failure> {
        let clock = Clock::start();
        let room = (buffer / 2).max(LEAST);
        let opened =
            if quiet { lane::open(io::sink(), room) } else { lane::open(console::out(), room) };
        let (lane, outlet) = opened.map_err(no_thread)?;
        let view = output.open(clock.started(), None, Box::new(lane))?;
        Ok(Self { clock, view, outlet, capture: None, buffer })
    }

    /// Begins a capture file, if one is asked for. It is none of `inputs`.
    pub(super) fn capture(
        &mut self,
        file: &CaptureFile,
        inputs: &Inputs,
        target: String,
        show_secrets: bool,
    ) -> Result<(), Failure> {
        let secrets = if show_secrets { Secrets::Shown } else { Secrets::Hidden };
        let preface = Preface::new(self.clock.started(), target, secrets);
        self.capture = file.begin(inputs, &preface)?;
        Ok(())
    }

    /// Starts the observer.
    pub(super) fn start(self, intake: Intake) -> Result<Watching, Failure> {
        let Self { clock, view, outlet, capture, buffer } = self;
        let queue = Queue::new(buffer / 2);
        let (remarks, said) = mpsc::channel();
        let observer = Observer {
            queue: Arc::clone(&queue),
            clock,
            recorder: Recorder::new(intake),
            capture,
            view,
            events: Vec::new(),
            remarks: said,
            left: BTreeMap::new(),
            total: Lost::default(),
        };
        let observer = thread::Builder::new()
            .name("observer".to_owned())
            .spawn(move || observer.run())
            .map_err(no_thread)?;
        Ok(Watching { queue, clock, remarks, observer, outlet, asked: OnceLock::new() })
    }
}

impl Watching {
    /// Who says something between the traffic.
    pub(super) fn narrator(&self) -> Narrator {
        Narrator { remarks: self.remarks.clone(), queue: Arc::clone(&self.queue) }
    }

    /// Done at the first signal. From then on a second one ends the program at once.
    pub(super) async fn stopped(&self) {
        stopped().await;
        self.asked.get_or_init(|| self.clock.now());
        leave_at_next_signal();
    }

    /// Reads what is left, prints the summary, and gives the exit code. After a signal there is a second for that; what
    /// takes longer is left out, and said.
    pub(super) fn finish(self) -> Result<u8, Failure> {
        self.queue.close();
        let clock = self.clock;
        let until = self.asked.get().map(|asked| (*asked + LAST).max(clock.now() + SHORTEST));
        if let Some(until) = until {
            while !self.observer.is_finished() && clock.now() < until {
                thread::sleep(Duration::from_millis(5));
            }
            self.queue.hurry();
        } else if !finished(&self.observer)? {
            eprint(INCOMPLETE);
            return Ok(exit::INTERRUPTED);
        }
        let outcome = self.observer.join().map_err(|_| {
            Failure::Environment(
                "the observer crashed (see above); the output and the capture are incomplete; please report this bug"
                    .to_owned(),
            )
        })?;
        let Lost { messages, bytes } = outcome.left;
        if bytes > 0 {
            eprint(&format!(
                "xmppscope: stopped; {messages} messages ({bytes} bytes) that were still to be printed are left out of \
                 the output and the capture"
            ));
        }
        let until = until.map(|until| until.max(clock.now() + SHORTEST));
        let printed =
            self.outlet.finish(PATIENCE, || until.is_some_and(|until| clock.now() >= until));
        Ok(if outcome.complete && printed { exit::OK } else { exit::ENVIRONMENT })
    }
}

#[allow(clippy::needless_pass_by_value)] // the signature `map_err` asks for
fn no_thread(error: io::Error) -> Failure {
    Failure::Environment(format!("cannot start a thread: {error}"))
}

/// Binds a listening socket whose address an option names; the address is the one really bound, where port 0 was asked for.
pub(super) async fn listen(
    option: &str,
    address: &str,
) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::Environment(format!(
            "cannot listen on {address}: the port is in use; choose another one with {option}, or port 0 for a \
             free one"
        )),
        io::ErrorKind::InvalidInput => Failure::Usage(format!(
            "{option} {address}: expected an address and a port, such as 127.0.0.1:8124"
        )),
        _ => Failure::Environment(format!("cannot listen on {address}: {error}")),
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Each client needs two sockets; the usual soft limit of 1024 files is reached early.
pub(super) fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < 4096 => {
            eprint(&format!(
                "warning: the limit of {limit} open files allows about {} clients at a time; raise the hard limit \
                 (ulimit -Hn)",
                limit / 2
            ));
        }
        Ok(_) => {}
        Err(error) => eprint(&format!("warning: cannot raise the limit of open files: {error}")),
    }
}

/// Waits for the observer, who may have much left to read. False if the person does not want to wait.
fn finished(observer: &thread::JoinHandle<Outcome>) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot wait: {error}")))?;
    Ok(runtime.block_on(async {
        let reading = async {
            while !observer.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let telling = async {
            tokio::time::sleep(PATIENCE).await;
            eprint("xmppscope: still processing the traffic; press Ctrl-C again to give up");
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = reading => true,
            () = telling => true,
            () = stopped() => false,
        }
    }))
}

/// Reads the queue on a thread of its own: records, captures, prints. An output that fails is given up, and said
/// once; the others go on.
struct Observer {
    queue: Arc<Queue>,
    clock: Clock,
    recorder: Recorder,
    capture: Option<(PathBuf, Writer)>,
    view: View,
    events: Vec<Event>,
    remarks: mpsc::Receiver<Remark>,
    /// What there was no time for, by connection and direction, and all of it.
    left: BTreeMap<u64, [Lost; 2]>,
    total: Lost,
}

impl Observer {
    fn run(mut self) -> Outcome {
        let captures = self.capture.is_some();
        let mut items: Vec<Item> = Vec::new();
        let mut last = Vec::new();
        let mut lingers = Duration::ZERO;
        loop {
            let due = self.view.deadline().map(|due| due + SETTLE);
            let was_awake = self.clock.now() < lingers;
            let patience = match due {
                _ if was_awake => Some(Duration::ZERO),
                due => due.map(|due| due.saturating_sub(self.clock.now())),
            };
            let open = self.queue.take(&mut items, patience);
            let idle = items.is_empty();
            if !idle {
                if !was_awake && open {
                    thread::sleep(BATCH); // what has begun is passed on first
                }
                lingers = self.clock.now() + LINGER;
            }
            for item in items.drain(..) {
                self.take(item);
            }
            if let Some(due) = due.filter(|&due| idle && due <= self.clock.now()) {
                self.view.wake(due);
            }
            for remark in self.remarks.try_iter() {
                let Some(said) = remark.said else {
                    last.push(remark.text);
                    continue;
                };
                self.view.narrate(&remark.text);
                let _ = said.send(()); // who does not wait for it need not be told
            }
            if !open {
                break;
            }
            self.capture(Writer::flush);
            self.view.flush();
            thread::sleep(BATCH);
        }
        while let Some((&conn, _)) = self.left.first_key_value() {
            self.tell_of_left(conn, self.clock.now());
        }
        self.events.push(Event { at: self.clock.now(), conn: 0, fact: Fact::Finished });
        self.pass_on();
        self.capture(Writer::flush);
        self.view.finish();
        for text in &last {
            self.view.narrate(text);
        }
        self.view.flush();
        Outcome { complete: self.capture.is_some() == captures, left: self.total }
    }

    fn take(&mut self, mut item: Item) {
        if self.queue.is_hurried() {
            match &mut item.what {
                What::Bytes { from, bytes, marks, .. } => {
                    let left = self.left.entry(item.conn).or_default();
                    left[*from as usize].add(bytes.len(), marks);
                    return;
                }
                What::Ended { marks, .. } => marks.clear(),
                What::Closed { marks, .. } => marks.iter_mut().for_each(Vec::clear),
                _ => {}
            }
            self.tell_of_left(item.conn, item.at);
        }
        let conn = item.conn;
        let bytes = match &item.what {
            What::Bytes { from, bytes, .. } => Some((*from, bytes.len())),
            _ => None,
        };
        self.recorder.take(item, &mut self.events);
        let Some((from, bytes)) = bytes else { return self.pass_on() };
        let all = self.events.len();
        let rest = self.pass_on_in_time();
        if rest > 0 {
            let left = &mut self.left.entry(conn).or_default()[from as usize];
            left.messages += rest as u64;
            left.bytes += (bytes * rest / all) as u64;
        }
    }

    /// Reports what there was no time for on a connection, before anything else of it.
    fn tell_of_left(&mut self, conn: u64, at: Duration) {
        let left = self.left.remove(&conn).unwrap_or_default();
        let sides = [Side::Client, Side::Server].into_iter().zip(left);
        for (from, lost) in sides.filter(|(_, lost)| lost.bytes > 0) {
            self.total.messages += lost.messages;
            self.total.bytes += lost.bytes;
            let what = What::Lost(lost, Some(from));
            self.recorder.take(Item { conn, at, what }, &mut self.events);
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        let mut events = mem::take(&mut self.events);
        events.drain(..).for_each(|event| self.show(event));
        self.events = events;
    }

    /// A chunk may hold thousands of elements, and the time may be over in the middle of it. Gives how many are left.
    fn pass_on_in_time(&mut self) -> usize {
        let mut events = mem::take(&mut self.events);
        let mut rest = events.drain(..);
        while !self.queue.is_hurried()
            && let Some(event) = rest.next()
        {
            self.show(event);
        }
        let left = rest.len();
        drop(rest);
        self.events = events;
        left
    }

    fn show(&mut self, event: Event) {
        self.capture(|capture| capture.write(&event));
        self.view.take(event);
    }

    fn capture(&mut self, act: impl FnOnce(&mut Writer) -> io::Result<()>) {
        if let Some((path, capture)) = &mut self.capture
            && let Err(error) = act(capture)
        {
            eprint(&format!("xmppscope: {}; the capture ends here", unwritable(path, error)));
            self.capture = None;
        }
    }
}

#[cfg(test)]
impl Narrator {
    /// One that nobody listens to.
    pub(super) fn unheard() -> Self {
        Self { remarks: mpsc::channel().0, queue: Queue::new(LEAST) }
    }
}
