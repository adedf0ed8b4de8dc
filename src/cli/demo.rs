//! `xmppscope demo`: two scripted clients, the proxy, and the built-in server, in one process.

mod story;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use self::story::{DOMAIN, Story, WAIT, Who};
use super::capture::CaptureFile;
use super::observe::Output;
use super::watch::{Watch, Watching, listen};
use super::{Failure, exit};
use crate::client::bosh::{Session, Terms, first_rid};
use crate::client::{self, Login};
use crate::clock::Clock;
use crate::cm::http::Strict;
use crate::cm::http::serve::Service;
use crate::cm::machine::Machine;
use crate::cm::policy::Policy;
use crate::cm::server::{Account, Password, Server, Setup};
use crate::diag::name;
use crate::proxy::{Proxy, StreamSettings};
use crate::random::{Random, Secure};
use crate::trace::intake::Intake;
use crate::trial::{SocketUser, User};
use crate::wire::address::Address;

/// Much more than the demo needs.
const BUFFER: usize = 8 << 20;
const BODY_KEPT: usize = 1 << 20;
/// A port of this machine, chosen by the system.
const ANYWHERE: &str = "127.0.0.1:0";

/// Watch a ten-second demo, with no client or server of your own
///
/// Two scripted clients, one over BOSH and one over WebSocket, log in, chat, wait, lose a connection and log out. Their
/// traffic passes through the proxy to a server in the same process; nothing leaves this machine. The traffic is printed as `xmppscope proxy`
/// prints it, with lines that begin with # to explain it (with --format json, these lines go to stderr).
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope demo
  xmppscope demo --format compact
  xmppscope demo --write demo.ndjson

Exit status:
  0  the demo ran as narrated
  2  wrong usage
  3  something did not happen as narrated, or a file cannot be written
  130  interrupted before the end")]
pub(super) struct Args {
    #[command(flatten)]
    capture: CaptureFile,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    args.output.start_log();
    let mut watch = Watch::prepare(&args.output, BUFFER, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (before, front) = runtime.block_on(listen("--listen", ANYWHERE))?;
    let (behind, back) = runtime.block_on(listen("--listen", ANYWHERE))?;
    let target: Address = format!("http://{back}")
        .parse()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    watch.capture(&args.capture, &args.output.inputs(), target.to_string(), false)?;
    let mut random = Secure::default();
    let passwords = Who::ALL.map(|_| random.token(9));
    let accounts = Who::ALL.map(|who| (who.name(), &*passwords[who as usize]));
    let watching = watch.start(Intake::new(false, BODY_KEPT).knowing(accounts))?;

    let outcome = runtime.block_on(async {
        tokio::select! {
            result = play(&watching, (before, front), (behind, target), &passwords) => Some(result),
            () = watching.stopped() => None,
        }
    });
    if outcome == Some(Ok(())) {
        watching.narrator().close(next(args.capture.path()));
    }
    runtime.shutdown_timeout(Duration::from_millis(100));
    match (watching.finish()?, outcome) {
        (exit::OK, None) => Ok(exit::INTERRUPTED),
        (exit::OK, Some(Err(words))) => {
            Err(Failure::Environment(format!("the demo did not run as narrated: {words}")))
        }
        (code, _) => Ok(code),
    }
}

/// Starts everything, plays the story, and ends it in order.
async fn play(
    watching: &Watching,
    (before, front): (TcpListener, SocketAddr),
    (behind, target): (TcpListener, Address),
    passwords: &[String; 2],
) -> Result<(), String> {
    let clock = watching.clock;
    let mut random = Secure::default();
    let (stop, stopping) = watch::channel(());
    let cm = serve(behind, passwords, clock, stopping.clone());
    let queue = Arc::clone(&watching.queue);
    let streams = StreamSettings::default();
    let proxy = Proxy {
        faults: None,
        target,
        host: None,
        connect: None,
        accept: None,
        streams,
        queue,
        clock,
        connections: 1000,
        listens: None,
    };
    let proxy = tokio::spawn(proxy.serve(before, ended(stopping)));

    let (tell, news) = mpsc::unbounded_channel();
    let mut receivers = Vec::new();
    let orders = Who::ALL.map(|_| {
        let (order, orders) = mpsc::unbounded_channel();
        receivers.push(Some(orders));
        order
    });
    let passwords = passwords.clone();
    let begin = move |who: Who| {
        let Some(orders) = receivers[who as usize].take() else { return };
        // Ten digits, as most clients have: they are easier to follow than sixteen.
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let (user, password) = (who.name().to_owned(), passwords[who as usize].clone());
        let account = client::Who::Account { user, password };
        let login = Login::new(account, random.token(18)).with_resource(who.device());
        let tell = tell.clone();
        let tell = Box::new(move |news| drop(tell.send((who, news)))); // nobody listens after the end
        match who {
            Who::Alice => {
                let terms = Terms { wait: Some(WAIT), ..Terms::new(DOMAIN) };
                let session = Session::new(&terms, first_rid(u32::from_ne_bytes(bytes).into()));
                tokio::spawn(User::new(front, clock, session, login, orders, tell).live());
            }
            Who::Bob => {
                let user = SocketUser::new(front, DOMAIN.to_owned(), login, orders, tell);
                tokio::spawn(user.live());
            }
        }
    };
    let narrator = watching.narrator();
    let mut story =
        Story { narrator, orders, begin: Box::new(begin), news, heard: Vec::new(), act: 0 };
    let result = story.play().await;
    drop(stop);
    // They end by themselves, and have nothing to say that could be missed.
    let _ = tokio::join!(proxy, cm);
    result
}

/// The connection manager with its server, until the end.
fn serve(
    listener: TcpListener,
    passwords: &[String; 2],
    clock: Clock,
    stopping: watch::Receiver<()>,
) -> JoinHandle<()> {
    let account = |who: Who| Account {
        user: who.name().to_owned(),
        password: Password::new(&*passwords[who as usize]),
    };
    let setup =
        Setup { accounts: Who::ALL.map(account).to_vec(), ..Setup::new(DOMAIN, clock.started()) };
    let policy = Policy::default();
    let edge = Box::new(Strict::new(&policy));
    let server = Server::new(setup, Box::new(Secure::default()));
    let machine = Machine::new(policy, Box::new(server), Box::new(Secure::default()));
    let service = Service::new(machine, edge, Arc::new(Notify::new()), clock, None);
    tokio::spawn(service.serve(listener, ended(stopping)))
}

/// Done when the other end of the channel is dropped.
async fn ended(mut stopping: watch::Receiver<()>) {
    while stopping.changed().await.is_ok() {}
}

/// What to do next.
fn next(capture: Option<&Path>) -> String {
    let mut text = "This is the end of the demo. What next?\n".to_owned();
    if let Some(path) = capture {
        text += &format!(
            "  xmppscope show {}\n    print the same traffic from the capture\n",
            name(path)
        );
    }
    text + "  xmppscope proxy --target http://127.0.0.1:5280\n    the same in front of your own server\n  xmppscope cm\n    a \
            server with accounts alice and bob, to try your own client with"
}
