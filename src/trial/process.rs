//! The process of a client: started with what it has to know in its environment, told lines on its stdin, and ended with all
//! that it has started.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::before::before;
use super::command::Facts;
use super::mutants::Mutant;
use super::reference::{Habit, Way, live};
use super::said::{LINE, Said};
use super::tls::Trust;
use crate::clock::Clock;
use crate::fault::{Fault, Faults};
use crate::proxy::Proxy;
use crate::random::Secure;
use crate::scenario::Transport;
use crate::wire::tap::Queue;

/// How long it may take to end by itself when its stdin is closed.
const GRACE: Duration = Duration::from_millis(300);

/// A client at work.
pub(super) struct Process {
    kind: Kind,
}

enum Kind {
    Child {
        child: Box<Child>,
        group: Option<Pid>,
        stdin: Option<ChildStdin>,
    },
    /// The reference client.
    Reference {
        lines: mpsc::UnboundedSender<String>,
        tasks: Vec<JoinHandle<()>>,
    },
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// There is no such program, or it cannot be started.
    pub(super) fn start(
        words: &[String],
        facts: &[(&'static str, String)],
        said: &Said,
    ) -> io::Result<Self> {
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        for (name, value) in facts {
            command.env(format!("XMPPSCOPE_{}", name.to_uppercase()), value);
        }
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(stdout) = child.stdout.take() {
            let said = said.clone();
            tokio::spawn(listen(stdout, move |line| said.answers(line)));
        }
        if let Some(stderr) = child.stderr.take() {
            let said = said.clone();
            tokio::spawn(listen(stderr, move |line| said.writes(line)));
        }
        let stdin = child.stdin.take();
        Ok(Self { kind: Kind::Child { child: Box::new(child), group, stdin } })
    }

    /// Starts the reference client, which may have a defect: then what it sends is changed on its way.
    ///
    /// # Errors
    /// There is no port for what changes it.
    pub(super) fn reference(
        facts: Facts,
        mutant: Option<&Mutant>,
        trust: &Trust,
        clock: Clock,
        said: &Said,
    ) -> io::Result<Self> {
        let mut address = facts.address;
        let mut tasks = Vec::new();
        let changed = mutant.filter(|mutant| !mutant.faults.is_empty());
        if let Some(mutant) = changed {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let proxy = bent(mutant, &facts, trust, clock)?;
            address = listener.local_addr()?;
            tasks.push(tokio::spawn(proxy.serve(listener, std::future::pending())));
        }
        let (lines, told) = mpsc::unbounded_channel();
        let own = said.clone();
        let cannot = move |what: &str| own.declines(what);
        let habit = mutant.and_then(|mutant| mutant.habit);
        let way = way(address, &facts, trust, habit)?;
        tasks.push(tokio::spawn(live(facts, way, clock, habit, told, cannot)));
        Ok(Self { kind: Kind::Reference { lines, tasks } })
    }

    /// Tells it a line.
    ///
    /// # Errors
    /// It does not read any more.
    pub(super) async fn tell(&mut self, line: &str) -> io::Result<()> {
        match &mut self.kind {
            Kind::Child { stdin, .. } => {
                let stdin = stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
                stdin.write_all(format!("{line}\n").as_bytes()).await?;
                stdin.flush().await
            }
            Kind::Reference { lines, .. } => {
                lines.send(line.to_owned()).map_err(|_| io::ErrorKind::BrokenPipe.into())
            }
        }
    }

    /// How it has ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        match &mut self.kind {
            Kind::Child { child, .. } => child.try_wait().ok().flatten(),
            Kind::Reference { .. } => None,
        }
    }

    /// Ends it, and all that it has started.
    pub(super) async fn stop(mut self) {
        let Kind::Child { child, group, stdin } = &mut self.kind else { return };
        drop(stdin.take());
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
        if let Some(group) = group {
            let _ = kill_process_group(*group, Signal::KILL); // it may have no members any more
        }
        let _ = child.wait().await; // nothing is to be done if it cannot be waited for
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whoever interrupts a run leaves no clients behind.
        match &mut self.kind {
            Kind::Child { child, group: Some(group), .. } => {
                if let Ok(None) = child.try_wait() {
                    let _ = kill_process_group(*group, Signal::KILL);
                }
            }
            Kind::Child { .. } => {}
            Kind::Reference { tasks, .. } => tasks.iter().for_each(JoinHandle::abort),
        }
    }
}

/// What changes what a client sends, before the server.
fn bent(mutant: &Mutant, facts: &Facts, trust: &Trust, clock: Clock) -> io::Result<Proxy> {
    let parse = |text: &&str| {
        Fault::parse("a defect", text).map_err(|wrong| io::Error::other(wrong.message))
    };
    let faults = mutant.faults.iter().map(parse).collect::<io::Result<_>>()?;
    let faults = Faults::new(faults, clock, Box::new(Secure::default()));
    let scheme = match facts.scheme() {
        "ws" => "http",
        "wss" => "https",
        scheme => scheme,
    };
    let target = format!("{scheme}://{}", facts.address);
    let accept =
        (scheme != "http").then(|| trust.accept(facts.carrier, &facts.domain)).transpose()?;
    // Nobody looks at what passes here.
    before(&target, accept, Some(faults), Queue::new(0), clock)
}

/// The way of the reference client to what listens at an address.
fn way(address: SocketAddr, facts: &Facts, trust: &Trust, habit: Option<Habit>) -> io::Result<Way> {
    let scheme = facts.scheme();
    let at_once = match scheme {
        "http" | "ws" => return Ok(address.into()),
        "xmpp" => false,
        _ if habit == Some(Habit::Bare) => return Ok(address.into()),
        _ => true,
    };
    let mut config = trust.connect(facts.carrier, habit == Some(Habit::Trusting))?;
    config.enable_sni = habit != Some(Habit::Nameless);
    if habit == Some(Habit::Silent) {
        config.alpn_protocols.clear();
    }
    let name = match facts.carrier {
        Transport::Tcp => ServerName::try_from(facts.domain.clone()).map_err(io::Error::other)?,
        _ => facts.address.ip().into(),
    };
    Ok(Way::from(address).with_tls(Arc::new(config), name, at_once))
}

/// Takes what is written line by line.
async fn listen(mut stream: impl AsyncRead + Unpin, take: impl Fn(&str)) {
    let take = |line: &mut Vec<u8>| {
        take(String::from_utf8_lossy(line).trim_end());
        line.clear();
    };
    let mut buffer = vec![0; 8 << 10];
    let mut line = Vec::new();
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        for byte in &buffer[..read] {
            match byte {
                b'\n' => take(&mut line),
                // What is longer is not kept.
                _ if line.len() < LINE => line.push(*byte),
                _ => {}
            }
        }
        if read == 0 {
            if !line.is_empty() {
                take(&mut line);
            }
            return;
        }
    }
}
