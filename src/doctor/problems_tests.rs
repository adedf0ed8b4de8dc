use std::time::Duration;

use super::*;
use crate::doctor::check::{
    ADDRESSES, BOSH_HOLD, BOSH_MECHANISMS, BOSH_NODES, BOSH_REPEAT, BOSH_SESSION, CORS,
    CORS_ERRORS, Check, PREFLIGHT, TLS,
};
use crate::doctor::trouble::{self, Trouble};

const FRONT: &str = "https://chat.example/http-bind";
const BACK: &str = "http://127.0.0.1:5280/http-bind";

fn outcome(
    check: &'static Check,
    subject: &str,
    verdict: Verdict,
    kind: Option<&'static Kind>,
) -> Outcome {
    let trouble = kind.map(|kind| {
        let program = Some("nginx");
        Trouble::new(kind).with("path", "/http-bind").with("seconds", 75).by(program)
    });
    let words = format!("{} of {subject}", check.name);
    Outcome {
        check,
        subject: subject.to_owned(),
        direct: subject == BACK,
        program: kind.and(Some("nginx")),
        verdict,
        words,
        trouble,
        took: Duration::from_millis(5),
    }
}

fn broken(check: &'static Check, kind: &'static Kind) -> Outcome {
    outcome(check, FRONT, Verdict::Broken, Some(kind))
}

fn well(check: &'static Check, subject: &str) -> Outcome {
    outcome(check, subject, Verdict::Well, None)
}

fn report(outcomes: Vec<Outcome>) -> Report {
    let domain = "chat.example".to_owned();
    Report { subject: FRONT.to_owned(), domain, outcomes, ..Report::default() }
}

fn names(report: &Report) -> Vec<&'static str> {
    report.problems().iter().map(|problem| problem.kind.name).collect()
}

#[test]
fn problems_come_in_the_order_in_which_to_mend_them() {
    let report = report(vec![
        broken(&BOSH_HOLD, &trouble::READ_TIMEOUT),
        broken(&CORS, &trouble::CORS_DOUBLED),
        broken(&TLS, &trouble::CERTIFICATE_EXPIRED),
        broken(&PREFLIGHT, &trouble::CORS_DOUBLED),
    ]);
    assert_eq!(names(&report), ["certificate-expired", "cors-doubled", "read-timeout"]);
    let problems = report.problems();
    assert_eq!(problems[1].why.len(), 2, "one cause is one problem: {problems:#?}");
    assert_eq!(report.overall(), Overall::Broken);
}

#[test]
fn what_follows_from_another_trouble_is_not_told() {
    for (cause, effect) in [
        (broken(&BOSH_SESSION, &trouble::LOGIN_PAGE), broken(&PREFLIGHT, &trouble::CORS_PREFLIGHT)),
        (broken(&CORS, &trouble::CORS_MISSING), broken(&CORS_ERRORS, &trouble::CORS_ON_ERRORS)),
        (broken(&BOSH_NODES, &trouble::NOT_STICKY), broken(&BOSH_REPEAT, &trouble::REPEAT_LOST)),
        (broken(&BOSH_NODES, &trouble::CACHED), broken(&BOSH_HOLD, &trouble::NOT_STICKY)),
    ] {
        let name = cause.trouble.as_ref().unwrap().kind.name;
        assert_eq!(names(&report(vec![effect.clone(), cause.clone()])), [name]);
        let alone = effect.trouble.as_ref().unwrap().kind.name;
        assert_eq!(names(&report(vec![effect])), [alone]);
    }
}

#[test]
fn snippets_are_filled_in_and_that_of_whoever_answers_stands_first() {
    let problems = report(vec![broken(&BOSH_HOLD, &trouble::READ_TIMEOUT)]).problems();
    let [(program, snippet)] = problems[0].chosen() else { panic!("{problems:#?}") };
    assert_eq!(program, "nginx");
    assert!(snippet.contains("/http-bind") && snippet.contains("75s"), "{snippet}");
}

#[test]
fn the_server_itself_proves_whose_fault_it_is() {
    let mut report = report(vec![
        broken(&BOSH_HOLD, &trouble::READ_TIMEOUT),
        well(&BOSH_HOLD, BACK),
        broken(&BOSH_MECHANISMS, &trouble::MECHANISMS_MISSING),
        outcome(&BOSH_MECHANISMS, BACK, Verdict::Broken, Some(&trouble::MECHANISMS_MISSING)),
    ]);
    report.direct = Some(BACK.to_owned());
    let problems = report.problems();
    let proofs: Vec<&str> = problems.iter().filter_map(|one| one.proof.as_deref()).collect();
    assert_eq!(proofs.len(), 2, "{problems:#?}");
    assert!(proofs[0].contains("does the same"), "{proofs:?}");
    assert!(proofs[1].contains("change the reverse proxy"), "{proofs:?}");
    let differences = report.differences();
    let [one] = &differences[..] else { panic!("{differences:?}") };
    assert_eq!(one.check, "bosh-mechanisms");
}

#[test]
fn weak_points_are_no_failure_and_silence_is_one() {
    let mut weak = well(&ADDRESSES, FRONT);
    weak.verdict = Verdict::Weak;
    assert_eq!(report(vec![weak, well(&BOSH_SESSION, FRONT)]).overall(), Overall::Weak);
    assert_eq!(report(vec![well(&ADDRESSES, FRONT)]).overall(), Overall::Unreachable);
    assert_eq!(report(vec![well(&BOSH_SESSION, FRONT)]).overall(), Overall::Well);
}
