//! What requests have that they should not.

use crate::rules::Level;
use crate::rules::playbook::{of_kinds, open, open_with};

const KINDS: [&str; 7] = [
    "attribute-unknown",
    "attribute-misplaced",
    "terms-late",
    "route-",
    "version-",
    "restart-odd",
    "stream-not-offered",
];

fn judged(creation: &str, later: &str) -> String {
    let features = "<features xmlns='http://etherx.jabber.org/streams'/>";
    let script = format!(
        "0 1 C> <body rid='100000' to='a' wait='60' hold='1' xml:lang='en' {creation}/>
         5 1 S> <body sid='s1' wait='60' requests='2' hold='1' ver='1.6' inactivity='60'>{features}</body>
         10 1 C> <body rid='100001' sid='s1' {later}
         20 1 S> <body/>
         30 1 C> <body rid='100002' sid='s1' {later}"
    );
    of_kinds(&KINDS, Level::Note, &script).join("\n")
}

#[test]
fn a_creation_has_its_attributes_and_a_later_request_has_others() {
    let usual = "ver='1.6' xmpp:version='1.0'";
    for (creation, later, expected) in [
        (usual, "/>", ""),
        ("ver='1.11' xmpp:version='1.0' route='xmpp:a:5222' ack='1' from='alice@a'", "/>", ""),
        (usual, "xmlns:x='urn:x' x:more='1'/>", ""),
        (
            usual,
            "wait='60' hold='1' ver='1.6'/>",
            "10 Warning terms-late Client: The request has ver, wait and hold",
        ),
        (usual, "to='a'/>", "10 Warning terms-late Client: The request has to"),
        (usual, "xml:lang='de'/>", "10 Note terms-late Client: The request has xml:lang"),
        (
            usual,
            "mood='fine'/>",
            "10 Warning attribute-unknown Client: BOSH does not define the attribute mood",
        ),
        ("ver='1.6' secure='true'", "/>", "0 Note attribute-unknown Client: `secure` was dropped"),
        ("ver='1.6' version='1.0'", "/>", "0 Error restart-odd Client: `version` has no prefix"),
        (usual, "restart='true'/>", "10 Error restart-odd Client: `restart` has no prefix"),
        (
            usual,
            "inactivity='600'/>",
            "10 Note attribute-misplaced Client: The request has inactivity",
        ),
        (
            usual,
            "condition='bad-request'/>",
            "10 Note attribute-misplaced Client: The request has a condition",
        ),
        (usual, "stream='two'/>", "10 Error stream-not-offered Client: The request names a stream"),
        (
            "ver='1.6' route='a:5222'",
            "/>",
            "0 Error route-malformed Client: route='a:5222' is not PROTOCOL:HOST:PORT",
        ),
        ("ver='1.6' route='xmpp://a:5222'", "/>", "0 Error route-malformed Client: "),
        ("ver='1'", "/>", "0 Error version-malformed Client: ver='1' is not MAJOR.MINOR"),
        ("ver='1.6' xmpp:version='1'", "/>", "0 Error version-malformed Client: xmpp:version='1'"),
    ] {
        let found = judged(creation, later);
        assert_eq!(found.is_empty(), expected.is_empty(), "{creation} {later}: {found}");
        assert!(found.starts_with(expected), "{creation} {later}: {found}");
        assert!(found.lines().count() <= 1, "once: {found}");
    }
}

#[test]
fn a_restart_is_empty_and_names_the_domain() {
    let again = "20 Warning restart-odd";
    for (later, expected) in [
        (
            "to='a' xml:lang='en' xmpp:restart='yes'/>",
            "10 Error restart-odd Client: xmpp:restart='yes'",
        ),
        (
            "to='a' xml:lang='en' xmpp:restart='true'><a xmlns='b'/></body>",
            "10 Warning restart-odd Client: The request restarts the stream and has stanzas",
        ),
        (
            "xml:lang='en' xmpp:restart='true'/>",
            "10 Warning restart-odd Client: The restart lacks `to`",
        ),
        ("to='a' xmpp:restart='1'/>", "10 Note restart-odd Client: The restart lacks xml:lang"),
    ] {
        let found = judged("ver='1.6'", later);
        assert!(found.starts_with(expected), "{later}: {found}");
        assert!(!found.contains(again));
    }
}

#[test]
fn a_restart_is_due_once_after_each_login() {
    let restart = |at: u64, rid: u64| {
        format!(
            "{at} 1 C> <body rid='{rid}' sid='s1' to='a' xml:lang='en' xmpp:restart='true'/>\n{at} 1 S> {}\n",
            "<body><features xmlns='http://etherx.jabber.org/streams'/></body>"
        )
    };
    let login = |answer: &str| {
        format!(
            "10 1 C> <body rid='100001' sid='s1'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>\n15 1 S> {answer}\n"
        )
    };
    let success = login("<body><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>");
    for (script, expected) in [
        (success.clone() + &restart(20, 100_002), ""),
        // It is sent again.
        (success.clone() + &restart(20, 100_002) + &restart(30, 100_002), ""),
        (
            success.clone() + &restart(20, 100_002) + &restart(30, 100_003),
            "30 Warning restart-odd Client: The client restarts the stream a second time: a restart",
        ),
        (
            restart(10, 100_001),
            "10 Warning restart-odd Client: The client restarts the stream before it has logged in: a",
        ),
        // The success may have been in what was not seen or cannot be read.
        ("7 1 !lost 3\n".to_owned() + &restart(10, 100_001), ""),
        (login("200 | coding: gzip | undecoded: cut | x") + &restart(20, 100_002), ""),
    ] {
        let found = of_kinds(&["restart-odd"], Level::Note, &(open() + &script)).join("\n");
        assert_eq!(found.is_empty(), expected.is_empty(), "{script}: {found}");
        assert!(found.starts_with(expected), "{script}: {found}");
    }
}

#[test]
fn a_stream_is_one_that_the_server_has_named() {
    let granted = "wait='60' requests='2' hold='1' inactivity='60' stream='one'";
    for (stream, added, expected) in [
        ("one", "", ""),
        ("two", " stream='two'", ""),
        (
            "two",
            "",
            "Error stream-not-offered Client: The request names the stream 'two', which no response \
             has named: the streams of this session are one. Expect item-not-found.",
        ),
    ] {
        let script = format!(
            "{}10 1 C> <body rid='100001' sid='s1'/>\n15 1 S> <body{added}/>
             20 1 C> <body rid='100002' sid='s1' stream='{stream}'><a xmlns='b'/></body>
             30 1 S> <body type='terminate' condition='item-not-found'/>",
            open_with(granted)
        );
        let found = of_kinds(&["stream-", "terminated"], Level::Warning, &script).join("\n");
        assert!(found.contains(expected), "{stream}: {found}");
        // The end follows from it.
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}
