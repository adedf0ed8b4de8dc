//! `xmppscope cm --replay`: the server of a recording, for a client that has trouble with it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::streams::Streams;
use crate::cli::Failure;
use crate::cli::capture::CaptureFile;
use crate::cli::console::eprint;
use crate::cli::interrupt::{leave_at_next_signal, stopped};
use crate::cli::observe::Output;
use crate::cli::record::read;
use crate::cli::watch::{Watch, Watching, listen, raise_file_limit};
use crate::clock::Clock;
use crate::diag::counted;
use crate::random::Secure;
use crate::replay::server::{Front, Scenes, Service, Stage};
use crate::trace::intake::Intake;
use crate::trace::open;

/// How long answers that are under way may take at the end.
const PARTING: Duration = Duration::from_millis(100);

/// What the command line says of it.
pub(super) struct Options<'a> {
    pub(super) file: &'a Path,
    pub(super) session: Option<&'a str>,
    pub(super) listen: &'a str,
    pub(super) quiet: bool,
    pub(super) show_secrets: bool,
    pub(super) capture: &'a CaptureFile,
    pub(super) streams: &'a Streams,
    pub(super) output: &'a Output,
    /// How much traffic may wait to be printed.
    pub(super) buffer: usize,
    /// How much of one message is kept for printing.
    pub(super) kept: usize,
}

pub(super) fn run(args: &Options<'_>) -> Result<u8, Failure> {
    let file = args.file;
    let all = read(file)?;
    let scenes = Scenes::of(&all.events, args.session);
    let [bosh, websocket, tcp] = scenes.counts();
    if bosh + websocket + tcp == 0 {
        let which = if args.session.is_some() { " with such a name" } else { "" };
        return Err(Failure::Usage(format!(
            "{}: there is no session{which} that could be served",
            open::name(file)
        )));
    }
    if tcp > 0 && args.streams.plain().is_none() {
        eprint(&format!(
            "note: the recording has {} over TCP; --tcp ADDR:PORT, without --tls, serves them",
            counted(tcp, "session")
        ));
    }
    raise_file_limit();
    let watched = !args.quiet || args.capture.path().is_some();
    let mut watch =
        watched.then(|| Watch::prepare(args.output, args.buffer, args.quiet)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (listener, bound) = runtime.block_on(listen("--listen", args.listen))?;
    let second = match args.streams.plain() {
        Some(address) => Some(runtime.block_on(listen("--tcp", address))?),
        None => None,
    };
    let url = format!("http://{bound}/http-bind");
    if let Some(watch) = &mut watch {
        let mut inputs = args.output.inputs();
        inputs.add(file);
        watch.capture(args.capture, &inputs, url.clone(), args.show_secrets)?;
    }
    eprint(&format!("listening on {url}"));
    eprint(&format!("and for WebSocket on ws://{bound}/xmpp-websocket"));
    if let Some((_, bound)) = &second {
        eprint(&format!("and for TCP on xmpp://{bound}"));
    }
    eprint(&format!(
        "playing the server of {}: {bosh} over BOSH, {websocket} over WebSocket, {tcp} over TCP, in this order; any user with any \
         password can log in",
        open::name(file)
    ));
    if !bound.ip().is_loopback() {
        eprint("warning: other machines can connect to this port, without encryption");
    }
    let intake = Intake::new(args.show_secrets, args.kept);
    let watching = watch.map(|watch| watch.start(intake)).transpose()?;
    let clock = watching.as_ref().map_or_else(Clock::start, |watching| watching.clock);
    let queue = watching.as_ref().map(|watching| Arc::clone(&watching.queue));
    let stage = Stage::new(scenes, Box::new(Secure::default()));
    let told = Box::new(|remark: &str| eprint(&format!("not as recorded: {remark}")));
    let service = Service::new(stage, clock, queue, told);
    runtime.block_on(async {
        tokio::spawn(Arc::clone(&service).keep_time());
        tokio::spawn(Arc::clone(&service).accept(listener, Front::Http));
        if let Some((listener, _)) = second {
            tokio::spawn(Arc::clone(&service).accept(listener, Front::Tcp));
        }
        if let Some(watching) = &watching {
            watching.stopped().await;
        } else {
            stopped().await;
            leave_at_next_signal();
        }
    });
    runtime.shutdown_timeout(PARTING);
    watching.map_or(Ok(crate::cli::exit::OK), Watching::finish)
}
