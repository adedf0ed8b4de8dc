//! Faults that are switched while traffic passes: by SIGHUP, on which their file is read again, and by lines on a control socket.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use super::options::FaultOptions;
use crate::cli::Failure;
use crate::cli::console::eprint;
use crate::cli::interrupt::keep_at_hangup;
use crate::cli::options::When;
use crate::clock::Clock;
use crate::diag::name;
use crate::fault::{Change, Fault, Faults, obey};
use crate::files::{PrivateSocket, listen_private};
use crate::random::Secure;

/// So many can be connected to the control socket at a time.
const MOST: usize = 8;
/// No line is longer.
const LONGEST: u64 = 8192;

/// Keeps the control socket as long as faults can be switched.
pub(in crate::cli) struct Switching {
    _socket: Option<PrivateSocket>,
}

impl FaultOptions {
    /// Puts faults in force, if there are any, and has them switched in the ways that were asked for as long as the second value
    /// is kept.
    pub(in crate::cli) fn begin(
        &self,
        faults: Option<Vec<Fault>>,
        clock: Clock,
        color: When,
        runtime: &Runtime,
    ) -> Result<(Option<Faults>, Option<Switching>), Failure> {
        let Some(faults) = faults else { return Ok((None, None)) };
        let faults = Faults::new(faults, clock, Box::new(Secure::default()));
        let switching = self.switch(&faults, color, runtime)?;
        Ok((Some(faults), Some(switching)))
    }

    /// From here on, the faults in force can be switched in the ways that were asked for.
    fn switch(
        &self,
        faults: &Faults,
        color: When,
        runtime: &Runtime,
    ) -> Result<Switching, Failure> {
        let _inside = runtime.enter();
        if self.fault_file.is_some() {
            let failed = |error| Failure::Environment(format!("cannot wait for SIGHUP: {error}"));
            let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
            keep_at_hangup();
            let (options, faults) = (self.clone(), faults.clone());
            runtime.spawn(async move {
                while hangup.recv().await.is_some() {
                    options.read_again(&faults, color);
                }
            });
        }
        let socket = self.control.as_deref().map(|path| control(path, faults)).transpose()?;
        Ok(Switching { _socket: socket })
    }

    /// A file that cannot be read, or has mistakes, changes nothing.
    fn read_again(&self, faults: &Faults, color: When) {
        match self.all(color) {
            Ok(all) => say(&faults.set(all)),
            Err(error) => eprint(&format!("xmppscope: {error}; the faults stay as they were")),
        }
    }
}

/// Says what was changed.
fn say(change: &Change) {
    for title in &change.removed {
        eprint(&format!("fault removed: {title}"));
    }
    for title in &change.added {
        eprint(&format!("fault added: {title}"));
    }
    if change.added.is_empty() && change.removed.is_empty() {
        eprint("the faults are the same as before");
    }
}

fn control(path: &Path, faults: &Faults) -> Result<PrivateSocket, Failure> {
    let failed = |error| Failure::Environment(format!("--control {}: {error}", name(path)));
    let (listener, socket) = listen_private(path).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = UnixListener::from_std(listener).map_err(failed)?;
    eprint(&format!("control socket {}", name(path)));
    let faults = faults.clone();
    let places = Arc::new(Semaphore::new(MOST));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who comes when there are too many is not served.
            if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                let faults = faults.clone();
                tokio::spawn(async move {
                    let _ = serve(stream, &faults).await; // who is gone needs no reply
                    drop(place);
                });
            }
        }
    });
    Ok(socket)
}

async fn serve(stream: UnixStream, faults: &Faults) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        (&mut read).take(LONGEST).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(());
        }
        let reply = obey(faults, &String::from_utf8_lossy(&line));
        reply.changed.iter().for_each(|changed| eprint(changed));
        write.write_all(reply.text.as_bytes()).await?;
    }
}
