use super::*;
use crate::rules::playbook::{at_least, names, open, words};

fn after_open(script: &str) -> Vec<String> {
    at_least(Level::Warning, &(open() + script))
}

fn found(name: &str, script: &str) -> Vec<String> {
    words(name, &(open() + script))
}

#[test]
fn a_resend_after_an_abort_is_a_note_with_the_time_between() {
    let script = "
        10 1 C> <body rid='100001' sid='s1'/>
        66110 1 C. reset
        66115 2 C> <body rid='100001' sid='s1'/>";
    assert_eq!(
        found("rid-repeat", script),
        ["rid 100001 was sent for the 2nd time, 66.1 s after the first; the client had closed \
             the connection. The content is the same, so this is allowed."]
    );
}

#[test]
fn the_same_response_to_a_repeat_is_a_note_and_a_different_one_a_warning() {
    let script = "
        10 1 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>
        20 1 S> <body><message xmlns='jabber:client' id='1'/></body>
        30 2 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>
        40 2 S> <body><message xmlns='jabber:client' id='1'/></body>";
    assert_eq!(found("answer-replayed", script).len(), 1);
    assert_eq!(after_open(script), [""; 0]);
    let lost = script
        .replace("40 2 S> <body><message xmlns='jabber:client' id='1'/></body>", "40 2 S> <body/>");
    assert_eq!(found("answer-differs", &lost).len(), 1);
}

#[test]
fn the_older_copy_of_a_held_request_may_be_answered_with_an_empty_body() {
    let script = "
        10 1 C> <body rid='100001' sid='s1'/>
        1000 2 C> <body rid='100001' sid='s1'/>
        1001 1 S> <body/>
        2000 2 S> <body><message xmlns='jabber:client'/></body>";
    assert_eq!(after_open(script), [""; 0]);
    assert!(found("rid-repeat", script)[0].contains("it is still open"));
}

#[test]
fn other_content_under_an_answered_rid_points_to_attach() {
    let script = "
        10 1 C> <body rid='100001' sid='s1'/>
        20 1 S> <body><message xmlns='jabber:client'/></body>
        900 2 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>";
    let words = &found("rid-reused", script)[0];
    assert!(words.contains("with different content on another connection"), "{words}");
    assert!(words.contains("its rid was 1 too low: the next one is 100002"), "{words}");
}

#[test]
fn other_content_under_an_open_rid_points_to_two_tabs() {
    let script = "
        10 1 C> <body rid='100001' sid='s1'/>
        900 2 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>";
    assert!(found("rid-reused", script)[0].contains("Two tabs share the session"));
}

#[test]
fn the_fourth_sending_is_a_warning() {
    let again = "<body rid='100001' sid='s1'/>";
    let script = format!(
        "10 1 C> {again}\n20 1 S> 502\n30 1 C> {again}\n40 1 S> 502\n50 1 C> {again}\n60 1 S> 502
         70 1 C> {again}"
    );
    let found = after_open(&script);
    assert!(found.last().unwrap().contains("rid 100001 was sent for the 4th time"), "{found:?}");
    assert!(found.last().unwrap().contains("it was refused"), "{found:?}");
}

#[test]
fn a_gap_is_reported_once_and_closed_once() {
    let script = "
        10 1 C> <body rid='100002' sid='s1'/>
        4210 2 C> <body rid='100001' sid='s1'/>
        4215 2 S> <body/>
        4300 2 C> <body rid='100003' sid='s1'/>";
    assert_eq!(
        found("rid-gap", script),
        ["rid 100002 arrived, but rid 100001 is missing; the connection manager waits for it."]
    );
    assert_eq!(
        found("rid-gap-closed", script),
        ["rid 100001 arrived 4.2 s after rid 100002, which closes the gap."]
    );
    assert_eq!(after_open(script), [""; 0]);
}

#[test]
fn a_gap_that_stays_is_a_warning_and_the_clients_if_it_hung_up_or_went_on() {
    let sid = "t0";
    let other = format!(
        "7 2 C> <body rid='500000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
         8 2 S> <body sid='{sid}' ver='1.6' wait='60' requests='2' hold='1' inactivity='60'/>"
    );
    let (missing, warning) = ("rid 100001 has been missing for 5.0 s:", "Warning rid-lost");
    let after = "10 1 C> <body rid='100002' sid='s1'/>";
    for (script, expected) in [
        (after.to_owned(), format!("5010 {warning} Nobody: {missing} the client has skipped it, or it")),
        (
            "10 1 C> <body rid='100001' sid='s1'/>\n20 1 C. fin\n120 2 C> <body rid='100003' sid='s1'/>"
                .to_owned(),
            format!(
                "5120 {warning} Client: rid 100002 has been missing for 5.0 s: the client closed the \
                 connection of rid 100001 100 ms before, and went on too far"
            ),
        ),
        (
            format!("{after}\n20 3 C> <body rid='100003' sid='s1'/>"),
            format!("5010 {warning} Client: {missing} the client has gone on up to rid 100003, beyond"),
        ),
        // The server's side closed the connection.
        (
            "10 1 C> <body rid='100001' sid='s1'/>\n20 1 S. fin\n120 2 C> <body rid='100003' sid='s1'/>"
                .to_owned(),
            format!("5120 {warning} Nobody: "),
        ),
        // Nobody waits for a response any more.
        (format!("{after}\n20 1 C. fin"), String::new()),
        // It came with the sid of another session, or with none, and that is reported.
        (format!("{other}\n9 3 C> <body rid='100001' sid='{sid}'/>\n{after}"), String::new()),
        (format!("9 3 C> <body rid='100001' sid=''/>\n{after}"), String::new()),
    ] {
        let found = after_open(&format!("{script}\n6000 tick"));
        let lost: Vec<_> = found.iter().filter(|line| line.contains("rid-lost")).collect();
        assert_eq!(lost.len(), usize::from(!expected.is_empty()), "{script}: {found:?}");
        assert!(lost.iter().all(|line| line.starts_with(&expected)), "{script}: {found:?}");
    }
}

#[test]
fn the_window_ends_at_last_plus_requests() {
    let found = after_open("10 1 C> <body rid='100003' sid='s1'/>");
    assert_eq!(
        found,
        ["10 Error rid-beyond-window Client: rid 100003 is beyond the window: the last rid \
             without a gap was 100000, and requests=2, so the highest allowed rid is 100002. \
             Expect item-not-found."]
    );
    let found = after_open("10 1 C> <body rid='99000' sid='s1'/>");
    assert!(found[0].contains("rid-too-old Client: rid 99000 is too old"), "{found:?}");
}

#[test]
fn rids_that_are_missing_or_malformed() {
    for (rid, name) in [
        ("", "rid-missing"),
        ("rid=''", "rid-malformed"),
        ("rid='0'", "rid-malformed"),
        ("rid='9007199254740992'", "rid-too-large"),
    ] {
        let found = after_open(&format!("10 1 C> <body {rid} sid='s1'/>"));
        assert!(found[0].contains(name), "{rid}: {found:?}");
    }
}

#[test]
fn responses_out_of_order_are_an_error_if_they_are_far_apart() {
    let script = "
        10 1 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>
        11 2 C> <body rid='100002' sid='s1'><presence xmlns='jabber:client'/></body>
        20 2 S> <body><presence xmlns='jabber:client'/></body>";
    let found = after_open(&format!("{script}\n320 1 S> <body/>"));
    assert_eq!(
        found,
        ["320 Error answers-out-of-order Server: rid 100002 was answered 300 ms before rid \
             100001, but responses must be sent in the order of their rids."]
    );
    assert_eq!(after_open(&format!("{script}\n25 1 S> <body/>")), [""; 0]);
}

#[test]
fn after_a_loss_nothing_is_known_of_rids() {
    let script = open() + "10 2 !lost 5\n20 1 C> <body rid='100009' sid='s1'/>";
    assert_eq!(names(&script), ["unobserved"]);
}

#[test]
fn a_request_that_cannot_be_read_is_not_taken_for_a_gap() {
    let deep = "<a>".repeat(200) + &"</a>".repeat(200);
    let script = open()
        + &format!(
            "10 1 C> <body rid='100001' sid='s1'>{deep}</body>\n12 1 S> <body/>
             20 1 C> <body rid='100002' sid='s1'/>\n60000 tick"
        );
    assert_eq!(names(&script), ["xml-limit"]);
}

#[test]
fn a_session_that_began_unseen_is_followed_from_its_first_rid() {
    assert_eq!(
        names("0 1 C> <body rid='5' sid='x'/>\n9 1 S> <body/>\n20 1 C> <body rid='6' sid='x'/>"),
        [""; 0]
    );
}
