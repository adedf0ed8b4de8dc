//! What requests have that they should not.

use crate::rules::Level;
use crate::rules::playbook::of_kinds;

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
fn a_restart_is_empty_names_the_domain_and_comes_once() {
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
        (
            "to='a' xml:lang='en' xmpp:restart='true'/>",
            "30 Warning restart-odd Client: The client restarts the stream a second time",
        ),
    ] {
        let found = judged("ver='1.6'", later);
        assert!(found.starts_with(expected), "{later}: {found}");
        assert!(!found.contains(again));
    }
}
