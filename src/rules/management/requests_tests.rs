use super::super::scripts::{after, brief};

#[test]
fn a_request_is_unanswered_although_others_come() {
    let lines = after(
        "10 1 C= <message CLIENT id='m1'/>
         20 1 C= <r SM/>
         5000 1 S= <message CLIENT id='s1'/>
         60000 tick",
    );
    assert_eq!(brief(&lines), ["10020 Warning sm-request-unanswered Server"]);
    assert!(lines[0].contains("has sent 1 element since"), "{lines:?}");
    assert!(lines[0].ends_with(" Not acknowledged: 1 stanza of the client."), "{lines:?}");
}

#[test]
fn a_dead_connection_is_said_when_it_is_due_and_how_much_was_sent_into_it() {
    let lines = after(
        "10 1 S= <message CLIENT id='s1'/>
         20 1 S= <r SM/>
         9000 1 S= <message CLIENT id='s2'/>
         90000 tick",
    );
    assert_eq!(brief(&lines), ["30020 Warning sm-request-unanswered Nobody"]);
    assert!(lines[0].contains("2 stanzas of the server"), "{lines:?}");
}

#[test]
fn a_page_whose_browser_answers_pings_is_named() {
    let lines = after(
        "10 1 S= <message CLIENT id='s1'/>
         20 1 S= <r SM/>
         9000 1 S= ping
         9010 1 C= pong
         90000 tick",
    );
    assert_eq!(brief(&lines), ["30020 Warning sm-request-unanswered Client"]);
}

#[test]
fn nobody_answers_on_a_connection_that_ends() {
    for end in [
        "30 1 C= close 1000",
        "30 1 C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
        "30 1 S. fin",
    ] {
        assert_eq!(after(&format!("20 1 S= <r SM/>\n{end}\n90000 tick")), [""; 0], "{end}");
    }
    assert_eq!(after("20 1 S= <r SM/>\n9000 1 C= <a SM h='0'/>\n90000 tick"), [""; 0]);
    assert_eq!(after("20 1 S= <r SM/>\n30 1 !lost 3\n90000 tick"), [""; 0]);
}

#[test]
fn an_acknowledgement_has_a_number() {
    for a in ["<a SM/>", "<a SM h=''/>", "<a SM h='-1'/>", "<a SM h='4294967296'/>"] {
        let lines = after(&format!("20 1 S= {a}\n21 1 S= {a}"));
        assert_eq!(brief(&lines), ["20 Error sm-ack-malformed Server"], "{a}");
    }
}
