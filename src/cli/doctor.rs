//! `xmppscope doctor`: why it does not connect.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::console::{eprint, err_is_terminal, out_is_terminal, print, unwritable, width};
use super::interrupt::Interrupt;
use super::options::{When, domain_of, name_server};
use super::progress::progress;
use super::{Failure, exit};
use crate::diag::sanitise::one_line;
use crate::doctor::{
    Account, Check, News, Overall, Report, Settings, Subject, endpoint_of, examine, plan,
};
use crate::report::doctor::{json, markdown, page};
use crate::trace::redact;
use crate::ui::doctor::{Doctor, wrap};
use crate::ui::{Styles, Unit};
use crate::wire::address::{Address, Scheme};
use crate::wire::names::{Names, Pinned};
use crate::wire::tls;

/// The variable that holds the password of `--user`.
const PASSWORD: &str = "XMPPSCOPE_PASSWORD";

/// What comes within this time is printed together, so that it can be put in order.
const TOGETHER: Duration = Duration::from_millis(800);

/// Find out why a client does not connect, and what to change
///
/// Runs the checks that you would otherwise make with curl, dig and openssl, in parallel: discovery, addresses,
/// certificates, CORS, BOSH, WebSocket and TCP, up to a login. Reports what is broken and what to change, and, where the
/// responses identify the program, what to put into its configuration.
///
/// For a DOMAIN, it examines everything that host-meta and SRV records list, or what it finds at the usual paths. For a URL,
/// only that: http:// and https:// for BOSH, ws:// and wss:// for WebSocket, xmpp:// and xmpps:// for TCP.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope doctor chat.example
  xmppscope doctor https://chat.example/http-bind --origin https://www.example
  xmppscope doctor wss://chat.example/xmpp-websocket --quick
  xmppscope doctor chat.example --user alice@chat.example
  xmppscope doctor https://chat.example/http-bind --direct http://127.0.0.1:5280/http-bind
  xmppscope doctor chat.example --format markdown > issue.md

Each line is a result: ✔ OK, · note, ▲ warning, ✖ broken, – not tested.

The password of --user is read from XMPPSCOPE_PASSWORD, or asked for. It is sent
only over TLS with a trusted certificate, or to this machine.

Exit status:
  0  nothing is broken; there may be notes and warnings
  1  something is broken
  2  wrong usage
  3  nothing answers, or a file cannot be read
  130  interrupted; what was known was printed")]
pub(super) struct Args {
    /// XMPP domain, or the URL of a BOSH, WebSocket or TCP endpoint
    #[arg(value_name = "DOMAIN|URL")]
    subject: String,
    /// XMPP domain [default: the host of the URL]
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// Log in as JID, send it a message and resume the stream [default: log in anonymously if the server allows it]
    #[arg(long, value_name = "JID")]
    user: Option<String>,
    /// Origin of the web page that uses the server, such as `https://www.example`
    ///
    /// Servers use it to decide on CORS and WebSocket access [default: `https://DOMAIN` for a domain, none for a URL].
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// Also test the server behind the reverse proxy at this URL, and compare
    #[arg(long, value_name = "URL")]
    direct: Option<String>,
    /// Connect to ADDR instead of HOST's address, and to PORT if given; repeatable
    #[arg(help_heading = "Network", long, value_name = "HOST:ADDR[:PORT]")]
    resolve: Vec<Pinned>,
    /// Name server to use instead of the system's
    #[arg(help_heading = "Network", long, value_name = "ADDR[:PORT]", value_parser = name_server)]
    dns: Option<SocketAddr>,
    /// Trust only the certificates in this PEM file: of CAs, or the server's own
    #[arg(help_heading = "Network", long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Skip slow checks: a request held to its end, an idle WebSocket, large requests
    #[arg(help_heading = "Scope", long)]
    quick: bool,
    /// `wait` to request for BOSH, in seconds
    #[arg(help_heading = "Scope", long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
    /// How long to leave a WebSocket idle, in seconds
    #[arg(help_heading = "Scope", long, value_name = "SECONDS", default_value_t = 130, value_parser = clap::value_parser!(u64).range(1..=3600))]
    idle: u64,
    /// Print what would be done, and do nothing
    #[arg(help_heading = "Scope", long)]
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
    /// For people: a line for each result as it comes, then what to change
    Pretty,
    /// One JSON object
    Json,
    /// To paste into an issue; IP addresses and user names are shortened
    Markdown,
    /// A page for a browser
    Html,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let interrupt = Interrupt::watch()?;
    let settings = settings(args)?;
    let (checks, longest) = plan(&settings);
    if args.dry_run {
        return dry_run(args, &settings, &checks, longest);
    }
    let report = Report {
        subject: one_line(&redact::target(&args.subject)).into_owned(),
        domain: one_line(&settings.domain).into_owned(),
        origin: settings.origin.clone(),
        direct: args.direct.as_deref().map(|url| redact::target(url).into_owned()),
        guessed: settings.guessed,
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
            "{} checks, about {} s{}",
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
                        shown.rename(&seen.waiting());
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

/// What would be done.
fn dry_run(
    args: &Args,
    settings: &Settings,
    checks: &[(&'static Check, Option<&'static str>)],
    longest: Duration,
) -> Result<u8, Failure> {
    let mut out = format!(
        "Would examine {}, XMPP domain {}:\n",
        one_line(&redact::target(&args.subject)),
        one_line(&settings.domain)
    );
    let room = width(out_is_terminal()).unwrap_or(100).saturating_sub(25).max(20);
    for (check, condition) in checks {
        let condition = condition.map(|condition| format!(", {condition}")).unwrap_or_default();
        for (number, line) in wrap(&format!("{}{condition}", check.does), room).iter().enumerate() {
            let name = if number == 0 { check.name } else { "" };
            out += &format!("  {name:<22} {line}\n");
        }
    }
    if let Some(direct) = &args.direct {
        out += &format!("The same at {}, without discovery.\n", one_line(&redact::target(direct)));
    }
    print(&(out + &format!("It takes about {} s if all is well.\n", longest.as_secs())))
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
        match names[..] {
            [] => "examining".to_owned(),
            _ => format!("waiting for {}", names.join(", ")),
        }
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
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
            _ => Ok(()),
        }
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
            (Some(user), Some(domain_of(bare).map_err(usage)?))
        }
        Some(_) => {
            return Err(usage("--user: expected a JID, such as alice@chat.example".to_owned()));
        }
    };
    let given = is_url
        .then(|| endpoint_of(&args.subject, "as given").map(|endpoint| endpoint.address))
        .transpose()
        .map_err(|error| usage(error.to_string()))?;
    let told = args.domain.as_deref().map(domain_of).transpose().map_err(usage)?;
    let told = told.or(user_domain);
    let (domain, guessed) = if let Some(address) = &given {
        let guessed = told.is_none();
        (told.unwrap_or_else(|| address.name().to_owned()), guessed)
    } else {
        let domain = domain_of(&args.subject).map_err(usage)?;
        if let Some(other) = told.filter(|told| *told != domain) {
            return Err(usage(format!(
                "{} is to be examined, but --domain or --user says {}: for another domain, give it as the argument",
                one_line(&domain),
                one_line(&other)
            )));
        }
        (domain, false)
    };
    let origin = match &args.origin {
        Some(origin) => Some(origin_of(origin).map_err(usage)?),
        None if is_url => None,
        None => Some(format!("https://{domain}")),
    };
    let direct = args.direct.as_deref().map(str::parse::<Address>).transpose();
    let direct = direct.map_err(|error| usage(format!("--direct: {error}")))?;
    let account = user.map(|user| Ok(Account { user: user.to_owned(), password: password(args)? }));
    let names = Names::new(args.resolve.clone(), args.dns);
    // STARTTLS needs certificates as well.
    let has_none = |address: &Address| address.scheme == Scheme::Http;
    let is_plain = given.as_ref().is_some_and(has_none) && direct.as_ref().is_none_or(has_none);
    let trust = (!is_plain || args.ca_file.is_some())
        .then(|| tls::verifier(args.ca_file.as_deref(), false))
        .transpose()
        .map_err(|error| Failure::Environment(error.to_string()))?;
    Ok(Settings {
        subject,
        domain,
        guessed,
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
    eprint(&format!("Password of {}: ", one_line(args.user.as_deref().unwrap_or_default())));
    term.read_secure_line().map_err(|_| missing())
}
