use super::*;
use crate::rules::playbook::{at_least, names, open, words};

fn polling() -> String {
    open() + "10 1 C> <body rid='100001' sid='s1'/>\n"
}

fn after_open(script: &str) -> Vec<String> {
    at_least(Level::Warning, &(polling() + script))
}

#[test]
fn a_client_that_gives_up_after_wait_is_a_warning_to_the_server() {
    let found = after_open("66110 1 C. reset");
    assert!(found[0].starts_with("62010 Warning wait-exceeded Server: "), "{found:?}");
    let script = polling() + "66110 1 C. reset";
    assert!(words("client-gave-up", &script)[0].ends_with(" before (see #1)."));
    let script = polling() + "3010 1 C. fin";
    assert_eq!(
        words("client-gave-up", &script),
        ["The client closed the connection after 3.0 s while rid 100001 was held, as on a \
             reload, a closed page or a change of network. The session stays open for 60 s \
             (inactivity)."]
    );
}

#[test]
fn a_server_that_closes_without_a_response_is_an_error() {
    let found = after_open("47010 1 S. fin");
    assert!(
        found[0].starts_with(
            "47010 Error no-answer Server: The server closed the connection after 47.0 s without a \
             response to rid 100001."
        ),
        "{found:?}"
    );
    assert!(after_open("15 1 S. fin")[0].starts_with("15 Warning no-answer"));
    assert_eq!(after_open("50010 1 S. stopped"), [""; 0]);
}

#[test]
fn who_hung_up_and_how_says_why_there_is_no_answer() {
    let create = "C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>";
    let first = format!("0 1 {create}\n40 1 S. fin");
    for (script, start, piece) in [
        (
            first.clone(),
            "40 Error no-answer Nobody",
            "closed a new connection 40 ms after its first request",
        ),
        (
            format!("0 1 {create}\n40 1 S. reset"),
            "40 Error no-answer Nobody",
            "reset a new connection 40 ms after",
        ),
        (
            format!("{first}\n5000 2 {create}\n5040 2 S. fin"),
            "5040 Error no-answer Nobody",
            "the 2nd time in a row. A port that expects something else, such as TLS",
        ),
        // The port is right where it has answered.
        (
            format!("{}5000 2 {create}\n5040 2 S. reset", open()),
            "5040 Error no-answer Nobody",
            "race of an idle connection. BOSH was answered before, so the port is right: the server may be restarting",
        ),
        (
            format!("{first}\n5000 2 {create}\n5040 2 S> 502\n6000 3 {create}\n6040 3 S. fin"),
            "6040 Error no-answer Nobody",
            "without a response: that is no race of an idle connection. A port",
        ),
        (polling() + "15 1 S. fin", "15 Warning no-answer Server", "this is a race"),
        (
            polling() + "15 1 S. reset",
            "15 Warning no-answer Server",
            "The server reset the connection",
        ),
        (
            polling() + "50010 1 S. fin",
            "50010 Error no-answer Between",
            "which fits a timeout of 50 s",
        ),
        (
            polling() + "47010 1 S. reset",
            "47010 Error no-answer Server",
            "reset the connection after 47.0 s",
        ),
        (
            polling() + "15 1 &- reset\n16 1 . gone",
            "16 Warning no-answer Nobody",
            "it is not known which side",
        ),
        (
            polling() + "30010 1 S. timeout",
            "30010 Error no-answer Nobody",
            "The network has lost the server 30.0 s after",
        ),
        (
            polling() + "900010 1 C. timeout",
            "900010 Note client-gave-up Nobody",
            "The network has lost the client",
        ),
        (polling() + "15 1 C- reset\n16 1 . gone", "16 Note client-gave-up Nobody", "The client"),
    ] {
        let found = at_least(Level::Note, &script).pop().unwrap();
        assert!(found.starts_with(start) && found.contains(piece), "{script}: {found}");
    }
}

#[test]
fn a_connection_of_which_nobody_saw_who_ended_it_accuses_nobody() {
    // Regression: the server was said to owe the answer, with an error.
    for end in ["20 1 . gone", "20 1 &- fin\n20 1 . gone", "20 1 &- reset\n21 1 . gone"] {
        let script = polling() + end;
        let found = at_least(Level::Note, &script);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("Warning no-answer Nobody: The connection was lost"),
            "{found:?}"
        );
        assert!(found[0].contains("it is not known which side closed it first"), "{found:?}");
        let seen = crate::rules::playbook::play(&script);
        let mut findings = seen.iter().flat_map(|seen| &seen.findings);
        assert!(findings.all(|finding| finding.requirement.is_none()), "{seen:?}");
    }
    let cut = "20 1 C> POST /http-bind | Host: a | Content-Length: 1000 | cut: yes | <body rid='7' sid='s1'>";
    let found = at_least(Level::Warning, &(open() + "20 1 &- reset\n" + cut + "\n20 1 . gone"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("Warning request-cut Nobody"), "{found:?}");
}

#[test]
fn whoever_is_seen_to_end_a_connection_first_has_ended_it() {
    for (end, whose) in [
        ("20 1 C- fin\n20 1 S- fin\n20 1 . gone", "Note client-gave-up Nobody"),
        ("20 1 C- reset\n21 1 . gone", "Note client-gave-up Nobody"),
        ("20 1 C- fin\n21 1 &- reset\n21 1 . gone", "Note client-gave-up Nobody"),
        ("20 1 S- fin\n20 1 C- reset\n20 1 . gone", "Warning no-answer Server"),
        ("200 1 S- reset\n201 1 C- fin\n201 1 . gone", "Error no-answer Server"),
    ] {
        let found = at_least(Level::Note, &(polling() + end));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(whose), "{end}: {found:?}");
    }
}

#[test]
fn an_upload_that_ends_with_the_target_accuses_nobody_else() {
    // Regression: the client was reported to have cut its request, and the server to have sent no response.
    let failed = "0 1 !failed the target closed the connection without a response";
    let own = "1 1 own> 502 Bad Gateway | xmppscope: no";
    let cut = "2 1 C> POST /http-bind | Host: a | Content-Length: 1000 | cut: yes | <body rid='7' sid='s1'><mess";
    for rest in [
        format!("{own}\n{cut}\n2 1 . gone"),
        format!("{cut}\n2 1 {}\n3 1 . gone", &own[4..]),
        format!("{cut}\n2 1 . gone"),
        format!("1 1 C> <body rid='7' sid='s1'/>\n{cut}\n3 1 {}\n4 1 . gone", &own[4..]),
    ] {
        let found = at_least(Level::Warning, &format!("{failed}\n{rest}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("target-failed Server"), "{found:?}");
    }
    // Another connection is not affected, nor is a number that is used again.
    let found =
        at_least(Level::Warning, &format!("{failed}\n1 1 . gone\n1 1 C- reset\n{cut}\n3 1 . gone"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].contains("Warning request-cut Client"), "{found:?}");
}

#[test]
fn a_response_without_a_request_is_a_warning() {
    let script = open() + "20 1 unasked> 200 | Server: Cowboy | <body type='terminate'/>";
    assert_eq!(
        at_least(Level::Note, &script),
        [
            "20 Warning unasked-answer Server: The server sent a response without a request: HTTP 200 \
          from \"Cowboy\", 96 B. The client may take it for the response to its next request."
        ]
    );
    let seen = crate::rules::playbook::play(&script);
    assert_eq!(seen.last().and_then(|seen| seen.session), None);
}

#[test]
fn interim_responses_timeouts_of_idle_connections_and_lost_requests_are_not_unasked() {
    for line in ["S> 100 Continue", "S> 103", "unasked> 408 Request Timeout", "own> 502 | no"] {
        let found = at_least(Level::Warning, &(open() + &format!("20 1 {line}")));
        assert_eq!(found, [""; 0], "{line}");
    }
    for before in ["!lost 1", "!raw C not HTTP | hold='1'/>"] {
        let lost = open() + &format!("20 1 {before}\n21 1 unasked> 400");
        assert!(!names(&lost).contains(&"unasked-answer"), "{before}");
    }
}

#[test]
fn a_request_that_is_cut_says_by_whom_and_why() {
    let cut = |content: &str, end: &str| {
        format!(
            "10 1 {end}\n10 1 C> POST /http-bind | Host: a | Content-Length: 999 | cut: yes | {content}\n11 1 . gone"
        )
    };
    let (half, whole) = ("<body rid='7' sid='s1'><mess", "<body rid='7' sid='s1'/>");
    for (script, pieces) in [
        (
            cut(half, "C- reset"),
            [
                "request-cut Client: The client closed",
                " of 999 B arrived. That happens on a reload",
            ],
        ),
        (cut(half, "S- fin"), ["request-cut Server: The server closed", " B arrived."]),
        (
            cut(whole, "S- fin"),
            ["request-cut Client: The server closed", "announces more in Content-Length"],
        ),
        (cut(half, "&- reset"), ["request-cut Nobody: The connection ended", " B arrived."]),
    ] {
        let found = at_least(Level::Warning, &script);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(pieces.iter().all(|piece| found[0].contains(piece)), "{found:?}");
    }
}
