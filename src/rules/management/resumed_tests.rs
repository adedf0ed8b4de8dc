use super::super::scripts::{assert_quiet, brief, enabled, found, full, login};

/// The session is resumed at 1000 ms, after this.
fn resumed(before: &str, after: &str) -> String {
    enabled()
        + &full(before)
        + "\n"
        + &login(1000, 2)
        + &full(&format!(
            "1000 2 C= <resume SM previd='x' h='0'/>
             1000 2 S= <resumed SM previd='x' h='0'/>\n{after}"
        ))
}

const CONFLICT: &str = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>\
    <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";

#[test]
fn a_former_connection_is_closed_with_conflict() {
    let open = found(&resumed("", "60000 tick"));
    assert_eq!(brief(&open), ["6000 Warning sm-resume-conflict Server"]);
    let hard = found(&resumed("", "1010 1 S. fin\n60000 tick"));
    assert_eq!(brief(&hard), ["1010 Note sm-resume-conflict Server"]);
    let clean = resumed("", &format!("1010 1 S= {CONFLICT}\n1020 1 S. fin\n60000 tick"));
    assert_eq!(found(&clean), [""; 0]);
    assert_eq!(found(&resumed("", "1010 1 C. fin\n60000 tick")), [""; 0]);
    assert_eq!(found(&resumed("20 1 C. reset", "60000 tick")), [""; 0]);
}

#[test]
fn nothing_is_repeated_and_the_address_stays() {
    let quiet = resumed(
        "20 1 C. reset",
        "1010 2 C= <message CLIENT from='alice@a/w'/>
         1011 2 C= <message CLIENT from='alice@a'/>
         1012 2 C= <presence CLIENT type='unavailable' to='room@a'/>
         9000 2 C= <presence CLIENT><show>away</show></presence>",
    );
    assert_eq!(found(&quiet), [""; 0]);
    assert_quiet(&quiet);
    let lines = found(&resumed(
        "20 1 C. reset",
        "1010 2 C= <presence CLIENT/>
         1011 2 C= <iq CLIENT type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>
         1012 2 C= <message CLIENT from='alice@a/other'/>
         1013 2 C= <message CLIENT from='alice@a/other'/>",
    ));
    assert_eq!(
        brief(&lines),
        ["1010 Note sm-resume-repeats Client", "1012 Error sm-resume-jid Client"]
    );
    // What is due again is no repetition.
    let due = resumed("10 1 C= <presence CLIENT/>\n20 1 C. reset", "1010 2 C= <presence CLIENT/>");
    assert_eq!(found(&due), [""; 0]);
}
