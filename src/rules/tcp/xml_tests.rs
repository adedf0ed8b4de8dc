use crate::rules::Level;
use crate::rules::playbook::{at_least, names};

const SPACE: &str = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";

fn begun() -> String {
    format!(
        "0 1 C~ <?xml version='1.0'?><stream:stream {SPACE} version='1.0' to='a'>
         1 1 S~ <stream:stream {SPACE} version='1.0' from='a' id='one' xml:lang='en'>
         2 1 S~ <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>\n"
    )
}

fn found(rest: &str) -> Vec<String> {
    at_least(Level::Warning, &(begun() + rest))
}

#[test]
fn what_xmpp_forbids_is_named() {
    for (content, what) in [
        ("<!-- x -->", "a comment"),
        ("<?php x?>", "a processing instruction"),
        ("<!DOCTYPE a>", "a document type declaration"),
        ("<iq>&nbsp;</iq>", "entity `&nbsp;`"),
        ("<iq><!-- x --></iq>", "a comment"),
    ] {
        let found = found(&format!("10 1 C~ {content}"));
        assert!(found[0].contains("xml-malformed Client") && found[0].contains(what), "{found:?}");
        assert_eq!(found.len(), 1);
    }
    assert!(found("10 1 C~ <iq><a></iq></iq>")[0].contains("not well-formed"));
}

#[test]
fn what_is_allowed_is_not() {
    for content in ["<iq type='get' id='1'>&lt;<![CDATA[<!-- -->]]></iq>", " ", "<stream:error/>"] {
        let found = found(&format!("10 1 S~ {content}"));
        assert!(!found.iter().any(|line| line.contains("xml-")), "{found:?}");
    }
    // Behind <proceed/> TLS begins.
    let tls = "10 1 S~ <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n20 1 C~ <!-- -->";
    assert!(!names(&(begun() + tls)).contains(&"xml-malformed"));
}

#[test]
fn namespaces_are_those_of_a_stream() {
    assert!(found("10 1 C~ <iq xmlns='jabber:server'/>")[0].contains("stanza-namespace Client"));
    assert!(
        found("10 1 S~ <c:message xmlns:c='jabber:client'/>")[0].contains("stanza-prefix Server")
    );
    assert_eq!(
        found(
            "10 1 S~ <x:message xmlns:x='jabber:client'/>\n11 1 S~ <x:presence xmlns:x='jabber:client'/>"
        )
        .len(),
        1
    );
    let header =
        |space: &str| names(&format!("0 1 C~ <stream:stream {space} version='1.0' to='a'>"));
    assert_eq!(header("xmlns='jabber:client' xmlns:stream='urn:x'"), ["stream-header-namespace"]);
    let nope = "xmlns='jabber:nope' xmlns:stream='http://etherx.jabber.org/streams'";
    assert_eq!(header(nope), ["stream-header-namespace"]);
    // Streams of servers and components are streams of another kind.
    for kind in ["jabber:server", "jabber:component:accept"] {
        assert_eq!(header(&nope.replace("jabber:nope", kind)), [""; 0]);
    }
}

#[test]
fn features_have_namespaces_of_their_own() {
    let features = |inner: &str| {
        let script = begun().replace("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>", inner);
        names(&script)
    };
    for inner in ["<register/>", "<a xmlns=''/>", "<stream:session/>"] {
        assert!(features(inner).contains(&"feature-namespace"), "{inner}");
    }
    for inner in [
        "",
        "<a xmlns='urn:a'/>",
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><iq xmlns='jabber:client'/></bind>",
    ] {
        assert!(!features(inner).contains(&"feature-namespace"), "{inner}");
    }
}
