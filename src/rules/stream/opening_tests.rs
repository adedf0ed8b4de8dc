use crate::rules::Level;
use crate::rules::playbook::{at_least, names};

const C: &str = "C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";
const FEATURES: &str = "S= <features xmlns='http://etherx.jabber.org/streams'>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
    </features>";
const AUTH: &str = "C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>x</auth>";
const SUCCESS: &str = "S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const BIND: &str = "C= <iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

fn server(id: &str) -> String {
    format!(
        "S= <f:open xmlns:f='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='{id}' version='1.0' \
         xml:lang='en'></f:open>"
    )
}

fn websocket(rest: &str) -> String {
    let open = server("one");
    format!("0 1 websocket\n10 1 {C}\n20 1 {open}\n21 1 {FEATURES}\n{rest}")
}

fn tcp(script: &str) -> String {
    let space =
        "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";
    let (client, server) =
        (format!("C~ <?xml version='1.0'?><stream:stream {space} to='a'>"), |id| {
            format!("S~ <stream:stream {space} from='a' id='{id}' xml:lang='en'>")
        });
    script
        .replace("CLIENT", &client)
        .replace("SERVER1", &server("one"))
        .replace("SERVER2", &server("two"))
        .replace("FEATURES", &FEATURES.replace("S=", "S~"))
        .replace("AUTH", &AUTH.replace("C=", "C~"))
        .replace("SUCCESS", &SUCCESS.replace("S=", "S~"))
}

#[test]
fn a_login_with_its_restart_is_in_order() {
    let two = server("two");
    let features = "S= <features xmlns='http://etherx.jabber.org/streams'/>";
    let script = websocket(&format!(
        "30 1 {AUTH}\n40 1 {SUCCESS}\n50 1 {C}\n60 1 {two}\n61 1 {features}\n70 1 {BIND}\n99000 tick"
    ));
    assert_eq!(names(&script), [""; 0]);
    let script =
        tcp("10 1 CLIENT\n20 1 SERVER1\n21 1 FEATURES\n30 1 AUTH\n40 1 SUCCESS\n50 1 CLIENT\n\
        60 1 SERVER2\n61 1 FEATURES\n99000 tick");
    assert_eq!(at_least(Level::Warning, &script), [""; 0]);
}

#[test]
fn a_restart_that_is_missing_is_said_at_the_next_element_or_when_it_is_due() {
    let begun = format!("30 1 {AUTH}\n40 1 {SUCCESS}\n");
    let bind = at_least(Level::Warning, &websocket(&format!("{begun}50 1 {BIND}\n99000 tick")));
    assert_eq!(
        bind,
        [
            "50 Error restart-missing Client: SASL succeeded 10 ms ago, but the client sends <iq/> and \
             has not opened the stream anew. It has to send another <open/> first; servers refuse \
             anything else here."
        ]
    );
    let waits = at_least(Level::Warning, &websocket(&format!("{begun}99000 tick")));
    assert!(waits[0].starts_with("5040 Error restart-missing Client: SASL succeeded 5.0 s ago"));
    assert_eq!(waits.len(), 1);
    let script =
        tcp("10 1 CLIENT\n20 1 SERVER1\n21 1 FEATURES\n30 1 AUTH\n40 1 SUCCESS\n9000 tick");
    assert!(names(&script).contains(&"restart-missing"));
    // A client that only checks a password leaves.
    let close = "C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    for end in [format!("50 1 {close}\n60 1 C. fin"), "60 1 C. fin".to_owned()] {
        assert!(!names(&websocket(&(begun.clone() + &end))).contains(&"restart-missing"));
    }
}

#[test]
fn sasl2_needs_no_restart_and_a_client_may_open_ahead_of_success() {
    let sasl2 = "xmlns='urn:xmpp:sasl:2'";
    let script = websocket(&format!(
        "30 1 C= <authenticate {sasl2} mechanism='PLAIN'><user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/></authenticate>\n40 1 S= <success {sasl2}>\
         <authorization-identifier>u@a</authorization-identifier></success>\n41 1 {FEATURES}\n\
         50 1 {BIND}\n99000 tick"
    ));
    assert_eq!(names(&script), [""; 0]);
    let two = server("two");
    let script = websocket(&format!(
        "30 1 {AUTH}\n31 1 {C}\n40 1 {SUCCESS}\n41 1 {two}\n42 1 {FEATURES}\n50 1 {BIND}\n99000 tick"
    ));
    assert_eq!(names(&script), [""; 0]);
}

#[test]
fn a_restart_needs_no_close() {
    let close = "C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    let script = websocket(&format!("30 1 {AUTH}\n40 1 {SUCCESS}\n50 1 {close}\n51 1 {C}"));
    assert_eq!(names(&script), ["restart-by-close"]);
}

#[test]
fn the_first_word_is_the_clients_open() {
    let stanza = "C= <presence xmlns='jabber:client'/>";
    let found = names(&format!("0 1 websocket\n10 1 {stanza}\n20 1 {stanza}"));
    assert_eq!(found, ["stream-not-opened"]);
    let open = server("one");
    let found = at_least(Level::Warning, &format!("0 1 websocket\n10 1 {open}\n20 1 {C}"));
    assert!(found[0].contains("stream-not-opened Server"), "{found:?}");
    // What is no XML is answered by an error, and that by a header before it.
    let answered = at_least(Level::Warning, &format!("0 1 websocket\n10 1 C= <\n20 1 {open}"));
    assert!(answered.iter().all(|line| !line.contains("Server")), "{answered:?}");
    // Whoever joins late sees the middle.
    assert_eq!(names(&format!("10 1 {stanza}\n20 1 {FEATURES}\n99000 tick")), [""; 0]);
}

#[test]
fn an_answer_that_does_not_come_is_missed_in_time() {
    let found = at_least(Level::Warning, &format!("0 1 websocket\n10 1 {C}\n99000 tick"));
    assert!(found[0].starts_with("5010 Error stream-unanswered Server"), "{found:?}");
    let found = names(&format!("0 1 websocket\n10 1 {C}\n20 1 {FEATURES}\n99000 tick"));
    assert_eq!(found, ["stream-not-opened"]);
    let found = names(&tcp("10 1 CLIENT\n2000 1 S. fin"));
    assert_eq!(found, ["stream-unanswered"]);
    // A refusal is an answer.
    let close =
        "S= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://b/ws'/>";
    let answer = "21 1 C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n22 1 C= close\n\
        23 1 S= close\n24 1 S. fin";
    let found = names(&format!("0 1 websocket\n10 1 {C}\n20 1 {close}\n{answer}\n99000 tick"));
    assert_eq!(found, ["ws-see-other-uri"]);
    // What was not seen may have been the answer.
    assert_eq!(
        names(&format!("0 1 websocket\n10 1 {C}\n20 1 !lost 3\n99000 tick")),
        ["unobserved"]
    );
}

#[test]
fn features_that_do_not_come_are_missed_in_time() {
    let open = server("one");
    let script = format!("0 1 websocket\n10 1 {C}\n20 1 {open}\n99000 tick");
    assert_eq!(names(&script), ["features-missing"]);
    let old = script.replace(" version='1.0'", "");
    assert!(!names(&old).contains(&"features-missing"));
    let found = names(&tcp("10 1 CLIENT\n20 1 SERVER1\n99000 tick"));
    assert_eq!(found, ["features-missing"]);
}

#[test]
fn a_server_without_a_version_has_no_features() {
    let open = server("one").replace(" version='1.0'", "");
    let script = format!("0 1 websocket\n10 1 {C}\n20 1 {open}\n99000 tick");
    assert!(!names(&script).contains(&"features-missing"));
}

#[test]
fn one_connection_carries_one_stream() {
    assert_eq!(names(&websocket(&format!("30 1 {C}"))), ["stream-multiplexed"]);
}
