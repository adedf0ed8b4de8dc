//! The process of a client: started with what it has to know in its environment, told lines on its stdin, and ended with all
//! that it has started.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Lines that are kept of what it writes; the last ones.
const LINES: usize = 40;
/// Bytes that are kept of a line.
const LINE: usize = 400;
/// What begins a line that says that the client cannot do what it is told.
const CANNOT: &str = "cannot ";
/// How long it may take to end by itself when its stdin is closed.
const GRACE: Duration = Duration::from_millis(300);

/// A client at work.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<Said>>,
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
            tokio::spawn(listen(stdout, Arc::clone(&said)));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen(stderr, Arc::clone(&said)));
        }
        let stdin = child.stdin.take();
        Ok(Self { child, group, stdin, said })
    }

    /// Tells it a line.
    ///
    /// # Errors
    /// It does not read any more.
    pub(super) async fn tell(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{line}\n").as_bytes()).await?;
        stdin.flush().await
    }

    /// How it has ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
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
        drop(self.stdin.take());
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL); // it may have no members any more
        }
        let _ = self.child.wait().await; // nothing is to be done if it cannot be waited for
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whoever interrupts a run leaves no clients behind.
        if let (Some(group), Ok(None)) = (self.group, self.child.try_wait()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Keeps the last of what is written.
async fn listen(stream: impl AsyncRead + Unpin, said: Arc<Mutex<Said>>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line[..line.len().min(LINE)]).trim_end().to_owned();
        line.clear();
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(what) = text.strip_prefix(CANNOT) {
            said.cannot.get_or_insert_with(|| what.to_owned());
        }
        if said.lines.len() == LINES {
            said.lines.remove(0);
        }
        said.lines.push(text);
    }
}
