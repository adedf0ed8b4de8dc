//! Which iqs had no answer, and who has to give it.

use crate::rules::Level;
use crate::rules::playbook::{at_least, of_kinds, open, websocket, websocket_login};

fn iq(id: &str, to: &str, inner: &str) -> String {
    format!("<iq xmlns='jabber:client' type='get' id='{id}'{to}>{inner}</iq>")
}

const ROSTER: &str = "<query xmlns='jabber:iq:roster'/>";
const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

#[test]
fn iqs_without_an_answer_are_listed() {
    let two = iq("1", "", ROSTER) + &iq("2", " to='a'", PING);
    let result = "<iq xmlns='jabber:client' type='result' id='1'/>";
    let held = "30 1 C> <body rid='100002' sid='s1'/>\n31000 tick";
    for (sent, answer, after, expected) in [
        (
            &*two,
            "",
            held,
            "2 iqs have had no answer for 30.0 s: roster (id 1) and ping to a (id 2)",
        ),
        (&two, result, held, "1 iq has had no answer for 30.0 s: ping to a (id 2)"),
        (
            &two,
            "<iq xmlns='jabber:client' type='error' id='2'/>",
            held,
            "1 iq has had no answer for 30.0 s: roster (id 1)",
        ),
        (&*iq("1", "", ROSTER), result, held, ""),
        // The client has left, or the session is over.
        (&two, "", "30 1 C. fin\n31000 tick", ""),
        (
            &two,
            "",
            "30 1 C> <body rid='100002' sid='s1' type='terminate'/>\n40 1 S> <body type='terminate'/>\n31000 tick",
            "",
        ),
    ] {
        let script = format!(
            "{}10 1 C> <body rid='100001' sid='s1'>{sent}</body>\n20 1 S> <body>{answer}</body>\n{after}",
            open()
        );
        let found = of_kinds(&["iq-"], Level::Note, &script);
        assert_eq!(found.is_empty(), expected.is_empty(), "{script}: {found:?}");
        assert!(found.join("").contains(expected), "{found:?}");
    }
}

#[test]
fn what_is_not_taken_for_an_iq_gets_no_answer() {
    let foreign = format!("<iq type='get' id='1'>{ROSTER}</iq>");
    let (own, held) = (iq("2", "", PING), "30 1 C> <body rid='100002' sid='s1'/>\n31000 tick");
    let script = format!(
        "{}10 1 C> <body rid='100001' sid='s1'>{foreign}{own}</body>\n20 1 S> <body/>\n{held}",
        open()
    );
    let found = of_kinds(&["iq-"], Level::Note, &script);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("Warning iq-unanswered Server: 1 iq has had no answer for 30.0 s: ping")
    );
    let why = "Note iq-unanswered Client: 1 iq has had no answer for 30.0 s: roster (id 1). Not being in jabber:client";
    assert!(found[1].contains(why), "{found:?}");
}

#[test]
fn whoever_has_to_answer_is_named() {
    for (line, other, party) in [
        (format!("C= {}", iq("7", "", ROSTER)), "S= ", "Warning iq-unanswered Server"),
        (format!("C= {}", iq("7", " to='a'", PING)), "S= ", "Warning iq-unanswered Server"),
        (format!("C= {}", iq("7", " to='bob@b/x'", PING)), "S= ", "Warning iq-unanswered Nobody"),
        (format!("S= {}", iq("7", "", PING)), "C= ", "Warning iq-unanswered Client"),
    ] {
        let said =
            format!("{other}<message xmlns='jabber:client' to='bob@b'><body>hi</body></message>");
        let script = format!("{}100 1 {line}\n200 1 {said}\n31000 tick", websocket_login(0, 1));
        let found = of_kinds(&["iq-"], Level::Note, &script);
        assert!(found.len() == 1 && found[0].contains(party), "{line}: {found:?}");
        // A side that says nothing at all has another problem.
        let silent = format!("{}100 1 {line}\n31000 tick", websocket_login(0, 1));
        assert_eq!(of_kinds(&["iq-"], Level::Note, &silent), [""; 0]);
    }
    assert_eq!(at_least(Level::Warning, &websocket_login(0, 1)), [""; 0]);
}

#[test]
fn what_is_asked_without_a_restart_needs_no_answer() {
    let bind = "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    for (namespace, parts, is_missing) in [
        ("urn:ietf:params:xml:ns:xmpp-sasl", ["<auth mechanism='PLAIN'", "<success"], true),
        ("urn:xmpp:sasl:2", ["<authenticate mechanism='PLAIN'", "<success"], false),
    ] {
        let [auth, success] = parts.map(|part| format!("{part} xmlns='{namespace}'/>"));
        let script = format!(
            "{}10 1 C= {auth}\n20 1 S= {success}\n30 1 C= {bind}\n50 1 S= <presence xmlns='jabber:client'/>\n40000 tick",
            websocket(0, 1)
        );
        let found = of_kinds(&["iq-un", "restart-"], Level::Note, &script);
        let expected =
            if is_missing { "Error restart-missing Client" } else { "iq-unanswered Server" };
        assert!(found.len() == 1 && found[0].contains(expected), "{namespace}: {found:?}");
    }
}
