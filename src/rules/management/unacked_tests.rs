use super::super::scripts::{after, bound, brief, found, full};

#[test]
fn messages_that_were_not_acknowledged_are_named_when_the_connection_ends() {
    let lines = after(
        "10 1 C= <message CLIENT id='m1' to='bob@a'/>
         20 1 S= <a SM h='1'/>
         30 1 C= <message CLIENT id='m2' to='bob@a'/>
         31 1 C= <presence CLIENT/>
         230 1 S. reset",
    );
    assert_eq!(brief(&lines), ["230 Note sm-unacked Nobody"]);
    assert!(
        lines[0].contains("2 stanzas of the client (message m2 to bob@a, 200 ms before)"),
        "{lines:?}"
    );
    assert!(lines[0].contains("within 600 s"), "{lines:?}");
    let lost = bound(0, 1)
        + &full(
            "1 1 C= <enable SM/>
             2 1 S= <enabled SM/>
             10 1 C= <message CLIENT id='m1' to='bob@a'/>
             20 1 S= close 1001
             30 1 S. fin",
        );
    assert_eq!(brief(&found(&lost)), ["30 Warning sm-unacked Nobody"]);
}

#[test]
fn nothing_is_said_of_what_nobody_waits_for() {
    assert_eq!(after("10 1 C= <presence CLIENT/>\n20 1 C. reset"), [""; 0]);
    let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    assert_eq!(after(&format!("10 1 C= <message CLIENT/>\n11 1 C= {close}\n20 1 C. fin")), [""; 0]);
    assert_eq!(after("10 1 C= <message CLIENT/>\n11 1 S= <a SM h='1'/>\n20 1 C. reset"), [""; 0]);
    assert_eq!(after("10 1 C= <message CLIENT/>\n20 1 C. stopped"), [""; 0]);
}
