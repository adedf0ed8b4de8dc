//! The process of a client: started with what it has to know in its environment, told lines on its stdin, and ended with all
//! that it has started.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::command::Facts;
use super::mutants::Mutant;
use super::reference::live;
use crate::clock::Clock;
use crate::fault::{Fault, Faults};
use crate::proxy::{Proxy, StreamSettings};
use crate::random::Secure;
use crate::scenario::Transport;
use crate::wire::address::AddressError;
use crate::wire::tap::Queue;

/// Lines that are kept of what it writes; the last ones.
const LINES: usize = 40;
/// Bytes that are kept of a line.
const LINE: usize = 400;
/// What begins a line that says that the client cannot do what it is told.
const CANNOT: &str = "cannot ";
/// Connections that the reference client may have at once.
const CONNECTIONS: usize = 200;
/// How long it may take to end by itself when its stdin is closed.
const GRACE: Duration = Duration::from_millis(300);

/// A client at work.
pub(super) struct Process {
    kind: Kind,
    said: Arc<Mutex<Said>>,
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

#[derive(Debug, Default)]
struct Said {
    lines: Vec<String>,
    /// What it cannot do, in its words.
    cannot: Option<String>,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// There is no such program, or it cannot be started.
    pub(super) fn start(words: &[String], facts: &[(&'static str, String)]) -> io::Result<Self> {
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
        let said = Arc::new(Mutex::new(Said::default()));
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(listen(stdout, true, Arc::clone(&said)));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen(stderr, false, Arc::clone(&said)));
        }
        let stdin = child.stdin.take();
        Ok(Self { kind: Kind::Child { child: Box::new(child), group, stdin }, said })
    }

    /// Starts the reference client, which may have a defect: then what it sends is changed on its way.
    ///
    /// # Errors
    /// There is no port for what changes it.
    pub(super) fn reference(
        facts: Facts,
        mutant: Option<&Mutant>,
        clock: Clock,
    ) -> io::Result<Self> {
        let server = format!("{}:{}", facts.host, facts.port);
        let mut address: SocketAddr = server.parse().map_err(io::Error::other)?;
        let said = Arc::new(Mutex::new(Said::default()));
        let mut tasks = Vec::new();
        let changed = mutant.filter(|mutant| !mutant.faults.is_empty());
        if let Some(mutant) = changed {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let proxy = bent(mutant, facts.carrier, address, clock)?;
            address = listener.local_addr()?;
            tasks.push(tokio::spawn(proxy.serve(listener, std::future::pending())));
        }
        let (lines, told) = mpsc::unbounded_channel();
        let own = Arc::clone(&said);
        let cannot = move |what: &str| {
            let mut said = own.lock().unwrap_or_else(PoisonError::into_inner);
            said.cannot.get_or_insert_with(|| what.to_owned());
        };
        let habit = mutant.and_then(|mutant| mutant.habit);
        tasks.push(tokio::spawn(live(facts, address, clock, habit, told, cannot)));
        Ok(Self { kind: Kind::Reference { lines, tasks }, said })
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

    /// The last lines that it has written.
    pub(super) fn lines(&self) -> Vec<String> {
        self.said().lines.clone()
    }

    /// What it says that it cannot do.
    pub(super) fn cannot(&self) -> Option<String> {
        self.said().cannot.clone()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
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
fn bent(
    mutant: &Mutant,
    carrier: Transport,
    server: SocketAddr,
    clock: Clock,
) -> io::Result<Proxy> {
    let parse = |text: &&str| {
        Fault::parse("a defect", text).map_err(|wrong| io::Error::other(wrong.message))
    };
    let faults = mutant.faults.iter().map(parse).collect::<io::Result<_>>()?;
    let scheme = if carrier == Transport::Tcp { "xmpp" } else { "http" };
    let target = format!("{scheme}://{server}").parse();
    Ok(Proxy {
        target: target.map_err(|error: AddressError| io::Error::other(error.to_string()))?,
        host: None,
        connect: None,
        accept: None,
        streams: StreamSettings::default(),
        faults: Some(Faults::new(faults, clock, Box::new(Secure::default()))),
        // Nobody looks at what passes here.
        queue: Queue::new(0),
        clock,
        connections: CONNECTIONS,
        listens: None,
    })
}

/// Keeps the last of what is written. On stdout it may say what it cannot do.
async fn listen(mut stream: impl AsyncRead + Unpin, is_stdout: bool, said: Arc<Mutex<Said>>) {
    let mut buffer = vec![0; 8 << 10];
    let mut line = Vec::new();
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        for byte in &buffer[..read] {
            match byte {
                b'\n' => keep(&mut line, is_stdout, &said),
                // What is longer is not kept.
                _ if line.len() < LINE => line.push(*byte),
                _ => {}
            }
        }
        if read == 0 {
            if !line.is_empty() {
                keep(&mut line, is_stdout, &said);
            }
            return;
        }
    }
}

fn keep(line: &mut Vec<u8>, is_stdout: bool, said: &Mutex<Said>) {
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    line.clear();
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(what) = text.strip_prefix(CANNOT).filter(|_| is_stdout) {
        said.cannot.get_or_insert_with(|| what.to_owned());
    }
    if said.lines.len() == LINES {
        said.lines.remove(0);
    }
    said.lines.push(text);
}
