//! `xmppscope doctor`: why it does not connect.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::console::{eprint, err_is_terminal, out_is_terminal, print, unwritable, width};
use super::interrupt::Interrupt;
use super::options::When;
use super::progress::progress;
use super::{Failure, exit};
use crate::diag::sanitise::one_line;
use crate::doctor::{
    Account, Names, News, Overall, Pinned, Report, Settings, Subject, endpoint_of, examine, plan,
};
use crate::report::doctor::{json, markdown, page};
use crate::ui::doctor::Doctor;
use crate::ui::{Styles, Unit};
use crate::wire::address::Address;
use crate::wire::tls;

/// The variable that holds the password of `--user`.
const PASSWORD: &str = "XMPPSCOPE_PASSWORD";

/// What comes within this time is printed together, so that it can be put in order.
const TOGETHER: Duration = Duration::from_millis(300);

/// Find out why a client does not connect, and what to change
///
/// Makes the checks that one would make by hand with curl, dig and openssl, several at once: discovery, addresses,
/// certificates, CORS, BOSH, WebSocket and TCP, up to a login. Says what is broken, which program has to be changed, and
/// what to write into its configuration.
///
/// For a DOMAIN, everything that host-meta and SRV records name is examined, or what is found at the usual paths. For a URL, that
/// alone: http:// and https:// for BOSH, ws:// and wss:// for WebSocket, xmpp:// and xmpps:// for TCP.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope doctor chat.example
  xmppscope doctor https://chat.example/http-bind --origin https://www.example
  xmppscope doctor wss://chat.example/xmpp-websocket --quick
  xmppscope doctor chat.example --user alice@chat.example
  xmppscope doctor https://chat.example/http-bind --direct http://127.0.0.1:5280/http-bind
  xmppscope doctor chat.example --format markdown > issue.md

The password of --user is read from XMPPSCOPE_PASSWORD, or asked for. It is sent only over TLS with a
trusted certificate, or to this machine.

Exit status:
  0  all is well; notes (·) and weak points (▲) do not change that
  1  something is broken
  2  wrong usage
  3  nothing answers
  130  interrupted; what was known was printed")]
pub(super) struct Args {
    /// XMPP domain, or the URL of a BOSH, WebSocket or TCP endpoint
    #[arg(value_name = "DOMAIN|URL")]
    subject: String,
    /// XMPP domain, if it is not the host of the URL
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// Log in as JID, send a message to it, and resume the stream; otherwise anonymously, where that is allowed
    #[arg(long, value_name = "JID")]
    user: Option<String>,
    /// Origin of the web page that uses the server, such as `https://www.example`
    ///
    /// CORS and WebSocket servers decide by it. [default: `https://DOMAIN` for a domain, none for a URL]
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// The same at the server behind the reverse proxy, for comparison
    #[arg(long, value_name = "URL")]
    direct: Option<String>,
    /// Connect to ADDR in place of HOST's address, and to PORT if it is given; may be repeated
    #[arg(help_heading = "Network", long, value_name = "HOST:ADDR[:PORT]")]
    resolve: Vec<Pinned>,
    /// Name server to ask, in place of the system's
    #[arg(help_heading = "Network", long, value_name = "ADDR[:PORT]", value_parser = name_server)]
    dns: Option<SocketAddr>,
    /// Trust only the certificates in this PEM file, of CAs or the server's own
    #[arg(help_heading = "Network", long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Leave out what takes long: a request held to its end, an idle WebSocket, large requests
    #[arg(help_heading = "Extent", long)]
    quick: bool,
    /// How long BOSH requests may be held, in seconds
    #[arg(help_heading = "Extent", long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
    /// How long a WebSocket is left idle, in seconds
    #[arg(help_heading = "Extent", long, value_name = "SECONDS", default_value_t = 130, value_parser = clap::value_parser!(u64).range(1..=3600))]
    idle: u64,
    /// Say what would be done, and do nothing
    #[arg(help_heading = "Extent", long)]
    dry_run: bool,
    /// Format of the output
    #[arg(help_heading = "Output", long, value_enum, default_value_t = Format::Pretty, value_name = "FORMAT")]
    format: Format,
    /// When to use colours
    #[arg(help_heading = "Output", long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    color: When,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: a line for each check as it is done, then what to change
    Pretty,
    /// One JSON object
    Json,
    /// To paste into an issue; IP addresses and user names are shortened
    Markdown,
    /// A page for a browser
    Html,
}

/// `192.0.2.53`, `[::1]:5353`
fn name_server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| "expected an IP address, such as 192.0.2.53 or [::1]:5353".to_owned())
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let interrupt = Interrupt::watch()?;
    let settings = settings(args)?;
    let (checks, longest) = plan(&settings);
    if args.dry_run {
        let mut out = format!(
            "Would examine {} (XMPP domain {}):\n",
            one_line(&args.subject),
            one_line(&settings.domain)
        );
        for check in &checks {
            out += &format!("  {:<22} {}\n", check.name, check.does);
        }
        return print(
            &(out + &format!("It takes about {} s if all is well.\n", longest.as_secs())),
        );
    }
    let report = Report {
        subject: one_line(&args.subject).into_owned(),
        domain: one_line(&settings.domain).into_owned(),
        origin: settings.origin.clone(),
        direct: args.direct.clone(),
        unfinished: Vec::new(),
        outcomes: Vec::new(),
    };
    let styles = Styles::new(args.color.decide(out_is_terminal()));
    let mut seen = Seen {
        pretty: (args.format == Format::Pretty)
            .then(|| Doctor::new(styles, width(out_is_terminal()))),
        report,
        printed: 0,
        due: None,
    };
    if args.format == Format::Pretty && err_is_terminal() {
        eprint(&format!(
            "{} kinds of checks, about {} s{}",
            checks.len(),
            longest.as_secs(),
            if args.quick { "" } else { " (--quick: a few seconds)" }
        ));
    }
    let mut stop = interrupt.defer();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let shown = progress("examining", Unit::Items("checks"), None);
    let finished = runtime.block_on(async {
        let (out, mut outcomes) = mpsc::unbounded_channel();
        // Its end closes the channel.
        let mut all = std::pin::pin!(examine(settings, out));
        let mut done = false;
        loop {
            let due = async {
                match seen.due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                outcome = outcomes.recv() => match outcome {
                    Some(news) => {
                        seen.take(news);
                        shown.note(&seen.waiting());
                    }
                    None => return Ok::<_, Failure>(true),
                },
                () = due => shown.aside(|| seen.print())?,
                ended = &mut all, if !done => {
                    ended.map_err(|error| Failure::Usage(error.to_string()))?;
                    done = true;
                }
                _ = stop.changed() => return Ok(false),
            }
        }
    })?;
    drop(shown);
    if finished {
        seen.report.unfinished.clear();
    }
    seen.print()?;
    seen.end(args.format)?;
    Ok(match seen.report.overall() {
        _ if !finished => exit::INTERRUPTED,
        Overall::Well | Overall::Weak => exit::OK,
        Overall::Broken => exit::DIFFERS,
        Overall::Unreachable => exit::ENVIRONMENT,
    })
}

/// What was seen so far.
struct Seen {
    pretty: Option<Doctor>,
    report: Report,
    /// How many of the outcomes are printed.
    printed: usize,
    /// When the others are to be.
    due: Option<Instant>,
}

impl Seen {
    fn take(&mut self, news: News) {
        let under_way = &mut self.report.unfinished;
        match news {
            News::Begun(check) => under_way.push(check.name),
            News::Ended(check) => {
                if let Some(place) = under_way.iter().position(|name| *name == check.name) {
                    under_way.remove(place);
                }
            }
            News::Result(outcome) => {
                self.report.outcomes.push(outcome);
                self.due = self.due.or_else(|| Some(Instant::now() + TOGETHER));
            }
        }
    }

    /// What is under way.
    fn waiting(&self) -> String {
        let mut names = self.report.unfinished.clone();
        names.dedup();
        names.join(", ")
    }

    /// Prints what is new, what belongs together side by side.
    fn print(&mut self) -> Result<(), Failure> {
        self.due = None;
        let new = &mut self.report.outcomes[self.printed..];
        self.printed += new.len();
        let Some(doctor) = &mut self.pretty else { return Ok(()) };
        doctor.arrange(new);
        let text: String = new.iter().map(|outcome| doctor.outcome(outcome)).collect();
        let mut out = super::console::out();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| unwritable(&error))
    }

    fn end(&self, format: Format) -> Result<u8, Failure> {
        let text = match (&self.pretty, format) {
            (Some(doctor), _) => doctor.end(&self.report),
            (None, Format::Markdown) => markdown(&self.report),
            (None, Format::Html) => page(&self.report),
            (None, _) => json(&self.report),
        };
        print(&text)
    }
}

fn settings(args: &Args) -> Result<Settings, Failure> {
    let usage = |words: String| Failure::Usage(words);
    let is_url = args.subject.contains("://");
    let subject = if is_url { Subject::Url(args.subject.clone()) } else { Subject::Domain };
    let (user, user_domain) = match args.user.as_deref().map(|jid| jid.split_once('@')) {
        None => (None, None),
        Some(Some((user, domain))) if !user.is_empty() && !domain.is_empty() => {
            let bare = domain.split('/').next().unwrap_or(domain);
            (Some(user), Some(bare.to_owned()))
        }
        Some(_) => {
            return Err(usage("--user: expected a JID, such as alice@chat.example".to_owned()));
        }
    };
    let host = if is_url {
        let endpoint =
            endpoint_of(&args.subject, "as given").map_err(|error| usage(error.to_string()))?;
        endpoint.address.name().to_owned()
    } else {
        domain_of(&args.subject).map_err(usage)?
    };
    let domain = args.domain.clone().or(user_domain).unwrap_or(host);
    let domain = domain_of(&domain).map_err(usage)?;
    let origin = match &args.origin {
        Some(origin) => Some(origin_of(origin).map_err(usage)?),
        None if is_url => None,
        None => Some(format!("https://{domain}")),
    };
    let direct = args.direct.as_deref().map(str::parse::<Address>).transpose();
    let direct = direct.map_err(|error| usage(format!("--direct: {error}")))?;
    let account = user.map(|user| Ok(Account { user: user.to_owned(), password: password(args)? }));
    let names = Names::new(args.resolve.clone(), args.dns).map_err(Failure::Environment)?;
    let trust = tls::verifier(args.ca_file.as_deref(), false)
        .map_err(|error| Failure::Environment(error.to_string()))?;
    Ok(Settings {
        subject,
        domain,
        origin,
        direct,
        names,
        trust,
        quick: args.quick,
        wait: args.wait,
        idle: Duration::from_secs(args.idle),
        account: account.transpose()?,
    })
}

/// A domain, or what to write instead.
fn domain_of(text: &str) -> Result<String, String> {
    if let Some((_, domain)) = text.split_once('@') {
        return Err(format!(
            "{} is the address of a user: examine its domain, with `xmppscope doctor {} --user {}`",
            one_line(text),
            one_line(domain),
            one_line(text)
        ));
    }
    if let Some((host, _)) = text.split_once(['/', ':'])
        && text.parse::<IpAddr>().is_err()
    {
        return Err(format!(
            "{} is neither a domain nor a URL: write {} for the domain, or https://{} for the URL",
            one_line(text),
            one_line(host),
            one_line(text)
        ));
    }
    let name = jid::DomainPart::new(text)
        .map_err(|error| format!("{} is no XMPP domain ({error})", one_line(text)))?;
    Ok(name.to_string())
}

/// The origin of a page, as a browser says it.
fn origin_of(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "--origin {}: expected the origin of a page, such as https://www.example",
            one_line(text)
        )
    };
    let address: Address = text.parse().map_err(|_| wrong())?;
    if address.scheme.is_stream()
        || !text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"))
    {
        return Err(wrong());
    }
    Ok(address.to_string())
}

/// From the variable, or asked for.
fn password(args: &Args) -> Result<String, Failure> {
    #[allow(clippy::disallowed_methods)] // cli reads the environment
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    if args.dry_run {
        return Ok(String::new());
    }
    let missing = || {
        Failure::Usage(format!(
            "--user: put the password into the variable {PASSWORD}; there is no terminal to ask at"
        ))
    };
    let term = console::Term::stderr();
    if !term.is_term() {
        return Err(missing());
    }
    eprint(&format!("Password of {}:", one_line(args.user.as_deref().unwrap_or_default())));
    term.read_secure_line().map_err(|_| missing())
}
