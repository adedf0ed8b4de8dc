//! Output files: never an input, whole or as before, one writer at a time; and output that cannot be written.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::rig;

const SCENARIO: &str = "scenarios/examples/tutorial/empty-poll.yaml";
const CAPTURE: &str = "fixtures/strophe-login-chat.ndjson";

fn xmppscope(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xmppscope"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command; gives its status and what is on stderr.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_run_overwrites_none_of_its_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::copy(SCENARIO, at("s.yaml")).unwrap();
    fs::copy("targets/prosody.yaml", at("t.yaml")).unwrap();
    fs::write(at("settings.yaml"), "transcript: {}\n").unwrap();
    symlink("s.yaml", at("link")).unwrap();
    fs::hard_link(at("s.yaml"), at("hard")).unwrap();
    for output in ["s.yaml", "link", "hard", "settings.yaml"] {
        let before = fs::read(at(output)).unwrap();
        let settings = at("settings.yaml");
        let (code, errors) = ended(&mut xmppscope(&[
            "run",
            &at("s.yaml"),
            "--settings",
            &settings,
            "--format",
            "json",
            "--output",
            &at(output),
        ]));
        assert_eq!(code, Some(2), "{output}: {errors}");
        assert!(errors.contains("it is one of the inputs"), "{output}: {errors}");
        assert_eq!(fs::read(at(output)).unwrap(), before);
    }
    // Two names of one file that is not there yet.
    let twice = [at("new"), at("./new")];
    let (code, errors) = ended(&mut xmppscope(&[
        "run", SCENARIO, "--format", "json", "--output", &twice[0], "--format", "tap", "--output",
        &twice[1],
    ]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("cannot share"), "{errors}");
    // A capture whose name is that of a link to the scenario replaces the link.
    let captures = folder.path().join("captures");
    let place = captures.join(SCENARIO).with_extension("ndjson");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    symlink(at("s.yaml"), &place).unwrap();
    let before = fs::read(at("s.yaml")).unwrap();
    let (code, errors) =
        ended(&mut xmppscope(&["run", SCENARIO, "--write", captures.to_str().unwrap()]));
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(fs::read(at("s.yaml")).unwrap(), before);
    assert!(fs::read_to_string(&place).unwrap().starts_with(r#"{"xmppscope":"capture""#));
}

#[test]
fn captures_of_a_run_stay_in_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let [captures, outside] = ["captures", "outside"].map(|name| folder.path().join(name));
    fs::create_dir(&captures).unwrap();
    fs::create_dir(&outside).unwrap();
    symlink(&outside, captures.join("scenarios")).unwrap();
    let (code, errors) =
        ended(&mut xmppscope(&["run", SCENARIO, "--write", captures.to_str().unwrap()]));
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("leads through a symbolic link"), "{errors}");
    assert_eq!(names(&outside), Vec::<String>::new());
}

#[test]
fn a_run_that_reaches_nothing_leaves_the_earlier_output() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.json");
    fs::write(&output, "earlier").unwrap();
    let (code, errors) = ended(&mut xmppscope(&[
        "run",
        SCENARIO,
        "--target",
        "http://127.0.0.1:9/",
        "--format",
        "json",
        "--output",
        output.to_str().unwrap(),
        "--write",
        folder.path().to_str().unwrap(),
    ]));
    assert_eq!(code, Some(3), "{errors}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "earlier");
    assert_eq!(names(folder.path()), ["out.json"]);
}

#[test]
fn what_is_read_on_standard_input_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("c.ndjson");
    fs::copy(CAPTURE, &capture).unwrap();
    let before = fs::read(&capture).unwrap();
    let name = capture.to_str().unwrap();
    let mut report = xmppscope(&["report", "-", "-o", name]);
    let (code, errors) = ended(report.stdin(File::open(&capture).unwrap()));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("it is one of the inputs"), "{errors}");
    // Appended to itself it would never end.
    for arguments in [
        &["show", name][..],
        &["show", "-"],
        &["diff", name, CAPTURE],
        &["report", name],
        &["report", name, "-o", "-"],
    ] {
        let mut command = xmppscope(arguments);
        command.stdin(File::open(&capture).unwrap());
        command.stdout(File::options().append(true).open(&capture).unwrap());
        let (code, errors) = ended(&mut command);
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains("standard output: it is one of the inputs"), "{errors}");
    }
    assert_eq!(fs::read(&capture).unwrap(), before);
}

#[test]
fn an_earlier_capture_is_kept_and_two_writers_are_reported() {
    let first = rig::Proxy::start("http://127.0.0.1:9", &[]);
    let name = first.folder.path().join("capture");
    let name = name.to_str().unwrap().to_owned();
    let again = |options: &[&str]| {
        let target = ["proxy", "--target", "http://127.0.0.1:9", "--listen", "127.0.0.1:0"];
        ended(&mut xmppscope(&[&target[..], &["--write", &name], options].concat()))
    };
    for options in [&[][..], &["--force"]] {
        let (code, errors) = again(options);
        assert_eq!(code, Some(3), "{errors}");
        assert!(errors.contains("another xmppscope is writing this file"), "{errors}");
    }
    let left = first.stop();
    let before = fs::read(&left.capture).unwrap();
    assert!(!before.is_empty());
    let (code, errors) = again(&[]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("overwrite it with --force"), "{errors}");
    for command in [&["cm", "--listen", "127.0.0.1:0"][..], &["demo"]] {
        let (code, errors) = ended(&mut xmppscope(&[command, &["--write", &name]].concat()));
        assert_eq!(code, Some(2), "{command:?}: {errors}");
    }
    assert_eq!(fs::read(&left.capture).unwrap(), before);
}

#[test]
fn what_is_made_of_a_recording_replaces_nothing_unless_it_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let name = path.to_str().unwrap();
    let commands: [&[&str]; 4] = [
        &["record", CAPTURE, "-o", name],
        &["shrink", CAPTURE, "--while", "rid:+1", "-o", name],
        &["convert", CAPTURE, "--to", "har", "-o", name],
        &["replay", CAPTURE, "--write", name],
    ];
    for command in commands {
        fs::write(&path, "precious").unwrap();
        let (code, errors) = ended(&mut xmppscope(command));
        assert_eq!(code, Some(2), "{command:?}: {errors}");
        assert!(errors.contains("overwrite it with --force"), "{command:?}: {errors}");
        assert_eq!(fs::read(&path).unwrap(), b"precious", "{command:?}");
        let (_, errors) = ended(&mut xmppscope(&[command, &["--force"]].concat()));
        assert!(fs::metadata(&path).unwrap().len() > 100, "{command:?}: {errors}");
        // An empty file may have been made to be written into.
        fs::write(&path, "").unwrap();
        ended(&mut xmppscope(command));
        assert!(fs::metadata(&path).unwrap().len() > 100, "{command:?}");
        assert_eq!(names(folder.path()), ["kept"], "{command:?}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("p");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let begun = Instant::now();
    let (code, errors) = ended(&mut xmppscope(&[
        "proxy",
        "--target",
        "http://127.0.0.1:9",
        "--listen",
        "127.0.0.1:0",
        "--write",
        pipe.to_str().unwrap(),
    ]));
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("nobody opened this pipe for reading"), "{errors}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn output_that_cannot_be_written_is_reported_by_every_command() {
    let snapshots = ["snapshot", "list", "snapshots", "--check"];
    let commands: [&[&str]; 20] = [
        &["--help"],
        &["--version"],
        &["run", "--help"],
        &["run", SCENARIO],
        &["run", SCENARIO, "--show", "all"],
        &["run", SCENARIO, "--format", "json"],
        &["run", SCENARIO, "--format", "junit"],
        &["run", SCENARIO, "--format", "tap"],
        &["run", SCENARIO, "--format", "github"],
        &["run", SCENARIO, "--format", "markdown"],
        &["run", SCENARIO, "--list"],
        &["check", SCENARIO],
        &["spec"],
        &["generate", "schema"],
        &["show", CAPTURE],
        &["show", CAPTURE, "--format", "json"],
        &["show", CAPTURE, "--format", "transcript"],
        &["report", CAPTURE],
        &["diff", CAPTURE, "fixtures/converse.ndjson"],
        &["cm", "--list-defects"],
    ];
    for arguments in commands {
        let mut command = xmppscope(arguments);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let (code, errors) = ended(&mut command);
        assert_eq!(code, Some(3), "{arguments:?}: {errors}");
        assert!(
            errors.contains("cannot print: No space left on device"),
            "{arguments:?}: {errors}"
        );
    }
    // Nothing to print is nothing that fails.
    let mut command = xmppscope(&snapshots);
    command.stdout(File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(ended(&mut command).0, Some(0));
    for (format, path) in [("pretty", "/dev/full"), ("json", "/dev/full")] {
        let (code, errors) =
            ended(&mut xmppscope(&["run", SCENARIO, "--format", format, "--output", path]));
        assert_eq!(code, Some(3), "{errors}");
        assert!(errors.contains("cannot write /dev/full: No space left"), "{errors}");
    }
    let (code, errors) = ended(&mut xmppscope(&["report", CAPTURE, "-o", "/dev/full"]));
    assert_eq!(code, Some(3), "{errors}");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    for arguments in [&["spec"][..], &["show", CAPTURE], &["generate", "schema"], &["--help"]] {
        let mut child = xmppscope(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{arguments:?}");
    }
}

/// SIGXFSZ ended the process without a word.
#[test]
fn a_limit_of_the_size_of_files_is_an_error_of_writing() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, "earlier").unwrap();
    let script = format!(
        "ulimit -f 8; exec {} report fixtures/converse.ndjson -o {}",
        env!("CARGO_BIN_EXE_xmppscope"),
        page.to_str().unwrap()
    );
    let (code, errors) = ended(Command::new("sh").args(["-c", &script]).stdout(Stdio::null()));
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("File too large"), "{errors}");
    assert_eq!(fs::read_to_string(&page).unwrap(), "earlier");
    assert_eq!(names(folder.path()), ["page.html"], "nothing is left beside it");
    let snapshots = folder.path().join("snapshots");
    let script = format!(
        "ulimit -f 0; exec {} run {SCENARIO} --snapshots {} --update new 2>&1",
        env!("CARGO_BIN_EXE_xmppscope"),
        snapshots.to_str().unwrap()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    // A pending snapshot of 0 bytes was left, at which `snapshot list` stopped.
    let (code, errors) = ended(&mut xmppscope(&["snapshot", "list", snapshots.to_str().unwrap()]));
    assert_eq!((code, &*errors), (Some(0), ""));
}

/// A transcript without a line is not the same as a file without one.
#[test]
fn an_empty_file_is_not_an_empty_transcript() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    for (old, new) in
        [("/dev/null", CAPTURE), (CAPTURE, "/dev/null"), (empty, empty), ("/dev/null", "/dev/null")]
    {
        let (code, out, errors) = rig::run(&["diff", old, new]);
        assert_eq!((code, &*out), (Some(2), ""), "{old} {new}");
        assert!(errors.contains("the file is empty"), "{errors}");
    }
}

#[test]
fn a_capture_behind_a_byte_order_mark_is_read_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.ndjson");
    let text = fs::read_to_string(CAPTURE).unwrap();
    fs::write(&path, format!("\u{feff}{text}")).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(rig::run(&["diff", CAPTURE, path]), (Some(0), String::new(), String::new()));
    for format in ["compact", "json", "transcript"] {
        assert_eq!(
            rig::run(&["show", path, "--format", format]),
            rig::run(&["show", CAPTURE, "--format", format])
        );
    }
    let page = folder.path().join("page.html");
    let (code, _, errors) = rig::run(&["report", path, "-o", page.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{errors}");
}
