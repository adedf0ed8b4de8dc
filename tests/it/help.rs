//! What `--help` prints, at 80 columns.

use std::process::Command;

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_xmppscope"))
        .args(arguments)
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "longer than 80 columns: {line}");
    }
    text
}

#[test]
fn of_the_program() {
    insta::assert_snapshot!(help(&["--help"]));
    assert_eq!(help(&["help"]), help(&["--help"]));
}

#[test]
fn of_the_program_in_short() {
    insta::assert_snapshot!(help(&["-h"]));
}

#[test]
fn of_proxy() {
    insta::assert_snapshot!(help(&["proxy", "--help"]));
}

#[test]
fn of_proxy_in_short() {
    insta::assert_snapshot!(help(&["proxy", "-h"]));
}

#[test]
fn of_show() {
    insta::assert_snapshot!(help(&["show", "--help"]));
}

#[test]
fn of_show_in_short() {
    insta::assert_snapshot!(help(&["show", "-h"]));
}

#[test]
fn of_convert() {
    insta::assert_snapshot!(help(&["convert", "--help"]));
}

#[test]
fn of_record() {
    insta::assert_snapshot!(help(&["record", "--help"]));
}

#[test]
fn of_replay() {
    insta::assert_snapshot!(help(&["replay", "--help"]));
}

#[test]
fn of_shrink() {
    insta::assert_snapshot!(help(&["shrink", "--help"]));
}

#[test]
fn of_client_run() {
    insta::assert_snapshot!(help(&["client", "run", "--help"]));
}

#[test]
fn of_check() {
    insta::assert_snapshot!(help(&["check", "--help"]));
}

#[test]
fn of_generate() {
    insta::assert_snapshot!(help(&["generate", "--help"]));
}

#[test]
fn of_cm() {
    insta::assert_snapshot!(help(&["cm", "--help"]));
}

#[test]
fn of_cm_in_short() {
    insta::assert_snapshot!(help(&["cm", "-h"]));
}

#[test]
fn of_demo() {
    insta::assert_snapshot!(help(&["demo", "--help"]));
}

#[test]
fn of_demo_in_short() {
    insta::assert_snapshot!(help(&["demo", "-h"]));
}

#[test]
fn of_diff() {
    insta::assert_snapshot!(help(&["diff", "--help"]));
}

#[test]
fn of_doctor() {
    insta::assert_snapshot!(help(&["doctor", "--help"]));
}

#[test]
fn of_doctor_in_short() {
    insta::assert_snapshot!(help(&["doctor", "-h"]));
}

#[test]
fn of_spec() {
    insta::assert_snapshot!(help(&["spec", "--help"]));
}

#[test]
fn of_spec_in_short() {
    insta::assert_snapshot!(help(&["spec", "-h"]));
}

#[test]
fn of_run() {
    insta::assert_snapshot!(help(&["run", "--help"]));
}

#[test]
fn of_run_in_short() {
    insta::assert_snapshot!(help(&["run", "-h"]));
}

#[test]
fn of_snapshot() {
    insta::assert_snapshot!(help(&["snapshot", "--help"]));
    insta::assert_snapshot!("of_snapshot_review", help(&["snapshot", "review", "--help"]));
    insta::assert_snapshot!("of_snapshot_list", help(&["snapshot", "list", "--help"]));
}

#[test]
fn of_report() {
    insta::assert_snapshot!(help(&["report", "--help"]));
}

#[test]
fn of_report_in_short() {
    insta::assert_snapshot!(help(&["report", "-h"]));
}
