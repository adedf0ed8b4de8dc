//! What is shipped beside the program, and for CI systems: the packed crate, the action, the template, the container and the
//! list of dependencies fit the program. `./dist` checks the static binary itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use regex_lite::Regex;
use serde_json::Value;

use crate::installed::{read, root, stderr, stdout, xmppscope};

#[test]
fn what_is_packed_is_what_the_build_needs_and_no_more() {
    let list = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(list.status.success(), "{}", stderr(&list));
    let packed: BTreeSet<String> = stdout(&list).lines().map(str::to_owned).collect();
    let git = Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    let tracked: Vec<String> = stdout(&git).lines().map(str::to_owned).collect();
    let needed = |path: &str| {
        let folders = ["src/", "scenarios/", "spec/", "targets/", "man/", "completions/"];
        folders.iter().any(|folder| path.starts_with(folder))
    };
    let missing: Vec<_> =
        tracked.iter().filter(|path| needed(path) && !packed.contains(*path)).collect();
    assert!(missing.is_empty(), "not packed: {missing:?}");
    let include = Regex::new(r#"(?:include_str|recording)!\(\s*"([^"]+)""#).unwrap();
    for path in tracked.iter().filter(|path| path.starts_with("src/bundle/")) {
        for found in include.captures_iter(&read(path)) {
            assert!(packed.contains(&found[1]), "not packed: {}", &found[1]);
        }
    }
    let recordings = packed.iter().filter(|path| path.starts_with("fixtures/")).count();
    assert_eq!(recordings, 9, "{packed:?}");
    let alien = |path: &&String| {
        ["tests/", "benches/", "fuzz/", "snapshots/"].iter().any(|it| path.starts_with(it))
    };
    assert_eq!(packed.iter().find(alien), None);
}

/// The documents of a YAML file.
fn yaml(path: &str) -> Vec<Value> {
    let text = read(path);
    text.split("\n---\n").map(|text| serde_saphyr::from_str(text).unwrap()).collect()
}

/// What a file takes from its inputs, by the way in which it does so.
fn inputs_used(path: &str, pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(&read(path)).map(|found| found[1].to_owned()).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// Each use of the program in a text, as far as its options are plain.
fn options_exist(text: &str) {
    let call = Regex::new(r"bin/xmppscope\S* ((?:[^\n]|\\\n)+)").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for found in call.captures_iter(&text.replace("\\\n", " ")) {
        let plain = |word: &&str| !word.contains("[@]");
        let mut words: Vec<_> = found[1].split_whitespace().filter(plain).collect();
        words.push("--help");
        let output = xmppscope(folder.path(), &words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", stderr(&output));
        checked += 1;
    }
    assert_eq!(checked, 2, "a run and a report");
}

#[test]
fn the_action_uses_its_inputs_and_options_that_exist() {
    let action = &yaml("action.yml")[0];
    assert_eq!(keys(&action["inputs"]), inputs_used("action.yml", r"\$\{\{ inputs\.(\w+) \}\}"));
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().unwrap();
    let version = Regex::new(r"^actions/[a-z-]+@v\d+$").unwrap();
    for step in steps {
        match step["uses"].as_str() {
            Some(uses) => assert!(version.is_match(uses), "{uses}"),
            // Inputs reach a script in variables, never in its text.
            None => {
                assert!(step["shell"] == "bash" && !step["run"].as_str().unwrap().contains("${{"));
            }
        }
    }
    options_exist(&read("action.yml"));
}

/// Runs the action's own script, with a target that is the program itself.
#[test]
fn the_script_of_the_action_passes_on_what_it_is_given() {
    let action = &yaml("action.yml")[0];
    let step = |id: &str| {
        let steps = action["runs"]["steps"].as_array().unwrap().iter();
        steps.clone().find(|step| step["id"] == id || step["name"] == id).unwrap()["run"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("xmppscope-program/bin")).unwrap();
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_xmppscope"),
        at("xmppscope-program/bin/xmppscope"),
    )
    .unwrap();
    let run = |script: &str, scenarios: &str, arguments: &str| {
        let results: PathBuf = at("xmppscope-results");
        Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(root())
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_OUTPUT", at("output"))
            .env("GITHUB_STEP_SUMMARY", at("summary"))
            .env("FOLDER", &results)
            .env("TARGET", "")
            .env("SCENARIOS", scenarios)
            .env("ARGS", arguments)
            .output()
            .unwrap()
    };
    let (scenarios, report) = (step("run"), step("Make the report"));
    let tutorial =
        "scenarios/examples/tutorial/empty-poll.yaml\nscenarios/examples/tutorial/cut.yaml\n";
    let good = run(&scenarios, tutorial, "");
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    let bad = run(
        &scenarios,
        tutorial,
        "--defect bosh-wait-not-exceeded/late --only 'path:empty or path:\"cut\"' --strict",
    );
    assert_eq!(bad.status.code(), Some(1), "{}", stderr(&bad));
    assert!(
        stdout(&bad).contains("::error file=scenarios/examples/tutorial/empty-poll.yaml"),
        "{}",
        stdout(&bad)
    );
    assert!(fs::read_to_string(at("xmppscope-results/junit.xml")).unwrap().contains("tests='2'"));
    let page = run(&report, "", "");
    assert_eq!(page.status.code(), Some(0), "{}", stderr(&page));
    assert!(at("xmppscope-results/report.html").exists() && at("summary").exists());
    let wrong = run(&scenarios, "", "--only 'unbalanced");
    assert_ne!(wrong.status.code(), Some(0), "a quote that is not closed");
}

#[test]
fn the_template_uses_its_inputs_and_options_that_exist() {
    let path = "templates/xmppscope.yml";
    let [spec, jobs] = &yaml(path)[..] else { panic!("not two documents") };
    assert_eq!(keys(&spec["spec"]["inputs"]), inputs_used(path, r"\$\[\[ inputs\.(\w+) \]\]"));
    let artifacts = &jobs["xmppscope"]["artifacts"];
    assert_eq!(artifacts["reports"]["junit"], "junit.xml");
    assert_eq!(artifacts["when"], "always");
    options_exist(&read(path));
}

#[test]
fn the_container_has_the_program_alone_and_no_root() {
    let text = read("Dockerfile");
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(lines[0], "FROM scratch");
    assert!(lines.contains(&"COPY target/shipped/xmppscope /xmppscope"), "{lines:?}");
    assert!(lines.contains(&"ENTRYPOINT [\"/xmppscope\"]"), "{lines:?}");
    let user = lines.iter().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0), "{user}");
    assert!(read(".dockerignore").contains("!target/shipped/xmppscope"));
    // The ports that are named are those that the program listens on by default.
    let ports = lines.iter().find_map(|line| line.strip_prefix("EXPOSE ")).unwrap();
    for (command, port) in ["proxy", "cm"].iter().zip(ports.split(' ')) {
        let help = stdout(&xmppscope(root(), &[*command, "--help"]));
        assert!(help.contains(&format!("[default: 127.0.0.1:{port}]")), "{command} {port}");
    }
}

#[test]
fn the_list_of_dependencies_names_each_with_its_checksum() {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let host = stdout(&version)
        .lines()
        .find_map(|it| it.strip_prefix("host: ").map(str::to_owned))
        .unwrap();
    let list = || {
        Command::new(root().join(".ci/cyclonedx"))
            .arg(&host)
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .unwrap()
    };
    let first = list();
    assert!(first.status.success(), "{}", stderr(&first));
    let bom: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let components = bom["components"].as_array().unwrap();
    assert!(components.len() > 100, "{}", components.len());
    for component in components {
        assert_eq!(
            component["hashes"][0]["content"].as_str().map(str::len),
            Some(64),
            "{component}"
        );
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
    }
    let of = |name: &str| components.iter().find(|component| component["name"] == name);
    assert!(of("tokio").unwrap()["scope"].is_null() && of("syn").unwrap()["scope"] == "excluded");
    assert!(of("insta").is_none(), "what only tests use is no part of it");
    assert_eq!(list().stdout, first.stdout, "the same sources give the same list");
}
