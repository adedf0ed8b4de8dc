use crate::rules::Level;
use crate::rules::playbook::{at_least, names};

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'";
const SPACE: &str = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";

fn websocket(client: &str, server: &str) -> String {
    format!("0 1 websocket\n10 1 C= {OPEN} {client}/>\n20 1 S= {OPEN} {server}/>")
}

fn tcp(client: &str, server: &str) -> String {
    format!("10 1 C~ <stream:stream {SPACE} {client}>\n20 1 S~ <stream:stream {SPACE} {server}>")
}

const CLIENT: &str = "to='a.example' version='1.0'";
const SERVER: &str = "from='a.example' id='5f1c' version='1.0' xml:lang='en'";

#[test]
fn what_is_usual_is_in_order() {
    for carrier in [websocket, tcp] {
        assert_eq!(names(&carrier(CLIENT, SERVER)), [""; 0]);
        // More than is needed, another case, a higher version, a client that says who it is.
        let client = "to='A.example' from='u@a.example' version='1.1' xml:lang='de'";
        let server = format!("{SERVER} to='u@a.example'");
        assert_eq!(names(&carrier(client, &server)), [""; 0]);
    }
}

#[test]
fn what_a_client_leaves_out_or_adds_is_said_once() {
    for carrier in [websocket, tcp] {
        let found = |client: &str| at_least(Level::Warning, &carrier(client, SERVER));
        assert!(found("version='1.0'")[0].contains("stream-header-lacks Client"));
        assert!(found("to='a.example'")[0].contains("no version"));
        assert!(found(&format!("{CLIENT} id='x'"))[0].contains("stream-header-wrong Client"));
        assert!(found("to='u@a.example' version='1.0'")[0].contains("domain of the account"));
        assert!(found("to='a.example:5222' version='1.0'")[0].contains("scheme or a port"));
        assert!(found("to='a.example' version='one'")[0].contains("version='one'"));
        assert_eq!(found("to='[::1]' version='1.0'"), [""; 0]);
    }
}

#[test]
fn what_a_server_leaves_out_or_answers_wrongly_is_said() {
    for carrier in [websocket, tcp] {
        let found = |server: &str| at_least(Level::Note, &carrier(CLIENT, server));
        assert!(found(&SERVER.replace("id='5f1c'", "id=''"))[0].contains("no `id`"));
        assert!(found(&SERVER.replace("from='a.example'", ""))[0].contains("no `from`"));
        assert!(found(&SERVER.replace("xml:lang='en'", ""))[0].contains("Note"));
        assert!(found(&SERVER.replace("1.0", "2.0"))[0].contains("lower of the two"));
        assert!(found(&format!("{SERVER} to='x@a'"))[0].contains("has not said who it is"));
    }
}

#[test]
fn ids_that_repeat_or_count_are_noticed() {
    let stream = |n: u32, id: &str| {
        let server = SERVER.replace("5f1c", id);
        websocket(CLIENT, &server).replace(" 1 ", &format!(" {n} ")) + "\n"
    };
    let different =
        stream(1, "a1b2") + &stream(2, "90c1") + &stream(3, "7712") + &stream(4, "0009");
    assert_eq!(names(&different), [""; 0]);
    assert_eq!(names(&(stream(1, "a1") + &stream(2, "a1"))), ["stream-id-repeated"]);
    let counted = stream(1, "s7") + &stream(2, "s8") + &stream(3, "s10");
    assert_eq!(names(&counted), [""; 0]);
    assert_eq!(names(&(counted + &stream(4, "s11"))), ["stream-id-predictable"]);
}

#[test]
fn streams_of_components_and_of_servers_are_of_another_kind() {
    for kind in ["jabber:component:accept", "jabber:server"] {
        let script =
            tcp("to='a.example'", "from='a.example' id='x'").replace("jabber:client", kind);
        assert_eq!(names(&script), [""; 0]);
    }
}

#[test]
fn a_server_that_answers_as_another_domain_goes_on_with_it() {
    let other = websocket(CLIENT, &SERVER.replace("a.example", "b.example"));
    let features = "30 1 S= <features xmlns='http://etherx.jabber.org/streams'>\
        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></features>";
    let found = at_least(Level::Note, &format!("{other}\n{features}"));
    assert!(found[0].contains("answers as b.example"), "{found:?}");
    // It may not know the domain, and say so next.
    assert_eq!(names(&other), [""; 0]);
}
