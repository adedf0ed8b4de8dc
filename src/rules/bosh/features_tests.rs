use super::*;
use crate::rules::playbook::{at_least, words};

const CREATE: &str = "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' \
    xmpp:version='1.0'/>";
const GRANT: &str = "sid='s1' wait='60' requests='2' hold='1' ver='1.6' inactivity='60' \
    xmlns:stream='http://etherx.jabber.org/streams'";
const PLAIN: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const STREAM: &str = "xmlns:stream='http://etherx.jabber.org/streams'";
const SASL: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

fn after(script: &str) -> Vec<String> {
    let open = format!("{CREATE}\n5 1 S> <body {GRANT}>{PLAIN}</body>");
    at_least(Level::Warning, &format!("{open}\n{script}"))
}

#[test]
fn late_features_are_a_note_with_the_delay() {
    let script = format!(
        "{CREATE}\n5 1 S> <body {GRANT}/>\n10 1 C> <body rid='100001' sid='s1'/>
         185 1 S> <body {STREAM}>{PLAIN}</body>"
    );
    assert_eq!(
        words("features-late", &script),
        ["The response that created the session had no stream features; they arrived 180 ms \
             later, in response 1 after it."]
    );
    assert_eq!(at_least(Level::Warning, &script), [""; 0]);
}

#[test]
fn auth_before_features_is_a_warning() {
    let script = format!(
        "{CREATE}\n5 1 S> <body {GRANT}/>
         10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='PLAIN'/></body>"
    );
    assert_eq!(words("auth-too-early", &script).len(), 1);
}

#[test]
fn features_that_never_come_are_a_warning() {
    let mut script = format!("{CREATE}\n5 1 S> <body {GRANT}/>");
    for n in 1..=3 {
        let poll = format!("<body rid='10000{n}' sid='s1'/>");
        script.extend([format!("\n{n}0000 1 C> {poll}\n{n}9000 1 S> <body/>")]);
    }
    assert_eq!(words("features-missing", &script).len(), 1);
}

#[test]
fn a_restart_that_does_not_come_is_an_error_and_a_crossing_poll_is_not() {
    let success = format!(
        "10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='PLAIN'/></body>
         20 1 S> <body><success {SASL}/></body>"
    );
    let found = after(&format!("{success}\n2120 1 C> <body rid='100002' sid='s1'/>"));
    assert_eq!(
        found,
        ["2120 Error restart-missing Client: SASL succeeded 2.1 s ago, but the client has not \
          restarted the stream: it sends rid 100002 without xmpp:restart='true'. The server waits \
          for the restart: it answers nothing else, or refuses it."]
    );
    let crossing = format!(
        "{success}\n25 1 C> <body rid='100002' sid='s1'/>
         40 2 C> <body rid='100003' sid='s1' to='a' xmpp:restart='true'/>"
    );
    assert_eq!(after(&crossing), [""; 0]);
}

#[test]
fn a_bind_without_a_restart_is_the_clients_mistake_and_no_iq_without_an_answer() {
    let bind = "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    let restart = "<body rid='100002' sid='s1' to='a' xml:lang='en' xmpp:restart='true'/>";
    for (sent, expected) in [
        (
            format!("25 1 C> <body rid='100002' sid='s1'>{bind}</body>\n40000 tick"),
            "25 Error restart-missing Client: SASL succeeded 5.0 ms ago, but the client has not \
             restarted the stream: it sends <iq/> instead.",
        ),
        (
            "25 1 C> <body rid='100002' sid='s1'/>\n40000 tick".to_owned(),
            "5020 Error restart-missing Client: SASL succeeded 5.0 s ago, but the client has not \
             restarted the stream: it has sent no request with xmpp:restart='true'.",
        ),
        // It is reported that this restart has no prefix, and nothing else.
        (
            format!("25 1 C> {}\n40000 tick", restart.replace("xmpp:", "")),
            "25 Error restart-odd Client: `restart` has no prefix",
        ),
        // The client has left, or ends the session.
        ("25 1 C. fin\n40000 tick".to_owned(), ""),
        ("25 1 C> <body rid='100002' sid='s1' type='terminate'/>\n40000 tick".to_owned(), ""),
        (
            format!(
                "25 1 C> {restart}\n26 1 S> <body {STREAM}><stream:features/></body>
                 30 1 C> <body rid='100003' sid='s1'>{bind}</body>\n40000 tick"
            ),
            "30030 Warning iq-unanswered Server: 1 iq has had no answer for 30.0 s: bind (id b).",
        ),
    ] {
        let found = after(&format!(
            "10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='PLAIN'/></body>
             20 1 S> <body><success {SASL}/></body>\n{sent}"
        ));
        assert_eq!(found.len(), usize::from(!expected.is_empty()), "{sent}: {found:?}");
        assert!(found.join("").starts_with(expected), "{found:?}");
    }
}
