use super::*;
use crate::rules::playbook::{at_least, names, of_kinds, open, words};

fn polling() -> String {
    open() + "10 1 C> <body rid='100001' sid='s1'/>\n"
}

fn answered(answer: &str) -> Vec<String> {
    at_least(Level::Note, &(polling() + &format!("20010 1 S> {answer}")))
}

#[test]
fn a_condition_is_explained_with_the_request_it_answers() {
    let found = answered("<body type='terminate' condition='policy-violation'/>");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with(
            "20010 Error terminated Client: The session ended after 20.0 s with policy-violation \
             (in response to rid 100001). The client had more requests open than"
        ),
        "{found:?}"
    );
}

#[test]
fn item_not_found_from_another_server_points_to_the_load_balancer() {
    let found =
        answered("200 | Server: nginx | <body type='terminate' condition='item-not-found'/>");
    assert!(
        found[0].contains("came from \"Cowboy\", this one from \"nginx\": another back end"),
        "{found:?}"
    );
}

#[test]
fn a_header_that_varies_between_good_responses_names_no_node() {
    let good = |at: u64, rid: u64, by: &str| {
        format!(
            "{at} 1 C> <body rid='{rid}' sid='s1'/>\n{} 1 S> 200 | X-Served-By: {by} | <body/>\n",
            at + 1
        )
    };
    let gone = "90 1 C> <body rid='100004' sid='s1'/>\n91 1 S> 200 | X-Served-By: d | <body type='terminate' condition='item-not-found'/>";
    let one =
        open() + &good(10, 100_001, "a") + &good(20, 100_002, "a") + &good(30, 100_003, "a") + gone;
    assert!(words("terminated", &one)[0].contains("(X-Served-By): another back end"));
    let many =
        open() + &good(10, 100_001, "a") + &good(20, 100_002, "b") + &good(30, 100_003, "c") + gone;
    assert!(!words("terminated", &many)[0].contains("another back end"));
}

#[test]
fn a_poll_cut_after_a_minute_is_not_a_silence_of_a_minute() {
    let script = polling()
        + "60200 1 C. reset\n60300 2 C> <body rid='100001' sid='s1'/>
           60310 2 S> <body type='terminate' condition='item-not-found'/>";
    let words = words("terminated", &script).remove(0);
    assert!(!words.contains("had no request open"), "{words}");
}

#[test]
fn a_rid_outside_the_window_is_named_as_the_cause() {
    let end = "<body type='terminate' condition='item-not-found'/>";
    let script = polling() + &format!("20 2 C> <body rid='100009' sid='s1'/>\n22 2 S> {end}");
    assert_eq!(
        words("terminated", &script),
        ["The session ended with item-not-found (in response to rid 100009). It follows from \
             the rid beyond the window (see #1)."]
    );
    let script = polling() + &format!("20 2 C> <body rid='99990' sid='s1'/>\n22 2 S> {end}");
    assert!(words("terminated", &script)[0].contains("the rid that is too old"));
}

#[test]
fn an_unknown_sid_is_reported_as_unknown_to_the_trace() {
    let script = "0 1 C> <body rid='7' sid='old'/>
        2 1 S> <body type='terminate' condition='item-not-found'/>";
    assert!(
        words("terminated", script)[0].contains("does not contain the creation of this session")
    );
}

#[test]
fn host_unknown_names_the_requested_domain() {
    let script = "
        0 1 C> <body rid='100000' to='mytestuser' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
        5 1 S> <body type='terminate' condition='host-unknown'/>";
    assert!(
        words("terminated", script)[0].starts_with(
            "The session ended with host-unknown (in response to rid 100000). The client asked for \
             'mytestuser', which does not look like a domain; is it a user name?"
        ),
        "{:?}",
        words("terminated", script)
    );
}

#[test]
fn a_stream_error_is_explained() {
    let error = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
        <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced</text></stream:error>";
    let found =
        answered(&format!("<body type='terminate' condition='remote-stream-error'>{error}</body>"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains(
            "Stream error conflict (\"Replaced\"): the same resource logged in elsewhere (two tabs, a \
             reload)."
        ),
        "{found:?}"
    );
    let found = answered(&format!("<body>{error}</body>"));
    assert!(
        found[0].starts_with("20010 Error stream-error Server: Stream error conflict"),
        "{found:?}"
    );
}

#[test]
fn conditions_that_do_not_exist_and_ends_without_a_reason() {
    let found = answered("<body type='terminate' condition='conflict'/>");
    assert!(
        found[0].contains("with condition 'conflict', which BOSH does not define"),
        "{found:?}"
    );
    let found = answered("<body type='terminate'/>");
    assert_eq!(
        found,
        ["20010 Warning terminated Server: The connection manager ended the session after 20.0 s \
          without giving a reason."]
    );
}

#[test]
fn a_terminate_of_the_client_is_a_note_however_it_is_answered() {
    let bye = "1000 2 C> <body rid='100002' sid='s1' type='terminate'/>";
    for (older, newer) in [
        ("<body type='terminate'/>", "<body/>"),
        ("<body/>", "<body type='terminate'/>"),
        ("<body type='terminate'/>", "<body type='terminate'/>"),
        ("<body type='terminate'/>", "<body type='terminate' condition='other-request'/>"),
    ] {
        let script = polling() + &format!("{bye}\n1002 1 S> {older}\n1003 2 S> {newer}");
        assert_eq!(names(&script), ["client-terminates"], "{older} {newer}");
    }
}

#[test]
fn a_terminate_of_a_session_that_is_gone_loses_nothing() {
    let script = open()
        + "10 1 C> <body rid='100001' sid='s1' type='terminate'/>
           20 1 S> <body type='terminate' condition='item-not-found'/>";
    assert_eq!(at_least(Level::Warning, &script), [""; 0]);
    let words = words("terminated", &script);
    assert!(
        words[0].contains("ends the session, which the connection manager does not know"),
        "{words:?}"
    );
}

#[test]
fn a_server_that_moves_its_clients_makes_no_mistake() {
    let script = "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
        2 1 S> <body type='terminate' condition='see-other-uri'><uri>https://b/</uri></body>";
    assert_eq!(at_least(Level::Warning, script), [""; 0]);
    assert!(words("terminated", script)[0].contains("The client has to use https://b/ instead."));
}

#[test]
fn one_end_is_reported_once_although_two_requests_were_open() {
    let script = polling()
        + "1000 2 C> <body rid='100009' sid='s1'/>
           1002 1 S> <body type='terminate' condition='other-request'/>
           1003 2 S> <body type='terminate' condition='item-not-found'/>";
    assert_eq!(names(&script), ["rid-beyond-window", "terminated", "terminated"]);
    let swapped = polling()
        + "1000 2 C> <body rid='100009' sid='s1'/>
           1002 2 S> <body type='terminate' condition='item-not-found'/>
           1003 1 S> <body type='terminate' condition='other-request'/>";
    assert_eq!(names(&swapped), ["rid-beyond-window", "terminated"]);
}

#[test]
fn a_request_after_the_end_is_a_warning_once() {
    let end = "1002 1 S> <body type='terminate' condition='system-shutdown'/>";
    let script = polling()
        + &format!(
        "{end}\n1500 3 C> <body rid='100002' sid='s1'/>\n3500 2 C> <body rid='100003' sid='s1'/>
         4500 2 C> <body rid='100004' sid='s1'/>"
    );
    assert_eq!(
        words("session-over", &script),
        ["rid 100003 was sent 2.5 s after the session had ended; expect item-not-found. The \
             client has to create a new session."]
    );
}

#[test]
fn a_recoverable_error_is_a_warning_unless_a_newer_copy_is_held() {
    let found = answered("<body type='error'/>");
    assert!(
        found[0].starts_with("20010 Warning recoverable-error Server: rid 100001"),
        "{found:?}"
    );
    let script =
        polling() + "1000 2 C> <body rid='100001' sid='s1'/>\n1001 1 S> <body type='error'/>";
    assert_eq!(names(&script), ["rid-repeat", "recoverable-error"]);
    assert_eq!(at_least(Level::Warning, &script), [""; 0]);
}

const GONE: &str = "<body type='terminate' condition='item-not-found'/>";
const MESSAGE: &str = "<message xmlns='jabber:client'/>";

#[test]
fn a_client_that_goes_on_after_its_own_terminate_is_reported_and_the_refusal_is_the_consequence() {
    // Regression: within a second of the response nothing was reported at all.
    let script = polling()
        + &format!(
            "1000 2 C> <body rid='100002' sid='s1' type='terminate'/>
             1002 1 S> <body type='terminate'/>
             1003 2 S> <body/>
             1010 1 C> <body rid='100003' sid='s1'>{MESSAGE}</body>
             1012 1 S> {GONE}
             1020 1 C> <body rid='100004' sid='s1'>{MESSAGE}</body>
             1022 1 S> {GONE}"
        );
    assert_eq!(
        at_least(Level::Note, &script)[1..],
        [
            "1010 Warning session-over Client: rid 100003 was sent 10 ms after the client had \
             ended the session (rid 100002); expect item-not-found. The client has to create a new \
             session.",
            "1012 Note terminated Client: rid 100003 got item-not-found, because the session had \
             already ended: a consequence, not the cause. See #1."
        ]
    );
}

#[test]
fn what_overtook_the_terminate_or_repeats_it_does_not_go_on() {
    for late in [
        format!("<body rid='100002' sid='s1'>{MESSAGE}</body>"),
        "<body rid='100003' sid='s1' type='terminate'/>".to_owned(),
        "<body rid='100001' sid='s1'/>".to_owned(),
    ] {
        let script = polling()
            + &format!(
                "1000 2 C> <body rid='100003' sid='s1' type='terminate'/>
                 1001 3 C> {late}
                 1002 1 S> <body/>
                 1003 2 S> <body type='terminate'/>
                 1004 3 S> {GONE}"
            );
        assert_eq!(at_least(Level::Warning, &script), [""; 0], "{late}");
    }
}

#[test]
fn after_an_end_by_the_server_only_what_was_under_way_may_still_come() {
    let end = "1002 1 S> <body type='terminate' condition='system-shutdown'/>";
    let same = polling()
        + &format!(
            "{end}\n1010 1 C> <body rid='100002' sid='s1'>{MESSAGE}</body>\n1011 1 S> {GONE}"
        );
    assert_eq!(names(&same), ["terminated", "session-over", "terminated"]);
    let crossing = same.replace("1010 1", "1010 2").replace("1011 1", "1011 2");
    assert_eq!(names(&crossing), ["terminated", "terminated"]);
    assert_eq!(at_least(Level::Warning, &crossing).len(), 1);
}

fn sent_again(first: &str, again: &str, at: u64) -> Vec<String> {
    let ask = |rid| format!("<body rid='{rid}' sid='s1'>{MESSAGE}</body>");
    let script = open()
        + &format!(
            "10 1 C> {}\n{first}\n{at} 2 C> {again}\n{} 2 S> 200 | Server: Cowboy | {GONE}",
            ask(100_001),
            at + 2
        );
    at_least(Level::Note, &script).into_iter().filter(|line| line.contains("terminated")).collect()
}

#[test]
fn a_resend_inside_the_window_that_is_refused_is_an_error_of_the_server() {
    // Regression: the client was reported to have been silent for too long.
    let same = format!("<body rid='100001' sid='s1'>{MESSAGE}</body>");
    let answered = "15 1 S> 200 | Server: Cowboy | <body/>";
    assert_eq!(
        sent_again(answered, &same, 2000),
        ["2002 Error terminated Server: The session ended after 2.0 s with item-not-found (in \
          response to rid 100001). The same request was sent before, and it was answered. The \
          highest rid is 100001, so with requests=2 the connection manager must still have that \
          response. This way, a client whose connection breaks loses its session."]
    );
    for cut in ["1500 1 C. reset", "1500 1 S> 200 | Server: Cowboy | cut: yes | <body"] {
        let found = sent_again(cut, &same, 2000);
        assert!(found[0].contains("Server: The session ended"), "{found:?}");
        assert!(found[0].contains("its connection was lost. The highest"), "{found:?}");
    }
    let script = open()
        + &format!(
            "10 1 C> {same}\n{answered}\n2000 2 C> {same}\n2001 2 S> 200 | Server: Cowboy | {GONE}"
        );
    let seen = crate::rules::playbook::play(&script);
    let mut findings = seen.iter().flat_map(|seen| &seen.findings);
    let ended = findings.find(|finding| *finding.kind == kinds::TERMINATED);
    assert_eq!(ended.and_then(|finding| finding.requirement), Some("bosh-resend-replays"));
}

#[test]
fn a_resend_that_need_not_be_answered_any_more_is_not_an_error_of_the_server() {
    let same = format!("<body rid='100001' sid='s1'>{MESSAGE}</body>");
    let answered = "15 1 S> 200 | Server: Cowboy | <body/>";
    // Silent for longer than inactivity.
    let found = sent_again(answered, &same, 70_000);
    assert!(
        found[0].contains("Client: The session ended") && found[0].contains("from the silence"),
        "{found:?}"
    );
    // Different content, a response that was an error, and a rid too old for requests=2.
    let other = "<body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>";
    let later = format!(
        "{answered}\n20 1 C> <body rid='100002' sid='s1'>{MESSAGE}</body>\n25 1 S> <body/>
         30 1 C> <body rid='100003' sid='s1'>{MESSAGE}</body>\n35 1 S> <body/>"
    );
    for (first, again) in [(answered, other), ("15 1 S> 500", &same), (&*later, &*same)] {
        let found = sent_again(first, again, 2000);
        assert!(found[0].contains("Client: The session ended"), "{found:?}");
    }
    // Another back end.
    let found = sent_again("15 1 S> 200 | Server: other | <body/>", &same, 2000);
    assert!(found[0].contains("another back end"), "{found:?}");
}

#[test]
fn a_response_that_the_client_has_acknowledged_need_not_be_kept() {
    let same = format!("<body rid='100001' sid='s1'>{MESSAGE}</body>");
    let rest = |ack: &str| {
        format!(
            "10 1 C> {same}
             15 1 S> 200 | Server: Cowboy | <body/>
             20 1 C> <body rid='100002' sid='s1' {ack}>{MESSAGE}</body>
             25 1 S> 200 | Server: Cowboy | <body/>
             2000 2 C> {same}
             2001 2 S> 200 | Server: Cowboy | {GONE}"
        )
    };
    let words_of = |script: &str| at_least(Level::Error, script).join("\n");
    let acks = open().replace("rid='100000'", "rid='100000' ack='1'");
    let server = |script: &str| words_of(script).contains("terminated Server");
    assert!(!server(&(acks.clone() + &rest(""))));
    assert!(server(&(acks + &rest("ack='100000'"))));
    assert!(server(&(open() + &rest(""))));
    // So does a pause in between.
    assert!(!server(&(open() + &rest("pause='10'"))));
}

#[test]
fn what_the_server_says_decides_over_the_usual_reasons_of_a_condition() {
    let streams = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
    let error = |inner: &str| {
        format!(
            "condition='remote-stream-error'><error xmlns='http://etherx.jabber.org/streams'>{inner}</error></body>"
        )
    };
    for (answer, expected) in [
        (
            "condition='policy-violation'/>".to_owned(),
            "Error terminated Client: The session ended with policy-violation (in response to rid \
             100001). The client had more requests open",
        ),
        (
            "condition='policy-violation' message='Too many failed authentications'/>".to_owned(),
            "(in response to rid 100001). Logins failed too often, and the server refuses more of them \
             for a while. It says: \"Too many failed authentications\".",
        ),
        (
            "condition='policy-violation'><text>Not on a Sunday</text></body>".to_owned(),
            "(in response to rid 100001). It says: \"Not on a Sunday\".",
        ),
        (
            "condition='bad-request' message='Only POST of Mondays'/>".to_owned(),
            "(in response to rid 100001). It says: \"Only POST of Mondays\".",
        ),
        ("><reason>Kicked by administrator</reason></body>".to_owned(), "It says: \"Kicked by adm"),
        (
            error(&format!("<not-authorized {streams}/><text {streams}>Token expired</text>")),
            "Error terminated Client: The session ended with remote-stream-error (in response to rid \
             100001). Stream error not-authorized: the token has expired: the client has to get a new \
             one before it logs in (\"Token expired\").",
        ),
        // Whose a stream error is, is the same as over WebSocket and TCP.
        (error(&format!("<internal-server-error {streams}/>")), "Error terminated Server: "),
        (error(&format!("<undefined-condition {streams}/>")), "Error terminated Nobody: "),
    ] {
        let script = format!(
            "{}10 1 C> <body rid='100001' sid='s1'/>\n20 1 S> <body type='terminate' {answer}",
            open()
        );
        let found = of_kinds(&["terminated"], Level::Note, &script).join("");
        assert!(found.contains(expected), "{answer}: {found}");
    }
}
