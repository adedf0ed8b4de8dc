//! SIGINT, SIGTERM and SIGHUP: they end a command within a second, whatever it does.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::watch;

use super::console::eprint;
use super::{Failure, exit};

/// So long may a command take to report what there is.
const GRACE: Duration = Duration::from_millis(800);
/// What comes within this time is the same signal: `timeout` and other programs that pass signals on send them to the
/// process and to its group.
const SAME: Duration = Duration::from_millis(100);
/// So long may be waited for stderr, which nobody may read.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// Waits for signals on a thread of its own, as the others may be busy or wait for something that never comes.
pub(super) struct Interrupt {
    /// Whether the first signal is left to the command.
    deferred: Arc<AtomicBool>,
    stop: watch::Receiver<bool>,
}

impl Interrupt {
    /// From here on, a signal ends the process at once, with the status of what is interrupted.
    pub(super) fn watch() -> Result<Self, Failure> {
        let failed = |error| Failure::Environment(format!("cannot wait for signals: {error}"));
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let deferred = Arc::new(AtomicBool::new(false));
        let (send, stop) = watch::channel(false);
        let left = Arc::clone(&deferred);
        let wait = async move {
            stopped().await;
            if !left.load(Ordering::Relaxed) {
                end("interrupted");
            }
            send.send_replace(true);
            tokio::time::sleep(SAME).await;
            tokio::select! {
                () = stopped() => end("interrupted twice; not all outcomes were reported"),
                () = tokio::time::sleep(GRACE.saturating_sub(SAME)) => {
                    end("interrupted; not all outcomes could be reported within a second");
                }
            }
        };
        let thread = thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || runtime.block_on(wait)).map_err(failed)?;
        Ok(Self { deferred, stop })
    }

    /// From here on, the first signal makes this true, and the command ends by itself. If it does not do so within a second,
    /// or at a second signal, the process ends.
    pub(super) fn defer(&self) -> watch::Receiver<bool> {
        self.deferred.store(true, Ordering::Relaxed);
        self.stop.clone()
    }
}

/// Whether the end of the terminal, or SIGHUP, is left to somebody else.
static KEEPS_AT_HANGUP: AtomicBool = AtomicBool::new(false);

/// From now on SIGHUP ends nothing: it means something else.
pub(super) fn keep_at_hangup() {
    KEEPS_AT_HANGUP.store(true, Ordering::Relaxed);
}

/// Done at Ctrl-C, SIGTERM, or when the terminal is gone.
pub(super) async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv(), if !KEEPS_AT_HANGUP.load(Ordering::Relaxed) => {}
    }
}

/// What a second signal leaves behind.
pub(super) const INCOMPLETE: &str =
    "xmppscope: interrupted twice; what is printed and written is incomplete";

/// From now on a signal ends the program at once, whatever it does.
#[allow(clippy::exit)] // nothing else ends a thread that prints
pub(super) fn leave_at_next_signal() {
    let leave = || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(stopped());
            eprint(INCOMPLETE);
            process::exit(i32::from(exit::INTERRUPTED));
        }
    };
    // Without it the program ends in time, but no sooner.
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(leave);
}

/// Ends the process. Another thread may hold stderr, and wait for somebody to read it.
#[allow(clippy::exit)] // the thread that would return from main is busy
fn end(words: &'static str) -> ! {
    let _ = thread::Builder::new().spawn(move || eprint(&format!("xmppscope: {words}")));
    thread::sleep(LAST_WORDS);
    process::exit(i32::from(exit::INTERRUPTED));
}
