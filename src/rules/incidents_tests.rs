//! What belongs together: repetitions, effects, threads.

use super::first_sentence;
use crate::rules::playbook::{open, play};
use crate::rules::{Incident, Party, Tally};

/// Findings as lines: `#1 error terminated`, `see #1 note terminated`.
fn incidents(script: &str) -> Vec<String> {
    let seen = play(script);
    let findings = seen.iter().flat_map(|seen| &seen.findings);
    let line = |incident: Option<Incident>| match incident {
        Some(Incident::Begins(number)) => format!("#{number}"),
        Some(Incident::Follows(number)) => format!("see #{number}"),
        None => "-".to_owned(),
    };
    findings.map(|it| format!("{} {} {}", line(it.incident), it.level.name(), it.name())).collect()
}

const POLL: &str = "C> <body rid='100001' sid='s1'/>";
const GONE: &str = "S> <body type='terminate' condition='item-not-found'/>";

#[test]
fn effects_follow_from_their_cause() {
    for (script, expected) in [
        (
            format!("10 1 C> <body rid='100009' sid='s1'/>\n20 1 {GONE}"),
            &["#1 error rid-beyond-window", "see #1 note terminated"][..],
        ),
        (
            format!("83205 1 {POLL}\n83210 1 {GONE}"),
            &["#1 warning session-silent", "- note client-back", "see #1 note terminated"],
        ),
        (
            format!("10 1 {POLL}\n20 1 {GONE}"),
            &["#1 error terminated"],
        ),
        (
            format!("10 1 {POLL}\n70000 tick\n300000 1 C. fin"),
            &["#1 warning wait-exceeded", "see #1 note client-gave-up"],
        ),
        (
            "10 1 C> <body rid='100001' sid='s1'>text</body>\n20 1 S> <body type='terminate' condition='bad-request'/>"
                .to_owned(),
            &["#1 error text-in-body", "see #1 note terminated"],
        ),
    ] {
        assert_eq!(incidents(&(open() + &script)), expected, "{script}");
    }
}

#[test]
fn a_session_that_is_gone_after_the_back_end_failed_follows_from_that() {
    let gone = "S> <body type='terminate' condition='item-not-found'/>";
    let again = |ms: u64, answer: &str| format!("{ms} 1 {POLL}\n{ms} 1 {answer}\n");
    let failed = "S> 502 Bad Gateway | Server: nginx";
    for (script, expected) in [
        (
            again(10, failed) + &again(2000, gone),
            &["#1 error http-status", "- note rid-repeat", "see #1 note terminated"][..],
        ),
        (
            again(10, failed) + &again(2000, failed) + &again(4000, "S> 404 Not Found"),
            &[
                "#1 error http-status",
                "- note rid-repeat",
                "see #1 error http-status",
                "- note rid-repeat",
                "see #1 note http-status",
            ],
        ),
        (
            again(10, "S> 503 | no healthy upstream")
                + "2000 1 C> <body rid='100002' sid='s1'/>\n2010 1 "
                + gone,
            &["#1 error http-status", "see #1 note terminated"],
        ),
        // The proxy's own answer is a note.
        (
            again(10, "own> 502") + &again(2000, gone),
            &["- note own-answer", "- note rid-repeat", "#1 error terminated"],
        ),
        // The session was still there after that, or nothing speaks for a restart.
        (
            again(10, failed)
                + &again(1000, "S> <body/>")
                + "2000 1 C> <body rid='100002' sid='s1'/>\n2010 1 "
                + gone,
            &["#1 error http-status", "- note rid-repeat", "#2 error terminated"],
        ),
        (
            again(10, "S> 504 Gateway Timeout") + &again(2000, gone),
            &["#1 error http-status", "- note rid-repeat", "#2 error terminated"],
        ),
    ] {
        assert_eq!(incidents(&(open() + &script)), expected, "{script}");
    }
    let script = open() + &again(10, failed) + &again(2000, gone);
    let seen = play(&script);
    let last = seen.iter().flat_map(|seen| &seen.findings).last().unwrap();
    assert_eq!(last.party, Party::Between);
    assert!(
        last.words.ends_with(
            "It probably follows from the failure of the back end 2.0 s before, at whose restart sessions are lost (see #1)."
        ),
        "{}",
        last.words
    );
}

#[test]
fn what_is_the_same_again_is_short_and_points_to_the_first() {
    let refused =
        |n: u64| format!("{n}0 1 C> <body rid='10000{n}' sid='s1'/>\n{n}5 1 S> 502 Bad Gateway\n");
    let script = open() + &refused(1) + &refused(2) + &refused(3);
    let found: Vec<_> = play(&script).into_iter().flat_map(|seen| seen.findings).collect();
    assert_eq!(
        incidents(&script),
        ["#1 error http-status", "see #1 error http-status", "see #1 error http-status"]
    );
    assert!(found[1].words.ends_with(". See #1."), "{}", found[1].words);
    assert!(found[1].words.len() < found[0].words.len() / 2);
    let mut tally = Tally::default();
    for finding in &found {
        tally.count(std::time::Duration::ZERO, finding);
    }
    assert!(tally.is_worth_a_list());
    let list = tally.gravest_first();
    assert_eq!((list.len(), list[0].number, list[0].count), (1, 1, 3));
    assert_eq!(list[0].sentence(), first_sentence(&found[0].words));
}

#[test]
fn a_sentence_ends_at_a_full_stop_outside_of_quotations() {
    for (words, first) in [
        ("One. Two.", "One."),
        ("From \"nginx. 1.2\" after 5.1 s. Then.", "From \"nginx. 1.2\" after 5.1 s."),
        ("Only one", "Only one"),
    ] {
        assert_eq!(first_sentence(words), first);
    }
}
