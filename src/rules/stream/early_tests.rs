use crate::rules::playbook::names;

const BEGUN: &str = "0 1 websocket
    10 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
    20 1 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='one' version='1.0' xml:lang='en'/>
    21 1 S= <features xmlns='http://etherx.jabber.org/streams'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></features>\n";
const LOGIN: &str = "30 1 C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>x</auth>
    40 1 S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>
    50 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
    60 1 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='two' version='1.0' xml:lang='en'/>
    61 1 S= <features xmlns='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></features>\n";
const BIND: &str = "70 1 C= <iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>\n";
const MESSAGE: &str = "80 1 C= <message xmlns='jabber:client' to='b@a'/>";

#[test]
fn stanzas_come_after_the_login_and_after_the_bind() {
    assert_eq!(names(&format!("{BEGUN}{MESSAGE}")), ["stanza-too-early"]);
    assert_eq!(names(&format!("{BEGUN}{LOGIN}{MESSAGE}")), ["stanza-too-early"]);
    // A client need not wait for the result.
    assert_eq!(names(&format!("{BEGUN}{LOGIN}{BIND}{MESSAGE}")), [""; 0]);
}

#[test]
fn what_the_server_asks_before_the_login_is_answered() {
    for kind in ["result", "error"] {
        let answer = format!(
            "20 1 S= <iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>
             30 1 C= <iq xmlns='jabber:client' type='{kind}' id='p' to='a'><error/></iq>"
        );
        assert_eq!(names(&format!("{BEGUN}{answer}")), [""; 0]);
    }
}

#[test]
fn registration_and_the_old_login_come_before() {
    for namespace in ["jabber:iq:register", "jabber:iq:auth"] {
        let iq = format!(
            "30 1 C= <iq xmlns='jabber:client' type='set' id='1'><query xmlns='{namespace}'/></iq>\n"
        );
        assert_eq!(names(&format!("{BEGUN}{iq}")), [""; 0]);
    }
    let old =
        "30 1 C= <iq xmlns='jabber:client' type='set' id='1'><query xmlns='jabber:iq:auth'/></iq>
        40 1 S= <iq xmlns='jabber:client' type='result' id='1'/>\n";
    assert_eq!(names(&format!("{BEGUN}{old}{MESSAGE}")), [""; 0]);
}

#[test]
fn a_resumption_needs_no_bind_and_its_refusal_is_told_elsewhere() {
    let resume = "70 1 C= <resume xmlns='urn:xmpp:sm:3' previd='p' h='0'/>\n";
    let resumed = "71 1 S= <resumed xmlns='urn:xmpp:sm:3' previd='p' h='0'/>\n";
    let failed = "71 1 S= <failed xmlns='urn:xmpp:sm:3'/>\n";
    for answer in [resumed, "", failed] {
        let found = names(&format!("{BEGUN}{LOGIN}{resume}{answer}{MESSAGE}"));
        assert!(!found.contains(&"stanza-too-early"), "{answer}");
    }
}

#[test]
fn what_was_not_seen_is_not_judged() {
    let lost = "25 1 !lost 2\n";
    assert_eq!(names(&format!("{BEGUN}{lost}{MESSAGE}")), ["unobserved"]);
    assert_eq!(names(MESSAGE), [""; 0]);
}
