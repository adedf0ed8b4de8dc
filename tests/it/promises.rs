//! What SECURITY.md promises of `xmppscope replay`, `xmppscope client run`, and of errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::rig::{self, Target};
use crate::secrets::KEPT;
use crate::secrets_run::{PASSWORD, forms, replies, serve};

const CHAT: &str = "fixtures/strophe-login-chat.ndjson";

#[test]
fn a_replay_shows_no_password_that_a_server_repeats() {
    for reply in replies() {
        let answer = reply.clone();
        let address = Target::serving(move |socket| serve(socket, &answer, || ()));
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join("new.ndjson");
        let written = written.to_str().unwrap();
        let target = format!("http://{address}/http-bind");
        let account = format!("alice:{PASSWORD}");
        let (code, out, errors) = rig::run(&[
            "replay",
            CHAT,
            "--target",
            &target,
            "--account",
            &account,
            "--write",
            written,
        ]);
        assert_eq!(code, Some(1), "{out}\n{errors}");
        let capture = fs::read_to_string(written).unwrap();
        let (_, shown, _) = rig::run(&["show", written]);
        let all = format!("{out}\n{errors}\n{capture}\n{shown}");
        assert!(all.contains(KEPT) && all.contains("[hidden"), "{reply}\n{all}");
        for secret in forms() {
            assert!(!all.contains(&secret), "{secret} of {reply} is in\n{all}");
        }
    }
}

#[test]
fn no_error_repeats_a_secret_of_the_command_line() {
    let url = "http://u:U0VDUkVU@h/?token=U0VDUkVU";
    for words in [
        &["doctor", "--origin", url, "x.example"][..],
        &["doctor", "--dns", url, "x.example"],
        &["doctor", "--resolve", url, "x.example"],
        &["doctor", "u@x/token=U0VDUkVU"],
        &["doctor", url],
        &["cm", "--upstream", url],
        &["cm", "--listen", "u:U0VDUkVU@h"],
        &["cm", "--domain", url],
        &["proxy", "--target", url],
        &["proxy", "--target", "http://h", "--listen", url],
        &["proxy", "--target", "http://h", "--fault", url],
        &["run", "--target", "x?token=U0VDUkVU"],
        &["run", "--target=x?token=U0VDUkVU"],
        &["run", "--only", url],
        &["run", url],
        &["replay", url],
        &["record", url],
        &["show", url],
        &["show", "--bogus", url],
        &["diff", url, url],
        &["convert", url],
        &["report", url],
        &["shrink", url],
        &[url],
    ] {
        let (code, out, errors) = rig::run(words);
        assert!(matches!(code, Some(2 | 3)), "{words:?}: {out}{errors}");
        assert!(!format!("{out}{errors}").contains("U0VDUkVU"), "{words:?}: {errors}");
    }
}

/// A client that does nothing but write down what it was given, and start something that would go on.
const IDLE: &str = r#"printf "%s %s\n" "$XMPPSCOPE_HOST" "$XMPPSCOPE_PASSWORD" | tee -a "$0"/given; sleep 600 & echo $! >>"$0"/started; cat >"$0"/stdin"#;

fn lines(folder: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_client_gets_a_password_of_its_own_which_is_shown_nowhere_and_leaves_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let scenarios = ["scenarios/client/xep-0124/13-terminate/leaves.yaml"; 1];
    let captures = path("captures");
    let run = || {
        rig::run(
            &[
                &["client", "run"][..],
                &scenarios,
                &["--confirm", "1", "--show", "all", "--write", &captures],
                &["--format", "json", "--output", &path("json"), "--format", "pretty"],
                &["--", "sh", "-c", IDLE, folder.path().to_str().unwrap()],
            ]
            .concat(),
        )
    };
    let (code, out, errors) = run();
    assert_eq!(code, Some(3), "{out}\n{errors}");
    let given = lines(folder.path(), "given");
    let passwords: BTreeSet<&str> = given
        .iter()
        .map(|line| line.strip_prefix("127.0.0.1 ").expect("another machine could connect"))
        .collect();
    assert!(!given.is_empty() && passwords.len() == given.len(), "{given:?}");
    let outcomes = fs::read_to_string(path("json")).unwrap_or_default();
    let (_, page, _) = rig::run(&["report", &captures, "-o", "-"]);
    for password in passwords {
        assert!(password.len() >= 12, "{password}");
        for text in [&out, &errors, &outcomes, &page] {
            assert!(!text.contains(password), "{password} is in\n{text}");
        }
    }
    for started in lines(folder.path(), "started") {
        let gone = || !Path::new("/proc").join(&started).exists() || is_zombie(&started);
        rig::until("what the client has started is ended", gone);
    }
}

/// Whether a process has ended and only nobody has asked how.
fn is_zombie(id: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(id).join("stat"));
    status.is_ok_and(|text| text.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}
