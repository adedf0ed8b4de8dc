//! `xmppscope replay`: sends what the clients of a recording sent to a server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::console::{eprint, out_is_terminal, print, width};
use super::defects::chosen;
use super::interrupt::Interrupt;
use super::kept::Kept;
use super::options::When;
use super::progress::progress;
use super::record::read;
use super::run::{Named, Server};
use super::{Failure, exit, settings};
use crate::client::Who;
use crate::clock::Clock;
use crate::defects::Defect;
use crate::diag::counted;
use crate::diag::sanitise::one_line;
use crate::files::{Access, Inputs};
use crate::random::Secure;
use crate::replay::{CannotReplay, Replayed, Script, Settings, compare, replay};
use crate::report::difference::{Compared, Document};
use crate::runner::dial::Dial;
use crate::runner::{Account, Target, embedded_target, reach, with_embedded_users};
use crate::scenario::Provision;
use crate::snapshot::Varying;
use crate::trace::capture::{Preface, Secrets};
use crate::trace::open;
use crate::trace::redact::{self, Known};
use crate::ui::{Styles, Unit, difference as ui};

/// The variable that holds the password of an account that is given without one.
const PASSWORD: &str = "XMPPSCOPE_PASSWORD";

/// Replay what the clients of a recording sent, and compare the responses
///
/// Sends the same requests and stanzas, with the overlap and the pauses that they had. The sid, rids, ids of the server,
/// resources and counters are those of the new sessions. It logs in again, because a recording contains no passwords. At the
/// end, it prints what differs from the recording, as `xmppscope diff` does.
///
/// Without --target, it replays against the built-in server, in virtual time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  xmppscope replay monday.ndjson --target https://chat.example/http-bind \\
      --domain chat.example --account alice
  xmppscope replay monday.ndjson --target targets/mine.yaml --speed 10
  xmppscope replay monday.ndjson --write tuesday.ndjson
  xmppscope replay monday.ndjson --defect bosh-no-chunked/payloads

The password of an --account without one is read from XMPPSCOPE_PASSWORD.

Exit status:
  0  no differences
  1  there are differences, or a login was refused
  2  wrong usage, or not a recording, or nothing of it can be replayed
  3  the target cannot be reached, or a file cannot be read or written
  130  interrupted")]
pub(super) struct Args {
    /// Capture, HAR or other recording that `xmppscope show` reads; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    server: Server,
    /// Account that logs in; repeatable [default: those of the target file]
    ///
    /// It replaces the recorded account with the same name. Otherwise accounts are assigned in order. Other users of this
    /// machine can see passwords on the command line.
    #[arg(long, value_name = "USER[:PASSWORD]", requires = "server")]
    account: Vec<String>,
    /// Enable a defect of the built-in server; repeatable
    #[arg(long, value_name = "ID", conflicts_with = "server")]
    defect: Vec<String>,
    /// Replay only the session whose name or sid begins with NAME [default: all]
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Divide pauses by N: 10 is ten times as fast, 0.5 is half as fast
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Write what passes to FILE, as a capture
    ///
    /// Only the file's owner can read it. A file that is not empty is overwritten only with --force.
    #[arg(long, value_name = "FILE", alias = "save", help_heading = "Output")]
    write: Option<PathBuf>,
    /// Let --write overwrite a file that is not empty
    #[arg(long, requires = "write", help_heading = "Output")]
    force: bool,
    #[command(flatten)]
    settings: settings::Options,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", help_heading = "Output")]
    color: When,
}

fn speed(text: &str) -> Result<f64, String> {
    let wrong = || "expected a number from 0.01 to 1000".to_owned();
    let speed: f64 = text.parse().map_err(|_| wrong())?;
    if (0.01..=1000.0).contains(&speed) { Ok(speed) } else { Err(wrong()) }
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let _interrupt = Interrupt::watch()?;
    let inputs = Inputs::of([&args.file]);
    let replace = args.settings.read(args.color)?.replace;
    let defects = chosen(&args.defect)?;
    let named = Named::of(&args.server, args.color)?;
    let dial = named.as_ref().map(|named| args.server.dial(&named.target)).transpose()?;
    let embedded = named.is_none();
    let mut target = named.map_or_else(embedded_target, |named| named.target);
    let all = read(&args.file)?;
    let wrong =
        |error: CannotReplay| Failure::Usage(format!("{}: {error}", open::name(&args.file)));
    let script = Script::of(&all.events, args.session.as_deref()).map_err(wrong)?;
    for what in script.left_out() {
        eprint(&format!("not replayed: {what}"));
    }
    carries(&script, &target)?;
    if embedded {
        // It serves whoever the recording has.
        for jid in script.accounts() {
            let user = jid.split('@').next().unwrap_or_default().to_owned();
            let password = "replayed".to_owned();
            target.accounts.entry(user.clone()).or_insert(Account { user, password });
        }
    }
    let accounts = accounts(args, &script, &target)?;
    target.more_accounts.push(passwords(&accounts));
    let nobody = nobody(args, &target)?;
    let random = Box::new(Secure::default());
    let settings =
        Settings { speed: args.speed, ..Settings::at(&target, accounts, nobody, random) };
    let comparison = compare(&script, &settings);
    let kept = args.write.as_deref();
    let kept =
        kept.map(|path| Kept::begin(path, Access::Owner, &inputs, args.force)).transpose()?;
    let (replayed, started) = perform(dial, script, settings, &target, &defects)?;
    for remark in &replayed.remarks {
        eprint(&format!("note: {remark}"));
    }
    if let Some(kept) = kept {
        let address = &target.address;
        let target = format!("{address}{}", redact::target(&address.path));
        let preface = Preface::new(started, target, Secrets::Hidden);
        kept.capture(&preface, &replayed.events)?;
    }
    if let Some(why) = &replayed.unreachable {
        return Err(Failure::Environment(format!("cannot connect to {}: {why}", target.name)));
    }
    let diff =
        comparison.diff(&all.events, &replayed.events, &Varying { replace, ..Varying::default() });
    let document = Document { name: None, compared: Compared::Both(diff) };
    let styles = Styles::new(args.color.decide(out_is_terminal()));
    let mut out = String::new();
    if document.differs() {
        let target = format!("what the replay at {} shows", target.name);
        out += &ui::sides(&format!("{}, as recorded", open::name(&args.file)), &target, &styles);
        out += &ui::document(&document, &styles, width(out_is_terminal()));
        out += &format!("{}\n", counted(document.count(), "difference"));
    }
    if let Some(why) = &replayed.stopped {
        let (done, of) = replayed.done;
        let why = hidden(why.to_string(), &target);
        eprint(&format!("stopped after {done} of {}: {why}", counted(of, "step")));
    }
    let same = out.is_empty() && replayed.stopped.is_none();
    print(&out)?;
    if same {
        eprint(&format!("no differences: {} replayed", counted(replayed.done.0, "step")));
    }
    Ok(match same {
        true if all.damaged => exit::USAGE,
        true => exit::OK,
        false => exit::DIFFERS,
    })
}

/// Replays at the target on the way to it, or at the built-in server in virtual time.
fn perform(
    dial: Option<Arc<dyn Dial>>,
    script: Script,
    settings: Settings,
    target: &Target,
    defects: &[&'static Defect],
) -> Result<(Replayed, chrono::DateTime<chrono::FixedOffset>), Failure> {
    let shown = progress("replaying", Unit::Items("steps"), Some(script.len() as u64));
    let mut told = |done: usize| shown.set(done as u64);
    let Some(dial) = dial else {
        let users: Vec<Account> = target.accounts.values().cloned().collect();
        return Ok(with_embedded_users(&users, defects, |dial, clock| async move {
            let replayed = replay(script, settings, target, dial, clock, &mut told).await;
            (replayed, clock.started())
        }));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let replayed = runtime.block_on(async {
        reach(&dial, target).await.map_err(Failure::Environment)?;
        let clock = Clock::start();
        let replayed = replay(script, settings, target, dial, clock, &mut told).await;
        Ok((replayed, clock.started()))
    });
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    replayed
}

/// Sees that the target has an address for each carrier.
fn carries(script: &Script, target: &Target) -> Result<(), Failure> {
    for carrier in script.carriers() {
        let (provisions, scheme): (&[Provision], &str) = match carrier {
            "websocket" => (&[Provision::WebSocket], "ws:// or wss://"),
            "tcp" => (&[Provision::Tcp, Provision::DirectTls], "xmpp:// or xmpps://"),
            _ => (&[Provision::Bosh], "http:// or https://"),
        };
        if !provisions.iter().any(|provision| target.provides.contains(provision)) {
            return Err(Failure::Usage(format!(
                "the recording has a session over {carrier}, and the target no address for it: give a URL with {scheme}, a \
                 target file with several addresses (docs/reference/targets.md), or choose with --session"
            )));
        }
    }
    Ok(())
}

/// Who logs in in the place of which account of the recording.
fn accounts(
    args: &Args,
    script: &Script,
    target: &Target,
) -> Result<BTreeMap<String, Who>, Failure> {
    let mut given = Vec::new();
    for text in &args.account {
        given.push(match text.split_once(':') {
            Some((user, password)) => (user.to_owned(), password.to_owned()),
            None => (text.clone(), password(text)?),
        });
    }
    if given.is_empty() {
        given = target
            .accounts
            .values()
            .map(|account| (account.user.clone(), account.password.clone()))
            .collect();
    }
    let mut accounts = BTreeMap::new();
    let recorded = script.accounts();
    let local = |jid: &str| jid.split('@').next().unwrap_or_default().to_owned();
    let (named, others): (Vec<_>, Vec<_>) =
        recorded.into_iter().partition(|jid| given.iter().any(|(user, _)| *user == local(jid)));
    for jid in named.into_iter().chain(others) {
        let own = given.iter().position(|(user, _)| *user == local(&jid));
        let Some(place) = own.or_else(|| (!given.is_empty()).then_some(0)) else {
            return Err(Failure::Usage(format!(
                "replaying needs the password of {}: give --account USER:PASSWORD, or a target file with accounts \
                 (docs/reference/targets.md)",
                one_line(&jid)
            )));
        };
        let (user, password) = given.remove(place);
        if user != local(&jid) {
            eprint(&format!("{} is replayed as {}", one_line(&jid), one_line(&user)));
        }
        accounts.insert(jid, Who::Account { user, password });
    }
    Ok(accounts)
}

/// The accounts that log in, whose passwords are hidden wherever a server repeats them.
fn passwords(accounts: &BTreeMap<String, Who>) -> BTreeMap<String, Account> {
    let account = |(jid, who): (&String, &Who)| match who {
        Who::Account { user, password } => {
            Some((jid.clone(), Account { user: user.clone(), password: password.clone() }))
        }
        Who::Anonymous => None,
    };
    accounts.iter().filter_map(account).collect()
}

/// What a server said when it refused a login, without the passwords.
fn hidden(why: String, target: &Target) -> String {
    let sets = [&target.accounts].into_iter().chain(&target.more_accounts);
    let accounts = sets.flat_map(BTreeMap::values);
    let known = Known::of(accounts.map(|account| (&*account.user, &*account.password)));
    known.hide(&why).unwrap_or(why)
}

/// Who logs in where nobody got in, so that it is not known who it was.
fn nobody(args: &Args, target: &Target) -> Result<Option<Who>, Failure> {
    let (user, password) = match args.account.first().map(|text| text.split_once(':').ok_or(text)) {
        Some(Ok((user, password))) => (user.to_owned(), password.to_owned()),
        Some(Err(user)) => (user.clone(), password(user)?),
        None => match target.accounts.values().next() {
            Some(account) => (account.user.clone(), account.password.clone()),
            None => return Ok(None),
        },
    };
    Ok(Some(Who::Account { user, password }))
}

fn password(user: &str) -> Result<String, Failure> {
    #[allow(clippy::disallowed_methods)] // cli reads the environment
    std::env::var(PASSWORD).map_err(|_| {
        Failure::Usage(format!(
            "--account {}: put the password into the variable {PASSWORD}, or write USER:PASSWORD",
            one_line(user)
        ))
    })
}
