//! `control`: the target is stopped or started.

use crate::runner::run::Run;
use crate::runner::stop::{Done, Stop};
use crate::scenario::{Action, Located};

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
    let done = tokio::process::Command::new(program).args(arguments).output().await;
    let why = match done {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("{program}: {}: {}", output.status, said.trim())
        }
        Err(error) => format!("cannot run {program}: {error}"),
    };
    Err(Stop::Broken(place, why))
}
