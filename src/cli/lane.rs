//! The way from the observer to stdout: a writer thread of its own, so that a terminal that does not read holds up
//! neither the traffic nor the capture. What no longer fits is left out, and reported.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::console::eprint;

/// Text is handed over at the latest when there is so much of it.
const PIECE: usize = 256 * 1024;
/// At the end, this often it is looked whether anything is read.
const TICK: Duration = Duration::from_millis(50);

/// The end that is written to. Whole lines are handed over at each flush.
#[derive(Debug)]
pub(super) struct Lane {
    shared: Arc<Shared>,
    pending: Vec<u8>,
}

/// The end that writes to stdout.
#[derive(Debug)]
pub(super) struct Outlet {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    text: Vec<u8>,
    lost_lines: u64,
    written: u64,
    closed: bool,
    /// Why nothing more is written, if so: what comes is dropped in silence. A reader who left is no failure.
    broken: Option<io::ErrorKind>,
    done: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the way to `out`, where at most `limit` bytes wait.
pub(super) fn open(
    mut out: impl Write + Send + 'static,
    limit: usize,
) -> io::Result<(Lane, Outlet)> {
    let state = Mutex::default();
    let shared = Arc::new(Shared { state, changed: Condvar::new(), limit });
    let lane = Lane { shared: Arc::clone(&shared), pending: Vec::new() };
    let writer = Arc::clone(&shared);
    let thread = thread::Builder::new().name("output".to_owned()).spawn(move || {
        write(&writer, &mut out);
        writer.lock().done = true;
        writer.changed.notify_all();
    })?;
    Ok((lane, Outlet { shared, thread }))
}

fn write(shared: &Shared, out: &mut impl Write) {
    let mut text = Vec::new();
    loop {
        text.clear();
        let mut state = shared.lock();
        while state.text.is_empty() && !state.closed {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.text.is_empty() {
            return;
        }
        std::mem::swap(&mut state.text, &mut text);
        drop(state);
        let written = out.write_all(&text).and_then(|()| out.flush());
        let mut state = shared.lock();
        state.written += text.len() as u64;
        if let Err(error) = written {
            state.broken = Some(error.kind());
            state.text = Vec::new();
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprint(&format!("xmppscope: cannot print: {error}; printing stops here"));
            }
            return;
        }
        if text.capacity() > 4 * PIECE {
            text = Vec::new();
        }
    }
}

impl Lane {
    fn hand_over(&mut self) {
        let mut state = self.shared.lock();
        if state.broken.is_some() {
            self.pending.clear();
            return;
        }
        if state.text.len() + self.pending.len() > self.shared.limit {
            state.lost_lines += memchr::memchr_iter(b'\n', &self.pending).count() as u64;
        } else {
            if state.lost_lines > 0 {
                let lines = std::mem::take(&mut state.lost_lines);
                eprint(&format!(
                    "xmppscope: {lines} lines were not printed, because the output was not read fast enough"
                ));
            }
            state.text.extend_from_slice(&self.pending);
            self.shared.changed.notify_all();
        }
        self.pending.clear();
    }
}

impl Write for Lane {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() > PIECE && bytes.ends_with(b"\n") {
            self.hand_over();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.hand_over();
        }
        Ok(())
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.hand_over();
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Outlet {
    /// Waits until everything is written, or nothing of it has been read for `patience`, or `late` says that this takes
    /// too long. False if it could not be written.
    pub(super) fn finish(self, patience: Duration, late: impl Fn() -> bool) -> bool {
        let mut state = self.shared.lock();
        let (mut idle, mut written) = (Duration::ZERO, state.written);
        while !state.done {
            let waited = self.shared.changed.wait_timeout(state, TICK);
            let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = next;
            if state.written != written {
                (idle, written) = (Duration::ZERO, state.written);
            } else if timeout.timed_out() {
                idle += TICK;
            }
            if !state.done && (idle >= patience || late()) {
                let lines = memchr::memchr_iter(b'\n', &state.text).count() as u64;
                let lost = state.lost_lines + lines;
                eprint(&format!(
                    "xmppscope: the output is not being read; more than {lost} lines are lost"
                ));
                return true;
            }
        }
        let printed = state.broken.is_none_or(|why| why == io::ErrorKind::BrokenPipe);
        let lost = state.lost_lines;
        drop(state);
        if lost > 0 {
            eprint(&format!(
                "xmppscope: {lost} lines were not printed, because the output was not read fast enough"
            ));
        }
        let _ = self.thread.join(); // it has said what went wrong, if anything did
        printed
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes a write only when it is told to.
    struct Slow(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_does_not_read_holds_up_nobody() {
        let (go, gate) = mpsc::channel();
        let (send, written) = mpsc::channel();
        let (mut lane, outlet) = open(Slow(gate, send), 100).unwrap();
        for n in 0..1000 {
            writeln!(lane, "line {n}").unwrap();
            lane.flush().unwrap();
        }
        for _ in 0..10 {
            go.send(()).unwrap();
        }
        drop(lane);
        outlet.finish(Duration::from_secs(5), || false);
        let text: Vec<u8> = written.try_iter().flatten().collect();
        assert!(text.starts_with(b"line 0\n") && text.ends_with(b"\n"));
        assert!(text.len() <= 200, "{}", text.len());
    }
}
