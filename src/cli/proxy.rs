//! `xmppscope proxy`: the intercepting proxy, what passes through it printed and captured.

use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::lane;
use super::observe::{Output, View, say, unwritable};
use super::options::{BATCH, size};
use super::{Failure, exit};
use crate::clock::Clock;
use crate::proxy::{self, Proxy, Target};
use crate::trace::capture::{Preface, Secrets, Writer};
use crate::trace::record::{Options, Recorder};
use crate::trace::{Event, Fact};
use crate::wire::tap::{Item, Queue};
use crate::wire::tls;

/// The output may have this much waiting, however small the buffer.
const LEAST: usize = 64 << 10;
/// At the end, an output that is not read gets this long.
const PATIENCE: Duration = Duration::from_secs(2);
/// A deadline is called passed this much later, when all that happened before it has been read.
const SETTLE: Duration = Duration::from_millis(20);

/// Show what passes between a web client and its connection manager
///
/// Listens, passes every byte on to the target as it comes, and prints sessions, requests, answers and stanzas, and
/// in words whatever breaks a rule. Give your client the URL that is printed on start. The target is a BOSH
/// connection manager, or anything else that speaks HTTP/1.1, such as the web server before it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope proxy --target http://127.0.0.1:5280
  xmppscope proxy --target https://chat.example --write session.ndjson
  xmppscope proxy --target http://127.0.0.1:5280 --filter 'not noise'

Exit status:
  0  stopped by Ctrl-C or SIGTERM
  2  wrong usage
  3  the port is taken, a file cannot be written, a certificate cannot be read")]
pub(super) struct Args {
    /// The server to pass everything on to, http:// or https://
    #[arg(long, value_name = "URL")]
    target: String,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8124")]
    listen: String,
    /// Also write all of it to FILE, for `xmppscope show`
    ///
    /// Whatever --filter leaves out of the output is written all the same. The file is readable by its owner alone.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Host header for the target: as the client sent it, the target's own, or NAME
    ///
    /// Servers with virtual hosts answer by this name. Unless told otherwise it is kept for a target on this machine,
    /// and is the target's own for any other. Nothing else in a request is ever changed.
    #[arg(long, value_name = "keep|target|NAME")]
    host: Option<String>,
    /// Trust only the certificates in this PEM file, where the target is https
    #[arg(help_heading = "TLS", long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate, where the target is https
    #[arg(help_heading = "TLS", long, conflicts_with = "ca_file")]
    insecure: bool,
    /// Listen with TLS, for pages that come from https
    ///
    /// The certificate is made for this run. To have a browser trust it once and for all, use --tls-dir.
    #[arg(help_heading = "TLS", long)]
    tls: bool,
    /// Listen with TLS, with cert.pem and key.pem in DIR; made there if missing
    #[arg(help_heading = "TLS", long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// Print and write passwords, SASL payloads and cookies as they are
    #[arg(long)]
    show_secrets: bool,
    /// How much traffic may wait to be printed
    ///
    /// Printing never slows the traffic. When more than this waits, some is left out of the output and the capture,
    /// and counted.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    buffer: usize,
    /// How much of one message is kept for printing and writing
    #[arg(long, value_name = "SIZE", default_value = "4MiB", value_parser = size)]
    body_limit: usize,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    args.output.start_log();
    let target: Target =
        args.target.parse().map_err(|error| Failure::Usage(format!("--target: {error}")))?;
    let host = host(args, &target)?;
    let secured = args.tls || args.tls_dir.is_some();
    let connect = if target.https {
        Some(tls::client(args.ca_file.as_deref(), args.insecure).map_err(environment)?)
    } else if args.ca_file.is_some() || args.insecure {
        let words = "--ca-file and --insecure are for an https:// target";
        return Err(Failure::Usage(words.to_owned()));
    } else {
        None
    };
    let identity = secured
        .then(|| tls::identity(names(&args.listen), args.tls_dir.as_deref()).map_err(environment))
        .transpose()?;
    raise_file_limit();

    let clock = Clock::start();
    // Half of the room is for what waits to be read, half for what waits to be printed.
    let (lane, outlet) = lane::open(io::stdout(), (args.buffer / 2).max(LEAST))
        .map_err(|error| Failure::Environment(format!("cannot start a thread: {error}")))?;
    let view = args.output.open(clock.started(), Box::new(lane))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (listener, bound) = runtime.block_on(proxy::listen(&args.listen)).map_err(|error| {
        match error.kind() {
            io::ErrorKind::AddrInUse => Failure::Environment(format!(
                "cannot listen on {}: something else does already; choose another port with --listen, or port \
                 0 for a free one",
                args.listen
            )),
            io::ErrorKind::InvalidInput => Failure::Usage(format!(
                "--listen {}: expected an address and a port, such as 127.0.0.1:8124",
                args.listen
            )),
            _ => Failure::Environment(format!("cannot listen on {}: {error}", args.listen)),
        }
    })?;
    let secrets = if args.show_secrets { Secrets::Shown } else { Secrets::Hidden };
    let capture = match &args.write {
        Some(path) => {
            let preface = Preface::new(clock.started(), target.to_string(), secrets);
            let writer = Writer::create(path, &preface).map_err(|e| unwritable(path, &e))?;
            Some((path.clone(), writer))
        }
        None => None,
    };

    let scheme = if secured { "https" } else { "http" };
    say(&format!("listening on {scheme}://{bound} → {target}"));
    let path = if target.path == "/" { "/http-bind" } else { &target.path };
    say(&format!("give your client {scheme}://{bound}{path} in place of {target}{path}"));
    if let Some(file) = identity.as_ref().and_then(|identity| identity.file.as_ref()) {
        say(&format!("it must trust the certificate {}", file.display()));
    }
    if !bound.ip().is_loopback() {
        say("warning: reachable from other machines; what passes is shown to whoever reads this");
    }

    let queue = Queue::new(args.buffer / 2);
    let options = Options { show_secrets: args.show_secrets, body_limit: args.body_limit };
    let observer = Observer {
        queue: Arc::clone(&queue),
        clock,
        recorder: Recorder::new(options),
        capture,
        view,
        events: Vec::new(),
    };
    let observer = thread::Builder::new()
        .name("observer".to_owned())
        .spawn(move || observer.run())
        .map_err(|error| Failure::Environment(format!("cannot start a thread: {error}")))?;

    let accept = identity.map(|identity| identity.config);
    let proxy = Proxy { target, host, connect, accept, queue: Arc::clone(&queue), clock };
    runtime.block_on(proxy.serve(listener, stopped()));
    // The taps of connections that are still open report their end. A name look-up may hang: it is left alone.
    runtime.shutdown_timeout(Duration::from_millis(100));
    queue.close();
    if !finished(&observer)? {
        say("xmppscope: interrupted; the output and the capture end early");
        return Ok(exit::INTERRUPTED);
    }
    let complete = observer.join().map_err(|_| {
        Failure::Environment(
            "the observer failed (see above), so the output and the capture end early; please report this"
                .to_owned(),
        )
    })?;
    outlet.finish(PATIENCE);
    Ok(if complete { exit::OK } else { exit::ENVIRONMENT })
}

#[allow(clippy::needless_pass_by_value)] // the signature `map_err` asks for
fn environment(error: tls::TlsError) -> Failure {
    Failure::Environment(error.to_string())
}

fn host(args: &Args, target: &Target) -> Result<Option<String>, Failure> {
    match args.host.as_deref() {
        Some("keep") => Ok(None),
        Some("target") => Ok(Some(target.authority())),
        Some(name) if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) => {
            Err(Failure::Usage(format!("--host {name:?}: expected keep, target or a host name")))
        }
        Some(name) => Ok(Some(name.to_owned())),
        None if target.is_loopback() => Ok(None),
        None => Ok(Some(target.authority())),
    }
}

/// The names a certificate for this listening address is made for.
fn names(listen: &str) -> Vec<String> {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !names.iter().any(|name| name == host) && !host.is_empty() {
        names.push(host.to_owned());
    }
    names
}

/// Each client needs two sockets; the usual soft limit of 1024 files is reached early.
fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < 4096 => {
            say(&format!(
                "warning: only {limit} files may be open, so about {} clients are served at a time; raise the \
                 hard limit (ulimit -Hn)",
                limit / 2
            ));
        }
        Ok(_) => {}
        Err(error) => say(&format!("warning: cannot raise the limit of open files: {error}")),
    }
}

/// Waits for the observer, who may have much left to read. False if the person does not want to wait.
fn finished(observer: &thread::JoinHandle<bool>) -> Result<bool, Failure> {
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
            say("xmppscope: still reading what was observed; Ctrl-C once more gives up");
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = reading => true,
            () = telling => true,
            () = stopped() => false,
        }
    }))
}

/// Done at Ctrl-C, SIGTERM, or when the terminal is gone.
async fn stopped() {
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
        _ = hangup.recv() => {}
    }
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
}

impl Observer {
    /// False if the capture could not be written to its end.
    fn run(mut self) -> bool {
        let captures = self.capture.is_some();
        let mut items: Vec<Item> = Vec::new();
        loop {
            let due = self.view.deadline().map(|due| due + SETTLE);
            let patience = due.map(|due| due.saturating_sub(self.clock.now()));
            let open = self.queue.take(&mut items, patience);
            let idle = items.is_empty();
            for item in items.drain(..) {
                self.recorder.take(item, &mut self.events);
                self.pass_on();
            }
            if let Some(due) = due.filter(|&due| idle && due <= self.clock.now()) {
                self.view.wake(due);
            }
            if !open {
                break;
            }
            self.capture(Writer::flush);
            self.view.flush();
            thread::sleep(BATCH);
        }
        self.events.push(Event { at: self.clock.now(), conn: 0, fact: Fact::Finished });
        self.pass_on();
        self.capture(Writer::flush);
        self.view.finish();
        self.capture.is_some() == captures
    }

    fn pass_on(&mut self) {
        let mut events = mem::take(&mut self.events);
        for event in events.drain(..) {
            self.capture(|capture| capture.write(&event));
            self.view.take(event);
        }
        self.events = events;
    }

    fn capture(&mut self, act: impl FnOnce(&mut Writer) -> io::Result<()>) {
        if let Some((path, capture)) = &mut self.capture
            && let Err(error) = act(capture)
        {
            say(&format!("xmppscope: {}; the capture ends here", unwritable(path, &error)));
            self.capture = None;
        }
    }
}
