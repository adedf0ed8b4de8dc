//! An installed copy: the program alone, in an empty folder, does what the documents show, its man pages and completions
//! are those in the repository, and it shows progress to a person alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use regex_lite::Regex;
use tempfile::TempDir;
use xmppscope::scenario::pack;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Runs the program in a folder.
pub(crate) fn xmppscope<S: AsRef<std::ffi::OsStr>>(folder: &Path, arguments: &[S]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xmppscope"));
    command.args(arguments).current_dir(folder).env_remove("CI").output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// An empty folder, with what the documents take for the reader's own files.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = |path: &str, from: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(root().join(from), path).unwrap();
    };
    for name in ["monday", "session", "before"] {
        own(&format!("{name}.ndjson"), "fixtures/converse.ndjson");
    }
    for name in ["tuesday", "after"] {
        own(&format!("{name}.ndjson"), "fixtures/strophe-login-chat.ndjson");
    }
    own("chat.example.har", "fixtures/import/chrome-bosh.har");
    own("monday.pcap", "fixtures/logs/prosody.pcap");
    own("prosody.log", "fixtures/logs/prosody-debug.log");
    own("mine.yaml", "scenarios/examples/tutorial/cut.yaml");
    own("docs/tutorial/mistakes.yaml", "docs/tutorial/mistakes.yaml");
    for name in ["a", "b", "mine", "other"] {
        own(&format!("snapshots/{name}/room.snap"), "snapshots/scenarios/examples/room.snap");
    }
    for name in ["a", "b"] {
        let outcomes = folder.path().join(format!("{name}.json"));
        fs::write(outcomes, "").unwrap();
    }
    folder
}

/// Each command of a page: its words, without the name of the program, comments and what follows in a pipe.
fn commands(page: &str) -> Vec<Vec<String>> {
    let block = Regex::new(r"(?s)\n```(?:sh|console|text)\n(.*?)```").unwrap();
    let word = Regex::new(r#"'([^']*)'|"([^"]*)"|([^\s'"]+)"#).unwrap();
    let mut commands = Vec::new();
    for found in block.captures_iter(page) {
        for line in found[1].replace("\\\n", " ").lines() {
            let line = line.strip_prefix("$ ").unwrap_or(line);
            let Some((_, line)) = line.split_once("xmppscope ").filter(|(before, _)| {
                // a variable may be set before it
                before.split_whitespace().all(|word| word.contains('='))
            }) else {
                continue;
            };
            let mut words = Vec::new();
            for found in word.captures_iter(line) {
                let quoted = found.get(1).or(found.get(2)).or(found.get(3)).unwrap();
                let text = quoted.as_str();
                if found.get(3).is_some() && (text.starts_with(['#', '|', '>', '<', ';', '&'])) {
                    break;
                }
                words.push(text.to_owned());
            }
            commands.push(words);
        }
    }
    commands
}

/// Whether a command ends by itself, soon, without a server, another file of the reader's, or a terminal.
fn is_tried(words: &[String]) -> bool {
    let has = |option: &str| words.iter().any(|word| word == option);
    match words[0].as_str() {
        "demo" | "doctor" | "proxy" => false,
        "cm" => has("--list-defects"),
        "prove" => words.iter().any(|word| word.contains("examples")),
        "run" | "replay" => !has("--target"),
        "client" => words[1] != "run" || has("--list"),
        "snapshot" => words[1] != "review",
        "report" => !words[1].starts_with("captures"),
        _ => true,
    }
}

#[test]
fn the_commands_of_the_documents_work_with_the_program_alone() {
    let folder = folder();
    let exported = xmppscope(folder.path(), &["scenarios", "export", "scenarios"]);
    assert_eq!(exported.status.code(), Some(0), "{}", stderr(&exported));
    let mut pages = vec![root().join("README.md")];
    for name in ["docs/how-to", "docs/tutorial", "docs/reference"] {
        let files = fs::read_dir(root().join(name)).unwrap().map(|file| file.unwrap().path());
        pages.extend(files.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    let (mut tried, mut parsed, mut known) = (0, 0, BTreeSet::new());
    for page in pages {
        for mut words in commands(&fs::read_to_string(&page).unwrap()) {
            let exports = words.starts_with(&["scenarios".to_owned(), "export".to_owned()]);
            if exports || !known.insert(words.clone()) {
                continue;
            }
            let expected: &[i32] = if is_tried(&words) {
                tried += 1;
                // 2: mistakes, which the documents show, too
                &[0, 1, 2]
            } else {
                parsed += 1;
                // What stands behind `--` is for somebody else.
                words = words.split(|word| word == "--").next().unwrap_or_default().to_vec();
                words.push("--help".to_owned());
                &[0]
            };
            let output = xmppscope(folder.path(), &words);
            let (code, said) = (output.status.code().unwrap(), stderr(&output));
            let place = format!("{}: xmppscope {}", page.display(), words.join(" "));
            assert!(expected.contains(&code), "{place}: status {code}\n{said}");
            let missing = said.contains("No such file") || said.contains("unexpected argument");
            assert!(!missing && !said.contains("Usage:"), "{place}: {said}");
        }
    }
    assert!(tried > 40 && parsed > 25, "only {tried} tried and {parsed} parsed");
}

#[test]
fn without_a_path_the_pack_is_run_and_the_first_line_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = xmppscope(folder.path(), &["run", "--only", "section:12", "--show", "none"]);
    assert_eq!(run.status.code(), Some(0));
    let first = stderr(&run).lines().next().unwrap().to_owned();
    assert!(
        first.starts_with("scenarios: the conformance pack that is part of xmppscope "),
        "{first}"
    );
    assert!(stdout(&run).contains(" passed"), "{}", stdout(&run));
    // How to run a failed one again needs no file either.
    let defect = ["--defect", "bosh-wait-not-exceeded/late", "--strict", "--show", "none"];
    let run =
        |only: &str| xmppscope(folder.path(), &[&["run", "--only", only], &defect[..]].concat());
    let failed = run("path:wait-is-not-exceeded");
    assert_eq!(failed.status.code(), Some(1));
    let one = "path:scenarios/xep-0124/8-payloads/wait-is-not-exceeded.yaml row:2";
    let again = format!("rerun     xmppscope run --only '{one}' --defect");
    assert!(stdout(&failed).contains(&again), "{}", stdout(&failed));
    assert!(stdout(&run(one)).contains("1 scenario: 1 "), "{}", stdout(&run(one)));
    // A path that the program knows, and that is no file here.
    for (path, known) in
        [("scenarios/examples/room.yaml", true), ("scenarios/", true), ("a", false)]
    {
        let run = xmppscope(folder.path(), &["run", path]);
        let said = stderr(&run);
        assert_eq!(run.status.code(), Some(3), "{said}");
        assert_eq!(said.contains("`xmppscope scenarios export scenarios`"), known, "{said}");
    }
}

#[test]
fn what_is_exported_is_what_is_in_the_repository_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let export =
        |more: &[&str]| xmppscope(folder.path(), &[&["scenarios", "export", "a/b"], more].concat());
    let first = export(&[]);
    let said = stdout(&first);
    let pack = format!(" files to a/b: {} scenarios of the ", pack().scenarios.len());
    assert!(said.starts_with("wrote ") && said.contains(&pack), "{said}");
    let file = folder.path().join("a/b/examples/room.yaml");
    assert_eq!(fs::read_to_string(&file).unwrap(), read("scenarios/examples/room.yaml"));
    let check = xmppscope(folder.path(), &["check", "a/b"]);
    assert_eq!(check.status.code(), Some(0), "{}", stderr(&check));

    fs::remove_dir_all(folder.path().join("a/b/xep-0124")).unwrap();
    fs::write(&file, "mine").unwrap();
    let second = export(&[]);
    assert_eq!(second.status.code(), Some(2));
    let said = stderr(&second);
    assert!(said.contains("exist; nothing was written") && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(!folder.path().join("a/b/xep-0124").exists(), "nothing is written");
    assert_eq!(export(&["--force"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), read("scenarios/examples/room.yaml"));
}

#[test]
fn targets_and_recordings_of_the_program_give_way_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let run = |target: &str| {
        let output = xmppscope(folder.path(), &["run", "--target", target, "--list"]);
        (output.status.code().unwrap(), stderr(&output))
    };
    let (code, said) = run("prosody");
    assert_eq!((code, said.lines().filter(|line| line.contains("BED_")).count()), (2, 1), "{said}");
    for words in [
        "BED_PORT, BED_TCP, BED_TLS, BED_CERTIFICATE, BED_ALICE, BED_BOB",
        "`xmppscope generate target prosody`",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let (code, said) = run("openfire");
    assert!(code == 3 && said.contains("xmppscope has the targets ejabberd"), "{said}");
    fs::write(folder.path().join("prosody"), "url: http://a/b\ndomain: a\n").unwrap();
    let (code, said) = run("prosody");
    assert!(code == 0 && !said.contains("target file"), "{said}");

    let show = || xmppscope(folder.path(), &["show", "fixtures/broken.ndjson"]);
    let built_in = show();
    assert!(
        stdout(&built_in).contains("\n6 sessions, 33 exchanges, 2 resends, 1 empty response, ")
    );
    assert!(stderr(&built_in).contains("there is no such file here"), "{}", stderr(&built_in));
    fs::create_dir(folder.path().join("fixtures")).unwrap();
    fs::write(folder.path().join("fixtures/broken.ndjson"), "").unwrap();
    assert_eq!(show().status.code(), Some(2));
}

#[test]
fn man_pages_and_completions_are_those_in_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let written = xmppscope(folder.path(), &["generate", "man", "--output", "man"]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let pages = names(&folder.path().join("man"));
    let renew = "xmppscope generate man --output man";
    assert_eq!(names(&root().join("man")), pages, "{renew}");
    assert_eq!(stdout(&written).lines().count(), pages.len());
    for page in &pages {
        let text = fs::read_to_string(folder.path().join("man").join(page)).unwrap();
        assert!(
            text == read(&format!("man/{page}")),
            "man/{page} is not what is generated: {renew}"
        );
    }
    for (shell, file) in
        [("bash", "xmppscope.bash"), ("zsh", "_xmppscope"), ("fish", "xmppscope.fish")]
    {
        let made = xmppscope(folder.path(), &["generate", "completions", shell]);
        let renew = format!("xmppscope generate completions {shell} >completions/{file}");
        assert!(stdout(&made) == read(&format!("completions/{file}")), "{renew}");
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = r#"
source completions/xmppscope.bash
complete_() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _xmppscope xmppscope "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
  echo "${COMPREPLY[@]}"
}
complete_ xmppscope sc
complete_ xmppscope scenarios e
complete_ xmppscope run --form
complete_ xmppscope run --format j
complete_ xmppscope generate completions z"#;
    let output = Command::new("bash").args(["-c", script]).current_dir(root()).output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(stdout(&output), "scenarios\nexport\n--format\njson junit\nzsh\n");
}

/// Something that takes three seconds, on a terminal of `script`; gives what is written to it.
#[cfg(target_os = "linux")]
fn on_a_terminal(ci: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (program, page) = (env!("CARGO_BIN_EXE_xmppscope"), folder.path().join("page.html"));
    let line = format!(
        "(cat fixtures/converse.ndjson; sleep 3) | {program} report - -o {}",
        page.display()
    );
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(root())
        .envs([("TERM", "xterm"), ("CI", ci)])
        .output()
        .unwrap();
    assert!(output.status.success() && page.exists(), "{}", stdout(&output));
    stdout(&output)
}

#[cfg(target_os = "linux")]
#[test]
fn progress_is_for_a_terminal_and_is_erased() {
    let written = on_a_terminal("");
    assert!(written.contains("reading standard input: 43."), "{written:?}");
    // What the last line shows in the end.
    let last = written.rsplit('\r').next().unwrap();
    let escapes = Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").unwrap();
    assert_eq!(escapes.replace_all(last, "").trim(), "", "{written:?}");
    let colour = Regex::new(r"\x1b\[[0-9;]*m").unwrap();
    assert!(!colour.is_match(&written), "{written:?}");
    assert_eq!(on_a_terminal("true"), "", "in CI nobody looks at it");
}
