use super::super::scripts::{assert_quiet, bound, brief, enabled, found, full, login};

#[test]
fn enable_is_answered() {
    let enable = bound(0, 1) + &full("10 1 C= <enable SM/>\n");
    assert_eq!(
        brief(&found(&(enable.clone() + "60000 tick"))),
        ["10010 Warning sm-enable-unanswered Server"]
    );
    let talks = enable.clone() + &full("20 1 S= <message CLIENT/>\n60000 tick");
    assert_eq!(brief(&found(&talks)), ["10010 Error sm-enable-unanswered Server"]);
    assert_quiet(&(enable.clone() + &full("20 1 S= <enabled SM/>\n60000 tick")));
    assert_quiet(&(enable.clone() + "20 1 C. reset\n60000 tick"));
    let refused = enable + &full("20 1 S= <failed SM><unexpected-request STANZAS/></failed>");
    assert_eq!(brief(&found(&refused)), ["20 Note sm-enable-failed Nobody"]);
}

#[test]
fn enable_comes_after_bind() {
    let early = login(0, 1)
        + &full("10 1 C= <enable SM/>\n20 1 S= <failed SM><unexpected-request STANZAS/></failed>");
    assert_eq!(brief(&found(&early)), ["10 Error sm-enable-early Client"]);
    let bind = "<iq CLIENT type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    let pipelined = login(0, 1)
        + &full(&format!("10 1 C= {bind}\n11 1 C= <enable SM/>\n20 1 S= <enabled SM/>"));
    assert_eq!(brief(&found(&pipelined)), ["11 Note sm-enable-early Client"]);
    // Who joined late cannot know.
    assert_eq!(found(&full("0 1 C~ <enable SM/>\n5 1 S~ <enabled SM/>")), [""; 0]);
}

#[test]
fn enable_comes_once() {
    let twice = enabled()
        + &full("10 1 C= <enable SM/>\n20 1 S= <failed SM><unexpected-request STANZAS/></failed>");
    assert_eq!(brief(&found(&twice)), ["10 Error sm-enable-twice Client"]);
    let again = bound(0, 1)
        + &full(
            "10 1 C= <enable SM resume='true'/>
             20 1 S= <failed SM><internal-server-error STANZAS/></failed>
             30 1 C= <enable SM/>
             40 1 S= <enabled SM/>",
        );
    assert_eq!(brief(&found(&again)), ["20 Note sm-enable-failed Nobody"]);
}

#[test]
fn what_can_be_resumed_has_an_id() {
    let lacks =
        bound(0, 1) + &full("10 1 C= <enable SM resume='1'/>\n20 1 S= <enabled SM resume='1'/>");
    assert_eq!(brief(&found(&lacks)), ["20 Error sm-enabled-lacks Server"]);
}
