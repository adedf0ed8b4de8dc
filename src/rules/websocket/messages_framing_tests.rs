use crate::rules::Level;
use crate::rules::playbook::at_least;

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";
const STREAM: &str = "<stream:stream to='a' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

fn error(condition: &str, text: &str) -> String {
    format!(
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><{condition} \
         xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xml:lang='en' \
         xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{text}</text></stream:error>"
    )
}

/// The findings of these two kinds.
fn found(script: &str) -> Vec<String> {
    let script = script.replace("OPEN", OPEN).replace("STREAM", STREAM).replace("SUCCESS", SUCCESS);
    let all = at_least(Level::Note, &format!("0 1 websocket\n{script}"));
    all.into_iter()
        .filter(|line| line.contains("ws-old-framing") || line.contains("ws-xml-declaration"))
        .collect()
}

#[test]
fn who_speaks_which_framing_is_one_finding() {
    for (script, expected) in [
        (
            "1 1 C= STREAM\n9 1 S= STREAM\n10 1 S= <stream:features/>\n11 1 C= STREAM\n12 1 S= STREAM",
            "9 Error ws-old-framing Client: The client opens the stream with <stream:stream>, the framing from before \
          RFC 7395, and the server answers in kind.",
        ),
        (
            "1 1 C= OPEN\n9 1 S= STREAM",
            "9 Error ws-old-framing Server: The client opens the stream with <open/>",
        ),
        ("1 1 C= STREAM\n9 1 S= OPEN", "9 Error ws-old-framing Client"),
        ("1 1 C= STREAM\n9 1 S= close 1002\n10 1 S. fin", "9 Error ws-old-framing Client"),
        ("1 1 C= STREAM\n9 1 S. fin", "9 Error ws-old-framing Client"),
        ("1 1 C= STREAM\n20000 tick", "10001 Error ws-old-framing Client"),
        ("1 1 C= <stream:stream to='a'>\n20000 tick", "10001 Error ws-old-framing Client"),
    ] {
        let found = found(script);
        assert_eq!(found.len(), 1, "{script}: {found:#?}");
        assert!(found[0].starts_with(expected), "{script}: {found:?}");
    }
    let refused = format!("1 1 C= STREAM\n9 1 S= {}", error("invalid-namespace", "no"));
    let found = found(&refused);
    assert!(found[0].contains("answers with the stream error invalid-namespace"), "{found:?}");
}

#[test]
fn the_framing_of_rfc_7395_and_what_was_not_seen_yield_nothing() {
    for script in [
        "1 1 C= OPEN\n9 1 S= OPEN\n10 1 C= OPEN\n11 1 S= OPEN",
        "1 1 C= STREAM\n9 1 C. fin",
        "1 1 C= STREAM\n5 1 !lost 2\n20000 tick",
        "1 1 C= <f:open xmlns:f='urn:ietf:params:xml:ns:xmpp-framing'/>\n2 1 S= OPEN",
    ] {
        assert_eq!(found(script), [""; 0], "{script}");
    }
}

#[test]
fn in_the_old_framing_a_message_does_not_stand_by_itself() {
    let script = format!(
        "0 1 websocket\n1 1 C= {STREAM}\n2 1 S= {STREAM}\n3 1 S= <stream:features/>\n4 1 S= <message/>\n\
         5 1 C= <presence/>\n6 1 C= text | ␠\n7 1 C= </stream:stream>\n8 1 S= </stream:stream>\n9 1 S. fin"
    );
    let found = at_least(Level::Note, &script);
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_declaration_that_is_refused_is_the_cause() {
    let not_well_formed =
        error("not-well-formed", "XML or text declaration not at start of entity");
    let restart = format!(
        "1 1 C= STREAM\n2 1 S= STREAM\n3 1 S= SUCCESS\n4 1 C= <?xml version='1.0'?>STREAM\n84 1 S= {not_well_formed}"
    );
    let all = found(&restart);
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(
        all[1].starts_with(
            "84 Error ws-xml-declaration Client: The server refuses the client's restart of the stream, which began \
             with an XML declaration 80 ms before: not-well-formed (\"XML or text declaration not at start of entity\")"
        ),
        "{all:?}"
    );
    // The server opens its stream before it refuses the client's.
    let open = format!(
        "1 1 C= <?xml version='1.0'?>OPEN\n9 1 S= OPEN\n9 1 S= {}",
        error("bad-format", "")
    );
    let found = found(&open);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("the client's opening of the stream, which began"), "{found:?}");
}

#[test]
fn a_declaration_that_is_accepted_is_a_note_and_another_error_has_another_cause() {
    let accepted = found(
        "1 1 C= <?xml version='1.0'?>OPEN\n8 1 S= OPEN\n9 1 S= <?xml version='1.0'?>SUCCESS\n10 1 C= <a xmlns='b'/>",
    );
    assert_eq!(accepted.len(), 2, "{accepted:?}");
    assert!(accepted[0].starts_with("9 Note ws-xml-declaration Client"), "{accepted:?}");
    assert!(accepted[1].starts_with("10 Note ws-xml-declaration Server"), "{accepted:?}");
    // Features follow the open element of a restart before the client says something.
    let restart = found(
        "1 1 C= OPEN\n2 1 S= OPEN\n3 1 S= SUCCESS\n4 1 C= OPEN\n5 1 S= <?xml version='1.0'?>OPEN\n\
         6 1 S= <features xmlns='http://etherx.jabber.org/streams'/>\n7 1 C= <a xmlns='b'/>",
    );
    assert_eq!(restart.len(), 1, "{restart:?}");
    assert!(restart[0].starts_with("7 Note ws-xml-declaration Server"), "{restart:?}");
    // What came after it is the likelier cause of an error.
    let later = format!(
        "1 1 C= <?xml version='1.0'?>OPEN\n2 1 C= <a xmlns='b'/>\n9 1 S= {}",
        error("bad-format", "")
    );
    assert_eq!(found(&later), [""; 0]);
    for condition in ["host-unknown", "conflict", "system-shutdown"] {
        let other = format!("1 1 C= <?xml version='1.0'?>OPEN\n9 1 S= {}", error(condition, ""));
        assert_eq!(found(&other), [""; 0], "{condition}");
    }
}
