use super::super::scripts::{assert_quiet, brief, found, full};

const OPEN: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'";
const UUID: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";

/// A stream with SASL2, and what follows.
fn stream(after: &str) -> String {
    let features = "<features xmlns='http://etherx.jabber.org/streams'>";
    full(&format!(
        "0 1 websocket
         0 1 C= <open {OPEN} to='a'/>
         0 1 S= <open {OPEN} from='a' id='i'/>
         0 1 S= {features}<authentication SASL2><mechanism>PLAIN</mechanism></authentication></features>\n{after}"
    ))
    .replace("FEATURES", &format!("{features}</features>"))
    .replace("AUTHENTICATE", &format!(
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><user-agent id='{UUID}'/></authenticate>"
    ))
}

#[test]
fn a_login_without_restart_is_normal() {
    assert_quiet(&stream(
        "10 1 C= AUTHENTICATE
         20 1 S= <challenge SASL2/>
         30 1 C= <response SASL2/>
         40 1 S= <continue SASL2/>
         50 1 C= <next SASL2/>
         60 1 S= <success SASL2/>
         61 1 S= FEATURES
         60000 tick",
    ));
    assert_eq!(
        found(&stream(
            "10 1 C= AUTHENTICATE\n20 1 S= <failure SASL2/>\n30 1 C= AUTHENTICATE\n40 1 S= <success SASL2/>\n50 1 S= FEATURES",
        )),
        [""; 0]
    );
}

#[test]
fn success_is_followed_by_features_and_no_restart() {
    let success = "10 1 C= AUTHENTICATE\n20 1 S= <success SASL2/>\n";
    let both = stream(&format!(
        "{success}30 1 C= <open {OPEN} to='a'/>\n31 1 S= <open {OPEN} from='a'/>\n32 1 S= FEATURES"
    ));
    assert_eq!(brief(&found(&both)), ["30 Error sasl2-after-success Client"]);
    let server = stream(&format!("{success}31 1 S= <open {OPEN} from='a'/>\n32 1 S= FEATURES"));
    assert_eq!(brief(&found(&server)), ["31 Error sasl2-after-success Server"]);
    let late = stream(&format!("{success}60000 tick"));
    assert_eq!(brief(&found(&late)), ["5020 Error sasl2-after-success Server"]);
    let other = stream(&format!("{success}30 1 S= <message CLIENT/>"));
    assert_eq!(brief(&found(&other)), ["30 Error sasl2-after-success Server"]);
    let resumed = stream(
        "10 1 C= AUTHENTICATE\n20 1 S= <success SASL2><resumed SM previd='x' h='1'/></success>\n30 1 S= FEATURES",
    );
    assert_eq!(brief(&found(&resumed)), ["30 Note sasl2-after-success Server"]);
}

#[test]
fn a_client_is_quiet_meanwhile() {
    let noise = stream("10 1 C= AUTHENTICATE\n11 1 C= <iq CLIENT/>\n12 1 C= <iq CLIENT/>");
    assert_eq!(brief(&found(&noise)), ["11 Error sasl2-not-quiet Client"]);
}

#[test]
fn what_is_offered_and_the_user_agent_are_complete() {
    let none = full(
        "0 1 websocket\n0 1 S= <features xmlns='http://etherx.jabber.org/streams'><authentication SASL2/></features>",
    );
    assert_eq!(brief(&found(&none)), ["0 Error sasl2-features Server"]);
    for (agent, level) in
        [("", "Note"), ("<user-agent/>", "Note"), ("<user-agent id='phone'/>", "Error")]
    {
        let login = stream(&format!("10 1 C= <authenticate SASL2>{agent}</authenticate>"));
        assert_eq!(brief(&found(&login)), [format!("10 {level} sasl2-user-agent Client")]);
    }
}
