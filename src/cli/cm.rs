//! `xmppscope cm`: the built-in server, or its connection manager in front of another server.

mod accounts;
mod before;
mod replayed;
mod streams;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jid::BareJid;
use tokio::sync::Notify;

use self::accounts::{NewAccount, accounts};
use self::before::{Before, before};
use self::streams::Streams;
use super::Failure;
use super::capture::CaptureFile;
use super::console::eprint;
use super::defects::{chosen, list_defects};
use super::faults::FaultOptions;
use super::interrupt::{leave_at_next_signal, stopped};
use super::observe::Output;
use super::options::size;
use super::watch::{Watch, listen, raise_file_limit};
use crate::clock::Clock;
use crate::cm::backend::Backend;
use crate::cm::http::serve::Service;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{Server, Setup};
use crate::cm::upstream::address::Address;
use crate::cm::upstream::{self, Settings, Upstream, stream};
use crate::diag::name;
use crate::random::Secure;
use crate::trace::intake::Intake;
use crate::wire::tls::{self, TlsError};

/// Run a strict XMPP server for BOSH, WebSocket and TCP
///
/// A server to build and test clients against. It follows XEP-0124, XEP-0206, RFC 7395 and RFC 6120 to the letter, and
/// prints its traffic as `xmppscope proxy` does. All data is kept in memory and lost on exit.
///
/// The built-in server has accounts, which are each other's contacts, and anonymous users. It supports presence,
/// messages (stored for accounts that are offline), rooms at conference.DOMAIN, and, over WebSocket and TCP, stream
/// management with resumption, also from one of these to the other.
///
/// With --upstream, the connection manager connects its clients to another XMPP server instead.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // options are independent of each other
#[command(after_long_help = "\
Examples:
  xmppscope cm
  xmppscope cm --account alice:secret --account bob --anonymous
  xmppscope cm --quiet --wait 5 --inactivity 10
  xmppscope cm --tcp 127.0.0.1:5222 --tls-dir ~/cm-tls
  xmppscope cm --upstream chat.example:5222 --domain chat.example
  xmppscope cm --replay monday.ndjson

Exit status:
  0  stopped by Ctrl-C or SIGTERM
  2  wrong usage, or with --replay not a recording
  3  the port is in use, or a file cannot be read or written")]
pub(super) struct Args {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5280")]
    listen: String,
    /// XMPP domain to serve; repeatable [default: localhost]
    ///
    /// With --upstream, clients may log in to these domains only; by default, to any domain of the upstream server.
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Account to create in every domain; repeatable [default: alice and bob]
    ///
    /// Without a password, a random one is generated and printed. Without --account, the accounts are alice and bob,
    /// and anonymous login is allowed. Other users of this machine can see passwords on the command line.
    #[arg(long, value_name = "USER[:PASSWORD]")]
    account: Vec<String>,
    /// Allow anonymous login in addition to the accounts
    #[arg(long)]
    anonymous: bool,
    /// Break a requirement on purpose; repeatable
    ///
    /// ID is the id of a requirement, followed by /VARIANT if there are several ways to break it; --list-defects lists
    /// them. Everything else stays strict, so that a client or a check can be tested against one defect at a time.
    #[arg(long, value_name = "ID")]
    defect: Vec<String>,
    /// List all defects and exit
    #[arg(long)]
    list_defects: bool,
    /// Play the server of a recording instead, to reproduce a client's problem
    ///
    /// Gives the recorded server's responses to your client, with your client's sid, rids, ids and addresses. If your client
    /// does something that the recorded client did not, it prints what was expected. Any user can log in with PLAIN or
    /// ANONYMOUS and any password. Options for accounts, sessions and limits have no effect.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["account", "anonymous", "defect", "upstream", "domain", "fault", "fault_file", "control", "tls", "tls_dir", "direct_tls", "deflate"])]
    replay: Option<PathBuf>,
    /// With --replay: only the session whose name or sid begins with NAME [default: all, in order]
    #[arg(long, value_name = "NAME", requires = "replay")]
    session: Option<String>,
    /// Do not print traffic
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    capture: CaptureFile,
    /// Do not hide passwords, SASL payloads and cookies in what is printed and written
    #[arg(long)]
    show_secrets: bool,
    #[command(flatten)]
    upstream: To,
    #[command(flatten)]
    streams: Streams,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    faults: FaultOptions,
    #[command(flatten)]
    output: Output,
}

/// The upstream server.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Upstream server")]
struct To {
    /// Use the XMPP server at this address instead of the built-in one
    ///
    /// PORT is the server's port for client connections [default: 5222]. STARTTLS is used if the server offers it. Its
    /// certificate must be valid for the domain that the client logs in to.
    #[arg(long, value_name = "HOST[:PORT]")]
    upstream: Option<Address>,
    /// Trust only the certificates in this PEM file, of CAs or the server's own
    #[arg(long, value_name = "FILE", requires = "upstream")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long, requires = "upstream", conflicts_with = "ca_file")]
    insecure: bool,
    /// Continue without TLS if the server offers none; always allowed for a server on this machine
    #[arg(long, requires = "upstream")]
    upstream_plain: bool,
}

/// What sessions are granted.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Session terms")]
struct Terms {
    /// Longest time to hold a request, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=65535))]
    wait: u64,
    /// Maximum number of requests held at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=254))]
    hold: u64,
    /// Maximum number of open requests per session, at least hold + 1 [default: hold + 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=255))]
    requests: Option<u64>,
    /// Time without an open request after which a session ends, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60000))]
    inactivity: u64,
    /// Shortest time between two empty requests of a polling client, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=600))]
    polling: u64,
    /// Longest pause that a client may request, in seconds; 0 disables pauses
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(0..=65535))]
    maxpause: u64,
}

/// What is refused for being too much.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
#[allow(clippy::struct_field_names)] // they are the options' names
struct Bounds {
    /// Maximum number of sessions; further ones are refused with HTTP 503
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    max_sessions: usize,
    /// Maximum number of sessions per client address; further ones are refused with policy-violation
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_sessions_per_address: usize,
    /// Maximum size of a request; larger ones are refused with HTTP 413
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size)]
    max_body: usize,
    /// Maximum number of stanzas queued for a client; more end its session with policy-violation
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_waiting: usize,
    /// Maximum size of what is queued for all clients together; more ends the session that holds the most
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = size)]
    max_queued: usize,
}

/// How much traffic may wait to be printed.
const BUFFER: usize = 64 << 20;
/// How much of one message is kept for printing.
const BODY_KEPT: usize = 4 << 20;
/// How long the server elsewhere may take at the end.
const PARTING: Duration = Duration::from_secs(1);

/// Where the XMPP server is.
enum Place {
    Inside { accounts: Vec<NewAccount>, anonymous: bool, domains: Vec<String> },
    Elsewhere(Arc<Settings>),
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    if args.list_defects {
        return list_defects();
    }
    args.output.start_log();
    if let Some(file) = &args.replay {
        return replay(args, file);
    }
    let defects = chosen(&args.defect)?;
    let faults = args.faults.read(args.output.color())?;
    let policy = policy(args);
    let place = match &args.upstream.upstream {
        Some(address) => Place::Elsewhere(Arc::new(settings(args, address)?)),
        None => inside(args)?,
    };
    raise_file_limit();

    let watched = !args.quiet || args.capture.path().is_some();
    let mut watch =
        watched.then(|| Watch::prepare(&args.output, BUFFER, args.quiet)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (listener, bound) = runtime.block_on(listen("--listen", &args.listen))?;
    let listeners = runtime.block_on(args.streams.listen(place.domains()))?;
    let url = format!("http://{bound}/http-bind");
    if let Some(watch) = &mut watch {
        let mut inputs = args.output.inputs();
        args.upstream.ca_file.iter().for_each(|file| inputs.add(file));
        args.faults.inputs(&mut inputs);
        args.streams.inputs().for_each(|file| inputs.add(&file));
        watch.capture(&args.capture, &inputs, url.clone(), args.show_secrets)?;
    }

    eprint(&format!("listening on {url}"));
    eprint(&format!("and for WebSocket on ws://{bound}/xmpp-websocket"));
    place.introduce(args);
    for defect in &defects {
        eprint(&format!("defect {}: {}", defect.name, defect.says));
    }
    let Terms { wait, hold, inactivity, polling, maxpause, .. } = args.terms;
    eprint(&format!(
        "sessions: wait up to {wait} s, hold up to {hold}, inactivity {inactivity} s, polling {polling} s, pause up to \
         {maxpause} s"
    ));
    if !bound.ip().is_loopback() {
        eprint("warning: other machines can connect to this port, without encryption");
    }
    if listeners.are_exposed() {
        eprint("warning: other machines can connect to the TCP port");
    }

    let intake = Intake::new(args.show_secrets, BODY_KEPT).knowing(place.passwords());
    let watching = watch.map(|watch| watch.start(intake)).transpose()?;
    let clock = watching.as_ref().map_or_else(Clock::start, |watching| watching.clock);
    let mut queue = watching.as_ref().map(|watching| Arc::clone(&watching.queue));
    let (faults, _switching) = args.faults.begin(faults, clock, args.output.color(), &runtime)?;
    let before = match faults {
        None => Before { listener, listeners, relays: Vec::new() },
        // The relay is what clients meet, so it is what reports.
        Some(faults) => {
            runtime.block_on(before(faults, (listener, listeners), queue.take(), clock))?
        }
    };
    let wake = Arc::new(Notify::new());
    let mut streams = None;
    let server: Box<dyn Backend> = match place {
        Place::Elsewhere(settings) => {
            runtime.spawn(warn_if_unreachable(Arc::clone(&settings)));
            let upstream = Upstream::new(settings, Arc::clone(&wake), runtime.handle().clone());
            streams = Some(upstream.streams());
            Box::new(upstream)
        }
        Place::Inside { accounts, anonymous, domains } => {
            let accounts = accounts.into_iter().map(|given| given.account).collect();
            let usual = Setup::new("localhost", clock.started());
            // What is stored for an account must fit into the queue of its client, with room to spare.
            let offline = usual.offline.min(args.bounds.max_waiting / 2);
            let (resumption, sasl2) = (args.streams.resumption(), args.streams.sasl2());
            let setup = Setup { domains, accounts, anonymous, sasl2, offline, resumption, ..usual };
            Box::new(Server::new(setup, Box::new(Secure::default())))
        }
    };
    let mut parts = Parts::new(policy, server, Box::new(Secure::default()));
    for defect in defects {
        defect.apply(&mut parts);
    }
    let (machine, edge) = parts.assemble();
    let service = Service::new(machine, edge, wake, clock, queue);
    runtime.block_on(async {
        let stop = async {
            if let Some(watching) = &watching {
                watching.stopped().await;
            } else {
                stopped().await;
                leave_at_next_signal();
            }
        };
        before.serve(service, stop).await;
        if let Some(streams) = streams {
            let _ = tokio::time::timeout(PARTING, streams.ended()).await; // a server that is slow to part is left
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
    watching.map_or(Ok(super::exit::OK), super::watch::Watching::finish)
}

/// Plays the server of a recording.
fn replay(args: &Args, file: &Path) -> Result<u8, Failure> {
    replayed::run(&replayed::Options {
        file,
        session: args.session.as_deref(),
        listen: &args.listen,
        quiet: args.quiet,
        show_secrets: args.show_secrets,
        capture: &args.capture,
        streams: &args.streams,
        output: &args.output,
        buffer: BUFFER,
        kept: BODY_KEPT,
    })
}

impl Place {
    /// The domains that are known.
    fn domains(&self) -> &[String] {
        match self {
            Self::Inside { domains, .. } => domains,
            Self::Elsewhere(settings) => &settings.domains,
        }
    }

    /// The users here and their passwords.
    fn passwords(&self) -> Vec<(&str, &str)> {
        let Self::Inside { accounts, .. } = self else { return Vec::new() };
        let accounts = accounts.iter().map(|new| &new.account);
        accounts.map(|account| (&*account.user, account.password.reveal())).collect()
    }

    /// Prints who may log in, or where the upstream server is and how the connection to it is protected.
    fn introduce(&self, args: &Args) {
        match self {
            Self::Inside { accounts, anonymous, domains } => {
                for account in accounts {
                    for domain in domains {
                        let words = match &account.made {
                            true => format!(", password {}", account.account.password.reveal()),
                            false => String::new(),
                        };
                        eprint(&format!("account {}@{domain}{words}", account.account.user));
                    }
                }
                if *anonymous {
                    eprint(&format!("anonymous login at {}", domains.join(", ")));
                }
            }
            Self::Elsewhere(settings) => {
                let Settings { address, plain, domains, .. } = &**settings;
                let tls = match (address.is_loopback(), plain) {
                    (true, _) => {
                        "STARTTLS if offered (optional, since the server is on this machine)"
                    }
                    (_, true) => "STARTTLS if offered (optional, due to --upstream-plain)",
                    _ => "STARTTLS required",
                };
                let trusts = match &args.upstream.ca_file {
                    _ if args.upstream.insecure => {
                        "accepting any certificate (--insecure)".to_owned()
                    }
                    Some(file) => format!("trusting the CA certificates in {}", name(file)),
                    None => "trusting the system's CA certificates".to_owned(),
                };
                eprint(&format!("upstream {address}: {tls}; {trusts}"));
                match &domains[..] {
                    [] => eprint("clients may log in to any domain of the server"),
                    _ => {
                        eprint(&format!(
                            "clients may log in to these domains only: {}",
                            domains.join(", ")
                        ));
                    }
                }
            }
        }
    }
}

/// Warns at once if the server cannot be reached. It may start later, so this is not a failure.
async fn warn_if_unreachable(settings: Arc<Settings>) {
    if let Err(reason) = upstream::probe(&settings).await {
        eprint(&format!("warning: upstream {}: {reason}", settings.address));
    }
}

fn settings(args: &Args, address: &Address) -> Result<Settings, Failure> {
    let own = [("--account", !args.account.is_empty()), ("--anonymous", args.anonymous)];
    if let Some((option, _)) = own.iter().find(|(_, given)| *given) {
        return Err(Failure::Usage(format!(
            "{option} cannot be used with --upstream: the upstream server decides who may log in"
        )));
    }
    let To { ca_file, insecure, upstream_plain, .. } = &args.upstream;
    let tls = match tls::trusting(ca_file.as_deref(), *insecure) {
        Ok(config) => Ok(Arc::new(config)),
        // A server that offers no TLS needs none.
        Err(error @ TlsError::NoRoots(_)) => Err(error.to_string()),
        Err(error) => return Err(Failure::Environment(error.to_string())),
    };
    let mut bounds = stream::Bounds::default();
    // What comes in one request may be as long as that, and several of these may wait.
    bounds.unsent = bounds.unsent.max(args.bounds.max_body.saturating_mul(4));
    let domains = domains(args)?;
    Ok(Settings { address: address.clone(), tls, plain: *upstream_plain, domains, bounds })
}

fn inside(args: &Args) -> Result<Place, Failure> {
    let mut domains = domains(args)?;
    if domains.is_empty() {
        domains.push("localhost".to_owned());
    }
    let accounts = accounts(&args.account, &mut Secure::default())?;
    let anonymous = args.anonymous || args.account.is_empty();
    Ok(Place::Inside { accounts, anonymous, domains })
}

fn policy(args: &Args) -> Policy {
    let Args { terms, bounds, .. } = args;
    let mut policy = Policy {
        wait: Duration::from_secs(terms.wait),
        hold: terms.hold,
        requests: terms.requests,
        inactivity: Duration::from_secs(terms.inactivity),
        polling: Duration::from_secs(terms.polling),
        maxpause: Duration::from_secs(terms.maxpause),
        ..Policy::default()
    };
    args.streams.settle(&mut policy);
    policy.bounds.sessions = bounds.max_sessions;
    policy.bounds.sessions_per_address = bounds.max_sessions_per_address;
    policy.bounds.waiting = bounds.max_waiting;
    policy.bounds.xml.bytes = bounds.max_body;
    policy.bounds.queued_bytes = bounds.max_queued;
    // What comes in one request may be as long as that, and several of these may wait.
    let several = bounds.max_body.saturating_mul(4);
    policy.bounds.waiting_bytes = policy.bounds.waiting_bytes.max(several);
    policy.bounds.kept_bytes = policy.bounds.kept_bytes.max(several);
    policy
}

fn domains(args: &Args) -> Result<Vec<String>, Failure> {
    let prepared = |domain: &String| match BareJid::new(domain) {
        Ok(jid) if jid.node().is_none() => Ok(jid.to_string()),
        _ => Err(Failure::Usage(format!(
            "--domain {domain:?}: expected a domain, such as chat.example"
        ))),
    };
    args.domain.iter().map(prepared).collect()
}
