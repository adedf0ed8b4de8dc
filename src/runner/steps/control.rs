//! `control`: the target is stopped or started.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::clock::words;
use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::scenario::{Action, Located};

/// A command may take so long.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// What it wrote before it ended is there within this time.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// So many bytes are kept of what it writes to stderr.
const SAID: u64 = 16 << 10;

/// Has the target do something.
pub(super) async fn control(run: &mut Run, action: Action, name: Option<&Located<String>>) -> Done {
    let done = carry_out(run, action).await;
    if let Some(name) = name {
        run.variables.mark(&name.value, run.setting.wire.now());
    }
    done
}

async fn carry_out(run: &Run, action: Action) -> Done {
    let place = run.report.at().place.clone();
    let wire = run.wire().clone();
    if let Some(doing) = wire.control(action) {
        doing.await;
        return Ok(());
    }
    let command = run.target().control.get(&action).and_then(|command| command.split_first());
    let Some((program, arguments)) = command else {
        return Err(Stop::Skipped("the target has no command for this".to_owned()));
    };
    let why = match command_of(program, arguments).await {
        Ok(Some((status, _))) if status.success() => return Ok(()),
        Ok(Some((status, said))) => format!("{program}: {status}: {}", said.trim()),
        Ok(None) => format!("{program}: it did not end within {}, and was killed", words(PATIENCE)),
        Err(error) => format!("cannot run {program}: {error}"),
    };
    Err(Stop::Broken(place, why))
}

/// Runs a command to its end: its status, and what it wrote to stderr; nothing if it does not come to an end. A server that
/// it started may keep stderr open.
async fn command_of(
    program: &str,
    arguments: &[String],
) -> io::Result<Option<(ExitStatus, String)>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = Vec::new();
    let Some(mut stderr) = child.stderr.take() else { return Ok(None) };
    let status = {
        let reading = async {
            let _ = (&mut stderr).take(SAID).read_to_end(&mut said).await; // what came is enough
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            status = tokio::time::timeout(PATIENCE, child.wait()) => status,
            () = reading => return Ok(None),
        }
    };
    let Ok(status) = status else { return Ok(None) };
    if said.is_empty() {
        let mut rest = stderr.take(SAID);
        let _ = tokio::time::timeout(LAST_WORDS, rest.read_to_end(&mut said)).await;
    }
    Ok(Some((status?, String::from_utf8_lossy(&said).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(script: &str) -> (bool, String) {
        let arguments = ["-c".to_owned(), script.to_owned()];
        let (status, said) = command_of("sh", &arguments).await.unwrap().unwrap();
        (status.success(), said)
    }

    #[tokio::test]
    async fn what_a_command_writes_is_bounded_and_what_it_leaves_running_is_not_waited_for() {
        assert_eq!(said("echo no >&2; exit 1").await, (false, "no\n".to_owned()));
        let (done, text) = said("yes | head -c 9000000 >&2").await;
        assert_eq!((done, text.len()), (true, SAID as usize));
        assert_eq!(said("sleep 5 & exit 0").await, (true, String::new()));
    }
}
