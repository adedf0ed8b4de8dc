//! `xmppscope client run`, from its options to its exit code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::args::{Args, RunArgs, What};
use super::prove::prove;
use crate::cli::Failure;
use crate::cli::check;
use crate::cli::console::{eprint, not_into};
use crate::cli::interrupt::Interrupt;
use crate::cli::run::{Chosen, End, Outputs, Results, distinct, list, stems};
use crate::clock::Clock;
use crate::diag::name;
use crate::files::Inputs;
use crate::runner::{self, Doubts, Job};
use crate::trial::{Bench, Client, Trust, run_all_clients};
use crate::ui::outcomes::{Again, Plan};
use crate::ui::quoted;
use crate::wire::authority::{Authority, CA_FILE};

/// Tests a client.
pub(in crate::cli) fn run(args: Args) -> Result<u8, Failure> {
    match args.what {
        What::Run(args) => run_scenarios(&args),
        What::Prove(args) => prove(&args),
    }
}

fn run_scenarios(args: &RunArgs) -> Result<u8, Failure> {
    let interrupt = Interrupt::watch()?;
    let color = args.reporting.color;
    let page = args.page.as_deref().map(found).transpose()?;
    let chosen = Chosen::of(args.only.as_deref(), &args.carrier, color)?;
    let (scenarios, files) = check::client_scenarios(&args.paths, color)?;
    let all = runner::jobs(&scenarios);
    let names = stems(&all);
    if args.reporting.write.is_some() {
        distinct(&all, &names, true)?;
    }
    let (jobs, stems) = chosen.of_all(all.into_iter().zip(names))?;
    if args.list {
        return list(&jobs, &|_| None);
    }
    let inputs = Inputs::of(files);
    not_into(&inputs)?;
    let (trust, _folder) = trust(args, page.as_deref())?;
    let clock = Clock::start();
    let again = Again {
        command: "xmppscope client run",
        options: repeated(args),
        pack: args.paths.is_empty(),
    };
    let outputs = Outputs::open(&args.reporting, &again, &inputs, clock.started())?;
    let plan = Plan {
        target: target(args),
        name: client_name(args),
        about: None,
        software: None,
        started: clock.started(),
        runs: jobs.len(),
        scenarios: runner::scenarios(&jobs),
        strict: args.strict,
    };
    eprint(&format!("client: {}", plan.target));
    let mut results = Results::new(plan, None, stems, outputs);
    results.begin(None);
    let end = try_all(args, page, trust, &jobs, clock, &mut results, &interrupt)?;
    results.finish(end, clock.now())
}

/// The page, wherever links lead.
fn found(page: &Path) -> Result<PathBuf, Failure> {
    let wrong = |why: &str| Failure::Environment(format!("--page {}: {why}", name(page)));
    let found = page.canonicalize().map_err(|error| wrong(&error.to_string()))?;
    if found.is_file() { Ok(found) } else { Err(wrong("it is no file")) }
}

/// The CA of the run with its file, and the folder of that if it is not kept. It holds a key, so it is not where a page is served.
fn trust(args: &RunArgs, page: Option<&Path>) -> Result<(Trust, Option<TempDir>), Failure> {
    let environment = |error: &dyn std::fmt::Display| Failure::Environment(error.to_string());
    let (dir, folder) = if let Some(dir) = &args.ca_dir {
        let wrong = |why: &dyn std::fmt::Display| format!("--ca-dir {}: {why}", name(dir));
        if dir.exists() && !dir.is_dir() {
            return Err(Failure::Environment(wrong(&"it is no folder")));
        }
        std::fs::create_dir_all(dir).map_err(|error| Failure::Environment(wrong(&error)))?;
        let place = dir.canonicalize().map_err(|error| Failure::Environment(wrong(&error)))?;
        if page.and_then(Path::parent).is_some_and(|served| place.starts_with(served)) {
            let why = "the files of the page's folder are served, and the key of the CA must not be: name another folder";
            return Err(Failure::Usage(wrong(&why)));
        }
        (dir.clone(), None)
    } else {
        let folder = tempfile::Builder::new().prefix("xmppscope-").tempdir();
        let folder = folder.map_err(|error| {
            Failure::Environment(format!("cannot make a folder for the CA: {error}"))
        })?;
        (folder.path().to_owned(), Some(folder))
    };
    let authority = Authority::kept(&dir).map_err(|error| environment(&error))?;
    let file = std::path::absolute(dir.join(CA_FILE)).map_err(|error| environment(&error))?;
    let file = file.into_os_string().into_string().map_err(|path| {
        Failure::Usage(format!("--ca-dir {}: the path is not valid UTF-8", name(Path::new(&path))))
    })?;
    Ok((Trust { authority, file: Some(file), everywhere: args.tls }, folder))
}

fn try_all(
    args: &RunArgs,
    page: Option<PathBuf>,
    trust: Trust,
    jobs: &[Job],
    clock: Clock,
    results: &mut Results,
    interrupt: &Interrupt,
) -> Result<End, Failure> {
    let person = args.command.is_empty() && !args.built_in;
    let bench = Arc::new(Bench {
        client: match person {
            true => Client::Person,
            false if args.built_in => Client::Reference(None),
            false => Client::Command(args.command.clone()),
        },
        page,
        listen: args.listen,
        trust: Arc::new(trust),
        patience: args.patience,
        announce: Box::new(eprint),
    });
    // One address has one server at a time, and one person one client.
    let at_once = if person || args.listen.is_some() { 1 } else { args.jobs.into() };
    let confirm = if person { 0 } else { usize::from(args.confirm) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
    let stop = interrupt.defer();
    let end = runtime.block_on(async {
        let mut doubts = Doubts::new(confirm);
        let all = run_all_clients(&bench, jobs, at_once, clock, |place, outcome| {
            if confirm > 0 && outcome.verdict.accuses() {
                doubts.add(place, outcome);
            } else {
                results.take(place, outcome);
            }
        });
        let mut end = tokio::select! {
            unusable = all => match unusable {
                Some(unusable) => return Err(Failure::Environment(unusable.to_string())),
                None => End::Whole,
            },
            () = runner::stopped(stop.clone()) => End::Interrupted,
        };
        let again = doubts.jobs(jobs);
        if end == End::Whole && !again.is_empty() {
            let alone = run_all_clients(&bench, &again, at_once.min(2), clock, |run, outcome| {
                if let Some((place, outcome)) = doubts.take(run, outcome) {
                    results.take(place, outcome);
                }
            });
            tokio::select! {
                // What has come once is known.
                _ = alone => {}
                () = runner::stopped(stop.clone()) => end = End::Interrupted,
            }
        }
        for (place, outcome) in doubts.finish() {
            results.take(place, outcome);
        }
        Ok(end)
    });
    runtime.shutdown_background();
    end
}

/// The client in words.
fn target(args: &RunArgs) -> String {
    let page = args.page.as_ref().map(|page| name(page));
    match (args.command.as_slice(), page) {
        ([], Some(page)) => format!("{page}, which you open"),
        ([], None) if args.built_in => "the built-in one".to_owned(),
        ([], None) => "one that you start".to_owned(),
        (words, None) => command(words),
        (words, Some(page)) => format!("{page}, opened by {}", command(words)),
    }
}

fn command(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// What the client is called in reports: the program, or the script that it runs.
fn client_name(args: &RunArgs) -> String {
    if let Some(name) = &args.name {
        return name.clone();
    }
    let stem =
        |word: &String| Path::new(word).file_stem().map(|stem| name(Path::new(stem)).to_string());
    if let Some(page) = args.page.as_ref().and_then(|page| page.file_stem()) {
        return name(Path::new(page)).to_string();
    }
    let script = args.command.iter().skip(1).find(|word| word.contains(['/', '.']));
    script.or(args.command.first()).and_then(stem).unwrap_or_else(|| "client".to_owned())
}

/// The options for running a single scenario again.
fn repeated(args: &RunArgs) -> String {
    let mut text = String::new();
    if args.strict {
        text += " --strict";
    }
    if args.patience > 1 {
        text += &format!(" --patience {}", args.patience);
    }
    if args.tls {
        text += " --tls";
    }
    if let Some(dir) = &args.ca_dir {
        text += &format!(" --ca-dir {}", quoted(&name(dir).to_string()));
    }
    if args.built_in {
        text += " --built-in";
    }
    if let Some(page) = &args.page {
        text += &format!(" --page {}", quoted(&name(page).to_string()));
    }
    if !args.command.is_empty() {
        text += &format!(" -- {}", command(&args.command));
    }
    text
}
