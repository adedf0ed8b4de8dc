//! `xmppscope cm`: the reference connection manager, with its own XMPP server or before another.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jid::BareJid;
use tokio::sync::Notify;

use super::Failure;
use super::console::say;
use super::defects::{chosen, list_defects};
use super::observe::Output;
use super::options::size;
use super::watch::{Watch, listen, raise_file_limit, stopped};
use crate::clock::Clock;
use crate::cm::backend::Backend;
use crate::cm::http::serve::Service;
use crate::cm::parts::Parts;
use crate::cm::policy::Policy;
use crate::cm::server::{Account, Password, Server, Setup};
use crate::cm::upstream::address::Address;
use crate::cm::upstream::{self, Settings, Upstream, stream};
use crate::random::{Random, Secure};
use crate::trace::intake::Intake;
use crate::wire::tls::{self, TlsError};

/// Run a strict BOSH connection manager with an XMPP server behind it
///
/// To build and test clients against, with no server of your own. It keeps XEP-0124 and XEP-0206 to the letter, and
/// prints what passes as `xmppscope proxy` does. Everything is kept in memory and forgotten at the end.
///
/// The server knows the accounts given, which are each other's contacts, and anonymous users; it has presence,
/// messages (kept for accounts that are away), and rooms at conference.DOMAIN.
///
/// With --upstream it has no server of its own, and translates between its clients and another one.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // options are independent of each other
#[command(after_long_help = "\
Examples:
  xmppscope cm
  xmppscope cm --account alice:secret --account bob --anonymous
  xmppscope cm --quiet --wait 5 --inactivity 10
  xmppscope cm --upstream chat.example:5222 --domain chat.example

Exit status:
  0  stopped by Ctrl-C or SIGTERM
  2  wrong usage
  3  the port is taken, or a file cannot be read or written")]
pub(super) struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5280")]
    listen: String,
    /// XMPP domain to serve, localhost if none is given; may be given several times
    ///
    /// With --upstream these are the only domains that a client may ask for; if none is given, the server decides.
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Account in every domain; may be given several times
    ///
    /// Without a password one is made and printed. Without any account there are alice and bob with such passwords, and
    /// anonymous login. Mind that other users of this machine can read command lines.
    #[arg(long, value_name = "USER[:PASSWORD]")]
    account: Vec<String>,
    /// Let anybody log in without an account, beside those that are given
    #[arg(long)]
    anonymous: bool,
    /// Break a requirement on purpose; may be given several times
    ///
    /// The requirement's id, with /VARIANT where there are several ways to break it: see --list-defects. Everything else
    /// stays strict, so that a client, or a check, can be tried against one mistake at a time.
    #[arg(long, value_name = "ID")]
    defect: Vec<String>,
    /// List the defects, and stop
    #[arg(long)]
    list_defects: bool,
    /// Print nothing of what passes
    #[arg(long)]
    quiet: bool,
    /// Also write what passes to FILE, for `xmppscope show`
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Print and write passwords, SASL payloads and cookies as they are
    #[arg(long)]
    show_secrets: bool,
    #[command(flatten)]
    upstream: To,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    output: Output,
}

/// The server elsewhere.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Another server")]
struct To {
    /// Stand before the XMPP server at this address, instead of the one inside
    ///
    /// This is the port at which the server takes client connections, 5222 unless another is given. STARTTLS is used
    /// where it is offered. The certificate has to be that of the domain that the client asks for.
    #[arg(long, value_name = "HOST:PORT")]
    upstream: Option<Address>,
    /// Trust only the certificates in this PEM file
    #[arg(long, value_name = "FILE", requires = "upstream")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long, requires = "upstream", conflicts_with = "ca_file")]
    insecure: bool,
    /// Go on without TLS where the server offers none; on this machine that needs no leave
    #[arg(long, requires = "upstream")]
    upstream_plain: bool,
}

/// What sessions are granted.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Terms of a session")]
struct Terms {
    /// Longest time that a request is held, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=65535))]
    wait: u64,
    /// Most requests that are held at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=254))]
    hold: u64,
    /// Requests that may be open at once, if more than hold + 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=255))]
    requests: Option<u64>,
    /// Time without an open request after which a session ends, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60000))]
    inactivity: u64,
    /// Shortest time between two empty requests of a polling client, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=600))]
    polling: u64,
    /// Longest pause, in seconds; 0 offers none
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(0..=65535))]
    maxpause: u64,
}

/// What is refused for being too much.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bounds")]
#[allow(clippy::struct_field_names)] // they are the options' names
struct Bounds {
    /// Sessions at once; more are refused with 503
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    max_sessions: usize,
    /// Sessions at once from one address; more are refused with policy-violation
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_sessions_per_address: usize,
    /// Length of a request; a longer one is refused with 413
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size)]
    max_body: usize,
    /// Stanzas that wait for a client; with more its session ends with policy-violation
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_waiting: usize,
}

/// How much traffic may wait to be printed.
const BUFFER: usize = 64 << 20;
/// How much of one message is kept for printing.
const BODY_KEPT: usize = 4 << 20;
/// How long the server elsewhere may take at the end.
const PARTING: Duration = Duration::from_secs(1);

/// Where the XMPP server is.
enum Place {
    Inside { accounts: Vec<Given>, anonymous: bool, domains: Vec<String> },
    Elsewhere(Arc<Settings>),
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    if args.list_defects {
        return list_defects();
    }
    args.output.start_log();
    let defects = chosen(&args.defect)?;
    let policy = policy(args);
    let place = match &args.upstream.upstream {
        Some(address) => Place::Elsewhere(Arc::new(settings(args, address)?)),
        None => inside(args)?,
    };
    raise_file_limit();

    let watched = !args.quiet || args.write.is_some();
    let mut watch =
        watched.then(|| Watch::prepare(&args.output, BUFFER, args.quiet)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let (listener, bound) = runtime.block_on(listen(&args.listen))?;
    let url = format!("http://{bound}/http-bind");
    if let (Some(watch), Some(path)) = (&mut watch, &args.write) {
        watch.capture(path, url.clone(), args.show_secrets)?;
    }

    say(&format!("listening on {url}"));
    place.introduce(args);
    for defect in &defects {
        say(&format!("defect {}: {}", defect.name, defect.says));
    }
    let Terms { wait, hold, inactivity, polling, maxpause, .. } = args.terms;
    say(&format!(
        "a session is granted at most wait {wait} s, hold {hold}, pause {maxpause} s; it lives {inactivity} s without a \
         request, and may poll every {polling} s"
    ));
    if !bound.ip().is_loopback() {
        say("warning: reachable from other machines, without encryption");
    }

    let intake = Intake { show_secrets: args.show_secrets, body_limit: BODY_KEPT };
    let watching = watch.map(|watch| watch.start(intake)).transpose()?;
    let clock = watching.as_ref().map_or_else(Clock::start, |watching| watching.clock);
    let queue = watching.as_ref().map(|watching| Arc::clone(&watching.queue));
    let wake = Arc::new(Notify::new());
    let mut streams = None;
    let server: Box<dyn Backend> = match place {
        Place::Elsewhere(settings) => {
            runtime.spawn(try_out(Arc::clone(&settings)));
            let upstream = Upstream::new(settings, Arc::clone(&wake), runtime.handle().clone());
            streams = Some(upstream.streams());
            Box::new(upstream)
        }
        Place::Inside { accounts, anonymous, domains } => {
            let accounts = accounts.into_iter().map(|given| given.account).collect();
            let setup =
                Setup { domains, accounts, anonymous, ..Setup::new("localhost", clock.started()) };
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
        service.serve(listener, stopped()).await;
        if let Some(streams) = streams {
            let _ = tokio::time::timeout(PARTING, streams.ended()).await; // a server that is slow to part is left
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
    watching.map_or(Ok(super::exit::OK), super::watch::Watching::finish)
}

impl Place {
    /// Says who may log in, or where the server is and how the way to it is protected.
    fn introduce(&self, args: &Args) {
        match self {
            Self::Inside { accounts, anonymous, domains } => {
                for account in accounts {
                    for domain in domains {
                        let words = match &account.made {
                            true => format!(", password {}", account.account.password.reveal()),
                            false => String::new(),
                        };
                        say(&format!("account {}@{domain}{words}", account.account.user));
                    }
                }
                if *anonymous {
                    say(&format!("anonymous login at {}", domains.join(", ")));
                }
            }
            Self::Elsewhere(settings) => {
                let Settings { address, plain, domains, .. } = &**settings;
                let tls = match (address.is_loopback(), plain) {
                    (true, _) => {
                        "STARTTLS if it is offered, else none, since it is on this machine"
                    }
                    (_, true) => "STARTTLS if it is offered, else none (--upstream-plain)",
                    _ => "STARTTLS, without which nothing is said to another machine",
                };
                let trusts = match &args.upstream.ca_file {
                    _ if args.upstream.insecure => {
                        "any certificate is accepted (--insecure)".to_owned()
                    }
                    Some(file) => format!("trusting the certificates in {}", file.display()),
                    None => "trusting the certificates of this system".to_owned(),
                };
                say(&format!("upstream {address}: {tls}; {trusts}"));
                match &domains[..] {
                    [] => say("any domain may be asked for that the server serves"),
                    _ => {
                        say(&format!(
                            "only these domains may be asked for: {}",
                            domains.join(", ")
                        ));
                    }
                }
            }
        }
    }
}

/// Tells at once if the server can't be reached. It may come later, so that is no failure.
async fn try_out(settings: Arc<Settings>) {
    if let Err(reason) = upstream::probe(&settings).await {
        say(&format!("warning: upstream {}: {reason}", settings.address));
    }
}

fn settings(args: &Args, address: &Address) -> Result<Settings, Failure> {
    let own = [("--account", !args.account.is_empty()), ("--anonymous", args.anonymous)];
    if let Some((option, _)) = own.iter().find(|(_, given)| *given) {
        return Err(Failure::Usage(format!(
            "{option} is for the server inside; with --upstream the server there decides who may log in"
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
    let accounts = accounts(args, &mut Secure::default())?;
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
    policy.bounds.sessions = bounds.max_sessions;
    policy.bounds.sessions_per_address = bounds.max_sessions_per_address;
    policy.bounds.waiting = bounds.max_waiting;
    policy.bounds.xml.bytes = bounds.max_body;
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

struct Given {
    account: Account,
    /// The password was made here.
    made: bool,
}

fn accounts(args: &Args, random: &mut Secure) -> Result<Vec<Given>, Failure> {
    let usual = ["alice".to_owned(), "bob".to_owned()];
    let given = if args.account.is_empty() { &usual[..] } else { &args.account[..] };
    let mut accounts: Vec<Given> = Vec::new();
    for text in given {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (text.as_str(), None),
        };
        let jid = BareJid::new(&format!("{user}@localhost")).ok();
        let prepared = jid.and_then(|jid| Some(jid.node()?.to_string()));
        let (Some(user), false) = (prepared, password == Some("")) else {
            // The text is not repeated: it may hold a password.
            return Err(Failure::Usage(format!(
                "--account {}…: expected USER or USER:PASSWORD, USER being the part of an address before the @",
                user.chars().take(20).collect::<String>()
            )));
        };
        if accounts.iter().any(|other| other.account.user == user) {
            return Err(Failure::Usage(format!("--account {user}: given twice")));
        }
        let made = password.is_none();
        let password = Password::new(password.map_or_else(|| random.token(9), str::to_owned));
        if !password.is_usable() {
            return Err(Failure::Usage(format!(
                "--account {user}: the password has characters that RFC 4013 forbids, such as control characters"
            )));
        }
        accounts.push(Given { account: Account { user, password }, made });
    }
    Ok(accounts)
}
