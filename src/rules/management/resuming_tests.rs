use super::super::scripts::{assert_quiet, bound, brief, enabled, found, full, login};

const GONE: &str = "<failed SM><item-not-found STANZAS/></failed>";

/// A session was cut after `cut` ms, and is not resumed after `at` ms.
fn refused(cut: &str, at: u64, failed: &str) -> Vec<String> {
    let script = enabled()
        + &full(cut)
        + "\n"
        + &login(at, 2)
        + &full(&format!("{at} 2 C= <resume SM previd='x' h='0'/>\n{at} 2 S= {failed}"));
    found(&script)
}

#[test]
fn who_is_not_resumed_has_to_bind() {
    let start =
        login(0, 1) + &full(&format!("200 1 C= <resume SM previd='y' h='3'/>\n230 1 S= {GONE}\n"));
    let bare =
        start.clone() + &full("600 1 C= <message CLIENT to='b@a'/>\n700 1 C= <presence CLIENT/>");
    let lines = found(&bare);
    assert_eq!(
        brief(&lines),
        ["230 Note sm-resume-failed Nobody", "600 Error sm-resume-no-bind Client"]
    );
    assert!(lines[1].contains("370 ms before (item-not-found)"), "{lines:?}");
    let bind = "<iq CLIENT type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    assert_quiet(
        &(start.clone() + &full(&format!("300 1 C= {bind}\n301 1 C= <presence CLIENT/>"))),
    );
    // It starts over, or leaves.
    assert_quiet(
        &(start.clone() + "300 1 C= <close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"),
    );
    assert_quiet(
        &(start + &full(&format!("300 1 C= <resume SM previd='z' h='1'/>\n310 1 S= {GONE}"))),
    );
}

#[test]
fn the_age_of_a_cut_is_compared_with_what_was_granted() {
    let late = refused("20 1 C. reset", 720_020, GONE);
    assert_eq!(brief(&late), ["720020 Note sm-resume-failed Nobody"]);
    assert!(
        late[0].contains("ended 12 min before, and the server keeps it for max='600' seconds"),
        "{late:?}"
    );
    let soon = refused("20 1 C. reset", 5020, GONE);
    assert_eq!(brief(&soon), ["5020 Warning sm-resume-failed Server"]);
    assert!(soon[0].contains("5.0 s before, though the server granted max='600'"), "{soon:?}");
}

#[test]
fn a_session_that_was_closed_is_not_resumed() {
    let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    let closed = refused(&format!("10 1 C= {close}\n11 1 S= {close}\n20 1 C. fin"), 5020, GONE);
    assert_eq!(brief(&closed), ["5020 Warning sm-resume-failed Client"]);
    assert!(closed[0].contains("the client had closed its stream"), "{closed:?}");
}

#[test]
fn what_was_not_handled_is_named() {
    let cut = "10 1 C= <message CLIENT id='m1' to='b@a'/>\n11 1 C= <message CLIENT id='m2' to='b@a'/>\n20 1 C. reset";
    let lines = refused(cut, 720_020, "<failed SM h='1'><item-not-found STANZAS/></failed>");
    assert!(lines[1].contains("By its h='1', 1 stanza of the client"), "{lines:?}");
    assert!(lines[1].contains("(message m2 to b@a)"), "{lines:?}");
}

#[test]
fn resume_and_resumed_have_their_attributes() {
    let lines = found(
        &(login(0, 1) + &full("10 1 C= <resume SM previd='y'/>\n20 1 S= <resumed SM h='1'/>")),
    );
    assert_eq!(
        brief(&lines),
        ["10 Error sm-resume-lacks Client", "20 Error sm-resume-lacks Server"]
    );
    let other = login(0, 1)
        + &full("10 1 C= <resume SM previd='y' h='1'/>\n20 1 S= <resumed SM previd='z' h='1'/>");
    assert_eq!(brief(&found(&other)), ["20 Error sm-resume-lacks Server"]);
    let other = login(0, 1) + &full("10 1 C= <resume SM previd='y' h='1'/>\n20 1 S= <failed SM/>");
    assert_eq!(brief(&found(&other)), ["20 Warning sm-resume-failed Server"]);
    // A refused <enable/> is none of this.
    assert_eq!(
        brief(&found(&(bound(0, 1) + &full("1 1 C= <enable SM/>\n2 1 S= <failed SM/>")))),
        ["2 Note sm-enable-failed Nobody"]
    );
}

#[test]
fn resuming_comes_in_place_of_binding() {
    let late = bound(0, 1)
        + &full(
            "10 1 C= <resume SM previd='y' h='1'/>
             20 1 S= <failed SM><unexpected-request STANZAS/></failed>
             30 1 C= <presence CLIENT/>",
        );
    assert_eq!(brief(&found(&late)), ["20 Warning sm-resume-failed Client"]);
}
