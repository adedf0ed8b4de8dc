use super::super::scripts::{brief, found, full};

/// A login of this kind, with its outcome.
fn login(authenticate: &str, success: &str) -> Vec<String> {
    let inline = "<inline><bind BIND2/><sm SM/></inline>";
    offered(inline, authenticate, success)
}

fn offered(inline: &str, authenticate: &str, success: &str) -> Vec<String> {
    found(&full(&format!(
        "0 1 websocket
         0 1 S= <features xmlns='http://etherx.jabber.org/streams'><authentication SASL2><mechanism>PLAIN</mechanism>{inline}</authentication></features>
         10 1 C= <authenticate SASL2><user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/>{authenticate}</authenticate>
         20 1 S= <success SASL2>{success}</success>"
    )))
}

const JID: &str = "<authorization-identifier>alice@a/w</authorization-identifier>";

#[test]
fn what_is_inlined_is_answered() {
    let bind = "<bind BIND2><enable SM/></bind>";
    let enabled = format!("{JID}<bound BIND2><enabled SM id='x'/></bound>");
    assert_eq!(login(bind, &enabled), [""; 0]);
    assert_eq!(login("<bind BIND2/>", &format!("{JID}<bound BIND2/>")), [""; 0]);
    for success in [
        JID.to_owned(),
        format!("{JID}<bound BIND2/>"),
        format!(
            "<authorization-identifier>alice@a</authorization-identifier>{}",
            "<bound BIND2><enabled SM id='x'/></bound>"
        ),
    ] {
        assert_eq!(brief(&login(bind, &success)), ["20 Error bind2-lacks Server"], "{success}");
    }
    assert_eq!(brief(&offered("", "<bind BIND2/>", JID)), ["20 Warning bind2-lacks Client"]);
}

#[test]
fn a_resumption_comes_first() {
    let both = "<bind BIND2/><resume SM previd='x' h='3'/>";
    assert_eq!(login(both, "<resumed SM previd='x' h='2'/>"), [""; 0]);
    let failed = "<failed SM><item-not-found STANZAS/></failed>";
    assert_eq!(
        brief(&login(both, &format!("{JID}{failed}<bound BIND2/>"))),
        ["20 Note sm-resume-failed Nobody"]
    );
    assert_eq!(
        brief(&login(both, &format!("{JID}<resumed SM previd='x' h='2'/><bound BIND2/>"))),
        ["20 Error bind2-lacks Server"]
    );
    assert_eq!(
        brief(&login(both, &format!("{JID}<bound BIND2/>"))),
        ["20 Error bind2-lacks Server"]
    );
}
